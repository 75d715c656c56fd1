//! How training is done.

use neartop_core::settings::{LearningRate, TaskKind, Train};

use super::optimizer::Method;

/// How the finalists are trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Epochs of those that train to the end.
    pub epochs: u32,
    /// Samples of a step.
    pub batch: usize,
    pub method: Method,
    /// None where a range test of each candidate is to find it.
    pub learning_rate: Option<f64>,
    /// The part of the samples, between 0 and 1, that is held out.
    pub holdout: f64,
    /// The most samples to use, those held out included.
    pub samples: Option<usize>,
    /// What is learnt; none where labels and network say it.
    pub task: Option<TaskKind>,
    /// One in so many goes on from rung to rung; none where all train to the end.
    pub eta: Option<usize>,
    /// So many steps in place of a training, to see who learns at all.
    pub steps: Option<u64>,
}

/// Steps that show whether a candidate learns.
pub const FIRST_STEPS: u64 = 32;
/// Samples of them, those held out included.
const SAMPLES: usize = 2560;

impl Options {
    /// As a preset asks for it.
    #[must_use]
    pub fn of(train: &Train) -> Self {
        let method = train.method.unwrap_or_default();
        let learning_rate = match train.learning_rate {
            None => Some(method.learning_rate()),
            Some(LearningRate::Auto) => None,
            Some(LearningRate::Fixed(rate)) => Some(rate),
        };
        Self { method, learning_rate, task: train.task, ..Self::default() }
    }

    /// The first steps alone.
    #[must_use]
    pub fn first_steps(self) -> Self {
        Self { steps: Some(FIRST_STEPS), samples: Some(SAMPLES), eta: None, ..self }
    }
}

impl Default for Options {
    fn default() -> Self {
        let method = Method::default();
        Self {
            epochs: 10,
            batch: 64,
            method,
            learning_rate: Some(method.learning_rate()),
            holdout: 0.2,
            samples: None,
            task: None,
            eta: None,
            steps: None,
        }
    }
}
