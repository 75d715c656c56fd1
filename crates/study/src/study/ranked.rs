//! A line of the ranking.

use super::estimate::Estimate;

/// A line of the ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    pub candidate: usize,
    /// From 1; the same for candidates that no repetition tells apart. None without a score.
    pub rank: Option<usize>,
    /// No repetition tells it apart from the one before.
    pub tied_with_previous: bool,
    /// The paired difference to the best is within its confidence interval of 0, corrected for all comparisons.
    pub tied_with_best: bool,
    /// Mean difference to the best over common repetitions, and its standard error.
    pub behind_best: Option<Estimate>,
}

impl Ranked {
    pub fn unranked(candidate: usize) -> Self {
        Self { candidate, rank: None, tied_with_previous: false, tied_with_best: false, behind_best: None }
    }
}
