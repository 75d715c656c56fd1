//! What is still to be scored, in which order, and in what pieces.

use std::collections::VecDeque;

use super::scorer::Portion;
use crate::failure::ScoreFailure;
use crate::space::{Effort, Space};
use crate::study::race::Race;
use neartop_core::score::Score;

/// What is known of a repetition of a candidate before a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known {
    Nothing,
    /// Nothing, nor of any later one.
    NothingMore,
    /// Its NEAR.
    Scored(f64),
    /// It has no score, and would have none again.
    Failed,
}

/// What is still to do, in a fixed order.
pub struct Backlog {
    portions: VecDeque<Portion>,
    /// The groups that every repetition is cut into.
    groups: Vec<Vec<usize>>,
    next_repetition: usize,
    repetitions: usize,
    jobs: usize,
    efforts: Vec<Effort>,
    /// The first repetition of each candidate that failed; later ones are not scored.
    failed: Vec<usize>,
    /// NEAR by candidate and repetition.
    scores: Vec<Vec<Option<f64>>>,
    /// Decides who is scored further, where the preset leaves it open.
    race: Option<Race>,
}

/// Portions of less than so many multiply-adds together, some 30 ms, are scored together.
const LITTLE: u128 = 1_000_000_000;

/// What a score takes at the least, in multiply-adds: of a tiny network most is everything else.
const LEAST: u128 = 2_000_000;

/// What a worker does next.
pub enum Next {
    /// One, or several that take little together.
    Score(Vec<Portion>),
    /// Wait for the scores of others, which decide what is still to do.
    Wait,
    Leave,
}

impl Backlog {
    pub fn new(space: &Space, jobs: usize, known: &dyn Fn(usize, usize) -> Known) -> Self {
        let groups = space.groups();
        // Small enough to keep all workers busy, and not so small that they wait for each other's draws.
        let parts = (2 * jobs).div_ceil(groups.len().max(1));
        let efforts: Vec<_> = space.candidates.iter().map(|candidate| candidate.effort).collect();
        let repetitions = space.preset.repetitions;
        let candidates = space.candidates.len();
        let mut backlog = Self {
            portions: VecDeque::new(),
            groups: groups.iter().flat_map(|group| pieces(group, parts, 1, &efforts)).map(<[usize]>::to_vec).collect(),
            next_repetition: 0,
            repetitions,
            jobs,
            efforts,
            failed: vec![usize::MAX; candidates],
            scores: vec![Vec::new(); candidates],
            race: space.preset.auto.map(|auto| Race::new(auto, repetitions, candidates)),
        };
        for id in 0..candidates {
            for repetition in 0..repetitions {
                match known(id, repetition) {
                    Known::Nothing => {}
                    Known::NothingMore => break,
                    Known::Scored(near) => backlog.keep(id, repetition, near),
                    Known::Failed => backlog.failed[id] = backlog.failed[id].min(repetition),
                }
            }
        }
        backlog.advance();
        backlog
    }

    /// As many scores as there may be.
    pub fn most(&self) -> usize {
        let in_portions: usize = self.portions.iter().map(|portion| portion.candidates.len()).sum();
        in_portions.saturating_add(self.efforts.len().saturating_mul(self.repetitions))
    }

    /// A backlog of these portions and no more.
    pub fn of_portions(portions: Vec<Portion>, candidates: usize, jobs: usize) -> Self {
        Self {
            portions: portions.into(),
            groups: Vec::new(),
            next_repetition: 0,
            repetitions: 0,
            jobs,
            efforts: Vec::new(),
            failed: vec![usize::MAX; candidates],
            scores: vec![Vec::new(); candidates],
            race: None,
        }
    }

    pub fn next(&mut self) -> Next {
        let first = match self.portion() {
            Ok(portion) => portion,
            Err(next) => return next,
        };
        let mut effort = self.effort_of(&first.candidates);
        let mut portions = vec![first];
        // As long as there is enough for all workers.
        while effort < LITTLE && self.left() > 2 * self.jobs * portions.len() {
            let Ok(portion) = self.portion() else { break };
            effort = effort.saturating_add(self.effort_of(&portion.candidates));
            portions.push(portion);
        }
        Next::Score(portions)
    }

    /// Portions that are still to come, about.
    fn left(&self) -> usize {
        self.portions.len() + self.goal().saturating_sub(self.next_repetition) * self.groups.len()
    }

    /// Repetitions that are to be scored as far as is known.
    fn goal(&self) -> usize {
        self.race.as_ref().map_or(self.repetitions, Race::goal)
    }

    /// The next portion, or what to do without one.
    fn portion(&mut self) -> Result<Portion, Next> {
        loop {
            while let Some(mut portion) = self.portions.pop_front() {
                let is_known = |id: usize| self.scores[id].get(portion.repetition).is_some_and(Option::is_some);
                let race = self.race.as_ref();
                portion.candidates.retain(|id| {
                    portion.repetition < self.failed[*id]
                        && !is_known(*id)
                        && race.is_none_or(|race| race.open().binary_search(id).is_ok())
                });
                if !portion.candidates.is_empty() {
                    return Ok(portion);
                }
            }
            if self.race.as_ref().is_some_and(Race::is_over) {
                return Err(Next::Leave);
            }
            let goal = self.goal();
            if self.next_repetition == goal {
                return Err(if self.race.is_some() { Next::Wait } else { Next::Leave });
            }
            let repetition = self.next_repetition;
            self.next_repetition += 1;
            let groups = if self.next_repetition == goal { self.last_groups() } else { self.groups.clone() };
            self.portions.extend(groups.into_iter().map(|candidates| Portion { repetition, candidates }));
        }
    }

    /// The groups in the order for the last repetition: the dearest first and the last few in pieces, so that all workers
    /// end at about the same time.
    fn last_groups(&self) -> Vec<Vec<usize>> {
        let mut groups: Vec<&[usize]> = self.groups.iter().map(Vec::as_slice).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(self.effort_of(group)));
        let (whole, cut) = groups.split_at(groups.len().saturating_sub(self.jobs));
        let pieces = cut.iter().flat_map(|group| pieces(group, 4, 4, &self.efforts));
        whole.iter().copied().chain(pieces).map(<[usize]>::to_vec).collect()
    }

    /// What it takes to score a group together, as much as there can be where that is not known.
    fn effort_of(&self, group: &[usize]) -> u128 {
        let effort = |id: &usize| self.efforts.get(*id).copied().unwrap_or(Effort { shared: 0, own: u64::MAX });
        let shared = group.first().map_or(0, |id| effort(id).shared);
        group.iter().map(|id| LEAST + u128::from(effort(id).own)).sum::<u128>() + u128::from(shared)
    }

    fn keep(&mut self, candidate: usize, repetition: usize, near: f64) {
        let scores = &mut self.scores[candidate];
        if scores.len() <= repetition {
            scores.resize(repetition + 1, None);
        }
        scores[repetition] = Some(near);
    }

    /// Takes a result in. True where it decided what is still to do.
    pub fn record(&mut self, candidate: usize, repetition: usize, result: &Result<Score, ScoreFailure>) -> bool {
        match result {
            Ok(score) => self.keep(candidate, repetition, score.near),
            Err(_) => self.failed[candidate] = self.failed[candidate].min(repetition),
        }
        self.advance()
    }

    fn advance(&mut self) -> bool {
        let Some(race) = &mut self.race else { return false };
        let before = (race.goal(), race.is_over());
        race.advance(|id| (self.failed[id] == usize::MAX).then_some(&self.scores[id][..]));
        before != (race.goal(), race.is_over())
    }
}

/// Cuts a group into as many pieces at the most, each of which has at least so many `times` the work of its own that all would
/// do again since they share it.
fn pieces<'a>(group: &'a [usize], most: usize, times: u64, efforts: &[Effort]) -> std::slice::Chunks<'a, usize> {
    let again = |effort: &Effort| times.saturating_mul(effort.shared).div_ceil(effort.own.max(1));
    let least = group.first().map_or(1, |id| again(&efforts[*id]));
    let least = usize::try_from(least).unwrap_or(usize::MAX);
    group.chunks(group.len().div_ceil(most.max(1)).max(least).clamp(1, group.len().max(1)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use neartop_io::preset::Preset;

    use super::*;
    use crate::failure::ScoreFailure;

    /// Two activations with each of two initializations, three repetitions.
    fn space() -> Space {
        let text = "network: {input: 6, layers: [linear: 8, activation, linear: 4]}\ndata: {source: gaussian}\n\
                    search: {activations: [relu, tanh], inits: [orthogonal, xavier_normal]}\nscore: {repetitions: 3}\n";
        Space::new(Arc::new(Preset::parse(text, "test.yaml", Path::new("")).unwrap()))
    }

    /// The candidates and repetitions that are still to be scored, in their order.
    fn left(backlog: &mut Backlog) -> Vec<(usize, usize)> {
        let mut all = Vec::new();
        while let Next::Score(portions) = backlog.next() {
            for portion in portions {
                all.extend(portion.candidates.iter().map(|id| (portion.repetition, *id)));
            }
        }
        all
    }

    #[test]
    fn every_repetition_of_every_candidate_comes_once_and_repetitions_in_their_order() {
        for jobs in [1, 2, 16] {
            let mut all = left(&mut Backlog::new(&space(), jobs, &|_, _| Known::Nothing));
            assert!(all.is_sorted_by_key(|(repetition, _)| *repetition), "{jobs}: {all:?}");
            all.sort_unstable();
            let expected: Vec<_> = (0..3).flat_map(|repetition| (0..4).map(move |id| (repetition, id))).collect();
            assert_eq!(all, expected, "{jobs}");
        }
    }

    #[test]
    fn portions_that_take_little_come_together_as_long_as_enough_is_left() {
        let sizes = |jobs| {
            let mut backlog = Backlog::new(&space(), jobs, &|_, _| Known::Nothing);
            let mut sizes = Vec::new();
            while let Next::Score(portions) = backlog.next() {
                sizes.push(portions.len());
            }
            sizes
        };
        // Two groups in each of three repetitions.
        assert_eq!(sizes(1), [2, 2, 1, 1]);
        assert!(sizes(16).iter().all(|size| *size == 1));
        let alone = Backlog {
            efforts: vec![Effort { shared: 0, own: 1 << 40 }; 4],
            ..Backlog::new(&space(), 1, &|_, _| Known::Nothing)
        };
        assert!(matches!({ alone }.next(), Next::Score(portions) if portions.len() == 1));
        // Of two tiny candidates each.
        let tiny = Backlog { repetitions: 1_000_000, ..Backlog::new(&space(), 1, &|_, _| Known::Nothing) };
        assert!(matches!({ tiny }.next(), Next::Score(portions) if (100..=250).contains(&portions.len())));
    }

    #[test]
    fn what_is_known_or_has_failed_is_left_out() {
        let known = |id: usize, repetition: usize| match (id, repetition) {
            (0, 0) => Known::Scored(1.0),
            (1, 1) => Known::Failed,
            _ => Known::Nothing,
        };
        let mut backlog = Backlog::new(&space(), 1, &known);
        assert!(!backlog.record(2, 0, &Err(ScoreFailure::of_panic(&"a panic"))), "without a race nothing is decided");
        let mut all = left(&mut backlog);
        all.sort_unstable();
        assert_eq!(all, [(0, 1), (0, 3), (1, 0), (1, 3), (2, 0), (2, 3)]);
    }

    #[test]
    fn groups_are_cut_no_finer_than_what_they_share_allows() {
        let group: Vec<_> = (0..8).collect();
        let lengths = |shared: u64, own: u64, most: usize, times: u64| -> Vec<usize> {
            pieces(&group, most, times, &[Effort { shared, own }; 8]).map(<[usize]>::len).collect()
        };
        assert_eq!(lengths(0, 1, 4, 1), [2, 2, 2, 2]);
        assert_eq!(lengths(4, 1, 4, 1), [4, 4]);
        assert_eq!(lengths(100, 1, 4, 1), [8]);
        assert_eq!(lengths(0, 1, 1, 1), [8]);
        assert_eq!(lengths(1, 1, 4, 4), [4, 4]);
    }
}
