//! What candidates are ranked by where they have different repetitions, as in a race.

use std::cmp::Ordering;

use super::Study;
use super::behind::{Behind, Scores};
use super::estimate::estimate;
use super::pairs::{are_same, differences};

/// What a candidate is ranked by: those that left a race are behind those in it beyond doubt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    in_race: bool,
    near: f64,
}

impl Standing {
    pub fn cmp(&self, other: &Self) -> Ordering {
        self.in_race.cmp(&other.in_race).then(self.near.total_cmp(&other.near))
    }
}

impl Study {
    /// What every candidate is ranked by, in their fixed order; none without a score.
    ///
    /// In a race a mean is that of the candidate with the most repetitions, less the paired difference over those in
    /// common, so that a candidate with few repetitions, which happened to be of high scores, has no advantage. Without one,
    /// where all come to the same repetitions, it is their own mean.
    pub(super) fn standings(&self) -> Vec<(usize, Option<Standing>)> {
        let nears: Vec<_> = (0..self.records.len()).map(|id| self.near(id).map(|e| e.mean)).collect();
        let count = |id: usize| self.records[id].count;
        let scored = (0..nears.len()).filter_map(|id| Some((id, count(id), nears[id]?)));
        let reference =
            scored.reduce(|a, b| if b.1.cmp(&a.1).then(b.2.total_cmp(&a.2)) == Ordering::Greater { b } else { a });
        let adjusted = |id: usize, own: f64| match reference {
            Some((reference, most, mean)) if self.race.is_some() && count(id) < most => {
                estimate(differences(self.scores(id), self.scores(reference))).map_or(own, |ahead| mean + ahead.mean)
            }
            _ => own,
        };
        let standing = |id: usize| nears[id].map(|own| Standing { in_race: self.in_race(id), near: adjusted(id, own) });
        (0..nears.len()).map(|id| (id, standing(id))).collect()
    }

    /// Whether a candidate can still be the best, as far as a race has decided.
    pub(super) fn in_race(&self, id: usize) -> bool {
        self.race.as_ref().is_none_or(|race| race.open().binary_search(&id).is_ok())
    }

    /// How far a candidate is behind another.
    pub(super) fn behind(&self, best: usize, id: usize) -> Behind {
        let scores = |id: usize| Scores { by_repetition: &self.records[id].scores, count: self.records[id].count };
        self.records[id].behind.behind(best, &scores(best), &scores(id))
    }

    /// Whether no common repetition tells the two apart.
    pub(super) fn same(&self, a: usize, b: usize) -> bool {
        are_same(self.scores(a), self.scores(b))
    }
}
