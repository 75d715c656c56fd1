//! Scores in the background: as many at a time as there are cores, cancellable, reported through a bounded channel.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::failure::ScoreFailure;
use crate::space::{Effort, Space};
use crate::study::race::Race;
use neartop_core::idle::{Idle, lend_to_this_thread};
use neartop_core::network::{Fill, Init, Network};
use neartop_core::random::Draws;
use neartop_core::score::spectrum::spectra;
use neartop_core::score::{CommonScores, Repetition, Score, ScoreError};
use neartop_io::data::{DataError, Samples};

/// One repetition of candidates that share architecture and initialization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portion {
    pub repetition: usize,
    pub candidates: Vec<usize>,
}

/// Scores a portion on the calling thread.
pub trait Scorer: Send + Sync + 'static {
    /// Reports every candidate of the portion in order, each as soon as it is scored.
    fn score(
        &self,
        portion: &Portion,
        cancelled: &dyn Fn() -> bool,
        report: &mut dyn FnMut(usize, Result<Score, ScoreError>),
    );
}

/// Scores the candidates of a space by NEAR.
pub struct NearScorer {
    space: Arc<Space>,
    samples: Samples,
    /// The latest batches, since portions of one repetition follow each other.
    batches: Mutex<VecDeque<(usize, candle_core::Tensor)>>,
    draws: Draws,
    /// Where all candidates have one network.
    common: Option<CommonScores>,
}

impl NearScorer {
    /// Loads the samples.
    ///
    /// # Errors
    /// If the data cannot be read or do not fit the network.
    pub fn new(space: Arc<Space>) -> Result<Self, DataError> {
        let samples = space.samples()?;
        let common = (!space.has_architectures()).then(CommonScores::default);
        Ok(Self { space, samples, batches: Mutex::default(), draws: Draws::default(), common })
    }

    /// The samples of all repetitions.
    #[must_use]
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    pub(crate) fn batch(&self, repetition: usize) -> Result<candle_core::Tensor, ScoreError> {
        let mut batches = lock(&self.batches);
        if let Some((_, batch)) = batches.iter().find(|(r, _)| *r == repetition) {
            return Ok(batch.clone());
        }
        let batch = self.samples.batch(repetition as u64).map_err(|e| candle_core::Error::Msg(e.to_string()))?;
        if batches.len() == 4 {
            batches.pop_front();
        }
        batches.push_back((repetition, batch.clone()));
        Ok(batch)
    }
}

impl NearScorer {
    /// The singular values behind one repetition of one candidate, see [`spectra`].
    ///
    /// # Errors
    /// Where that repetition has no score.
    pub fn spectra(&self, candidate: usize, repetition: usize) -> Result<Vec<Vec<f64>>, ScoreError> {
        let network = self.space.network_of(candidate);
        let inputs = self.batch(repetition)?;
        let repetition = self.repetition(&network, inputs, candidate, repetition);
        spectra(&repetition, self.space.candidates[candidate].fill.as_ref())
    }

    fn repetition<'a>(
        &'a self,
        network: &'a Network,
        inputs: candle_core::Tensor,
        candidate: usize,
        repetition: usize,
    ) -> Repetition<'a> {
        self.repetition_with(network, inputs, repetition, &self.space.candidates[candidate].init)
    }

    /// A repetition of candidates with an initialization that need not be one of the space.
    pub(crate) fn repetition_with<'a>(
        &'a self,
        network: &'a Network,
        inputs: candle_core::Tensor,
        repetition: usize,
        init: &'a Init,
    ) -> Repetition<'a> {
        Repetition {
            network,
            inputs,
            init,
            bias: self.space.bias(),
            rows: self.space.preset.rows,
            batch_norm: self.space.preset.batch_norm,
            trainability: self.space.preset.trainability,
            seed: self.space.preset.seed,
            repetition: repetition as u64,
            draws: Some(&self.draws),
            common: self.common.as_ref(),
        }
    }
}

impl Scorer for NearScorer {
    fn score(
        &self,
        portion: &Portion,
        cancelled: &dyn Fn() -> bool,
        report: &mut dyn FnMut(usize, Result<Score, ScoreError>),
    ) {
        let Some(first) = portion.candidates.first() else { return };
        let inputs = match self.batch(portion.repetition) {
            Ok(inputs) => inputs,
            Err(error) => {
                let message = error.to_string();
                let fail = || ScoreError::Tensor(candle_core::Error::Msg(message.clone()));
                return portion.candidates.iter().for_each(|id| report(*id, Err(fail())));
            }
        };
        let network = self.space.network_of(*first);
        let repetition = self.repetition(&network, inputs, *first, portion.repetition);
        let fills: Vec<Option<Fill>> =
            portion.candidates.iter().map(|id| self.space.candidates[*id].fill.clone()).collect();
        repetition.score(&fills, cancelled, &mut |i, score| report(portion.candidates[i], score));
    }
}

/// What a run tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    pub candidate: usize,
    pub repetition: usize,
    /// A score, or why there is none.
    pub result: Result<Score, ScoreFailure>,
}

impl Progress {
    /// Whether the same again would give the same.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        self.result.as_ref().err().is_none_or(ScoreFailure::is_lasting)
    }
}

/// A run in the background. Dropping it cancels it.
pub struct Run {
    /// Ends when the run has ended.
    pub progress: mpsc::Receiver<Progress>,
    pub control: Control,
    _cancel_on_drop: tokio_util::sync::DropGuard,
}

impl Run {
    /// A run whose results come from elsewhere, through the sender.
    #[must_use]
    pub fn fed() -> (mpsc::Sender<Progress>, Self) {
        let (sender, progress) = mpsc::channel(CHANNEL);
        let control = Control { cancel: CancellationToken::new(), pause: Arc::default() };
        let guard = control.cancel.clone().drop_guard();
        (sender, Self { progress, control, _cancel_on_drop: guard })
    }
}

/// Pauses, resumes and cancels a run.
#[derive(Clone)]
pub struct Control {
    cancel: CancellationToken,
    pause: Arc<(Mutex<bool>, Condvar)>,
}

impl Control {
    /// Stops scoring between layers; what was reported stays.
    pub fn cancel(&self) {
        self.cancel.cancel();
        self.pause.1.notify_all();
    }

    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Holds back, or lets go on, what has not begun.
    pub fn set_paused(&self, paused: bool) {
        *lock(&self.pause.0) = paused;
        self.pause.1.notify_all();
    }

    #[must_use]
    pub fn is_paused(&self) -> bool {
        *lock(&self.pause.0)
    }

    pub fn wait_while_paused(&self) {
        let mut paused = lock(&self.pause.0);
        while *paused && !self.is_cancelled() {
            let wait = std::time::Duration::from_millis(200);
            let waited = self.pause.1.wait_timeout(paused, wait).unwrap_or_else(PoisonError::into_inner);
            paused = waited.0;
        }
    }
}

/// Progress that may wait for its reader.
const CHANNEL: usize = 1024;

/// What is known of a repetition of a candidate before a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known {
    Nothing,
    /// Its NEAR.
    Scored(f64),
    /// It has no score, and would have none again.
    Failed,
}

/// Starts scoring all repetitions of the space, the first of every candidate before the second of any; where the preset
/// leaves their number open, as many as its [`Race`] wants.
///
/// `known` tells of a candidate and a repetition what needs no scoring.
pub fn start(scorer: Arc<dyn Scorer>, space: &Space, jobs: usize, known: &dyn Fn(usize, usize) -> Known) -> Run {
    start_backlog(scorer, Backlog::new(space, jobs, known), jobs)
}

/// Starts scoring portions of a space with so many candidates, in their order. What follows on a failure of its candidate is
/// left out.
pub fn start_portions(scorer: Arc<dyn Scorer>, portions: Vec<Portion>, candidates: usize, jobs: usize) -> Run {
    start_backlog(scorer, Backlog::of_portions(portions, candidates, jobs), jobs)
}

fn start_backlog(scorer: Arc<dyn Scorer>, backlog: Backlog, jobs: usize) -> Run {
    let (sender, progress) = mpsc::channel(CHANNEL);
    let control = Control { cancel: CancellationToken::new(), pause: Arc::default() };
    let backlog = Arc::new((Mutex::new(backlog), Condvar::new()));
    let work = lock(&backlog.0).most();
    let workers = jobs.min(work).max(1);
    // Who never gets work is lent to those that have it.
    let idle = Arc::new(Idle::new(jobs.saturating_sub(workers), jobs));
    for _ in 0..workers {
        let worker = Worker {
            idle: Arc::clone(&idle),
            scorer: Arc::clone(&scorer),
            backlog: Arc::clone(&backlog),
            control: control.clone(),
            sender: sender.clone(),
        };
        // Where the system gives no more threads, those that there are do the work.
        if let Err(error) = std::thread::Builder::new().name("score".to_owned()).spawn(move || worker.run()) {
            tracing::warn!(%error, "no more threads to score on");
            break;
        }
    }
    let guard = control.cancel.clone().drop_guard();
    Run { progress, control, _cancel_on_drop: guard }
}

/// What is still to do, in a fixed order.
struct Backlog {
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

/// What a worker does next.
enum Next {
    Score(Portion),
    /// Wait for the scores of others, which decide what is still to do.
    Wait,
    Leave,
}

impl Backlog {
    fn new(space: &Space, jobs: usize, known: &dyn Fn(usize, usize) -> Known) -> Self {
        let groups = space.groups();
        // Small enough that the last portions keep all workers busy.
        let parts = (4 * jobs).div_ceil(groups.len().max(1));
        let efforts: Vec<_> = space.candidates.iter().map(|candidate| candidate.effort).collect();
        let repetitions = space.preset.repetitions;
        let candidates = space.candidates.len();
        let mut backlog = Self {
            portions: VecDeque::new(),
            groups: groups.iter().flat_map(|group| pieces(group, parts, &efforts)).map(<[usize]>::to_vec).collect(),
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
                    Known::Scored(near) => backlog.keep(id, repetition, near),
                    Known::Failed => backlog.failed[id] = backlog.failed[id].min(repetition),
                }
            }
        }
        backlog.advance();
        backlog
    }

    /// As many scores as there may be.
    fn most(&self) -> usize {
        let in_portions: usize = self.portions.iter().map(|portion| portion.candidates.len()).sum();
        in_portions.saturating_add(self.efforts.len().saturating_mul(self.repetitions))
    }

    /// A backlog of these portions and no more.
    fn of_portions(portions: Vec<Portion>, candidates: usize, jobs: usize) -> Self {
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

    fn next(&mut self) -> Next {
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
                    return Next::Score(portion);
                }
            }
            let goal = match &self.race {
                Some(race) if race.is_over() => return Next::Leave,
                Some(race) => race.goal(),
                None => self.repetitions,
            };
            if self.next_repetition == goal {
                return if self.race.is_some() { Next::Wait } else { Next::Leave };
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
        let (whole, cut) = groups.split_at(groups.len().saturating_sub(2 * self.jobs));
        let pieces = cut.iter().flat_map(|group| pieces(group, 4, &self.efforts));
        whole.iter().copied().chain(pieces).map(<[usize]>::to_vec).collect()
    }

    /// What it takes to score a group together.
    fn effort_of(&self, group: &[usize]) -> u128 {
        let shared = group.first().map_or(0, |id| self.efforts[*id].shared);
        group.iter().map(|id| u128::from(self.efforts[*id].own)).sum::<u128>() + u128::from(shared)
    }

    fn keep(&mut self, candidate: usize, repetition: usize, near: f64) {
        let scores = &mut self.scores[candidate];
        if scores.len() <= repetition {
            scores.resize(repetition + 1, None);
        }
        scores[repetition] = Some(near);
    }

    /// Takes a result in. True where it decided what is still to do.
    fn record(&mut self, candidate: usize, repetition: usize, result: &Result<Score, ScoreFailure>) -> bool {
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

/// Cuts a group into as many pieces at the most, none of which has less work of its own than all would do again that they
/// share.
fn pieces<'a>(group: &'a [usize], most: usize, efforts: &[Effort]) -> std::slice::Chunks<'a, usize> {
    let least = group.first().map_or(1, |id| efforts[*id].shared.div_ceil(efforts[*id].own.max(1)));
    let least = usize::try_from(least).unwrap_or(usize::MAX);
    group.chunks(group.len().div_ceil(most.max(1)).max(least).clamp(1, group.len().max(1)))
}

struct Worker {
    idle: Arc<Idle>,
    scorer: Arc<dyn Scorer>,
    backlog: Arc<(Mutex<Backlog>, Condvar)>,
    control: Control,
    sender: mpsc::Sender<Progress>,
}

impl Worker {
    fn run(&self) {
        lend_to_this_thread(Arc::clone(&self.idle));
        loop {
            self.control.wait_while_paused();
            if self.control.is_cancelled() {
                return;
            }
            let mut backlog = lock(&self.backlog.0);
            match backlog.next() {
                Next::Leave => return self.idle.begin(),
                Next::Wait => {
                    // A cancellation notifies nobody here, so it is looked for now and then.
                    let wait = std::time::Duration::from_millis(50);
                    self.idle.begin();
                    drop(self.backlog.1.wait_timeout(backlog, wait).unwrap_or_else(PoisonError::into_inner));
                    self.idle.end();
                }
                Next::Score(portion) => {
                    drop(backlog);
                    self.score(portion);
                }
            }
        }
    }

    /// Scores a portion. A panic costs the candidate that it came in: those without a result are scored again one by one.
    fn score(&self, portion: Portion) {
        if self.control.is_cancelled() {
            return;
        }
        let mut left = portion.candidates.clone();
        let cancelled = || self.control.is_cancelled();
        let mut report = |candidate, result: Result<Score, ScoreError>| {
            left.retain(|id| *id != candidate);
            match result {
                Err(ScoreError::Cancelled) => {}
                result => self.send(candidate, portion.repetition, result.map_err(ScoreFailure::from)),
            }
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| self.scorer.score(&portion, &cancelled, &mut report)));
        let Err(panic) = outcome else { return };
        if let [candidate] = portion.candidates[..] {
            if left == [candidate] {
                self.send(candidate, portion.repetition, Err(ScoreFailure::of_panic(&*panic)));
            }
            return;
        }
        for candidate in left {
            self.score(Portion { repetition: portion.repetition, candidates: vec![candidate] });
        }
    }

    fn send(&self, candidate: usize, repetition: usize, result: Result<Score, ScoreFailure>) {
        if lock(&self.backlog.0).record(candidate, repetition, &result) {
            self.backlog.1.notify_all();
        }
        // Without a reader the run is over; the cancellation that came with it stops the workers.
        let _ = self.sender.blocking_send(Progress { candidate, repetition, result });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use neartop_core::score::effective_rank::entropy_rank;
    use neartop_io::preset::Preset;

    use super::*;

    /// NEAR and effective ranks of every repetition and candidate, scored by so many threads.
    fn scores(text: &str, jobs: usize) -> Vec<(usize, usize, u64, Vec<u64>)> {
        let space = Arc::new(Space::new(Arc::new(Preset::parse(text, "test.yaml", Path::new("")).unwrap())));
        let scorer = Arc::new(NearScorer::new(Arc::clone(&space)).unwrap());
        let mut run = start(scorer, &space, jobs, &|_, _| Known::Nothing);
        let mut scores = Vec::new();
        while let Some(Progress { candidate, repetition, result }) = run.progress.blocking_recv() {
            let score = result.unwrap();
            let ranks = score.effective_ranks.iter().map(|rank| rank.to_bits()).collect();
            scores.push((repetition, candidate, score.near.to_bits(), ranks));
        }
        scores.sort_unstable();
        scores
    }

    /// Of all kinds whose samples or ranks are computed by parts.
    #[test]
    fn a_score_on_several_threads_is_the_same_to_the_last_bit() {
        let works = [
            (
                "[3, 32, 32]",
                "[conv2d: {out: 16, kernel: 3, padding: 1}, activation, conv2d: {out: 64, kernel: 3, padding: 1}, batch_norm, \
              conv2d: {out: 64, kernel: 3, padding: 1}, activation, conv2d: {out: 256, kernel: 3, stride: 2}, flatten, linear: 10]",
                12,
            ),
            (
                "[128, 64]",
                "[permute: [1, 0], residual: {body: [attention: {heads: 4}]}, linear: 256, activation, linear: 128]",
                64,
            ),
            ("[64, 24]", "[permute: [1, 0], lstm: 200, linear: 200, activation]", 70),
        ];
        for (input, layers, batch) in works {
            let text = format!(
                "data: {{source: gaussian}}\nnetwork: {{input: {input}, layers: {layers}}}\n\
                 search: {{activations: [tanh], inits: [orthogonal]}}\nscore: {{repetitions: 1, batch: {batch}}}\n"
            );
            let alone = scores(&text, 1);
            assert_eq!(alone.len(), 1);
            assert_eq!(scores(&text, 4), alone, "{layers}");
        }
    }

    #[test]
    fn spectra_have_the_ranks_that_are_scored() {
        let text = "network: {input: [3, 8, 8], layers: [conv2d: {out: 6, kernel: 3}, activation, flatten, linear: 5]}\n\
                    search: {activations: [relu, tanh], inits: [orthogonal]}\nscore: {repetitions: 3}\n";
        let preset = Preset::parse(text, "test.yaml", Path::new("")).unwrap();
        let scorer = NearScorer::new(Arc::new(Space::new(Arc::new(preset)))).unwrap();
        let portion = Portion { repetition: 2, candidates: vec![0, 1] };
        scorer.score(&portion, &|| false, &mut |candidate, score| {
            let ranks = score.unwrap().effective_ranks;
            let spectra = scorer.spectra(candidate, 2).unwrap();
            assert_eq!(spectra.len(), ranks.len());
            for (spectrum, rank) in spectra.iter().zip(ranks) {
                assert!((entropy_rank(spectrum.iter().copied()) / rank - 1.0).abs() < 1e-3);
                assert!(spectrum[0] == 1.0 && spectrum.is_sorted_by(|a, b| a >= b));
            }
        });
    }
}
