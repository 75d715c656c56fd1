//! A training in the background.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::judgement::{Judge, judged};
use super::trainer::{Stop, Trainer};
use super::{Plan, Point};
use crate::failure::defect;

/// What a run tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// A candidate has its weights and its learning rate.
    Started { candidate: usize, learning_rate: f64 },
    /// After every epoch, and where a rung is [judged](super::judgement::steps).
    Point { candidate: usize, point: Point },
    /// A candidate has reached the end of a rung, counted from 0.
    Reached { candidate: usize, rung: usize },
    /// R^2 of each output at the end of a rung, where there are several.
    Each { candidate: usize, r_squared: Vec<f64> },
    /// A candidate cannot be trained.
    Failed { candidate: usize, reason: String },
    /// The rung is over, and these go on; none after the last.
    Survivors { rung: usize, candidates: Vec<usize> },
}

/// A training in the background. Dropping it cancels it.
pub struct Run {
    /// Ends when the run has ended.
    pub progress: mpsc::Receiver<Update>,
    cancel: CancellationToken,
    _cancel_on_drop: DropGuard,
}

impl Run {
    /// Ends training before the next batches; what was reported stays.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }
}

/// Update that may wait for its reader.
const CHANNEL: usize = 1024;

/// Starts training in a blocking task, `jobs` candidates at a time, each on a thread of its own.
///
/// Must be called within a tokio runtime.
#[must_use]
pub fn start(plan: Arc<Plan>, jobs: usize) -> Run {
    start_after(|| {}, plan, jobs)
}

/// The same after `first` was done on the thread that starts those that train.
///
/// Must be called within a tokio runtime.
#[must_use]
pub fn start_after(first: impl FnOnce() + Send + 'static, plan: Arc<Plan>, jobs: usize) -> Run {
    let (sender, progress) = mpsc::channel(CHANNEL);
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    tokio::task::spawn_blocking(move || {
        first();
        run(&plan, jobs, &sender, &token);
    });
    Run { progress, _cancel_on_drop: cancel.clone().drop_guard(), cancel }
}

/// Trains on threads of its own and returns when all is done or cancelled. Must not be called from asynchronous code.
pub fn run(plan: &Plan, jobs: usize, sender: &mpsc::Sender<Update>, cancel: &CancellationToken) {
    let worker = Worker { plan, sender, cancel };
    let judge = Judge::new(&plan.task);
    let mut field: Vec<Entrant> = plan.candidates.iter().map(|id| Entrant::new(*id)).collect();
    for rung in 0..plan.rungs.len() {
        let count = field.len();
        let queue = Mutex::new(field.into_iter().enumerate().collect::<VecDeque<_>>());
        let done = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            // Where the system gives no more threads, this one and those that there are do the work.
            for _ in 1..jobs.min(count) {
                if std::thread::Builder::new().spawn_scoped(scope, || worker.work(rung, &queue, &done)).is_err() {
                    break;
                }
            }
            worker.work(rung, &queue, &done);
        });
        if cancel.is_cancelled() {
            return;
        }
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(place, _)| *place);
        field = done.into_iter().map(|(_, entrant)| entrant).collect();
        // Stable, so that the ranking decides where training ties.
        judge.sort(&mut field, |entrant| judged(&entrant.points));
        field.truncate(plan.rungs.get(rung + 1).map_or(0, |next| next.candidates));
        field.retain(|entrant| !entrant.points.is_empty());
        let candidates = field.iter().map(|entrant| entrant.candidate).collect();
        worker.send(Update::Survivors { rung, candidates });
    }
}

/// A candidate between rungs.
struct Entrant {
    candidate: usize,
    trainer: Option<Trainer>,
    /// How good it was; none once it failed.
    points: Vec<Point>,
}

impl Entrant {
    fn new(candidate: usize) -> Self {
        Self { candidate, trainer: None, points: Vec::new() }
    }
}

#[derive(Clone, Copy)]
struct Worker<'a> {
    plan: &'a Plan,
    sender: &'a mpsc::Sender<Update>,
    cancel: &'a CancellationToken,
}

impl Worker<'_> {
    fn work(&self, rung: usize, queue: &Mutex<VecDeque<(usize, Entrant)>>, done: &Mutex<Vec<(usize, Entrant)>>) {
        while !self.cancel.is_cancelled() {
            let Some((place, mut entrant)) = lock(queue).pop_front() else { return };
            let candidate = entrant.candidate;
            let outcome = catch_unwind(AssertUnwindSafe(|| self.train(rung, &mut entrant)));
            let failure = match outcome {
                Ok(Ok(())) => None,
                Ok(Err(Stop::Cancelled)) => return,
                Ok(Err(Stop::Tensor(error))) => Some(error.to_string()),
                Err(panic) => Some(defect(&*panic)),
            };
            if let Some(reason) = failure {
                entrant = Entrant::new(candidate);
                self.send(Update::Failed { candidate, reason });
            }
            lock(done).push((place, entrant));
        }
    }

    fn train(&self, rung: usize, entrant: &mut Entrant) -> Result<(), Stop> {
        let (candidate, cancelled) = (entrant.candidate, || self.cancel.is_cancelled());
        let trainer = match &mut entrant.trainer {
            Some(trainer) => trainer,
            none => {
                let trainer = none.insert(Trainer::new(self.plan, candidate, &cancelled)?);
                self.send(Update::Started { candidate, learning_rate: trainer.learning_rate() });
                trainer
            }
        };
        let mut report = |point| {
            entrant.points.push(point);
            self.send(Update::Point { candidate, point });
        };
        trainer.train_until(self.plan.rungs[rung].steps, self.plan, &cancelled, &mut report)?;
        if let r_squared @ [_, _, ..] = trainer.each() {
            self.send(Update::Each { candidate, r_squared: r_squared.to_vec() });
        }
        self.send(Update::Reached { candidate, rung });
        Ok(())
    }

    fn send(&self, progress: Update) {
        // Without a reader the run is over; the cancellation that came with it stops the workers.
        let _ = self.sender.blocking_send(progress);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
