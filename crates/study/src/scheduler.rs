//! Scores in the background: as many at a time as there are cores, cancellable, reported through a bounded channel.

mod backlog;
mod scorer;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::failure::ScoreFailure;
use crate::space::Space;
use neartop_core::idle::{Idle, lend_to_this_thread};
use neartop_core::score::{Score, ScoreError};

pub use backlog::Known;
use backlog::{Backlog, Next};
pub use scorer::{NearScorer, Portion, Scorer};

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

/// Starts scoring all repetitions of the space, the first of every candidate before the second of any; where the preset
/// leaves their number open, as many as its [`Race`](crate::study::race::Race) wants.
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
                Next::Score(portions) => {
                    drop(backlog);
                    self.score(&portions);
                }
            }
        }
    }

    /// Scores portions. A panic costs the candidate that it came in: those without a result are scored again one by one.
    fn score(&self, portions: &[Portion]) {
        if self.control.is_cancelled() {
            return;
        }
        let all = portions.iter().enumerate();
        let mut left: BTreeSet<_> =
            all.flat_map(|(at, portion)| portion.candidates.iter().map(move |id| (at, *id))).collect();
        let is_one = left.len() == 1;
        let cancelled = || self.control.is_cancelled();
        let mut report = |at: usize, candidate, result: Result<Score, ScoreError>| {
            left.remove(&(at, candidate));
            match result {
                Err(ScoreError::Cancelled) => {}
                result => self.send(candidate, portions[at].repetition, result.map_err(ScoreFailure::from)),
            }
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| self.scorer.score_together(portions, &cancelled, &mut report)));
        let Err(panic) = outcome else { return };
        for (at, candidate) in left {
            let repetition = portions[at].repetition;
            if is_one {
                self.send(candidate, repetition, Err(ScoreFailure::of_panic(&*panic)));
            } else {
                self.score(&[Portion { repetition, candidates: vec![candidate] }]);
            }
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
}
