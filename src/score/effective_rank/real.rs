//! Single and double precision behind one name, and sums that vectorize.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use faer::traits::RealField;
use pulp::Simd;

/// A floating-point type that the kernels are written for.
pub trait Real:
    RealField
    + Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
{
    const ZERO: Self;
    const ONE: Self;
    const EPSILON: Self;
    /// So small that a pivot of this size changes no eigenvalue, with a reciprocal that is finite.
    const SMALLEST_PIVOT: Self;

    fn from_f64(x: f64) -> Self;
    fn to_f64(self) -> f64;
    fn root(self) -> Self;
    fn magnitude(self) -> Self;
    /// `self a + b`, rounded once.
    fn fused(self, a: Self, b: Self) -> Self;

    /// A vector register's worth of numbers.
    type Vector<S: Simd>: Copy;
    /// A whole number of vectors; elements beyond are left out.
    fn vectors<S: Simd>(slice: &[Self]) -> &[Self::Vector<S>];
    fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [Self::Vector<S>];
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;
    /// a b + c; in one instruction where the machine has one.
    fn vector_multiply_add<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    fn vector_sum<S: Simd>(simd: S, a: Self::Vector<S>) -> Self;
}

macro_rules! real {
    ($t:ty, $smallest:expr, $v:ident, $as:ident, $as_mut:ident, $splat:ident, $multiply_add:ident, $sum:ident) => {
        impl Real for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const EPSILON: Self = <$t>::EPSILON;
            const SMALLEST_PIVOT: Self = $smallest;

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn root(self) -> Self {
                self.sqrt()
            }

            #[inline(always)]
            fn magnitude(self) -> Self {
                self.abs()
            }

            #[inline(always)]
            fn fused(self, a: Self, b: Self) -> Self {
                self.mul_add(a, b)
            }

            type Vector<S: Simd> = S::$v;

            #[inline(always)]
            fn vectors<S: Simd>(slice: &[Self]) -> &[S::$v] {
                S::$as(slice).0
            }

            #[inline(always)]
            fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [S::$v] {
                S::$as_mut(slice).0
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$v {
                simd.$splat(x)
            }

            #[inline(always)]
            fn vector_multiply_add<S: Simd>(simd: S, a: S::$v, b: S::$v, c: S::$v) -> S::$v {
                simd.$multiply_add(a, b, c)
            }

            #[inline(always)]
            fn vector_sum<S: Simd>(simd: S, a: S::$v) -> Self {
                simd.$sum(a)
            }
        }
    };
}
real!(f32, 1e-30, f32s, as_simd_f32s, as_mut_simd_f32s, splat_f32s, mul_add_e_f32s, reduce_sum_f32s);
real!(f64, 1e-250, f64s, as_simd_f64s, as_mut_simd_f64s, splat_f64s, mul_add_e_f64s, reduce_sum_f64s);

/// Numbers that are worked on side by side; a power of two, at least the width of the widest vectors.
pub const LANES: usize = 16;

/// a b + c; in one instruction where the machine has one.
#[inline(always)]
pub fn multiply_add<T: Real, const FUSED: bool>(a: T, b: T, c: T) -> T {
    if FUSED { a.fused(b, c) } else { a * b + c }
}

/// The sum of the products of two slices of one length.
#[inline(always)]
pub fn dot<T: Real, const FUSED: bool>(a: &[T], b: &[T]) -> T {
    let (a, a_rest) = a.as_chunks::<{ 2 * LANES }>();
    let (b, b_rest) = b.as_chunks::<{ 2 * LANES }>();
    let mut sums = [T::ZERO; 2 * LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..2 * LANES {
            sums[lane] = multiply_add::<T, FUSED>(a[lane], b[lane], sums[lane]);
        }
    }
    let rest = a_rest.iter().zip(b_rest).fold(T::ZERO, |sum, (a, b)| multiply_add::<T, FUSED>(*a, *b, sum));
    sum(sums) + rest
}

/// The sum of an array, pairwise.
#[inline(always)]
pub fn sum<T: Real, const N: usize>(mut values: [T; N]) -> T {
    let mut half = N / 2;
    while half > 0 {
        for lane in 0..half {
            values[lane] += values[lane + half];
        }
        half /= 2;
    }
    values[0]
}

/// y += f x
#[inline(always)]
pub fn add_multiple<T: Real, const FUSED: bool>(y: &mut [T], f: T, x: &[T]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = multiply_add::<T, FUSED>(f, *x, *y);
    }
}
