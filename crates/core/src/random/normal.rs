//! Normal numbers as images of uniform ones.

use pulp::{Simd, WithSimd};

use super::blocks::TOGETHER;
use crate::dispatch::dispatch;
use crate::logarithm::ln;

/// The quantile function of N(0, 1): algorithm AS 241 (Wichura 1988), with a relative error of about 1e-16.
#[must_use]
pub fn normal_quantile(u: f64) -> f64 {
    let q = u - 0.5;
    if q.abs() <= CENTRAL { central(q) } else { with_sign_of(q, outer(root(u))) }
}

/// |u - 1/2| up to which the first branch holds.
const CENTRAL: f64 = 0.425;
/// r up to which the second does.
const NEAR: f64 = 5.0;

#[inline(always)]
fn central(q: f64) -> f64 {
    q * ratio(0.180_625 - q * q, &CENTRE)
}

#[inline(always)]
fn root(u: f64) -> f64 {
    (-ln(u.min(1.0 - u))).sqrt()
}

#[inline(always)]
fn near(r: f64) -> f64 {
    ratio(r - 1.6, &SHOULDER)
}

fn outer(r: f64) -> f64 {
    if r <= NEAR { near(r) } else { ratio(r - NEAR, &TAIL) }
}

fn with_sign_of(q: f64, z: f64) -> f64 {
    if q < 0.0 { -z } else { z }
}

/// [`normal_quantile`] of so many numbers in their place, the same to the last bit.
pub(super) fn normal_quantiles(us: &mut [f64; TOGETHER]) {
    dispatch(Quantiles(us));
}

struct Quantiles<'a>(&'a mut [f64; TOGETHER]);

impl WithSimd for Quantiles<'_> {
    type Output = ();

    // Each branch is a loop of its own without branches, which the compiler turns into vector code.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self(us) = self;
        let (mut places, mut roots, mut count) = ([0; TOGETHER], [0.0; TOGETHER], 0);
        for (at, u) in us.iter().enumerate() {
            if (u - 0.5).abs() > CENTRAL {
                (places[count], roots[count]) = (at, *u);
                count += 1;
            }
        }
        let (places, roots) = (&places[..count], &mut roots[..count]);
        for r in roots.iter_mut() {
            *r = root(*r);
        }
        let mut outside = [0.0; TOGETHER];
        for (z, r) in outside.iter_mut().zip(&*roots) {
            *z = near(*r);
        }
        for u in us.iter_mut() {
            *u = central(*u - 0.5);
        }
        // What is at its place now has the sign of u - 1/2.
        for ((at, r), z) in places.iter().zip(&*roots).zip(outside) {
            us[*at] = with_sign_of(us[*at], if *r <= NEAR { z } else { outer(*r) });
        }
    }
}

/// Numerator and denominator of a rational function, lowest power first.
type Rational = [[f64; 8]; 2];

#[inline(always)]
fn ratio(x: f64, [above, below]: &Rational) -> f64 {
    let (mut numerator, mut denominator) = (above[7], below[7]);
    for power in (0..7).rev() {
        numerator = numerator * x + above[power];
        denominator = denominator * x + below[power];
    }
    numerator / denominator
}

const CENTRE: Rational = [
    [
        3.387_132_872_796_366_5,
        1.331_416_678_917_843_8e2,
        1.971_590_950_306_551_3e3,
        1.373_169_376_550_946e4,
        4.592_195_393_154_987e4,
        6.726_577_092_700_87e4,
        3.343_057_558_358_813e4,
        2.509_080_928_730_122_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091e1,
        6.871_870_074_920_579e2,
        5.394_196_021_424_751e3,
        2.121_379_430_158_66e4,
        3.930_789_580_009_271e4,
        2.872_908_573_572_194_3e4,
        5.226_495_278_852_854e3,
    ],
];

const SHOULDER: Rational = [
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        2.417_807_251_774_506e-1,
        2.272_384_498_926_918_4e-2,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        6.897_673_349_851e-1,
        1.481_039_764_274_800_8e-1,
        1.519_866_656_361_645_7e-2,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
];

const TAIL: Rational = [
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        2.965_605_718_285_048_7e-1,
        2.653_218_952_657_612_4e-2,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288e-7,
    ],
    [
        1.0,
        5.998_322_065_558_88e-1,
        1.369_298_809_227_358e-1,
        1.487_536_129_085_061_5e-2,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_7e-15,
    ],
];

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF, Normal};

    use super::*;

    fn uniforms() -> impl Iterator<Item = f64> {
        let tails = (1..1000).map(|i| 10f64.powf(-f64::from(i) * 0.016));
        (1..100_000).map(|i| f64::from(i) * 1e-5).chain(tails.clone()).chain(tails.map(|u| 1.0 - u))
    }

    #[test]
    fn quantiles_agree_with_another_implementation() {
        let normal = Normal::standard();
        for u in uniforms() {
            let (z, expected) = (normal_quantile(u), normal.inverse_cdf(u));
            assert!((z - expected).abs() <= 1e-11 * (1.0 + expected.abs()), "{u}: {z} against {expected}");
        }
        // Published with the algorithm, to check its three branches.
        for (u, z) in
            [(0.25, -0.674_489_750_196_081_7), (0.001, -3.090_232_306_167_813_5), (1e-20, -9.262_340_089_798_408)]
        {
            assert!((normal_quantile(u) - z).abs() < 1e-14 * z.abs(), "{u}");
        }
    }

    #[test]
    fn many_at_a_time_are_the_same_to_the_last_bit() {
        // As far out as a uniform of 53 bits can be.
        let ends = [0.5 / (1u64 << 53) as f64, 1e-14, 1e-11, 1.0 - 1e-13, 0.075, 0.925, 0.5];
        let all: Vec<_> = ends.into_iter().chain(uniforms()).collect();
        for us in all.as_chunks().0 {
            let mut zs = *us;
            normal_quantiles(&mut zs);
            for (u, z) in us.iter().zip(zs) {
                assert_eq!(z.to_bits(), normal_quantile(*u).to_bits(), "{u}");
            }
        }
    }
}
