//! What is seen of signals at one node.

use serde::{Deserialize, Serialize};

/// The signals at the output of one node. Logarithms are natural, of root mean squares over all elements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerSignal {
    /// Of the output itself.
    pub ln_size: f64,
    /// Of the output less its mean over the samples: what tells samples apart.
    pub ln_spread: f64,
    /// Of the difference that the perturbation of the input makes here.
    pub ln_perturbation: f64,
    /// The same for a typical sample: the mean over samples of each one's logarithm. It is less where few samples carry
    /// all of the signal.
    pub ln_typical_perturbation: f64,
    /// Norm of a gradient that comes back to this output from the network's, over its norm there, for a random direction;
    /// none where no sample was perturbed, and where it comes back only through a factor that starts as good as 0.
    pub ln_gradient: Option<f64>,
    /// Share of an activation's inputs where it is flat on both sides of 0; none for other nodes.
    pub saturated: Option<f64>,
}

impl LayerSignal {
    /// Mean cosine between two samples' outputs, in the limit of many samples: 1 where all inputs look the same.
    #[must_use]
    pub fn correlation(&self) -> f64 {
        1.0 - (2.0 * (self.ln_spread - self.ln_size)).exp().min(1.0)
    }
}
