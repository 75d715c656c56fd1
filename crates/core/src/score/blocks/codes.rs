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
        let codes: Vec<Vec<u32>> = outputs.chunks_exact(units.max(1)).map(code_of).collect();
        for (i, a) in codes.iter().enumerate() {
            for (j, b) in codes[..=i].iter().enumerate() {
                let differ: u64 = a.iter().zip(b).map(|(a, b)| u64::from((a ^ b).count_ones())).sum();
                self.agree[i * self.samples + j] += units as u64 - differ;
                self.agree[j * self.samples + i] = self.agree[i * self.samples + j];
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

/// A bit for every output: whether it is positive.
fn code_of(outputs: &[f32]) -> Vec<u32> {
    let (whole, rest) = outputs.as_chunks::<WORD>();
    let mut last = [0.0; WORD];
    last[..rest.len()].copy_from_slice(rest);
    whole.iter().chain([&last]).map(word_of).collect()
}

const WORD: usize = u32::BITS as usize;

fn word_of(outputs: &[f32; WORD]) -> u32 {
    let mut bits = [0; WORD];
    bits.iter_mut().zip(outputs).enumerate().for_each(|(at, (bit, y))| *bit = u32::from(*y > 0.0) << at);
    bits.iter().fold(0, |word, bit| word | bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_agree_where_both_are_positive_or_neither() {
        let mut codes = Codes::new(2);
        let sample = |every: usize| (0..70).map(move |at| if at % every == 0 { 1.0 } else { -1.0 });
        codes.add(&sample(2).chain(sample(7)).collect::<Vec<f32>>());
        // Of 70 units 35 and 10 are positive, 5 of them both.
        assert_eq!(codes.agree, [70, 35, 35, 70]);
        let wanted = (70.0f64 * 70.0 - 35.0 * 35.0).ln();
        assert!((codes.ln_determinant().unwrap() - wanted).abs() < 1e-12);
    }
}
