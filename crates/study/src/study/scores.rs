//! What is known of one candidate: its scores, and what they say together.

use std::sync::{Arc, OnceLock};

use super::behind::Memo;
use super::estimate::{Estimate, Leading};
use super::evidence::FirstSteps;
use super::signals::Signals;
use super::sought::Sought;
use crate::failure::ScoreFailure;
use neartop_core::score::Score;
use neartop_core::score::blocks::Blocks;

/// What is known of one candidate.
#[derive(Debug, Clone, Default)]
pub struct CandidateScores {
    /// NEAR by repetition.
    pub scores: Vec<Option<f64>>,
    /// How many of them there are.
    pub count: usize,
    leading: Leading,
    /// Their estimate, until the next comes.
    near: OnceLock<Option<Estimate>>,
    pub behind: Memo,
    /// Sum of each layer's effective ranks in units of 2^-32, so that the order of arrival does not matter.
    layer_sums: Vec<u64>,
    /// Repetitions in which the network was dead, and the layer from which on.
    pub dead: usize,
    pub dead_from: usize,
    pub signals: Signals,
    /// Of an architecture, from the first repetition.
    pub blocks: Option<Blocks>,
    /// The first repetition that failed, and why.
    pub failure: Option<(usize, ScoreFailure)>,
    pub trained: Option<Trained>,
    pub first_steps: Option<FirstSteps>,
    /// How it could be made to train, or why not, where that was looked for.
    pub sought: Option<Arc<Sought>>,
}

/// What a short training of a candidate came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trained {
    /// Share of right classes, or R^2, on samples held out.
    pub quality: f64,
    /// Whether that is a share of right classes.
    pub is_accuracy: bool,
    /// None where training diverged.
    pub loss: Option<f64>,
    pub epochs: f64,
}

/// Units of a sum of effective ranks.
const FIXED_POINT: f64 = (1u64 << 32) as f64;

impl CandidateScores {
    /// Takes one repetition in; a second record of the same changes nothing.
    pub fn take(&mut self, repetition: usize, result: Result<Score, ScoreFailure>) {
        match result {
            Ok(score) => {
                if self.scores.len() <= repetition {
                    self.scores.resize(repetition + 1, None);
                }
                if self.scores[repetition].is_some() {
                    return;
                }
                self.scores[repetition] = Some(score.near);
                self.count += 1;
                self.near.take();
                let scores = &self.scores;
                self.leading.advance(scores.len(), |repetition| scores.get(repetition).copied().flatten());
                self.layer_sums.resize(score.effective_ranks.len(), 0);
                for (sum, rank) in self.layer_sums.iter_mut().zip(&score.effective_ranks) {
                    *sum += (rank * FIXED_POINT).round() as u64;
                }
                if let Some(propagation) = score.propagation {
                    self.signals.add(&propagation);
                    self.blocks = self.blocks.take().or(propagation.blocks);
                }
                if let Some(layer) = score.dead_from {
                    // The first layer, whichever repetition arrives first.
                    self.dead_from = if self.dead == 0 { layer } else { self.dead_from.min(layer) };
                    self.dead += 1;
                }
            }
            Err(failure) => {
                if self.failure.as_ref().is_none_or(|(first, _)| repetition < *first) {
                    self.failure = Some((repetition, failure));
                }
            }
        }
    }

    pub fn score(&self, repetition: usize) -> Option<f64> {
        self.scores.get(repetition).copied().flatten()
    }

    /// Repetitions scored; those after one that failed do not count, since whether they are scored depends on the machine.
    pub fn count(&self) -> usize {
        match &self.failure {
            None => self.count,
            Some((first, _)) => self.scores.iter().take(*first).flatten().count(),
        }
    }

    /// Dead in every repetition so far.
    pub fn is_dead(&self) -> bool {
        self.dead > 0 && self.dead == self.count()
    }

    /// Mean effective rank of every counted layer; empty before the first score.
    pub fn effective_ranks(&self) -> Vec<f64> {
        let count = self.count() as f64;
        self.layer_sums.iter().map(|sum| *sum as f64 / FIXED_POINT / count).collect()
    }

    /// Mean and error of NEAR over the repetitions scored.
    pub fn near(&self) -> Option<Estimate> {
        let moments = || self.leading.with_rest(self.scores.len(), |repetition| self.score(repetition));
        *self.near.get_or_init(|| moments().estimate())
    }
}
