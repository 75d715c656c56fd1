//! How good a candidate is, and when.

use serde::{Deserialize, Serialize};

/// How good a network is on samples that it was not trained on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Mean cross-entropy in nats, or mean squared error in the unit of the labels squared. None once training diverged.
    pub loss: Option<f64>,
    /// The share of right classes, or the coefficient of determination R^2; that of guessing once training diverged.
    pub quality: f64,
}

/// Where a candidate stands after some training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Epochs trained.
    pub epochs: f64,
    /// Mean loss of the steps since the last point, in the units of [`Evaluation::loss`]. None once training diverged.
    pub train_loss: Option<f64>,
    pub held_out: Evaluation,
}

/// Epochs as people write them.
#[must_use]
pub fn in_words(epochs: f64) -> String {
    if epochs.fract() == 0.0 { format!("{epochs:.0}") } else { format!("{epochs:.2}") }
}
