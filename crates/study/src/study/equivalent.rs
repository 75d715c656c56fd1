//! Candidates that may be as good as the recommended one.

use super::quantiles::Quantiles;
use super::{Evidence, Study};
use neartop_core::layers::BatchNorm;

/// Candidates that are named in a sentence.
const NAMED: usize = 3;

/// Which candidates may be as good as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equivalent {
    /// By falling NEAR.
    pub candidates: Vec<usize>,
    pub count: usize,
    /// Whether most of the candidates that will train are among them, so that NEAR decides little.
    pub are_most: bool,
}

impl Study {
    /// Other candidates that will train and that NEAR does not tell apart from this one. Of architectures: whose paired
    /// difference to it lies within its confidence interval of 0. Of activations and initializations also all whose NEAR is
    /// within a tenth of the highest: there it says next to nothing of what training reaches. With attention or recurrent layers
    /// it never does.
    #[must_use]
    pub fn equivalent(&self, choice: usize) -> Equivalent {
        let others: Vec<_> = (0..self.records.len()).filter(|id| *id != choice && self.will_train(*id)).collect();
        let of = others.len();
        let candidates = self.alike(choice, others);
        let count = candidates.len();
        Equivalent { candidates, count, are_most: of > 1 && 2 * (1 + count) > 1 + of }
    }

    /// The same of the recommended candidate, where NEAR is what decided: none after first steps or a training, and where
    /// candidates that will not train may be recommended.
    #[must_use]
    pub fn equivalent_to_recommended(&self, choice: usize) -> Option<Equivalent> {
        let near_decides = self.evidence_of(choice) == Evidence::Signals && self.has_guard();
        (near_decides && self.trainability(choice).is_some()).then(|| self.equivalent(choice))
    }

    /// Those in a sentence or two: some by name, and whether the choice matters.
    #[must_use]
    pub fn phrase_of_equivalent(&self, equivalent: &Equivalent) -> Option<String> {
        let name = |id: &usize| self.candidate(*id).to_string();
        let names: Vec<_> = equivalent.candidates.iter().take(NAMED).map(name).collect();
        let (last, before) = names.split_last()?;
        let names = if before.is_empty() { last.clone() } else { format!("{} and {last}", before.join(", ")) };
        let all = match equivalent.count {
            0..=NAMED => names,
            many => format!("{many} others, such as {names}"),
        };
        Some(format!("NEAR does not tell it apart from {all}{}", self.what_that_means(equivalent)))
    }

    fn what_that_means(&self, equivalent: &Equivalent) -> &'static str {
        let have_scores = || (0..self.records.len()).filter(|id| self.near(*id).is_some());
        let has_batch_norm = || self.space.network().nodes.iter().any(|node| node.operation.is::<BatchNorm>());
        match equivalent.are_most {
            false => "",
            // The reason says already that NEAR hardly orders them.
            true if self.space.near_hardly_orders() => ". These are all that will train",
            true if self.space.has_architectures() => {
                ". These are most of all that will train, so NEAR decides little here"
            }
            true if have_scores().all(|id| self.will_train(id)) => {
                ". All candidates will train, so the choice hardly matters"
            }
            true if has_batch_norm() => {
                ". These are most of all that will train, and with batch norm the choice among them hardly matters"
            }
            true => ". These are most of all that will train, so NEAR decides little here",
        }
    }

    /// Those of these candidates that are like that.
    fn alike(&self, choice: usize, others: Vec<usize>) -> Vec<usize> {
        let highest = others.iter().map(|id| self.mean_near(*id)).fold(self.mean_near(choice), f64::max);
        let mut quantiles = Quantiles::against(others.len());
        let is_close = |id: usize| self.is_indistinct(id, highest);
        let mut is_tied = |id: usize| {
            let behind = self.behind(choice, id);
            self.same(choice, id)
                || behind
                    .estimate
                    .and_then(|e| Some((e.mean, e.standard_error?)))
                    .is_some_and(|(mean, error)| mean.abs() <= quantiles.of(behind.common) * error)
        };
        let mut alike: Vec<_> = others.into_iter().filter(|id| is_close(*id) || is_tied(*id)).collect();
        alike.sort_by(|a, b| self.mean_near(*b).total_cmp(&self.mean_near(*a)).then(a.cmp(b)));
        alike
    }
}
