//! Candidates that will not train, and how they could be made to.

use std::sync::Arc;

use super::{Repair, Study};
use crate::space::Space;

impl Study {
    /// Keeps how a candidate that will not train could be made to.
    pub fn set_repair(&mut self, id: usize, repair: Repair) {
        if let Some(record) = self.records.get_mut(id) {
            record.repair = Some(Arc::new(repair));
        }
    }

    /// How a candidate that will not train could be made to, where that was looked for and found.
    #[must_use]
    pub fn repair(&self, id: usize) -> Option<&Repair> {
        self.records[id].repair.as_deref()
    }

    /// The best repairs that were found of each candidate, by falling NEAR; last those that only just train.
    #[must_use]
    pub fn repairs(&self) -> Vec<(usize, &Repair)> {
        let mut all: Vec<_> = (0..self.records.len()).filter_map(|id| Some((id, self.repair(id)?.best()))).collect();
        all.sort_by(|(a, one), (b, other)| {
            one.is_narrow().cmp(&other.is_narrow()).then(other.near.total_cmp(&one.near)).then(a.cmp(b))
        });
        all
    }

    /// A study that knows of a repaired candidate alone, in the place of the one that was repaired.
    #[must_use]
    pub fn of_repaired(&self, id: usize, repair: &Repair) -> Self {
        let mut space = Space::clone(&self.space);
        if let Some(candidate) = space.candidates.get_mut(id) {
            candidate.init = repair.init.clone();
        }
        let mut study = Self::new(Arc::new(space));
        for (repetition, score) in repair.scores.iter().enumerate() {
            study.record(id, repetition, Ok(score.clone()));
        }
        study
    }
}
