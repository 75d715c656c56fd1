//! Scoring one repetition of candidates: NEAR, layer by layer.

mod blocks;
mod common;
pub mod effective_rank;
mod probe;
pub mod propagation;
mod rank_matrix;
mod repetition;
pub mod spectrum;

use std::cell::RefCell;

use candle_core::Tensor;

use crate::network::forward::forward;
use crate::network::weights::Weights;
use crate::network::{Module, Network};

pub use common::CommonScores;
use effective_rank::{RankError, Ranks};
use probe::RankProbe;
use propagation::Propagation;
use rank_matrix::{RankMatrices, RowOffset};
pub use repetition::Repetition;

/// One repetition's score.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The sum of the effective ranks.
    pub near: f64,
    /// The effective rank of every counted module's output, in the order of the forward pass.
    pub effective_ranks: Vec<f64>,
    /// The counted module from which on the network is dead: its output is zero for every sample.
    pub dead_from: Option<usize>,
    /// How signals pass, in the first [`propagation::REPETITIONS`] repetitions of drawn weights.
    pub propagation: Option<Propagation>,
}

/// How the message of [`ScoreError::NonFinite`] begins.
pub const NON_FINITE: &str = "values that are not finite";

/// Why there is no score.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    #[error("{} after layer {module} ({kind})", NON_FINITE)]
    NonFinite { module: String, kind: String },
    #[error("the singular values of layer {module} ({kind}) could not be computed")]
    NoConvergence { module: String, kind: String },
    #[error("cancelled")]
    Cancelled,
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

/// The same error for one more candidate.
fn again(error: &ScoreError) -> ScoreError {
    match error {
        ScoreError::NonFinite { module, kind } => ScoreError::NonFinite { module: module.clone(), kind: kind.clone() },
        ScoreError::Cancelled => ScoreError::Cancelled,
        other => ScoreError::Tensor(candle_core::Error::Msg(other.to_string())),
    }
}

/// Scores a network with given weights on given inputs, without randomness.
///
/// # Errors
/// When values are not finite or tensors do not fit. A dead network is no error here: its ranks are 0.
pub fn score_given(network: &Network, weights: &dyn Weights, inputs: Tensor) -> Result<Score, ScoreError> {
    let ranks = RefCell::new(Ranks::default());
    let mut probe = RankProbe::new(RankMatrices { offset: RowOffset::Start, cancelled: &|| false }, &ranks);
    let output = forward(&network.modules, inputs, weights, None, &mut probe)?;
    probe.finish(&output)?.ranked_now(&ranks, network)
}

/// Why a module's output has no rank.
fn failure(module: &Module, error: RankError) -> ScoreError {
    let (module, kind) = (module.name.clone(), module.kind().to_owned());
    match error {
        RankError::NonFinite => ScoreError::NonFinite { module, kind },
        RankError::NoConvergence => ScoreError::NoConvergence { module, kind },
    }
}
