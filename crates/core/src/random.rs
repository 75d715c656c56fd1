//! Seeded randomness: every stream is keyed by what it is for, never by who asks first.
//!
//! The underlying draws are uniforms, and every distribution is their image under its quantile function. So two
//! initializations of one layer in one repetition come from the same uniforms, whatever their distributions: common
//! random numbers, which pair all comparisons between candidates.

mod blocks;
mod normal;

pub use normal::normal_quantile;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use blocks::{Blocks, TOGETHER, in_order, in_unit};
use normal::normal_quantiles;

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
        ChaCha8Rng::from_seed(self.bytes())
    }

    fn bytes(self) -> [u8; 32] {
        let mut key = [0; 32];
        for (bytes, word) in key.chunks_exact_mut(8).zip([self.seed, self.repetition, self.layer, self.purpose as u64])
        {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        key
    }

    /// `n` values of `quantile(u)` for the stream's uniforms u in (0, 1).
    pub fn quantiles(self, n: usize, quantile: impl Fn(f64) -> f64) -> Vec<f32> {
        self.values(n, |uniforms| uniforms.iter_mut().for_each(|u| *u = quantile(*u)))
    }

    /// `n` draws from U(-1, 1).
    #[must_use]
    pub fn symmetric_uniforms(self, n: usize) -> Vec<f32> {
        self.quantiles(n, |u| 2.0 * u - 1.0)
    }

    /// `n` draws from N(0, 1).
    #[must_use]
    pub fn standard_normals(self, n: usize) -> Vec<f32> {
        self.values(n, normal_quantiles)
    }

    /// `n` values of what `f` makes of each of the stream's uniforms in (0, 1), in their place.
    fn values(self, n: usize, f: impl Fn(&mut [f64; TOGETHER])) -> Vec<f32> {
        let (mut values, mut blocks) = (Vec::with_capacity(n), Blocks::new(self.bytes()));
        let mut uniforms = [0.0; TOGETHER];
        for start in (0..n).step_by(TOGETHER) {
            blocks.next(&mut uniforms);
            f(&mut uniforms);
            values.extend_from_slice(&in_order(&uniforms)[..TOGETHER.min(n - start)]);
        }
        values
    }
}

/// Draws that several initializations share, kept while there is room.
#[derive(Debug, Default)]
pub struct Draws(Mutex<VecDeque<Draw>>);

#[derive(Debug, Clone)]
struct Draw {
    name: (Base, Key, usize),
    values: Arc<OnceLock<Arc<Vec<f32>>>>,
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
    pub fn get(&self, base: Base, key: Key, n: usize, draw: impl FnOnce() -> Vec<f32>) -> Arc<Vec<f32>> {
        if n > KEPT / 4 {
            return Arc::new(draw());
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
        Arc::clone(values.get_or_init(|| Arc::new(draw())))
    }
}

/// A uniform in the open interval (0, 1), of 53 bits.
pub fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    in_unit(rng.next_u64())
}

/// A uniform integer below `n`; the bias of the multiplication is below n / 2^64.
pub fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key { seed: 7, repetition: 3, layer: 2, purpose: Purpose::Weights };

    #[test]
    fn a_key_names_one_stream_for_ever() {
        // A change here changes every score ever published with a seed.
        assert_eq!(KEY.symmetric_uniforms(3), KEY.symmetric_uniforms(5)[..3]);
        assert_eq!(KEY.symmetric_uniforms(3), [0.554_645_6, 0.301_77, -0.302_378_98]);
    }

    #[test]
    fn many_uniforms_are_those_drawn_one_by_one() {
        let mut rng = KEY.rng();
        let one_by_one: Vec<_> = (0..2 * TOGETHER + 5).map(|_| uniform(&mut rng) as f32).collect();
        assert_eq!(KEY.quantiles(one_by_one.len(), |u| u), one_by_one);
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
    fn normals_have_the_moments_of_a_normal() {
        let z = KEY.standard_normals(1_000_000);
        let moment = |k| z.iter().map(|x| f64::from(*x).powi(k)).sum::<f64>() / z.len() as f64;
        for (k, expected) in [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0)] {
            assert!((moment(k) - expected).abs() < 0.02, "moment {k} is {}", moment(k));
        }
    }
}
