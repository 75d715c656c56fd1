//! What recipes ask of a layer's place in a network.

use std::sync::{Arc, OnceLock};

use crate::activation::Activation;
use crate::fill::Fill;
use crate::layer::{Counted, Operation};

/// Where a node stands among the others.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Whether it is the last layer with matrices on the way to the output.
    pub is_output: bool,
    /// Whether its output is the same for all samples, for which the model computes it once.
    pub is_same_for_all: bool,
    /// The body of the innermost residual that it stands in.
    pub branch: Option<Branch>,
    /// Number of the network's residuals whose bodies have layers with matrices.
    pub branches: usize,
    /// The activation that follows it, with nothing between but sums and what keeps the units, as normalizations and pooling.
    pub following: Following,
    /// The most that the rank of its output can be, see [`Operation::most_rank`].
    pub most_rank: usize,
    /// The slot that its output reaches first or, where it reaches none, the last of the network.
    pub slot: Option<String>,
}

/// The body of a residual, as a node in it sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch {
    /// Number of its layers with matrices, those of inner residuals apart.
    pub layers: usize,
    /// Whether this is the last of them, or of an outer residual's.
    pub is_last: bool,
}

/// What follows a layer.
#[derive(Debug, Clone, Default)]
pub enum Following {
    /// No activation.
    #[default]
    Nothing,
    /// What fills the slot of this name.
    Slot(String),
    Fixed {
        operation: Arc<dyn Operation>,
        gain: OnceLock<f64>,
    },
}

impl Following {
    /// The gain of the activation that follows, with `fill` in the slots; 1 where none does.
    #[must_use]
    pub fn gain(&self, fill: Option<&Fill>) -> f64 {
        match self {
            Self::Nothing => 1.0,
            Self::Slot(slot) => fill.and_then(|fill| fill.of(slot)).map_or(1.0, Activation::gain),
            Self::Fixed { operation, gain } => *gain.get_or_init(|| match operation.counted(None) {
                Counted::Activation(Some(activation)) => activation.gain(),
                _ => 1.0,
            }),
        }
    }
}
