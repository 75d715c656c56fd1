//! Seeded randomness: every stream is keyed by what it is for, never by who asks first.
//!
//! The underlying draws are uniforms, and every distribution is their image under its quantile function. So two
//! initializations of one layer in one repetition come from the same uniforms, whatever their distributions: common
//! random numbers, which pair all comparisons between candidates.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream of random numbers is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    Weights = 0,
    Biases = 1,
    Inputs = 2,
    /// Where the block of rows starts in a convolution's output.
    Rows = 3,
    /// Which weights a sparse initialization leaves out.
    Sparsity = 4,
    /// Resampling of repetitions.
    Bootstrap = 5,
    /// Splits and orders of training.
    Training = 6,
    /// Small perturbations of inputs.
    Perturbation = 7,
    /// Weights that start as constants unless something says otherwise, such as those of norms.
    Constants = 8,
    /// Which architectures of a space are taken.
    Architectures = 16,
}

/// Names one stream: the user's seed, the repetition, the layer's place among the layers with weights, the purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    pub seed: u64,
    pub repetition: u64,
    pub layer: u64,
    pub purpose: Purpose,
}

impl Key {
    /// The generator of this stream. The key is the cipher's key, so streams do not overlap.
    #[must_use]
    pub fn rng(self) -> ChaCha8Rng {
        let mut key = [0; 32];
        for (bytes, word) in key.chunks_exact_mut(8).zip([self.seed, self.repetition, self.layer, self.purpose as u64])
        {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        ChaCha8Rng::from_seed(key)
    }

    /// `n` values of `quantile(u)` for the stream's uniforms u in (0, 1).
    pub fn quantiles(self, n: usize, quantile: impl Fn(f64) -> f64) -> Vec<f32> {
        let mut rng = self.rng();
        (0..n).map(|_| quantile(uniform(&mut rng)) as f32).collect()
    }

    /// `n` draws from U(-1, 1).
    #[must_use]
    pub fn symmetric_uniforms(self, n: usize) -> Vec<f32> {
        self.quantiles(n, |u| 2.0 * u - 1.0)
    }

    /// `n` draws from N(0, 1).
    #[must_use]
    pub fn standard_normals(self, n: usize) -> Vec<f32> {
        self.quantiles(n, normal_quantile)
    }
}

/// Draws that several initializations share, kept while there is room.
#[derive(Debug, Default)]
pub struct Draws(Mutex<VecDeque<Draw>>);

#[derive(Debug, Clone)]
struct Draw {
    name: (Base, Key, usize),
    values: Arc<OnceLock<Arc<[f32]>>>,
}

/// What distributions are images of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// U(-1, 1)
    Uniform,
    /// N(0, 1)
    Normal,
    /// The orthogonal factor of a normal matrix with this many rows.
    Orthogonal(usize),
}

/// Numbers that are kept at the most: 64 MiB of them.
const KEPT: usize = 1 << 24;

impl Draws {
    /// The `n` values of that name: drawn by `draw` if they are not at hand.
    pub fn get(&self, base: Base, key: Key, n: usize, draw: impl FnOnce() -> Vec<f32>) -> Arc<[f32]> {
        if n > KEPT / 4 {
            return draw().into();
        }
        let name = (base, key, n);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let values = match kept.iter().find(|draw| draw.name == name) {
            Some(draw) => Arc::clone(&draw.values),
            None => {
                let values = Arc::default();
                while kept.iter().map(|draw| draw.name.2).sum::<usize>() + n > KEPT {
                    kept.pop_front();
                }
                kept.push_back(Draw { name, values: Arc::clone(&values) });
                values
            }
        };
        drop(kept);
        // Who needs the same values at the same time waits for them, as long as drawing them again would take.
        Arc::clone(values.get_or_init(|| draw().into()))
    }
}

/// A uniform in the open interval (0, 1), of 53 bits.
pub fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

/// A uniform integer below `n`; the bias of the multiplication is below n / 2^64.
pub fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize
}

/// The quantile function of N(0, 1): algorithm AS 241 (Wichura 1988), with a relative error of about 1e-16.
#[must_use]
pub fn normal_quantile(u: f64) -> f64 {
    let q = u - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(0.180_625 - q * q, &CENTRE);
    }
    let r = (-u.min(1.0 - u).ln()).sqrt();
    let z = if r <= 5.0 { ratio(r - 1.6, &SHOULDER) } else { ratio(r - 5.0, &TAIL) };
    if q < 0.0 { -z } else { z }
}

/// Numerator and denominator of a rational function, lowest power first.
type Rational = [[f64; 8]; 2];

fn ratio(x: f64, [above, below]: &Rational) -> f64 {
    let value = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * x + c);
    value(above) / value(below)
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

    const KEY: Key = Key { seed: 7, repetition: 3, layer: 2, purpose: Purpose::Weights };

    #[test]
    fn a_key_names_one_stream_for_ever() {
        // A change here changes every score ever published with a seed.
        assert_eq!(KEY.symmetric_uniforms(3), KEY.symmetric_uniforms(5)[..3]);
        assert_eq!(KEY.symmetric_uniforms(3), [0.554_645_6, 0.301_77, -0.302_378_98]);
    }

    #[test]
    fn kept_draws_are_those_drawn_anew() {
        let draws = Draws::default();
        let other = Key { layer: 9, ..KEY };
        for key in [KEY, other, KEY] {
            let kept = draws.get(Base::Normal, key, 7, || key.standard_normals(7));
            assert_eq!(*kept, *key.standard_normals(7));
            assert_eq!(*draws.get(Base::Uniform, key, 7, || key.symmetric_uniforms(7)), *key.symmetric_uniforms(7));
        }
        assert_eq!(*draws.get(Base::Normal, KEY, 7, || unreachable!()), *KEY.standard_normals(7));
        // What does not fit pushes out what came first.
        for layer in 0..5 {
            draws.get(Base::Normal, Key { layer, ..KEY }, KEPT / 4, || vec![0.0; KEPT / 4]);
        }
        assert!(draws.0.lock().unwrap().len() <= 4);
        let again = std::cell::Cell::new(false);
        draws.get(Base::Normal, KEY, 7, || {
            again.set(true);
            vec![0.0; 7]
        });
        assert!(again.get());
    }

    #[test]
    fn every_part_of_the_key_matters() {
        let others = [
            Key { seed: 8, ..KEY },
            Key { repetition: 4, ..KEY },
            Key { layer: 3, ..KEY },
            Key { purpose: Purpose::Biases, ..KEY },
        ];
        for other in others {
            assert_ne!(KEY.symmetric_uniforms(4), other.symmetric_uniforms(4));
        }
    }

    #[test]
    fn uniforms_and_normals_are_images_of_the_same_draws() {
        let (uniforms, normals) = (KEY.symmetric_uniforms(1000), KEY.standard_normals(1000));
        for (u, z) in uniforms.iter().zip(&normals) {
            let expected = libm::erf(f64::from(*z) / std::f64::consts::SQRT_2);
            assert!((f64::from(*u) - expected).abs() < 1e-6, "{u} against {expected}");
        }
    }

    #[test]
    fn quantiles_agree_with_another_implementation() {
        let normal = Normal::standard();
        let tails = (1..1000).map(|i| 10f64.powf(-f64::from(i) * 0.016));
        for u in (1..100_000).map(|i| f64::from(i) * 1e-5).chain(tails.clone()).chain(tails.map(|u| 1.0 - u)) {
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
    fn normals_have_the_moments_of_a_normal() {
        let z = KEY.standard_normals(1_000_000);
        let moment = |k| z.iter().map(|x| f64::from(*x).powi(k)).sum::<f64>() / z.len() as f64;
        for (k, expected) in [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0)] {
            assert!((moment(k) - expected).abs() < 0.02, "moment {k} is {}", moment(k));
        }
    }
}
