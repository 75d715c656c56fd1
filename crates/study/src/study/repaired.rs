//! Candidates that will not train, and how they could be made to.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Study;
use crate::space::Space;
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

impl Study {
    /// Keeps how a candidate that will not train could be made to.
    pub fn set_repair(&mut self, id: usize, repair: Repair) {
        self.set_sought(id, Ok(repair));
    }

    /// Keeps what came of looking for that.
    pub fn set_sought(&mut self, id: usize, sought: Sought) {
        if let Some(record) = self.records.get_mut(id) {
            record.sought = Some(Arc::new(sought));
        }
    }

    /// How a candidate that will not train could be made to, where that was looked for and found.
    #[must_use]
    pub fn repair(&self, id: usize) -> Option<&Repair> {
        self.records[id].sought.as_deref()?.as_ref().ok()
    }

    /// Why a candidate that will not train could not be made to, where that was looked for in vain.
    #[must_use]
    pub fn no_repair(&self, id: usize) -> Option<&NoRepair> {
        self.records[id].sought.as_deref()?.as_ref().err()
    }

    /// The best repairs that were found of each candidate, by falling NEAR; last those that only just train.
    #[must_use]
    pub fn repairs(&self) -> Vec<(usize, &Repair)> {
        let mut all: Vec<_> = self.best_repairs().collect();
        all.sort_by(before);
        all
    }

    /// From 1: the place of a candidate's repair among these.
    #[must_use]
    pub fn place_of_repair(&self, id: usize) -> Option<usize> {
        let own = (id, self.repair(id)?.best());
        Some(1 + self.best_repairs().filter(|other| before(other, &own).is_lt()).count())
    }

    fn best_repairs(&self) -> impl Iterator<Item = (usize, &Repair)> {
        (0..self.records.len()).filter_map(|id| Some((id, self.repair(id)?.best())))
    }

    /// A study that knows of a repaired candidate alone, in the place of the one that was repaired.
    #[must_use]
    pub fn of_repaired(&self, id: usize, repair: &Repair) -> Self {
        let mut space = Space::clone(&self.space);
        if let Some(candidate) = space.candidates.get_mut(id) {
            candidate.init = repair.init.clone();
        }
        let mut study = Self::new(Arc::new(space));
        for (repetition, score) in repair.scores.iter().enumerate() {
            study.record(id, repetition, Ok(score.clone()));
        }
        study
    }
}

/// Which of two repairs comes first.
fn before((a, one): &(usize, &Repair), (b, other): &(usize, &Repair)) -> Ordering {
    one.is_narrow().cmp(&other.is_narrow()).then(other.near.total_cmp(&one.near)).then(a.cmp(b))
}
