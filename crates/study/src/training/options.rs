//! How training is done.

use neartop_core::settings::TaskKind;

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
        }
    }
}
