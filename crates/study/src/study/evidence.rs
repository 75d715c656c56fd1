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

    /// What it is worth: the accuracy that the recommendation loses against the best of all, on the networks of
    /// `docs/trainability.md`.
    #[must_use]
    pub fn worth(self) -> &'static str {
        match self {
            Self::Signals => "loses 0.02 in the median of thirteen networks, 0.06 at the most",
            Self::Steps => "0.02 in the median of six of them, 0.03 at the most",
            Self::Training => "0.001 on two shallower ones, 0.03 at the most on two deep ones",
        }
    }

    /// What it is, in a line.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Signals => "How signals pass before training, and NEAR: nothing is trained",
            Self::Steps => {
                "Also 32 steps of the best, on random labels if there are none: the lowest loss is recommended, and nobody who does not learn"
            }
            Self::Training => {
                "Also a short training of the finalists, for a tenth of what training all costs: its best is recommended"
            }
        }
    }
}

/// What the first steps of a candidate came to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FirstSteps {
    pub steps: u64,
    /// The loss before them; null where it is not finite.
    pub loss_before: Option<f64>,
    /// The mean loss at their end; null where training diverged.
    pub loss_after: Option<f64>,
    /// The loss of whoever finds all answers as likely, or gives the mean.
    pub loss_of_chance: f64,
    /// Whether the labels were drawn.
    pub random_labels: bool,
    /// Whether the loss is below that: something of the input was learnt. The figures are in `docs/notes/trainability.md`.
    pub learns: bool,
}

impl FirstSteps {
    /// What losses before and after so many steps say.
    #[must_use]
    pub fn of_losses(steps: u64, before: Option<f64>, after: Option<f64>, chance: f64, random_labels: bool) -> Self {
        let learns = after.is_some_and(|after| after < chance);
        Self { steps, loss_before: before, loss_after: after, loss_of_chance: chance, random_labels, learns }
    }
}
