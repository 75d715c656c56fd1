//! Single and double precision behind one name, and sums that vectorize.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use faer::traits::RealField;

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
}

macro_rules! real {
    ($t:ty, $smallest:expr) => {
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
        }
    };
}
real!(f32, 1e-30);
real!(f64, 1e-250);

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
