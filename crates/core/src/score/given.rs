//! Networks with given weights.

use std::cell::RefCell;

use candle_core::Tensor;

use super::effective_rank::Ranks;
use super::error::ScoreError;
use super::probe::RankProbe;
use super::rank_matrix::{RankMatrices, RowOffset};
use super::result::Score;
use crate::network::Network;
use crate::network::forward::forward;
use crate::weights::Weights;

/// Scores a network with given weights on given inputs, without randomness.
///
/// # Errors
/// When values are not finite or tensors do not fit. A dead network is no error here: its ranks are 0.
pub fn score_given(network: &Network, weights: &dyn Weights, inputs: Tensor) -> Result<Score, ScoreError> {
    let ranks = RefCell::new(Ranks::default());
    let mut probe = RankProbe::new(RankMatrices { offset: RowOffset::Start, cancelled: &|| false }, &ranks);
    let output = forward(network, inputs, weights, None, &mut probe)?;
    probe.finish(&output)?.ranked_now(&ranks, network)
}
