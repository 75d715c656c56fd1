//! A matrix whose rank is asked for.

use faer::MatRef;

use super::deflation::{Deflated, split_off_dominant};
use super::estimate::Estimate;
use crate::dispatch::dispatch;
use crate::kernels::memory;

/// A matrix whose rank cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RankError {
    #[error("it has values that are not finite")]
    NonFinite,
    #[error("its singular values could not be computed")]
    NoConvergence,
}

/// A row-major matrix whose largest element is near 1.
pub struct Scaled {
    pub values: Vec<f32>,
    pub rows: usize,
    pub columns: usize,
}

impl Scaled {
    /// None of a matrix of zeros.
    ///
    /// # Errors
    /// If an element is not finite.
    pub fn new(matrix: &[f32], rows: usize, columns: usize) -> Result<Option<Self>, RankError> {
        let largest = largest(matrix).ok_or(RankError::NonFinite)?;
        // The rank ignores scale; single precision does not.
        let scale = power_of_two(largest);
        let scaled = || {
            let mut values = memory::to_write(matrix.len());
            dispatch(|| {
                for (value, x) in values.iter_mut().zip(matrix) {
                    *value = x * scale;
                }
            });
            Self { values, rows, columns }
        };
        Ok((largest > 0.0).then(scaled))
    }

    /// What is left without the dominant singular values.
    pub fn rest(&self) -> Deflated<'_, f32> {
        split_off_dominant(&self.values, self.rows, self.columns)
    }

    pub fn size(&self) -> usize {
        self.rows.min(self.columns)
    }

    pub fn double(&self) -> Vec<f64> {
        let mut double = memory::to_write(self.values.len());
        double.iter_mut().zip(&self.values).for_each(|(double, x)| *double = f64::from(*x));
        double
    }

    /// The effective rank in double precision.
    pub fn rank(&self) -> Result<f64, RankError> {
        let double = self.double();
        let estimate = Estimate::new(&double, self.rows, self.columns);
        memory::keep(double);
        estimate.rank().map_or_else(|| self.rank_of_all(), Ok)
    }

    /// The same by the singular values themselves, which takes longest.
    pub fn rank_of_all(&self) -> Result<f64, RankError> {
        let double = self.double();
        let values = MatRef::from_row_major_slice(&double, self.rows, self.columns).singular_values();
        Ok(entropy_rank(values.map_err(|_| RankError::NoConvergence)?.iter().copied()))
    }
}

impl Drop for Scaled {
    fn drop(&mut self) {
        memory::keep(std::mem::take(&mut self.values));
    }
}

/// The largest magnitude; none if an element is not finite.
pub fn largest(matrix: &[f32]) -> Option<f32> {
    // Magnitudes order as their bits do, and infinity and NaN come last.
    let magnitudes = matrix.iter().map(|x| x.to_bits() & 0x7fff_ffff);
    let largest = dispatch(|| magnitudes.fold(0, u32::max));
    let largest = f32::from_bits(largest);
    largest.is_finite().then_some(largest)
}

/// A power of two that brings `largest` near 1.
pub fn power_of_two(largest: f32) -> f32 {
    2f32.powi(-(largest.log2().floor() as i32).clamp(-120, 120))
}

/// exp of the Shannon entropy of values that are made to sum to 1. Values of 0 do not count.
pub fn entropy_rank(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let sum: f64 = values.clone().filter(|s| *s > 0.0).sum();
    if sum <= 0.0 {
        return 0.0;
    }
    let entropy: f64 = values
        .filter(|s| *s > 0.0)
        .map(|s| {
            let p = s / sum;
            -p * p.ln()
        })
        .sum();
    entropy.exp()
}
