//! All results so far: means, errors, ties, ranking. Pure: no input or output, no clock.

mod agreement;
mod behind;
mod equivalent;
mod estimate;
mod evidence;
mod pairs;
mod proxies;
mod quantiles;
pub mod race;
mod ranked;
mod recommendation;
mod repaired;
mod scores;
mod signals;
mod sought;
mod standing;
mod stepped;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

pub use agreement::Agreement;
use behind::Behind;
pub use equivalent::Equivalent;
pub use estimate::{Estimate, estimate};
pub use evidence::{Evidence, FirstSteps};
pub use proxies::{AGGREGATE, ByProxy, Proxies, ProxyAgreement};
use quantiles::Quantiles;
use race::Race;
pub use ranked::Ranked;
use scores::CandidateScores;
pub use scores::Trained;
pub use sought::{Attempt, NoRepair, Repair, Sought};

use crate::failure::{Cause, ScoreFailure};
use crate::space::{Candidate, Space};
use neartop_core::score::Score;
use neartop_core::score::propagation::{Circumstances, Propagation, Strain, Trainability, Verdict};
use neartop_core::settings::{LearningRate, Train};

/// The state of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Waiting,
    /// Some repetitions are scored.
    Scoring,
    Scored,
    Failed,
}

impl Status {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Scoring => "scoring",
            Self::Scored => "scored",
            Self::Failed => "failed",
        }
    }
}

/// The results of a run.
#[derive(Debug, Clone)]
pub struct Study {
    pub space: Arc<Space>,
    records: Vec<CandidateScores>,
    /// Of every candidate, or where a race decides, the most.
    repetitions: usize,
    race: Option<Race>,
    /// Whether candidates that will not train are not recommended.
    guard: bool,
    /// Known values by candidate: looking them up takes longer than comparing them.
    truths: Vec<Option<f64>>,
    /// That of a short training, and why.
    pick: Option<(usize, String)>,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    pub candidates: usize,
    /// Candidates with all their repetitions.
    pub scored: usize,
    pub failed: usize,
    /// Repetitions of candidates done, those that a failure makes needless included.
    pub done: usize,
    pub total: usize,
}

impl Study {
    #[must_use]
    pub fn new(space: Arc<Space>) -> Self {
        let repetitions = space.preset.repetitions;
        let records = vec![CandidateScores::default(); space.candidates.len()];
        let race = space.preset.auto.map(|auto| Race::new(auto, repetitions, records.len()));
        let truths = (0..space.candidates.len()).map(|id| space.truth(id)).collect();
        Self { space, records, repetitions, race, guard: true, truths, pick: None }
    }

    #[must_use]
    pub fn repetitions(&self) -> usize {
        self.repetitions
    }

    /// Whether only candidates that will train are recommended.
    #[must_use]
    pub fn has_guard(&self) -> bool {
        self.guard
    }

    /// Recommends only what will train, as it is unless said otherwise, or any candidate.
    pub fn set_guard(&mut self, guard: bool) {
        if guard != self.guard {
            // It was chosen among others.
            self.pick = None;
        }
        self.guard = guard;
    }

    /// Records one repetition of one candidate; a second record of the same changes nothing.
    pub fn record(&mut self, candidate: usize, repetition: usize, result: Result<Score, ScoreFailure>) {
        if let Some(record) = self.records.get_mut(candidate) {
            record.take(repetition, result);
        }
        let records = &self.records;
        if let Some(race) = &mut self.race {
            race.advance(|id| records[id].failure.is_none().then_some(&records[id].scores[..]));
        }
    }

    /// The known value of a candidate.
    #[must_use]
    pub fn truth(&self, id: usize) -> Option<f64> {
        self.truths.get(id).copied().flatten()
    }

    #[must_use]
    pub fn candidate(&self, id: usize) -> &Candidate {
        &self.space.candidates[id]
    }

    #[must_use]
    pub fn status(&self, id: usize) -> Status {
        let record = &self.records[id];
        match record.count() {
            _ if record.failure.is_some() || record.is_dead() => Status::Failed,
            0 => Status::Waiting,
            n if n < self.repetitions && self.is_open(id) => Status::Scoring,
            _ => Status::Scored,
        }
    }

    /// Takes over what another study knows of the same work: the same network, data and draws.
    pub fn adopt(&mut self, other: &Self) {
        let (preset, before) = (&self.space.preset, &other.space.preset);
        let is_same_work = preset.definition() == before.definition()
            && preset.data == before.data
            && self.space.batch() == other.space.batch();
        if !is_same_work {
            return;
        }
        let same =
            |a: &Candidate, b: &Candidate| (&a.architecture, &a.fill, &a.init) == (&b.architecture, &b.fill, &b.init);
        // There may be a hundred thousand on both sides.
        let places: HashMap<_, _> = other.space.candidates.iter().map(|c| (c.to_string(), c)).collect();
        for (candidate, record) in self.space.candidates.iter().zip(&mut self.records) {
            if let Some(found) = places.get(&candidate.to_string()).filter(|c| same(c, candidate)) {
                record.clone_from(&other.records[found.id]);
            }
        }
        let records = &self.records;
        if let Some(race) = &mut self.race {
            race.advance(|id| records[id].failure.is_none().then_some(&records[id].scores[..]));
        }
    }

    /// Whether more repetitions of a candidate are wanted than there are, so far as is decided.
    fn is_open(&self, id: usize) -> bool {
        match &self.race {
            Some(race) => !race.is_over() && race.open().binary_search(&id).is_ok(),
            None => true,
        }
    }

    /// Keeps what training came to.
    pub fn set_trained(&mut self, id: usize, trained: Trained) {
        if let Some(record) = self.records.get_mut(id) {
            record.trained = Some(trained);
        }
    }

    /// What training came to, where the candidate was trained.
    #[must_use]
    pub fn trained(&self, id: usize) -> Option<Trained> {
        self.records[id].trained
    }

    /// The race that decides on repetitions, where the preset leaves them open.
    #[must_use]
    pub fn race(&self) -> Option<&Race> {
        self.race.as_ref()
    }

    /// Why a candidate has no score.
    #[must_use]
    pub fn reason(&self, id: usize) -> Option<String> {
        let record = &self.records[id];
        match &record.failure {
            Some((repetition, failure)) => Some(format!("{failure}, in repetition {repetition}")),
            None if record.is_dead() => Some(format!("dead: all outputs are zero {}", self.dead_place(id))),
            None => None,
        }
    }

    /// What a user should know of a candidate that has a score.
    #[must_use]
    pub fn remark(&self, id: usize) -> Option<String> {
        let record = &self.records[id];
        (record.failure.is_none() && record.dead > 0 && !record.is_dead()).then(|| {
            let place = self.dead_place(id);
            format!("dead in {} of {} repetitions, {place}", record.dead, record.count())
        })
    }

    fn dead_place(&self, id: usize) -> String {
        let network = self.space.network_of(id);
        network
            .counted()
            .get(self.records[id].dead_from)
            .map_or_else(String::new, |m| format!("from layer {} ({}) on", m.name(), m.kind()))
    }

    /// Repetitions scored.
    #[must_use]
    pub fn count(&self, id: usize) -> usize {
        self.records[id].count()
    }

    /// NEAR: mean over the repetitions scored; none for a candidate that failed.
    #[must_use]
    pub fn near(&self, id: usize) -> Option<Estimate> {
        if self.status(id) == Status::Failed {
            return None;
        }
        self.records[id].near()
    }

    /// NEAR by repetition.
    #[must_use]
    pub fn scores(&self, id: usize) -> &[Option<f64>] {
        &self.records[id].scores
    }

    /// Mean effective rank of every counted layer; empty before the first score.
    #[must_use]
    pub fn effective_ranks(&self, id: usize) -> Vec<f64> {
        self.records[id].effective_ranks()
    }

    /// How signals pass through a candidate: means over the repetitions that were looked at, by counted layer.
    #[must_use]
    pub fn propagation(&self, id: usize) -> Option<Propagation> {
        self.records[id].signals.mean()
    }

    /// Whether a candidate will train; unknown before its first score, and without samples to compare.
    #[must_use]
    pub fn trainability(&self, id: usize) -> Option<Trainability> {
        let record = &self.records[id];
        match &record.failure {
            Some((_, failure)) if failure.cause() == Cause::NonFinite => Some(Trainability::none(Verdict::NonFinite)),
            Some(_) => None,
            None if record.is_dead() => Some(Trainability::none(Verdict::Dead)),
            None => self.propagation(id).map(|signals| self.judged(id, &signals)),
        }
    }

    /// What of a candidate's signals decided that it will not train; none where it will, or no signal says so.
    #[must_use]
    pub fn strain(&self, id: usize) -> Option<Strain> {
        let signals = self.propagation(id)?;
        signals.reason_of(self.trainability(id)?, self.circumstances(id))
    }

    /// The learning rate of the preset, where a candidate would train with the default of the optimizer.
    #[must_use]
    pub fn decisive_rate(&self, id: usize) -> Option<f64> {
        let Some(LearningRate::Fixed(rate)) = self.space.preset.train.learning_rate else { return None };
        let signals = self.propagation(id).filter(|_| self.trainability(id).is_some_and(|t| !t.is_trainable()))?;
        let with = self.circumstances(id);
        let by_default = Circumstances { train: Train { learning_rate: None, ..with.train }, ..with };
        let is_by_signals = !self.judged(id, &signals).is_trainable();
        (is_by_signals && signals.trainability_by(by_default).is_trainable()).then_some(rate)
    }

    /// ` with a learning rate of 0.1`, where a candidate would train with the default; else nothing.
    #[must_use]
    pub fn phrase_of_rate(&self, id: usize) -> String {
        self.decisive_rate(id).map_or_else(String::new, |rate| format!(" with a learning rate of {rate}"))
    }

    fn judged(&self, id: usize, signals: &Propagation) -> Trainability {
        signals.trainability_by(self.circumstances(id))
    }

    /// The networks of architectures are not kept: their layers stand in rows enough.
    fn circumstances(&self, id: usize) -> Circumstances<'_> {
        let network = self.space.candidates[id].architecture.is_none().then(|| self.space.network());
        Circumstances { network, train: self.space.preset.train }
    }

    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally { candidates: self.records.len(), ..Tally::default() };
        for id in 0..self.records.len() {
            match self.status(id) {
                Status::Scored => tally.scored += 1,
                Status::Failed => tally.failed += 1,
                Status::Waiting | Status::Scoring => {}
            }
            let record = &self.records[id];
            let wanted = if self.is_open(id) { self.repetitions } else { record.count() };
            tally.total += wanted;
            tally.done += if record.failure.is_some() { wanted } else { record.count() };
        }
        tally
    }

    /// The candidate with the highest NEAR.
    #[must_use]
    pub fn best(&self) -> Option<usize> {
        let standings = self.standings().into_iter().filter_map(|(id, standing)| Some((id, standing?)));
        standings.max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0))).map(|(id, _)| id)
    }

    /// How well NEAR agrees with the known values of the candidates that have both; none with fewer than two of them, or
    /// where either is the same for all.
    #[must_use]
    pub fn agreement(&self) -> Option<Agreement> {
        let both = |id| Some((self.near(id)?.mean, self.truths[id]?));
        let (nears, truths): (Vec<_>, Vec<_>) = (0..self.records.len()).filter_map(both).unzip();
        Agreement::of(&nears, &truths)
    }

    /// All candidates by falling NEAR; those without one last, in their fixed order, the failed after the waiting.
    #[must_use]
    pub fn ranking(&self) -> Vec<Ranked> {
        let mut order = self.standings();
        order.sort_by(|a, b| match (a.1, b.1) {
            (Some(x), Some(y)) => y.cmp(&x).then(a.0.cmp(&b.0)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => {
                let failed = |id| self.status(id) == Status::Failed;
                failed(a.0).cmp(&failed(b.0)).then(a.0.cmp(&b.0))
            }
        });
        let best = order.first().filter(|(_, near)| near.is_some()).map(|(id, _)| *id);
        let others = order.iter().filter(|(_, near)| near.is_some()).count().saturating_sub(1);
        let mut quantiles = Quantiles::against(others);
        let mut ranking: Vec<Ranked> = Vec::with_capacity(order.len());
        for (place, (id, near)) in order.iter().enumerate() {
            let Some(best) = best.filter(|_| near.is_some()) else {
                ranking.push(Ranked::unranked(*id));
                continue;
            };
            let tied_with_previous = ranking.last().is_some_and(|last| self.same(last.candidate, *id));
            let rank = match ranking.last() {
                Some(last) if tied_with_previous => last.rank,
                _ => Some(place + 1),
            };
            let Behind { estimate: behind_best, common } = self.behind(best, *id);
            let tied_with_best = self.same(best, *id)
                || self.in_race(*id)
                    && behind_best.is_some_and(|d| match d.standard_error {
                        Some(error) => d.mean <= quantiles.of(common) * error,
                        None => false,
                    });
            ranking.push(Ranked { candidate: *id, rank, tied_with_previous, tied_with_best, behind_best });
        }
        ranking
    }
}
