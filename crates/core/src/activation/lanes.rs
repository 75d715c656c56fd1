//! Functions of many numbers at a time: without branches, so that the compiler turns loops over them into vector code.
//!
//! What takes more than two or three roundings is computed in double precision with relative errors of a few 1e-9, so that a result in single
//! precision is the correctly rounded one but for rare halves. Infinities and NaN come out as from the standard library.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LN_2, LOG2_E};

use pulp::{Simd, WithSimd};

use crate::dispatch::dispatch;
use crate::fusing::Fusing;

/// Replaces every x by f(x), computed with the widest vectors that the machine has.
pub fn each<F: Fn(f64, Fusing) -> f64>(xs: &mut [f32], f: F) {
    dispatch(Each { xs, f });
}

/// The same with f(x, parameters): copied first, since a loop that looks them up does not become vector code everywhere.
pub fn each_with<const N: usize, F: Fn(f64, [f64; N], Fusing) -> f64>(xs: &mut [f32], parameters: &[f64], f: F) {
    let mut own = [0.0; N];
    own.copy_from_slice(&parameters[..N]);
    each(xs, move |x, fusing| f(x, own, fusing));
}

struct Each<'a, F> {
    xs: &'a mut [f32],
    f: F,
}

impl<F: Fn(f64, Fusing) -> f64> WithSimd for Each<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let fusing = Fusing::of(simd);
        let (blocks, rest) = self.xs.as_chunks_mut::<32>();
        for block in blocks {
            for x in block {
                *x = (self.f)(f64::from(*x), fusing) as f32;
            }
        }
        for x in rest {
            *x = (self.f)(f64::from(*x), fusing) as f32;
        }
    }
}

/// The same where single precision loses nothing, or less than two units in the last place.
pub fn each_single<F: Fn(f32) -> f32>(xs: &mut [f32], f: F) {
    dispatch(EachSingle { xs, f });
}

/// x where it is positive, else slope x.
pub fn leaky(xs: &mut [f32], slope: f64) {
    let slope = slope as f32;
    each_single(xs, |x| if x > 0.0 { x } else { slope * x });
}

struct EachSingle<'a, F> {
    xs: &'a mut [f32],
    f: F,
}

impl<F: Fn(f32) -> f32> WithSimd for EachSingle<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for x in self.xs {
            *x = (self.f)(*x);
        }
    }
}

/// x limited to [low, high]; NaN stays NaN.
#[inline(always)]
pub fn clamp(x: f64, low: f64, high: f64) -> f64 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// (k, e^r - 1) for x = k ln 2 + r with |r| <= ln 2 / 2, and 2^k in place of k.
#[inline(always)]
fn split_exp(x: f64, fusing: Fusing) -> (f64, f64) {
    // Adding 1.5 2^52 rounds to an integer and leaves it in the low bits.
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    const FACTORIALS: [f64; 7] = [0.5, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5040.0, 1.0 / 40320.0];
    let shifted = fusing.double(x, LOG2_E, MAGIC);
    let r = fusing.double(shifted - MAGIC, -LN_2, x);
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    (power, fusing.double(r * r, fusing.polynomial(r, FACTORIALS), r))
}

/// e^x
#[inline(always)]
pub fn exp(x: f64, fusing: Fusing) -> f64 {
    let (power, less_one) = split_exp(clamp(x, -708.0, 709.0), fusing);
    let y = fusing.double(power, less_one, power);
    let y = if x < -708.0 { 0.0 } else { y };
    if x > 709.0 { f64::INFINITY } else { y }
}

/// e^x - 1, with small relative error near 0.
#[inline(always)]
pub fn exp_m1(x: f64, fusing: Fusing) -> f64 {
    let (power, less_one) = split_exp(clamp(x, -708.0, 709.0), fusing);
    let y = fusing.double(power, less_one, power - 1.0);
    if x > 709.0 { f64::INFINITY } else { y }
}

/// ln(1 + y) for 0 <= y <= 1, as 2 artanh(y/(2 + y)).
#[inline(always)]
fn ln_1p(y: f64, fusing: Fusing) -> f64 {
    const ODD: [f64; 9] =
        [1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0, 1.0 / 15.0, 1.0 / 17.0, 1.0 / 19.0];
    let s = y / (2.0 + y);
    let q = s * s;
    fusing.double(2.0 * s * q, fusing.polynomial(q, ODD), 2.0 * s)
}

#[inline(always)]
pub fn tanh(x: f64, fusing: Fusing) -> f64 {
    // Beyond 20 it is 1 in double precision.
    let t = exp_m1(2.0 * clamp(x, -20.0, 20.0), fusing);
    t / (t + 2.0)
}

/// x - tanh(x); by its series near 0, where the difference would lose its digits.
#[inline(always)]
pub fn tanhshrink(x: f64, fusing: Fusing) -> f64 {
    const SERIES: [f64; 5] = [1.0 / 3.0, -2.0 / 15.0, 17.0 / 315.0, -62.0 / 2835.0, 1382.0 / 155_925.0];
    let y = x * x;
    if x.abs() < 0.05 { x * y * fusing.polynomial(y, SERIES) } else { x - tanh(x, fusing) }
}

#[inline(always)]
pub fn sigmoid(x: f64, fusing: Fusing) -> f64 {
    1.0 / (1.0 + exp(-x, fusing))
}

/// ln(1 + e^x) without overflow.
#[inline(always)]
pub fn softplus(x: f64, fusing: Fusing) -> f64 {
    (if x < 0.0 { 0.0 } else { x }) + ln_1p(exp(-x.abs(), fusing), fusing)
}

/// ln(1 + e^(beta x))/beta, and x where beta x is beyond the threshold.
#[inline(always)]
pub fn softplus_up_to(x: f64, [beta, threshold]: [f64; 2], fusing: Fusing) -> f64 {
    let soft = softplus(beta * x, fusing) * (1.0 / beta);
    if beta * x > threshold { x } else { soft }
}

/// x tanh(softplus(x)): with w = e^x (e^x + 2), tanh(softplus(x)) = w/(w + 2).
#[inline(always)]
pub fn mish(x: f64, fusing: Fusing) -> f64 {
    let e = exp(if x > 20.0 { 20.0 } else { x }, fusing);
    let w = e * (e + 2.0);
    x * (w / (w + 2.0))
}

/// 1 - erf(z) for z >= 0: e^(-z^2) times a polynomial in 2/(2 + z), which interpolates at Chebyshev's points.
#[inline(always)]
fn erfc_positive(z: f64, fusing: Fusing) -> f64 {
    let t = 2.0 / (2.0 + z);
    exp(-z * z, fusing) * t * fusing.polynomial(t, ERFC)
}

/// Coefficients of e^(z^2) erfc(z)/t in t = 2/(2 + z), lowest first; relative error 2e-9 over 0 <= z.
const ERFC: [f64; 13] = [
    0.2820947920034086,
    0.28209471553609405,
    0.24683683353185504,
    0.17623899714294328,
    0.084_285_718_457_162_2,
    -0.00559183696300206,
    -0.06577722275082298,
    0.024762004544162507,
    -0.2800418715171064,
    0.5878506987145729,
    -0.5104317601878906,
    0.21373257947257884,
    -0.03605364879141343,
];

/// The distribution function of N(0, 1), with small relative error in both tails.
#[inline(always)]
pub fn normal_cdf(x: f64, fusing: Fusing) -> f64 {
    let tail = 0.5 * erfc_positive(x.abs() * FRAC_1_SQRT_2, fusing);
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// erf(z) for z >= 0; by its series near 0.
#[inline(always)]
pub fn erf_positive(z: f64, fusing: Fusing) -> f64 {
    const SERIES: [f64; 8] =
        [1.0, -1.0 / 3.0, 1.0 / 10.0, -1.0 / 42.0, 1.0 / 216.0, -1.0 / 1320.0, 1.0 / 9360.0, -1.0 / 75_600.0];
    if z < 0.5 { FRAC_2_SQRT_PI * z * fusing.polynomial(z * z, SERIES) } else { 1.0 - erfc_positive(z, fusing) }
}

/// (x + sqrt(x^2 + b))/2 without cancellation for negative x.
#[inline(always)]
pub fn squareplus(x: f64, b: f64) -> f64 {
    let sum = x.abs() + (x * x + b).sqrt();
    if x < 0.0 { 0.5 * b / sum } else { 0.5 * sum }
}

/// Up to here [`sin`] reduces its argument without losing digits.
pub const SIN_LIMIT: f64 = 1e6;

/// sin(x) for |x| <= [`SIN_LIMIT`]; the absolute error is below 1e-9.
#[inline(always)]
pub fn sin(x: f64, fusing: Fusing) -> f64 {
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    // pi in two parts, the first with few enough bits that its multiples are exact.
    const HIGH: f64 = 3.141_592_651_605_606;
    const LOW: f64 = 1.984_187_159_361_081e-9;
    const SERIES: [f64; 8] = [
        1.0,
        -1.0 / 6.0,
        1.0 / 120.0,
        -1.0 / 5040.0,
        1.0 / 362_880.0,
        -1.0 / 39_916_800.0,
        1.0 / 6_227_020_800.0,
        -1.0 / 1_307_674_368_000.0,
    ];
    let shifted = fusing.double(x, std::f64::consts::FRAC_1_PI, MAGIC);
    let k = shifted - MAGIC;
    let r = fusing.double(k, -LOW, fusing.double(k, -HIGH, x));
    let sine = r * fusing.polynomial(r * r, SERIES);
    // The sign flips with every odd k, whose lowest bit is set.
    f64::from_bits(sine.to_bits() ^ (shifted.to_bits() << 63))
}
