//! What comes of looking for a repair: factors of the weights that make a candidate train, or why there are none.

use neartop_core::init::rounded;
use neartop_core::network::Init;
use neartop_core::score::Score;
use neartop_core::score::propagation::Trainability;

/// A candidate whose weights are multiplied by a factor, or by one for each layer, that makes it train, as signals tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Repair {
    /// The factor of all weights; none where each layer has its own.
    pub gain: Option<f64>,
    /// The factors by the name of the layer, where each has its own.
    pub gains: Vec<(String, f64)>,
    /// The initialization with these factors, as a preset takes it.
    pub init: Init,
    pub trainability: Trainability,
    /// The score by the limits that fit any optimizer: those of Adam alone say less of how well it trains.
    pub score_of_any: f64,
    pub near: f64,
    pub standard_error: Option<f64>,
    pub repetitions: usize,
    /// Beside one factor for all: a factor for each layer, which keeps signals from layer to layer.
    pub by_layer: Option<Box<Self>>,
    /// By repetition.
    pub scores: Vec<Score>,
}

/// What came of looking for a repair.
pub type Sought = Result<Repair, NoRepair>;

/// Why a candidate has no repair.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoRepair {
    /// Its weights have no size that a factor changes, or a mean that no factor takes away.
    #[error("no factor is looked for where the initialization is {0}")]
    NotSought(Init),
    /// Among all factors, the attempt that comes closest.
    #[error("there are no factors of its weights that make it train{}", .0.map(|closest| closest.to_string()).unwrap_or_default())]
    NoFactor(Option<Attempt>),
    /// The limits of any optimizer are too narrow for all factors, and those of Adam are not.
    #[error(
        "there are no factors of its weights that make it train with any optimizer, but there are for Adam: say \
         train: {{optimizer: adam}} in the preset"
    )]
    OnlyForAdam,
}

/// What signals say with a factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attempt {
    /// The factor of all weights; none where each layer has its own.
    pub gain: Option<f64>,
    pub trainability: Trainability,
}

impl std::fmt::Display for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = self.trainability.verdict.name();
        match self.gain {
            Some(gain) => write!(f, ": with the closest, all weights x {}, it is {verdict}", rounded(gain)),
            None => write!(f, ": with the closest, one for each layer, it is {verdict}"),
        }
    }
}

/// Below this score much of what was repaired trained to less than the best: the figures are in
/// `docs/notes/trainability.md`.
const SURE: f64 = 0.6;

impl Repair {
    /// Whether it is so near the limits that it may train to less.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        self.trainability.score.min(self.score_of_any) < SURE
    }

    /// Its initialization in one line, and whether it only just trains with it.
    #[must_use]
    pub fn phrase(&self) -> String {
        let only_just = if self.is_narrow() { ", only just" } else { "" };
        format!("{}{only_just}", self.init)
    }

    /// The one to take: with a factor for each layer where signals are further within their limits with it.
    #[must_use]
    pub fn best(&self) -> &Self {
        let is_better = |other: &&Self| other.trainability.score > self.trainability.score;
        self.by_layer.as_deref().filter(is_better).unwrap_or(self)
    }
}
