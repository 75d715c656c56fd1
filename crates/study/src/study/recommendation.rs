//! The candidate to take, and why.

use super::{Evidence, FirstSteps, Ranked, Study};
use neartop_core::network::{Fill, Init};
use neartop_core::score::propagation::Verdict;

/// Of what differs by activations and initializations and trains, NEAR within this share of the highest hardly says which
/// reaches more: of pairs within it, it orders half to two thirds rightly. The figures are in
/// `docs/notes/trainability.md`.
const INDISTINCT: f64 = 0.1;

/// The plain activations, made of comparisons alone, the plainest first. None of them is the identity, which learns nothing.
const PLAIN: [&str; 3] = ["relu", "leaky_relu", "relu6"];
/// The plain initialization.
const DEFAULT: &str = "torch_default";

impl Study {
    /// The candidate to take, and why: the highest NEAR among those that will train, or a plain one that NEAR does not tell
    /// apart from it; none if none will.
    #[must_use]
    pub fn recommended(&self) -> Option<(usize, String)> {
        self.recommended_of(&self.ranking())
    }

    /// The same from a ranking that is there.
    #[must_use]
    pub fn recommended_of(&self, ranking: &[Ranked]) -> Option<(usize, String)> {
        let best = ranking.iter().find(|row| row.rank.is_some())?.candidate;
        if let Some(pick) = self.pick() {
            return Some(pick.clone());
        }
        if let Some(quickest) = self.quickest() {
            return Some(quickest);
        }
        let (choice, why) = match self.verdict(best) {
            _ if !self.guard => (self.highest_of(ranking, |_| true)?, "highest NEAR".to_owned()),
            None => {
                let why = match self.space.batch() {
                    1 => {
                        "highest NEAR; whether it will train is not known, since one sample a repetition shows no signals: \
                          `score: {batch: 4}` or more does"
                    }
                    _ => "highest NEAR; whether it will train is not known",
                };
                (self.highest_of(ranking, |_| true)?, why.to_owned())
            }
            Some(_) => self.guarded(best, ranking)?,
        };
        Some((choice, why + &self.of_first_steps(choice) + self.caution(choice)))
    }

    /// What NEAR is not known to say of networks like these.
    fn caution(&self, choice: usize) -> &'static str {
        match self.evidence_of(choice) {
            Evidence::Signals if self.space.near_hardly_orders() => {
                "; with attention or recurrent layers NEAR hardly says which trains better, and --evidence steps says more"
            }
            _ => "",
        }
    }

    /// The highest NEAR among those that will train, or the plain one beside it. Where NEAR hardly orders and none is plain,
    /// the best signals.
    fn guarded(&self, best: usize, ranking: &[Ranked]) -> Option<(usize, String)> {
        let highest = self.highest_of(ranking, |id| self.verdict(id) == Some(Verdict::Trainable))?;
        let choice = match self.plain_beside(highest, ranking) {
            None if self.space.near_hardly_orders() && self.plainness(highest).is_none() => self.soundest(ranking)?,
            plain => plain.unwrap_or(highest),
        };
        let mut why = self.why_guarded(choice, highest);
        if let Some(verdict) = self.verdict(best).filter(|_| highest != best) {
            let chosen = self.mean_near(highest);
            let passed = (0..self.records.len()).filter(|id| self.mean_near(*id) > chosen).count();
            let more = match passed.saturating_sub(1) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let name = self.candidate(best);
            why += &match verdict {
                Verdict::Trainable => format!("; {name} has a higher NEAR but does not learn in its first steps{more}"),
                verdict => format!(
                    "; {name} has a higher NEAR but will not train{}: {}{more}",
                    self.phrase_of_rate(best),
                    verdict.name()
                ),
            };
        }
        Some((choice, why))
    }

    /// Why one that will train is taken, beside that of the highest NEAR.
    fn why_guarded(&self, choice: usize, highest: usize) -> String {
        let name = self.candidate(highest);
        match self.plainness(choice) {
            _ if choice == highest => "highest NEAR among trainable candidates".to_owned(),
            None => format!("the best signals among trainable candidates, of which {name} has the highest NEAR"),
            Some(_) if self.space.near_hardly_orders() => {
                format!("the plain choice; {name} has the highest NEAR among trainable candidates")
            }
            Some(_) => format!(
                "the plain choice where NEAR does not tell which trains better; {name} has the highest NEAR among trainable \
                 candidates, {:.0} % more",
                100.0 * (self.mean_near(highest) / self.mean_near(choice) - 1.0),
            ),
        }
    }

    /// The candidate that will train by the widest margin, of equals the one with the higher NEAR.
    fn soundest(&self, ranking: &[Ranked]) -> Option<usize> {
        let score = |id: &usize| self.trainability(*id).map_or(0.0, |judged| judged.score);
        let scored = ranking.iter().rev().filter(|row| row.rank.is_some()).map(|row| row.candidate);
        scored.filter(|id| self.will_train(*id)).max_by(|a, b| score(a).total_cmp(&score(b)))
    }

    fn verdict(&self, id: usize) -> Option<Verdict> {
        self.trainability(id).map(|t| t.verdict)
    }

    /// The candidate of the highest NEAR that is admitted and not known to stand still.
    fn highest_of(&self, ranking: &[Ranked], admits: impl Fn(usize) -> bool) -> Option<usize> {
        // From the top, since a verdict may take longer than all of the sorting.
        let mut scored = ranking.iter().filter(|row| row.rank.is_some()).map(|row| row.candidate);
        scored.find(|id| admits(*id) && !self.stands_still(*id))
    }

    /// What the first steps say of the choice.
    fn of_first_steps(&self, choice: usize) -> String {
        let Some(FirstSteps { steps, random_labels, .. }) = self.first_steps(choice) else { return String::new() };
        let still = (0..self.records.len()).filter(|id| self.stands_still(*id)).count();
        let (labels, others) = (
            if random_labels { " on random labels" } else { "" },
            match still {
                0 => String::new(),
                1 => ", where another does not".to_owned(),
                still => format!(", where {still} others do not"),
            },
        );
        format!("; it learns in {steps} steps{labels}{others}")
    }

    /// NEAR; less than any where there is none.
    pub(super) fn mean_near(&self, id: usize) -> f64 {
        self.near(id).map_or(f64::NEG_INFINITY, |near| near.mean)
    }

    /// Whether NEAR does not say which of two reaches more: this one or, among those that train, the one of the highest NEAR.
    pub(super) fn is_indistinct(&self, id: usize, highest: f64) -> bool {
        let least = (1.0 - INDISTINCT) * highest;
        !self.space.has_architectures() && (self.space.near_hardly_orders() || self.mean_near(id) >= least)
    }

    /// The plainest candidate that will train and that NEAR does not tell apart from the one given, unless that is it.
    fn plain_beside(&self, highest: usize, ranking: &[Ranked]) -> Option<usize> {
        if self.space.has_architectures() || self.plainness(highest).is_some() {
            return None;
        }
        let near_enough = |id: &usize| self.is_indistinct(*id, self.mean_near(highest));
        let scored = ranking.iter().filter(|row| row.rank.is_some()).map(|row| row.candidate).filter(near_enough);
        let mut plain: Vec<_> = scored.filter_map(|id| Some((self.plainness(id)?, id))).collect();
        plain.sort_unstable();
        plain.into_iter().map(|(_, id)| id).find(|id| self.will_train(*id))
    }

    /// How plain a candidate is, the lower the plainer: the model as it is first, then the default initialization with plain
    /// activations. None for all others.
    fn plainness(&self, id: usize) -> Option<usize> {
        let candidate = self.candidate(id);
        if candidate.init == Init::AsGiven {
            return Some(0);
        }
        let parts = candidate.fill.as_ref().map(Fill::parts).unwrap_or_default();
        let place = |name: &str| PLAIN.iter().position(|plain| *plain == name);
        let places: Option<Vec<_>> = parts.iter().map(|(_, activation)| place(activation.name())).collect();
        (candidate.init.name() == DEFAULT).then_some(1 + places?.into_iter().max().unwrap_or(0))
    }

    pub(super) fn will_train(&self, id: usize) -> bool {
        let is_trainable = || self.trainability(id).is_some_and(|t| t.is_trainable());
        self.near(id).is_some() && !self.stands_still(id) && is_trainable()
    }

    /// Why no candidate is recommended, where some have a score.
    #[must_use]
    pub fn no_recommendation(&self) -> Option<String> {
        let best = self.best().filter(|_| self.recommended().is_none())?;
        let still = (0..self.records.len()).filter_map(|id| self.first_steps(id).filter(|steps| !steps.learns));
        if let Some(FirstSteps { steps, .. }) = still.clone().next() {
            return Some(format!(
                "none of {} candidates that might train by their signals learns in {steps} steps",
                still.count()
            ));
        }
        let score = |id| self.trainability(id).filter(|_| self.near(id).is_some()).map(|t| t.score);
        let scores = (0..self.records.len()).filter_map(|id| Some((id, score(id)?)));
        let (closest, _) = scores.min_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)))?;
        let verdict = |id| {
            let name = self.trainability(id).map_or("unknown", |t| t.verdict.name());
            format!("{name}{}", self.phrase_of_rate(id))
        };
        let (name, top) = (self.candidate(closest), self.candidate(best));
        let repaired = match self.repairs().first() {
            Some((id, repair)) => {
                format!("; {} would train with {}", self.candidate(*id).activation_label(), repair.init)
            }
            None => String::new(),
        };
        if closest == best {
            let verdict = verdict(best);
            return Some(format!(
                "no candidate will train: {top} has the highest NEAR and is the closest to training, but is {verdict}{repaired}"
            ));
        }
        Some(format!(
            "no candidate will train: {top} has the highest NEAR but is {}, and {name}, the closest to training, is \
             {}{repaired}",
            verdict(best),
            verdict(closest)
        ))
    }
}
