//! How far candidates are behind the best.

use std::sync::{Mutex, PoisonError};

use super::estimate::{Estimate, Leading};

/// The last comparisons of a candidate with the best, the latest first, since a long run compares thousands of scores for
/// every frame. More than one, since two candidates may take turns in being the best.
#[derive(Debug, Default)]
pub struct Memo(Mutex<[Option<Comparison>; 2]>);

/// Another study may number its candidates in another way.
impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}

#[derive(Debug, Default)]
struct Comparison {
    best: usize,
    /// Scores that the best and the candidate had.
    counts: (usize, usize),
    leading: Leading,
    behind: Behind,
}

/// The paired difference of a candidate to the best.
#[derive(Debug, Clone, Copy, Default)]
pub struct Behind {
    pub estimate: Option<Estimate>,
    /// Over so many repetitions, that both have.
    pub common: usize,
}

impl Memo {
    /// How far a candidate is behind `best`, from the scores of both.
    pub fn behind(&self, best: usize, ahead: &Scores<'_>, own: &Scores<'_>) -> Behind {
        // No score is ever replaced, so their numbers tell whether there are new ones.
        let counts = (ahead.count, own.count);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |last: &Option<Comparison>| last.as_ref().is_some_and(|last| last.best == best);
        if !is_known(&last[0]) {
            last.swap(0, 1);
        }
        if !is_known(&last[0]) {
            last[0] = None;
        }
        let last = last[0].get_or_insert_with(|| Comparison { best, ..Comparison::default() });
        if last.counts != counts {
            let score = |of: &Scores<'_>, repetition: usize| of.by_repetition.get(repetition).copied().flatten();
            let difference = |repetition| Some(score(ahead, repetition)? - score(own, repetition)?);
            let repetitions = ahead.by_repetition.len().min(own.by_repetition.len());
            last.leading.advance(repetitions, difference);
            let moments = last.leading.with_rest(repetitions, difference);
            last.behind = Behind { estimate: moments.estimate(), common: moments.count };
            last.counts = counts;
        }
        last.behind
    }
}

/// The scores of a candidate.
pub struct Scores<'a> {
    pub by_repetition: &'a [Option<f64>],
    /// How many of them there are.
    pub count: usize,
}
