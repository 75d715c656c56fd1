//! What is decided before a training, and how far it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::halving::{self, Rung};
use super::optimizer::Method;
use super::{Options, Task, TrainingError};
use crate::space::Space;

/// Everything about a training that is decided before it.
#[derive(Debug)]
pub struct Plan {
    pub space: Arc<Space>,
    pub task: Arc<Task>,
    pub options: Options,
    /// Best first: where training ties, the earlier one goes on.
    pub candidates: Vec<usize>,
    pub rungs: Vec<Rung>,
    done: AtomicU64,
}

impl Plan {
    /// Lays out the rungs for `candidates`, best first.
    ///
    /// # Errors
    /// If there is no candidate.
    pub fn new(
        space: Arc<Space>,
        task: impl Into<Arc<Task>>,
        options: Options,
        candidates: Vec<usize>,
    ) -> Result<Self, TrainingError> {
        let task = task.into();
        if candidates.is_empty() {
            return Err(TrainingError::NoCandidate);
        }
        let rungs = match options.steps {
            Some(steps) => vec![Rung { candidates: candidates.len(), steps }],
            None => {
                let steps = u64::from(options.epochs) * task.steps(options.batch);
                halving::rungs(candidates.len(), steps, options.eta)
            }
        };
        Ok(Self { space, task, options, candidates, rungs, done: AtomicU64::new(0) })
    }

    #[must_use]
    pub fn seed(&self) -> u64 {
        self.space.preset.seed
    }

    #[must_use]
    pub fn steps_per_epoch(&self) -> u64 {
        self.task.steps(self.options.batch).max(1)
    }

    /// Steps of all candidates together, but for range tests.
    #[must_use]
    pub fn total_steps(&self) -> u64 {
        halving::cost(&self.rungs)
    }

    /// Steps done so far, those of range tests included.
    #[must_use]
    pub fn steps_done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    pub(super) fn count_step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Steps done as a part of those that training all candidates of the space to the end takes.
    #[must_use]
    pub fn cost(&self) -> f64 {
        let one = self.rungs.last().map_or(1, |rung| rung.steps);
        self.steps_done() as f64 / (one * self.space.candidates.len() as u64).max(1) as f64
    }

    /// Bytes that `jobs` candidates at a time hold at the most, roughly: the samples, all candidates with what their
    /// optimizers remember, and what the backward passes of those in training need.
    #[must_use]
    pub fn memory(&self, jobs: usize) -> u64 {
        let remembered = if self.options.method == Method::Sgd { 8 } else { 16 };
        let parameters = |id: &usize| self.space.candidates[*id].parameters;
        let held: u64 = self.candidates.iter().map(parameters).sum();
        let passing = |id: &usize| {
            let network = self.space.network_of(*id);
            let outputs: u64 = network.nodes.iter().map(|node| node.output().elements() as u64).sum();
            // Every output and its gradient, weights and theirs.
            8 * (outputs.saturating_mul(self.options.batch as u64) + parameters(id))
        };
        let largest = self.candidates.iter().take(1024).map(passing).max().unwrap_or(0);
        let at_once = jobs.min(self.candidates.len()) as u64;
        (self.task.memory().saturating_add(held.saturating_mul(4 + remembered)))
            .saturating_add(largest.saturating_mul(at_once))
    }
}
