//! A result on its way into a study.

use crate::failure::ScoreFailure;
use neartop_core::score::Score;

/// One finished repetition of one candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Place of the work among those that are recorded.
    pub work: usize,
    pub candidate: usize,
    pub repetition: usize,
    /// A score, or why there is none.
    pub result: Result<Score, ScoreFailure>,
}

impl Entry {
    /// NEAR, where there is a score.
    #[must_use]
    pub fn near(&self) -> Option<f64> {
        self.result.as_ref().ok().map(|score| score.near)
    }

    /// Whether the same again would give the same.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        self.result.as_ref().err().is_none_or(ScoreFailure::is_lasting)
    }
}
