//! Seeded randomness: every stream is keyed by what it is for, never by who asks first.
//!
//! The underlying draws are uniforms, and every distribution is their image under its quantile function. So two
//! initializations of one layer in one repetition come from the same uniforms, whatever their distributions: common
//! random numbers, which pair all comparisons between candidates.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, Normal};

/// What a stream of random numbers is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

/// Names one stream: the user's seed, the repetition, the layer's place among the layers with weights, the purpose.
#[derive(Debug, Clone, Copy)]
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
        let normal = Normal::standard();
        self.quantiles(n, |u| normal.inverse_cdf(u))
    }
}

/// A uniform in the open interval (0, 1), of 53 bits.
pub fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
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
