//! Numbers of the blocks of an architecture: what training-free orders of architectures stand on. `looking` measures them.

mod codes;
mod looking;
mod measures;
mod scatter;

pub(super) use looking::BlocksProbe;

use serde::{Deserialize, Serialize};

/// What is seen of the blocks of one candidate. A number that is not finite counts as 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Blocks {
    /// Of what enters the first block, and of what each block gives: the entropy of the eigenvalues of the covariance between
    /// channels, over samples and positions, made to sum to 1.
    pub entropies: Vec<f64>,
    /// By activation, the least eigenvalue of the correlations between its channels, over samples and positions.
    pub correlations: Vec<f64>,
    /// ln of the determinant of the kernel of codes: in how many units of all activations two samples agree whether they are
    /// positive. None where it is singular.
    pub ln_kernel: Option<f64>,
}

impl Blocks {
    /// The sum of all entropies.
    #[must_use]
    pub fn block_entropy(&self) -> f64 {
        self.entropies.iter().sum()
    }

    /// The least growth of the entropy over a block.
    #[must_use]
    pub fn progressivity(&self) -> f64 {
        self.entropies.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min)
    }

    /// The entropy of what the last block gives.
    #[must_use]
    pub fn last_entropy(&self) -> f64 {
        self.entropies.last().copied().unwrap_or(0.0)
    }
}
