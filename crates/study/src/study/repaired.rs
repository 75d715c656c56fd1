//! Candidates that will not train, and how they could be made to.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Study;
use super::sought::{NoRepair, Repair, Sought};
use crate::space::Space;

impl Study {
    /// Keeps how a candidate that will not train could be made to.
    pub fn set_repair(&mut self, id: usize, repair: Repair) {
        self.set_sought(id, Ok(repair));
    }

    /// Keeps what came of looking for that.
    pub fn set_sought(&mut self, id: usize, sought: Sought) {
        if let Some(record) = self.records.get_mut(id) {
            record.sought = Some(Arc::new(sought));
        }
    }

    /// How a candidate that will not train could be made to, where that was looked for and found.
    #[must_use]
    pub fn repair(&self, id: usize) -> Option<&Repair> {
        self.records[id].sought.as_deref()?.as_ref().ok()
    }

    /// Why a candidate that will not train could not be made to, where that was looked for in vain.
    #[must_use]
    pub fn no_repair(&self, id: usize) -> Option<&NoRepair> {
        self.records[id].sought.as_deref()?.as_ref().err()
    }

    /// The best repairs that were found of each candidate, by falling NEAR; last those that only just train.
    #[must_use]
    pub fn repairs(&self) -> Vec<(usize, &Repair)> {
        let mut all: Vec<_> = self.best_repairs().collect();
        all.sort_by(before);
        all
    }

    /// From 1: the place of a candidate's repair among these.
    #[must_use]
    pub fn place_of_repair(&self, id: usize) -> Option<usize> {
        let own = (id, self.repair(id)?.best());
        Some(1 + self.best_repairs().filter(|other| before(other, &own).is_lt()).count())
    }

    fn best_repairs(&self) -> impl Iterator<Item = (usize, &Repair)> {
        (0..self.records.len()).filter_map(|id| Some((id, self.repair(id)?.best())))
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

/// Which of two repairs comes first.
fn before((a, one): &(usize, &Repair), (b, other): &(usize, &Repair)) -> Ordering {
    one.is_narrow().cmp(&other.is_narrow()).then(other.near.total_cmp(&one.near)).then(a.cmp(b))
}
