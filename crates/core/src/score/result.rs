//! What scoring a repetition gives.

use super::propagation::Propagation;

/// One repetition's score.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The sum of the effective ranks.
    pub near: f64,
    /// The effective rank of the output of every node that counts, in the order of the forward pass.
    pub effective_ranks: Vec<f64>,
    /// The counted node from which on the network is dead: its output is zero for every sample.
    pub dead_from: Option<usize>,
    /// How signals pass, in the first [`REPETITIONS`](super::propagation::REPETITIONS) repetitions of drawn weights.
    pub propagation: Option<Propagation>,
}
