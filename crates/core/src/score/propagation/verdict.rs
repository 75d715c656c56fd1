//! From signals to a verdict.

use serde::{Deserialize, Serialize};

use super::Propagation;
use crate::network::Network;
use crate::settings::Train;

/// Whether a network will train, and what keeps it from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Trainable,
    /// Gradients die out, or all inputs look the same from within.
    Vanishing,
    /// Outputs, gradients or weights are too large for a usual learning rate.
    Exploding,
    /// Most inputs of some activation lie where it is flat.
    Saturated,
    /// All outputs are zero.
    Dead,
    /// Values overflow.
    NonFinite,
}

impl Verdict {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Trainable => "trainable",
            Self::Vanishing => "vanishing",
            Self::Exploding => "exploding",
            Self::Saturated => "saturated",
            Self::Dead => "dead",
            Self::NonFinite => "non_finite",
        }
    }
}

/// A verdict with a score from 0 (will not train) to 1; from 1/2 on it is trainable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trainability {
    pub verdict: Verdict,
    pub score: f64,
}

impl Trainability {
    /// A network that cannot train at all.
    #[must_use]
    pub fn none(verdict: Verdict) -> Self {
        Self { verdict, score: 0.0 }
    }

    #[must_use]
    pub fn is_trainable(self) -> bool {
        self.verdict == Verdict::Trainable
    }
}

/// What signals are judged by beside themselves, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances<'a> {
    /// Without it, layers are taken to stand in a row.
    pub network: Option<&'a Network>,
    /// How the network will be trained: the optimizer and its learning rate. Without them, the limits fit any.
    pub train: Train,
}

impl Propagation {
    /// 1/(1 + x^2), where x is the largest of: how far a perturbation or a gradient vanishes, how far either explodes, how
    /// large the outputs are and the weights, and how many inputs of activations are saturated, each in units of what may
    /// be. Layers are taken to stand in a row.
    #[must_use]
    pub fn trainability(&self) -> Trainability {
        self.trainability_by(Circumstances::default())
    }

    /// The same where the network is known.
    #[must_use]
    pub fn trainability_in(&self, network: &Network) -> Trainability {
        self.trainability_by(Circumstances { network: Some(network), ..Circumstances::default() })
    }

    /// The same by all that is known.
    #[must_use]
    pub fn trainability_by(&self, circumstances: Circumstances<'_>) -> Trainability {
        let [vanishing, exploding, saturated] = self.excesses(circumstances);
        let excess = vanishing.max(exploding).max(saturated).max(0.0);
        let verdict = if excess <= 1.0 {
            Verdict::Trainable
        } else if saturated > 1.0 {
            Verdict::Saturated
        } else if vanishing > exploding {
            Verdict::Vanishing
        } else {
            Verdict::Exploding
        };
        Trainability { verdict, score: 1.0 / (1.0 + excess * excess) }
    }

    /// How much further it is on the way to exploding or saturating than to vanishing, in units of what may be; below 0 where
    /// it leans to vanishing.
    #[must_use]
    pub fn leaning(&self, circumstances: Circumstances<'_>) -> f64 {
        let [vanishing, exploding, saturated] = self.excesses(circumstances);
        exploding.max(saturated) - vanishing
    }

    /// How far it vanishes, explodes and is saturated, each in units of what may be.
    fn excesses(&self, circumstances: Circumstances<'_>) -> [f64; 3] {
        let strains = self.strains(circumstances);
        [Verdict::Vanishing, Verdict::Exploding, Verdict::Saturated].map(|verdict| {
            let own = strains.iter().filter(|strain| strain.measure.verdict() == verdict);
            own.map(|strain| strain.excess()).fold(f64::NAN, f64::max)
        })
    }
}
