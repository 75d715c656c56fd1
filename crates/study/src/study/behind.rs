//! How far candidates are behind the best.

use std::sync::{Mutex, PoisonError};

use super::estimate::{Estimate, Leading};
use super::{Study, same};

/// The last comparisons of a candidate with the best, the latest first, since a long run compares thousands of scores for
/// every frame. More than one, since two candidates may take turns in being the best.
#[derive(Debug, Default)]
pub(super) struct Memo(Mutex<[Option<Comparison>; 2]>);

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
pub(super) struct Behind {
    pub estimate: Option<Estimate>,
    /// Over so many repetitions, that both have.
    pub common: usize,
}

impl Study {
    pub(super) fn behind(&self, best: usize, id: usize) -> Behind {
        let (ahead, record) = (&self.records[best], &self.records[id]);
        // No score is ever replaced, so their numbers tell whether there are new ones.
        let counts = (ahead.count, record.count);
        let mut last = record.behind.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |last: &Option<Comparison>| last.as_ref().is_some_and(|last| last.best == best);
        if !is_known(&last[0]) {
            last.swap(0, 1);
        }
        if !is_known(&last[0]) {
            last[0] = None;
        }
        let last = last[0].get_or_insert_with(|| Comparison { best, ..Comparison::default() });
        if last.counts != counts {
            let difference = |repetition| Some(ahead.score(repetition)? - record.score(repetition)?);
            let repetitions = ahead.scores.len().min(record.scores.len());
            last.leading.advance(repetitions, difference);
            let moments = last.leading.with_rest(repetitions, difference);
            last.behind = Behind { estimate: moments.estimate(), common: moments.count };
            last.counts = counts;
        }
        last.behind
    }

    /// a - b by repetition, where both are scored.
    pub(super) fn differences(&self, a: usize, b: usize) -> impl Iterator<Item = f64> + '_ {
        let pairs = self.records[a].scores.iter().zip(&self.records[b].scores);
        pairs.filter_map(|(a, b)| Some((*a)? - (*b)?))
    }

    /// Whether no common repetition tells the two apart.
    pub(super) fn same(&self, a: usize, b: usize) -> bool {
        let pairs = self.records[a].scores.iter().zip(&self.records[b].scores);
        let mut any = false;
        let all = pairs.filter_map(|(a, b)| Some(((*a)?, (*b)?))).all(|(a, b)| {
            any = true;
            same(a, b)
        });
        any && all
    }
}
