//! Exponentials of many numbers at a time, in single precision.
//!
//! Without branches, so that the compiler turns loops over them into vector code. Relative errors are a few 1e-7.

use std::f32::consts::LOG2_E;

use pulp::{Simd, WithSimd};

use crate::dispatch::dispatch;
use crate::fusing::Fusing;

/// Sums and maxima are taken of this many numbers side by side, whatever the vectors of the machine.
pub const SIDE_BY_SIDE: usize = 16;

/// Calls one of the functions here, compiled for the widest vectors that the machine has.
pub fn vectorized<F: Fn(&mut [f32], Fusing)>(xs: &mut [f32], f: F) {
    dispatch(Vectorized { xs, f });
}

struct Vectorized<'a, F> {
    xs: &'a mut [f32],
    f: F,
}

impl<F: Fn(&mut [f32], Fusing)> WithSimd for Vectorized<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        (self.f)(self.xs, Fusing::of(simd));
    }
}

/// x limited to [low, high]; NaN stays NaN.
#[inline(always)]
fn clamp(x: f32, low: f32, high: f32) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// (2^k, e^r - 1) for x = k ln 2 + r with |r| <= ln 2 / 2.
#[inline(always)]
fn split_exp(x: f32, fusing: Fusing) -> (f32, f32) {
    // Adding 1.5 2^23 rounds to an integer and leaves it in the low bits.
    const MAGIC: f32 = 12_582_912.0;
    // ln 2 in two parts, the first with few enough bits that its multiples are exact.
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    let shifted = fusing.single(x, LOG2_E, MAGIC);
    let k = shifted - MAGIC;
    let r = fusing.single(k, -LOW, fusing.single(k, -HIGH, x));
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    let mut tail = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5] {
        tail = fusing.single(tail, r, coefficient);
    }
    (power, fusing.single(r * r, tail, r))
}

/// e^x, and 0 where that is too small for a normal number.
#[inline(always)]
fn exp(x: f32, fusing: Fusing) -> f32 {
    let (power, less_one) = split_exp(clamp(x, -87.0, 88.0), fusing);
    let y = fusing.single(power, less_one, power);
    let y = if x < -87.0 { 0.0 } else { y };
    if x > 88.0 { f32::INFINITY } else { y }
}

#[inline(always)]
pub fn tanh(xs: &mut [f32], fusing: Fusing) {
    for x in xs {
        // Beyond 10 it is 1 in single precision.
        let (power, less_one) = split_exp(2.0 * clamp(*x, -10.0, 10.0), fusing);
        let t = fusing.single(power, less_one, power - 1.0);
        *x = t / (t + 2.0);
    }
}

#[inline(always)]
pub fn sigmoid(xs: &mut [f32], fusing: Fusing) {
    xs.iter_mut().for_each(|x| *x = 1.0 / (1.0 + exp(-*x, fusing)));
}

/// e^(scale x) over their sum.
#[inline(always)]
pub fn softmax(row: &mut [f32], scale: f32, fusing: Fusing) {
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let largest = fold(row, f32::NEG_INFINITY, larger, larger);
    row.iter_mut().for_each(|x| *x = exp((*x - largest) * scale, fusing));
    let factor = 1.0 / fold(row, 0.0, |a, b| a + b, |a, b| a + b);
    row.iter_mut().for_each(|x| *x *= factor);
}

/// The sum, in double precision.
#[inline(always)]
pub fn sum<S: Simd>(simd: S, xs: &[f32]) -> f64 {
    sum_of(
        simd,
        xs,
        0.0,
        #[inline(always)]
        |x| x,
    )
}

/// The sum, and that of the squares, in double precision.
#[inline(always)]
pub fn sum_and_squares<S: Simd>(simd: S, xs: &[f32]) -> [f64; 2] {
    let (mut sums, mut squares) = (nothing(simd), nothing(simd));
    for from in (0..xs.len()).step_by(SIDE_BY_SIDE) {
        let x = doubles(simd, &first(&xs[from..]));
        for v in 0..vectors::<S>() {
            sums[v] = simd.add_f64s(sums[v], x[v]);
            squares[v] = simd.mul_add_e_f64s(x[v], x[v], squares[v]);
        }
    }
    [total::<S>(&sums), total::<S>(&squares)]
}

/// The sum of (x - mean)^2, in double precision.
#[inline(always)]
pub fn squares_about<S: Simd>(simd: S, xs: &[f32], mean: f64) -> f64 {
    let means = simd.splat_f64s(mean);
    sum_of(
        simd,
        xs,
        mean,
        #[inline(always)]
        |x| {
            let deviation = simd.sub_f64s(x, means);
            simd.mul_f64s(deviation, deviation)
        },
    )
}

/// The sum of f(x), where f of the number that fills up the last lanes is 0.
#[inline(always)]
fn sum_of<S: Simd>(simd: S, xs: &[f32], filler: f64, f: impl Fn(S::f64s) -> S::f64s) -> f64 {
    let mut sums = nothing(simd);
    let (blocks, rest) = xs.as_chunks::<SIDE_BY_SIDE>();
    for block in blocks {
        let block = doubles(simd, block);
        for v in 0..vectors::<S>() {
            sums[v] = simd.add_f64s(sums[v], f(block[v]));
        }
    }
    if !rest.is_empty() {
        let mut last = [filler; SIDE_BY_SIDE];
        for (lane, x) in last.iter_mut().zip(rest) {
            *lane = f64::from(*x);
        }
        let last = in_vectors(simd, &last);
        for v in 0..vectors::<S>() {
            sums[v] = simd.add_f64s(sums[v], f(last[v]));
        }
    }
    total::<S>(&sums)
}

/// The first numbers; zeros where there are not as many.
#[inline(always)]
pub fn first(xs: &[f32]) -> [f32; SIDE_BY_SIDE] {
    if let Some(first) = xs.first_chunk() {
        return *first;
    }
    let mut first = [0.0; SIDE_BY_SIDE];
    first[..xs.len()].copy_from_slice(xs);
    first
}

/// Numbers of double precision side by side, in as many vectors as it takes; those behind mean nothing.
pub type Doubles<S> = [<S as Simd>::f64s; SIDE_BY_SIDE];

/// Vectors of [`Doubles`] that mean something.
#[inline(always)]
pub fn vectors<S: Simd>() -> usize {
    SIDE_BY_SIDE / S::F64_LANES
}

#[inline(always)]
pub fn nothing<S: Simd>(simd: S) -> Doubles<S> {
    [simd.splat_f64s(0.0); SIDE_BY_SIDE]
}

#[inline(always)]
fn in_vectors<S: Simd>(simd: S, xs: &[f64; SIDE_BY_SIDE]) -> Doubles<S> {
    let mut doubles = nothing(simd);
    for (to, from) in doubles.iter_mut().zip(S::as_simd_f64s(xs).0) {
        *to = *from;
    }
    doubles
}

/// Numbers of single precision in double precision.
#[inline(always)]
pub fn doubles<S: Simd>(simd: S, xs: &[f32; SIDE_BY_SIDE]) -> Doubles<S> {
    // A loop without sums in it is what becomes whole vectors.
    let mut wide = [0.0; SIDE_BY_SIDE];
    for lane in 0..SIDE_BY_SIDE {
        wide[lane] = f64::from(xs[lane]);
    }
    in_vectors(simd, &wide)
}

/// The numbers themselves.
#[inline(always)]
pub fn in_order<S: Simd>(doubles: &Doubles<S>) -> [f64; SIDE_BY_SIDE] {
    let mut lanes = [0.0; SIDE_BY_SIDE];
    for (to, from) in S::as_mut_simd_f64s(&mut lanes).0.iter_mut().zip(doubles) {
        *to = *from;
    }
    lanes
}

/// The sum of all lanes.
#[inline(always)]
pub fn total<S: Simd>(sums: &Doubles<S>) -> f64 {
    joined(
        in_order::<S>(sums),
        #[inline(always)]
        |a, b| a + b,
    )
}

/// Takes in every number by `take`, and joins what so many lanes took in by `join`, whose neutral element is `start`.
#[inline(always)]
fn fold<T: Copy>(xs: &[f32], start: T, take: impl Fn(T, f32) -> T, join: impl Fn(T, T) -> T) -> T {
    let mut lanes = [start; SIDE_BY_SIDE];
    let (blocks, rest) = xs.as_chunks::<SIDE_BY_SIDE>();
    for block in blocks {
        lanes.iter_mut().zip(block).for_each(|(lane, x)| *lane = take(*lane, *x));
    }
    lanes.iter_mut().zip(rest).for_each(|(lane, x)| *lane = take(*lane, *x));
    joined(lanes, join)
}

#[inline(always)]
fn joined<T: Copy>(mut lanes: [T; SIDE_BY_SIDE], join: impl Fn(T, T) -> T) -> T {
    let mut width = SIDE_BY_SIDE / 2;
    while width > 0 {
        for at in 0..width {
            lanes[at] = join(lanes[at], lanes[at + width]);
        }
        width /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_errors_are_small() {
        let xs: Vec<_> = (-200_000..200_000).map(|i| (i as f32 * 1e-3).powi(3) * 1e-4).collect();
        let [mut tanhs, mut sigmoids, mut tanhs_apart, mut sigmoids_apart] = [(); 4].map(|()| xs.clone());
        vectorized(&mut tanhs, tanh);
        vectorized(&mut sigmoids, sigmoid);
        tanh(&mut tanhs_apart, Fusing::NEVER);
        sigmoid(&mut sigmoids_apart, Fusing::NEVER);
        for (at, x) in xs.iter().enumerate() {
            let exact = f64::from(*x);
            let (tanh, sigmoid) = (exact.tanh(), 1.0 / (1.0 + (-exact).exp()));
            let cases =
                [(tanhs[at], tanh), (tanhs_apart[at], tanh), (sigmoids[at], sigmoid), (sigmoids_apart[at], sigmoid)];
            for (y, expected) in cases {
                let close = (f64::from(y) - expected).abs() <= 4e-7 * expected.abs() + 1e-37;
                assert!(close, "{x}: {y} against {expected}");
            }
        }
    }

    #[test]
    fn a_softmax_sums_to_one_and_keeps_what_is_not_a_number() {
        for length in [1, 15, 16, 17, 64, 65] {
            let mut row: Vec<f32> = (0..length).map(|i| (i as f32).sin() * 1e3).collect();
            softmax(&mut row, 1.0, Fusing::NEVER);
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{length}");
            row[length / 2] = f32::NAN;
            vectorized(&mut row, |row, fusing| softmax(row, 1.0, fusing));
            assert!(row.iter().all(|x| x.is_nan()), "{length}");
        }
    }
}
