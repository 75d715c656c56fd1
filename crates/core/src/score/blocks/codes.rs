//! The kernel of codes: which units of a sample are positive.

use pulp::{Simd, WithSimd};

use crate::dispatch::dispatch;
use crate::kernels::lanes::{SIDE_BY_SIDE, first};

/// In how many units each two samples agree so far.
#[derive(Clone)]
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
        dispatch(Add { codes: self, units, outputs });
    }

    /// What was taken in so far, to [take in again](Self::add_again) what came after that.
    pub fn so_far(&self) -> Vec<u64> {
        self.agree.clone()
    }

    /// Takes in once more what was taken in from `before` to `after`.
    pub fn add_again(&mut self, before: &[u64], after: &[u64]) {
        for (agree, (before, after)) in self.agree.iter_mut().zip(before.iter().zip(after)) {
            *agree += after - before;
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

struct Add<'a> {
    codes: &'a mut Codes,
    units: usize,
    outputs: &'a [f32],
}

impl WithSimd for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (agree, samples, units) = (&mut self.codes.agree, self.codes.samples, self.units);
        let mut codes: Vec<Vec<u32>> = Vec::with_capacity(samples);
        for outputs in self.outputs.chunks_exact(units.max(1)) {
            codes.push(code_of(outputs));
        }
        for (i, a) in codes.iter().enumerate() {
            for (j, b) in codes[..=i].iter().enumerate() {
                let mut differ = 0;
                for (a, b) in a.iter().zip(b) {
                    differ += (a ^ b).count_ones();
                }
                agree[i * samples + j] += units as u64 - u64::from(differ);
                agree[j * samples + i] = agree[i * samples + j];
            }
        }
    }
}

/// A bit for every output: whether it is positive.
#[inline(always)]
fn code_of(outputs: &[f32]) -> Vec<u32> {
    let mut code = Vec::with_capacity(outputs.len().div_ceil(SIDE_BY_SIDE * WORD) * SIDE_BY_SIDE);
    for outputs in outputs.chunks(SIDE_BY_SIDE * WORD) {
        // Neighbours are in different words, which are made side by side.
        let mut words = [0; SIDE_BY_SIDE];
        for (at, outputs) in outputs.chunks(SIDE_BY_SIDE).enumerate() {
            let block = first(outputs);
            for lane in 0..SIDE_BY_SIDE {
                words[lane] |= u32::from(block[lane] > 0.0) << at;
            }
        }
        code.extend_from_slice(&words);
    }
    code
}

const WORD: usize = u32::BITS as usize;

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
