//! The singular values behind an effective rank: what people look at when a layer's rank is low.

use candle_core::Tensor;
use faer::MatRef;

use super::effective_rank::{RankError, largest};
use super::error::ScoreError;
use super::rank_matrix::RankMatrices;
use super::repetition::Repetition;
use crate::fill::Fill;
use crate::network::Node;
use crate::network::forward::{Probe, forward};

/// The singular values of the rank matrix of every node that counts in one repetition, falling, as shares of the largest; all 0
/// where the matrix is. In double precision, by a singular value decomposition.
///
/// # Errors
/// As for the scores of the repetition.
pub fn spectra(repetition: &Repetition<'_>, fill: Option<&Fill>) -> Result<Vec<Vec<f64>>, ScoreError> {
    let weights = repetition.weights(fill);
    let mut probe = SpectrumProbe { matrices: repetition.matrices(&|| false), spectra: Vec::new() };
    forward(repetition.network, repetition.inputs.clone(), &weights, fill, &mut probe)?;
    Ok(probe.spectra)
}

struct SpectrumProbe<'a> {
    matrices: RankMatrices<'a>,
    spectra: Vec<Vec<f64>>,
}

impl Probe for SpectrumProbe<'_> {
    type Stop = ScoreError;

    fn observe(&mut self, node: &Node, output: &Tensor) -> Result<(), ScoreError> {
        let values = self.matrices.with_matrix(node, output, |matrix, rows, columns| {
            largest(matrix).ok_or(RankError::NonFinite)?;
            let double: Vec<f64> = matrix.iter().map(|x| f64::from(*x)).collect();
            let matrix = MatRef::from_row_major_slice(&double, rows, columns);
            matrix.singular_values().map_err(|_| RankError::NoConvergence)
        })?;
        let largest = values.first().copied().unwrap_or(0.0);
        let share = |s: &f64| if largest > 0.0 { s / largest } else { 0.0 };
        self.spectra.push(values.iter().map(share).collect());
        Ok(())
    }
}
