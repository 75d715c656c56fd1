//! The evidence that a study has: the first steps of its candidates, the pick of a short training.

use super::{Evidence, FirstSteps, Ranked, Study};

impl Study {
    /// Keeps what the first steps of a candidate came to.
    pub fn set_first_steps(&mut self, id: usize, steps: FirstSteps) {
        if let Some(record) = self.records.get_mut(id) {
            record.first_steps = Some(steps);
        }
    }

    /// What the first steps of a candidate came to, where it made some.
    #[must_use]
    pub fn first_steps(&self, id: usize) -> Option<FirstSteps> {
        self.records[id].first_steps
    }

    /// Whether it is known that a candidate does not learn in its first steps.
    pub(super) fn stands_still(&self, id: usize) -> bool {
        self.first_steps(id).is_some_and(|steps| !steps.learns)
    }

    /// Of the candidates that made their first steps, the one that is to be recommended: the lowest loss among those that
    /// learnt. Random labels say only who learns.
    pub(super) fn quickest(&self) -> Option<(usize, String)> {
        let loss = |id: usize| {
            let steps = self.first_steps(id).filter(|steps| steps.learns && !steps.random_labels)?;
            Some((steps, steps.loss_after.filter(|_| self.near(id).is_some() && self.passes_guard(id))?))
        };
        let all = || (0..self.records.len()).filter_map(|id| Some((id, loss(id)?)));
        let (choice, (FirstSteps { steps, .. }, _)) = all().min_by(|a, b| a.1.1.total_cmp(&b.1.1))?;
        let made = self.records.iter().filter(|record| record.first_steps.is_some()).count();
        Some((choice, format!("lowest loss after {steps} steps, of {made} candidates that made them")))
    }

    /// Takes the pick of a short training for the recommendation, with the reason.
    pub fn set_pick(&mut self, id: usize, why: String) {
        self.pick = Some((id, why));
    }

    /// The pick of a short training.
    #[must_use]
    pub fn pick(&self) -> Option<&(usize, String)> {
        self.pick.as_ref()
    }

    /// What is known of a candidate that a recommendation may stand on.
    #[must_use]
    pub fn evidence_of(&self, id: usize) -> Evidence {
        match &self.pick {
            Some(_) if self.trained(id).is_some() => Evidence::Training,
            _ if self.first_steps(id).is_some() => Evidence::Steps,
            _ => Evidence::Signals,
        }
    }

    /// Whether more is known of any candidate than signals and NEAR.
    #[must_use]
    pub fn has_more_evidence(&self) -> bool {
        self.pick.is_some() || self.records.iter().any(|record| record.first_steps.is_some())
    }

    /// The candidates that are to make their first steps next, `most` at the most: the one that would be recommended first,
    /// then the best of the ranking. None where the recommendation has made its steps.
    #[must_use]
    pub fn next_to_step(&self, most: usize) -> Vec<usize> {
        let ranking = self.ranking();
        let Some((choice, _)) = self.recommended_of(&ranking).filter(|(id, _)| self.first_steps(*id).is_none()) else {
            return Vec::new();
        };
        let is_open = |id: &usize| *id != choice && self.first_steps(*id).is_none() && self.passes_guard(*id);
        let others = ranking.iter().filter(|row| row.rank.is_some()).map(|row: &Ranked| row.candidate).filter(is_open);
        std::iter::once(choice).chain(others).take(most).collect()
    }

    /// Whether signals do not speak against a candidate, or are not asked.
    fn passes_guard(&self, id: usize) -> bool {
        !self.guard || self.trainability(id).is_none_or(|t| t.is_trainable())
    }
}
