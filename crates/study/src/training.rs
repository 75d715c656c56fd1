//! Short training of the finalists: what training says beside NEAR.
//!
//! A [`Plan`] holds everything that is decided before: the [`Task`] (samples, labels, which are held out), [`Options`], the
//! candidates, best first, and the [rungs](halving::Rung) by which they are halved. [`start`] trains them in the
//! background, as `scheduler::start` scores, and gives a [`Run`]: [`Progress`] comes through a bounded channel, dropping the
//! run or [`Run::cancel`] ends it before the next batch, and [`Plan::steps_done`] tells how far it is. [`Results`] puts the
//! progress together and knows curves, ranking, pick and agreement with NEAR; it is pure, like `study::Study`.
//!
//! ```text
//! let task = Task::load(&preset.data, space.network(), preset.seed, &options)?;
//! let plan = Arc::new(Plan::new(space, task, options, candidates)?);
//! let mut run = training::start(Arc::clone(&plan), jobs);
//! while let Some(progress) = run.progress.recv().await { results.record(progress); }
//! ```
//!
//! A candidate starts from the weights of repetition 0 of its scores. Split, order of the samples and dropout are drawn by
//! seed, epoch and step, the same for all candidates. Each candidate trains on one thread and a rung ends when all of it
//! have, so the same seed gives the same results on any number of cores.

pub mod halving;
pub mod judgement;
pub mod model;
pub mod optimizer;
mod results;
pub mod task;
mod trainer;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::space::Space;
use neartop_core::random::{Key, Purpose};
use neartop_io::data::DataError;

use halving::Rung;
use judgement::{Judge, judged};
use optimizer::Method;
use trainer::{Stop, Trainer};

pub use results::{Record, Results, State};
pub use task::{Evaluation, Task};

/// How the finalists are trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Epochs of those that train to the end.
    pub epochs: u32,
    /// Samples of a step.
    pub batch: usize,
    pub method: Method,
    /// None where a range test of each candidate is to find it.
    pub learning_rate: Option<f64>,
    /// The part of the samples, between 0 and 1, that is held out.
    pub holdout: f64,
    /// The most samples to use, those held out included.
    pub samples: Option<usize>,
    /// One in so many goes on from rung to rung; none where all train to the end.
    pub eta: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        let method = Method::default();
        Self {
            epochs: 10,
            batch: 64,
            method,
            learning_rate: Some(method.learning_rate()),
            holdout: 0.2,
            samples: None,
            eta: None,
        }
    }
}

/// Why training cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("the labels are {classes} classes, but the network has {outputs} outputs")]
    Outputs { classes: usize, outputs: usize },
    #[error("the labels are numbers with fractions, but the network has {outputs} outputs where a regression has one")]
    Values { outputs: usize },
    #[error("all samples are of one class, so there is nothing to learn")]
    OneClass,
    #[error("{train} samples to train on and {held_out} held out are too few")]
    TooFew { train: usize, held_out: usize },
    #[error("there is no candidate to train")]
    NoCandidate,
}

/// Everything about a training that is decided before it.
#[derive(Debug)]
pub struct Plan {
    pub space: Arc<Space>,
    pub task: Task,
    pub options: Options,
    /// Best first: where training ties, the earlier one goes on.
    pub candidates: Vec<usize>,
    pub rungs: Vec<Rung>,
    done: AtomicU64,
}

impl Plan {
    /// Lays out the rungs for `candidates`, best first.
    ///
    /// # Errors
    /// If there is no candidate.
    pub fn new(space: Arc<Space>, task: Task, options: Options, candidates: Vec<usize>) -> Result<Self, TrainingError> {
        if candidates.is_empty() {
            return Err(TrainingError::NoCandidate);
        }
        let steps = u64::from(options.epochs) * task.steps(options.batch);
        let rungs = halving::rungs(candidates.len(), steps, options.eta);
        Ok(Self { space, task, options, candidates, rungs, done: AtomicU64::new(0) })
    }

    #[must_use]
    pub fn seed(&self) -> u64 {
        self.space.preset.seed
    }

    #[must_use]
    pub fn steps_per_epoch(&self) -> u64 {
        self.task.steps(self.options.batch).max(1)
    }

    /// Steps of all candidates together, but for range tests.
    #[must_use]
    pub fn total_steps(&self) -> u64 {
        halving::cost(&self.rungs)
    }

    /// Steps done so far, those of range tests included.
    #[must_use]
    pub fn steps_done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    fn count_step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Steps done as a part of those that training all candidates of the space to the end takes.
    #[must_use]
    pub fn cost(&self) -> f64 {
        let one = self.rungs.last().map_or(1, |rung| rung.steps);
        self.steps_done() as f64 / (one * self.space.candidates.len() as u64).max(1) as f64
    }

    /// Bytes that `jobs` candidates at a time hold at the most, roughly: the samples, all candidates with what their
    /// optimizers remember, and what the backward passes of those in training need.
    #[must_use]
    pub fn memory(&self, jobs: usize) -> u64 {
        let remembered = if self.options.method == Method::Sgd { 8 } else { 16 };
        let parameters = |id: &usize| self.space.candidates[*id].parameters;
        let held: u64 = self.candidates.iter().map(parameters).sum();
        let passing = |id: &usize| {
            let network = self.space.network_of(*id);
            let outputs: u64 = network.nodes.iter().map(|node| node.output().elements() as u64).sum();
            // Every output and its gradient, weights and theirs.
            8 * (outputs.saturating_mul(self.options.batch as u64) + parameters(id))
        };
        let largest = self.candidates.iter().take(1024).map(passing).max().unwrap_or(0);
        let at_once = jobs.min(self.candidates.len()) as u64;
        (self.task.memory().saturating_add(held.saturating_mul(4 + remembered)))
            .saturating_add(largest.saturating_mul(at_once))
    }
}

/// Where a candidate stands after some training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Epochs trained.
    pub epochs: f64,
    /// Mean loss of the steps since the last point, in the units of [`Evaluation::loss`]. None once training diverged.
    pub train_loss: Option<f64>,
    pub held_out: Evaluation,
}

/// What a run tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// A candidate has its weights and its learning rate.
    Started { candidate: usize, learning_rate: f64 },
    /// After every epoch, and where a rung is [judged](judgement::steps).
    Point { candidate: usize, point: Point },
    /// A candidate has reached the end of a rung, counted from 0.
    Reached { candidate: usize, rung: usize },
    /// A candidate cannot be trained.
    Failed { candidate: usize, reason: String },
    /// The rung is over, and these go on; none after the last.
    Survivors { rung: usize, candidates: Vec<usize> },
}

/// A training in the background. Dropping it cancels it.
pub struct Run {
    /// Ends when the run has ended.
    pub progress: mpsc::Receiver<Progress>,
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

/// Progress that may wait for its reader.
const CHANNEL: usize = 1024;

/// Starts training in a blocking task, `jobs` candidates at a time, each on a thread of its own.
///
/// Must be called within a tokio runtime.
#[must_use]
pub fn start(plan: Arc<Plan>, jobs: usize) -> Run {
    let (sender, progress) = mpsc::channel(CHANNEL);
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    tokio::task::spawn_blocking(move || run(&plan, jobs, &sender, &token));
    Run { progress, _cancel_on_drop: cancel.clone().drop_guard(), cancel }
}

/// Trains on threads of its own and returns when all is done or cancelled. Must not be called from asynchronous code.
pub fn run(plan: &Plan, jobs: usize, sender: &mpsc::Sender<Progress>, cancel: &CancellationToken) {
    let worker = Worker { plan, sender, cancel };
    let judge = Judge::new(&plan.task);
    let mut field: Vec<Entrant> = plan.candidates.iter().map(|id| Entrant::new(*id)).collect();
    for rung in 0..plan.rungs.len() {
        let queue = Mutex::new(field.into_iter().enumerate().collect::<VecDeque<_>>());
        let done = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..jobs.max(1) {
                scope.spawn(|| worker.work(rung, &queue, &done));
            }
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
        worker.send(Progress::Survivors { rung, candidates });
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
    sender: &'a mpsc::Sender<Progress>,
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
                Err(panic) => {
                    let message = panic.downcast_ref::<String>().map(String::as_str);
                    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
                    Some(format!("a defect of the program: {message}"))
                }
            };
            if let Some(reason) = failure {
                entrant = Entrant::new(candidate);
                self.send(Progress::Failed { candidate, reason });
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
                self.send(Progress::Started { candidate, learning_rate: trainer.learning_rate() });
                trainer
            }
        };
        let mut report = |point| {
            entrant.points.push(point);
            self.send(Progress::Point { candidate, point });
        };
        trainer.train_until(self.plan.rungs[rung].steps, self.plan, &cancelled, &mut report)?;
        self.send(Progress::Reached { candidate, rung });
        Ok(())
    }

    fn send(&self, progress: Progress) {
        // Without a reader the run is over; the cancellation that came with it stops the workers.
        let _ = self.sender.blocking_send(progress);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a stream of training's random numbers is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    /// Which samples are used, and which of them are held out.
    Split = 0,
    /// The order of the samples in an epoch.
    Order = 1,
    /// What modules draw in a step: dropout, random slopes.
    Modules = 2,
}

/// The same for every candidate.
fn stream(seed: u64, of: Stream, index: u64) -> ChaCha8Rng {
    Key { seed, repetition: index, layer: of as u64, purpose: Purpose::Training }.rng()
}
