//! The kernel of codes: which units of a sample are positive.

/// In how many units each two samples agree so far.
pub struct Codes {
    samples: usize,
    agree: Vec<u64>,
}

/// A pivot that is less than this share of the largest element is rounding.
const SINGULAR: f64 = 1e-12;

impl Codes {
    pub fn new(samples: usize) -> Self {
        Self { samples, agree: vec![0; samples * samples] }
    }

    /// Takes in the outputs of an activation, one sample after the other.
    pub fn add(&mut self, outputs: &[f32]) {
        let units = outputs.len() / self.samples.max(1);
        let word = |outputs: &[f32]| outputs.iter().fold(0u64, |word, y| word << 1 | u64::from(*y > 0.0));
        let codes: Vec<Vec<u64>> =
            outputs.chunks_exact(units.max(1)).map(|sample| sample.chunks(64).map(word).collect()).collect();
        for (i, a) in codes.iter().enumerate() {
            for (j, b) in codes.iter().enumerate() {
                let differ: u64 = a.iter().zip(b).map(|(a, b)| u64::from((a ^ b).count_ones())).sum();
                self.agree[i * self.samples + j] += units as u64 - differ;
            }
        }
    }

    /// ln of the kernel's determinant; none where it is singular.
    pub fn ln_determinant(&self) -> Option<f64> {
        let n = self.samples;
        let mut kernel: Vec<f64> = self.agree.iter().map(|count| *count as f64).collect();
        let largest = kernel.iter().copied().fold(0.0, f64::max);
        let mut ln = 0.0;
        for k in 0..n {
            // No pivoting: the kernel is positive semidefinite.
            let pivot = kernel[k * n + k];
            if pivot <= SINGULAR * largest {
                return None;
            }
            ln += pivot.ln();
            for i in k + 1..n {
                let factor = kernel[i * n + k] / pivot;
                for j in k..n {
                    kernel[i * n + j] -= factor * kernel[k * n + j];
                }
            }
        }
        Some(ln)
    }
}
