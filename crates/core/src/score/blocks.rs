//! Numbers of the blocks of an architecture: what training-free orders of architectures stand on. `looking` measures them.

mod codes;
mod looking;
mod measures;

use serde::{Deserialize, Serialize};

/// What is seen of the blocks of one candidate. A number that is not finite counts as 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Blocks {
    /// Of what enters the first block, and of what each block gives: the entropy of the eigenvalues of the covariance between
    /// channels, over samples and positions, made to sum to 1.
    pub entropies: Vec<f64>,
    /// By block, the largest singular value of the mean Jacobian of a position; none where a block gives what it takes.
    pub jacobians: Vec<Option<f64>>,
    /// By activation, the least eigenvalue of the correlations between its channels, over samples and positions.
    pub correlations: Vec<f64>,
    /// ln of the determinant of the kernel of codes: in how many units of all activations two samples agree whether they are
    /// positive. None where it is singular.
    pub ln_kernel: Option<f64>,
}

/// |ln s| of a sound block at the most, for the largest singular value s of its Jacobian.
const SOUND: f64 = 1.5;

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

    /// The mean over blocks of 2 - s - 1/s with the largest singular value s of its Jacobian. A block that gives what it takes is
    /// no better than one that gives nothing.
    #[must_use]
    pub fn isometry(&self) -> f64 {
        self.mean_of_gains(|gain| 2.0 - gain - 1.0 / gain)
    }

    /// The mean over blocks of how far |ln s| is beyond what a sound block has, negated: 0 where all are sound.
    #[must_use]
    pub fn soundness(&self) -> f64 {
        self.mean_of_gains(|gain| (SOUND - gain.ln().abs()).min(0.0))
    }

    fn mean_of_gains(&self, of: impl Fn(f64) -> f64) -> f64 {
        let gains = self.jacobians.iter().map(|gain| gain.map_or(LEAST, |gain| gain.max(LEAST)));
        gains.map(of).sum::<f64>() / self.jacobians.len().max(1) as f64
    }
}

/// In place of a smaller singular value, and for a block that gives what it takes.
const LEAST: f64 = 1e-6;
