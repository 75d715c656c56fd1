//! Single and double precision behind one name, and sums that vectorize.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use faer::traits::RealField;
use pulp::Simd;
use pulp::bytemuck::Pod;

use crate::kernels::memory::Element;

/// A floating-point type that the kernels are written for.
pub trait Real:
    RealField
    + Element
    + Pod
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
    const ONE: Self;
    const EPSILON: Self;
    /// A power of two from which a few products neither overflow nor fall to [`Self::TINY`].
    const WORKING_SIZE: Self;
    /// So small beside the working size that it changes nothing.
    const TINY: Self;

    fn from_f64(x: f64) -> Self;
    fn to_f64(self) -> f64;
    fn root(self) -> Self;
    fn magnitude(self) -> Self;
    /// `self a + b`, rounded once.
    fn fused(self, a: Self, b: Self) -> Self;
    /// A power of two that brings a number from `TINY` to some thousand times the working size to between half of that and
    /// the whole.
    fn power_to_working_size(self) -> Self;
    /// 1 if one of the two is negative and the other is not, else 0.
    fn differs_in_sign(self, other: Self) -> u32;

    /// A vector register's worth of numbers.
    type Vector<S: Simd>: Pod;
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
    /// c - a b; in one instruction where the machine has one.
    fn vector_subtract_product<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    fn vector_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn vector_subtract<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn vector_multiply<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn vector_divide<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn vector_root<S: Simd>(simd: S, a: Self::Vector<S>) -> Self::Vector<S>;
    fn vector_negative<S: Simd>(simd: S, a: Self::Vector<S>) -> Self::Vector<S>;
    /// `a` where `x` is zero, else `b`.
    fn vector_where_zero<S: Simd>(
        simd: S,
        x: Self::Vector<S>,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// `a` where `x` is above zero, else `b`.
    fn vector_where_positive<S: Simd>(
        simd: S,
        x: Self::Vector<S>,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
    ) -> Self::Vector<S>;
    fn vector_sum<S: Simd>(simd: S, a: Self::Vector<S>) -> Self;
}

macro_rules! real {
    ($t:ty, $working_size:expr, $tiny:expr, $exponent:expr, $zero_exponents:expr, $v:ident, $as:ident, $as_mut:ident, $splat:ident, $multiply_add:ident, $subtract_product:ident, $add:ident, $subtract:ident, $multiply:ident, $divide:ident, $root:ident, $negative:ident, $select:ident, $equal:ident, $greater:ident, $sum:ident) => {
        impl Real for $t {
            const ONE: Self = 1.0;
            const EPSILON: Self = <$t>::EPSILON;
            const WORKING_SIZE: Self = $working_size;
            const TINY: Self = $tiny;

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

            #[inline(always)]
            fn power_to_working_size(self) -> Self {
                Self::from_bits($zero_exponents - (self.to_bits() & $exponent))
            }

            #[inline(always)]
            fn differs_in_sign(self, other: Self) -> u32 {
                ((self.to_bits() ^ other.to_bits()) >> (8 * size_of::<Self>() - 1)) as u32
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
            fn vector_subtract_product<S: Simd>(simd: S, a: S::$v, b: S::$v, c: S::$v) -> S::$v {
                simd.$subtract_product(a, b, c)
            }

            #[inline(always)]
            fn vector_add<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$add(a, b)
            }

            #[inline(always)]
            fn vector_subtract<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$subtract(a, b)
            }

            #[inline(always)]
            fn vector_multiply<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$multiply(a, b)
            }

            #[inline(always)]
            fn vector_divide<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$divide(a, b)
            }

            #[inline(always)]
            fn vector_root<S: Simd>(simd: S, a: S::$v) -> S::$v {
                simd.$root(a)
            }

            #[inline(always)]
            fn vector_negative<S: Simd>(simd: S, a: S::$v) -> S::$v {
                simd.$negative(a)
            }

            #[inline(always)]
            fn vector_where_zero<S: Simd>(simd: S, x: S::$v, a: S::$v, b: S::$v) -> S::$v {
                simd.$select(simd.$equal(x, simd.$splat(0.0)), a, b)
            }

            #[inline(always)]
            fn vector_where_positive<S: Simd>(simd: S, x: S::$v, a: S::$v, b: S::$v) -> S::$v {
                simd.$select(simd.$greater(x, simd.$splat(0.0)), a, b)
            }

            #[inline(always)]
            fn vector_sum<S: Simd>(simd: S, a: S::$v) -> Self {
                simd.$sum(a)
            }
        }
    };
}
real!(
    f32,
    f32::from_bits((127 + 80) << 23),
    f32::from_bits((127 - 40) << 23),
    0x7f80_0000,
    (253 + 80) << 23,
    f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    splat_f32s,
    mul_add_e_f32s,
    negate_mul_add_e_f32s,
    add_f32s,
    sub_f32s,
    mul_f32s,
    div_f32s,
    sqrt_f32s,
    neg_f32s,
    select_f32s,
    equal_f32s,
    greater_than_f32s,
    reduce_sum_f32s
);
real!(
    f64,
    f64::from_bits((1023 + 500) << 52),
    f64::from_bits((1023 - 400) << 52),
    0x7ff0_0000_0000_0000,
    (2045 + 500) << 52,
    f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    splat_f64s,
    mul_add_e_f64s,
    negate_mul_add_e_f64s,
    add_f64s,
    sub_f64s,
    mul_f64s,
    div_f64s,
    sqrt_f64s,
    neg_f64s,
    select_f64s,
    equal_f64s,
    greater_than_f64s,
    reduce_sum_f64s
);

/// Numbers that are worked on side by side; a power of two, at least the width of the widest vectors.
pub const LANES: usize = 16;

/// a b + c; in one instruction where the machine has one.
#[inline(always)]
pub fn multiply_add<T: Real, const FUSED: bool>(a: T, b: T, c: T) -> T {
    if FUSED { a.fused(b, c) } else { a * b + c }
}

/// Numbers in a vector.
#[inline(always)]
pub const fn lanes<T: Real, S: Simd>() -> usize {
    size_of::<T::Vector<S>>() / size_of::<T>()
}

/// The part of a length that whole vectors fill.
#[inline(always)]
fn whole<S: Simd, T: Real>(length: usize) -> usize {
    length - length % lanes::<T, S>()
}

/// The sum of the products of two slices of one length.
#[inline(always)]
pub fn dot<T: Real, S: Simd>(simd: S, a: &[T], b: &[T]) -> T {
    let end = whole::<S, T>(a.len().min(b.len()));
    let (a_vectors, b_vectors) = (T::vectors::<S>(&a[..end]), T::vectors::<S>(&b[..end]));
    let (a_fours, a_last) = a_vectors.as_chunks::<4>();
    let (b_fours, b_last) = b_vectors.as_chunks::<4>();
    let zero = T::splat(simd, T::ZERO);
    let (mut s0, mut s1, mut s2, mut s3) = (zero, zero, zero, zero);
    for (a, b) in a_fours.iter().zip(b_fours) {
        s0 = T::vector_multiply_add(simd, a[0], b[0], s0);
        s1 = T::vector_multiply_add(simd, a[1], b[1], s1);
        s2 = T::vector_multiply_add(simd, a[2], b[2], s2);
        s3 = T::vector_multiply_add(simd, a[3], b[3], s3);
    }
    for (a, b) in a_last.iter().zip(b_last) {
        s0 = T::vector_multiply_add(simd, *a, *b, s0);
    }
    let sum = T::vector_add(simd, T::vector_add(simd, s0, s1), T::vector_add(simd, s2, s3));
    let mut sum = T::vector_sum(simd, sum);
    for (a, b) in a[end..].iter().zip(&b[end..]) {
        sum += *a * *b;
    }
    sum
}

/// y += f x
#[inline(always)]
pub fn add_multiple<T: Real, S: Simd>(simd: S, y: &mut [T], f: T, x: &[T]) {
    let end = whole::<S, T>(y.len().min(x.len()));
    let (y, y_rest) = y.split_at_mut(end);
    let (x, x_rest) = x.split_at(end);
    let factor = T::splat(simd, f);
    for (y, x) in T::vectors_mut::<S>(y).iter_mut().zip(T::vectors::<S>(x)) {
        *y = T::vector_multiply_add(simd, factor, *x, *y);
    }
    for (y, x) in y_rest.iter_mut().zip(x_rest) {
        *y += f * *x;
    }
}
