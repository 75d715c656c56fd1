//! What a recommendation may stand on.

use serde::Serialize;

/// What a recommendation stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Signals before training, and NEAR.
    #[default]
    Signals,
    /// Also the first steps of the finalists.
    Steps,
    /// Also a short training of the finalists.
    Training,
}

impl Evidence {
    pub const ALL: [Self; 3] = [Self::Signals, Self::Steps, Self::Training];

    /// As the command line and reports name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Signals => "signals",
            Self::Steps => "steps",
            Self::Training => "training",
        }
    }

    /// What it costs.
    #[must_use]
    pub fn cost(self) -> &'static str {
        match self {
            Self::Signals => "no training",
            Self::Steps => "about a hundredth of training all",
            Self::Training => "a tenth of training all",
        }
    }

    /// What it is worth: the accuracy that the recommendation loses against the best of all, over the grids of
    /// `docs/trainability.md`.
    #[must_use]
    pub fn worth(self) -> &'static str {
        match self {
            Self::Signals => "loses 0.02 of accuracy in the median of thirteen networks, 0.06 at the most",
            Self::Steps => "TODO",
            Self::Training => "TODO",
        }
    }

    /// What it is, in a line.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Signals => "How signals pass before training, and NEAR: nothing is trained",
            Self::Steps => {
                "Also 32 steps of the finalists, on random labels if there are none: who does not learn is not recommended"
            }
            Self::Training => {
                "Also a short training of the finalists, for a tenth of what training all costs: its best is recommended"
            }
        }
    }
}

/// Who learns has less than this part of the loss of an answer that does not look at the input. The figures are in
/// `docs/notes/trainability.md`.
const LEARNT: f64 = 0.99;

/// What the first steps of a candidate came to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FirstSteps {
    pub steps: u64,
    /// The loss before them; null where it is not finite.
    pub loss_before: Option<f64>,
    /// The mean loss at their end; null where training diverged.
    pub loss_after: Option<f64>,
    /// The loss of the best answer that does not look at the input.
    pub loss_of_constant: f64,
    /// Whether the labels were drawn.
    pub random_labels: bool,
    /// Whether the loss is clearly below that: something of the input was learnt.
    pub learns: bool,
}

impl FirstSteps {
    /// What losses before and after so many steps say.
    #[must_use]
    pub fn of_losses(steps: u64, before: Option<f64>, after: Option<f64>, constant: f64, random_labels: bool) -> Self {
        let learns = after.is_some_and(|after| after < LEARNT * constant);
        Self { steps, loss_before: before, loss_after: after, loss_of_constant: constant, random_labels, learns }
    }
}
