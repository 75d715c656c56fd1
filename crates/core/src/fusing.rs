//! Products with a sum in one instruction, where the machine has one.

use pulp::Simd;

/// Whether a product and a sum are rounded once. Known when a function is compiled for a machine's vectors, so that nothing is
/// asked at run time.
#[derive(Debug, Clone, Copy)]
pub struct Fusing(bool);

impl Fusing {
    /// Every kind of vectors that is told apart has that instruction.
    #[inline(always)]
    pub fn of<S: Simd>(_: S) -> Self {
        Self(!S::IS_SCALAR)
    }

    /// Two roundings, as on a machine without.
    #[cfg(test)]
    pub const NEVER: Self = Self(false);

    /// a b + c
    #[inline(always)]
    pub fn double(self, a: f64, b: f64, c: f64) -> f64 {
        if self.0 { a.mul_add(b, c) } else { a * b + c }
    }

    /// The same in single precision.
    #[inline(always)]
    pub fn single(self, a: f32, b: f32, c: f32) -> f32 {
        if self.0 { a.mul_add(b, c) } else { a * b + c }
    }

    /// c\[0\] + c\[1\] x + c\[2\] x^2 + ...
    #[inline(always)]
    pub fn polynomial<const N: usize>(self, x: f64, c: [f64; N]) -> f64 {
        let mut sum = c[N - 1];
        for power in (0..N - 1).rev() {
            sum = self.double(sum, x, c[power]);
        }
        sum
    }
}
