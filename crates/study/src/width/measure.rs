//! Measuring the curve, several repetitions at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use neartop_core::score::ScoreError;
use neartop_core::width::{Curve, Point};
use neartop_io::data::Samples;

use super::{Measurement, WidthError};

/// Effective ranks by size and repetition, as far as they are known.
pub type Ranks = Vec<Vec<Option<f64>>>;

/// An effective rank that was computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Place of the size among those that are measured.
    pub stage: usize,
    pub repetition: usize,
    pub rank: f64,
}

/// How far a measurement has come, told after every effective rank that is computed.
#[derive(Debug, Clone, Copy)]
pub struct Advance<'a> {
    pub latest: Measured,
    pub done: usize,
    pub total: usize,
    /// A point, when its last repetition is done.
    pub point: Option<&'a Point>,
}

/// Measures all sizes on `jobs` threads, but for what is known; the points do not depend on how many. Cancelled, it gives
/// the points that were complete.
///
/// # Errors
/// The first size and repetition without an effective rank.
pub fn measure(
    measurement: &Measurement,
    samples: &Samples,
    known: &Ranks,
    jobs: usize,
    cancelled: &(dyn Fn() -> bool + Sync),
    report: &mut dyn FnMut(Advance<'_>),
) -> Result<Curve, WidthError> {
    let repetitions = measurement.repetitions;
    let total = measurement.total();
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut table = Table::new(measurement, known);
    let (sender, results) = mpsc::channel();
    let work = |sender: mpsc::Sender<(usize, Result<f64, ScoreError>)>| {
        while !cancelled() && !failed.load(Ordering::Relaxed) {
            let task = next.fetch_add(1, Ordering::Relaxed);
            if task >= total {
                return;
            }
            let (stage, repetition) = (task / repetitions, task % repetitions);
            if known_rank(known, stage, repetition).is_some() {
                continue;
            }
            let rank = measurement.effective_rank(stage, repetition as u64, samples, &|| cancelled());
            failed.fetch_or(matches!(&rank, Err(e) if !matches!(e, ScoreError::Cancelled)), Ordering::Relaxed);
            if sender.send((task, rank)).is_err() {
                return;
            }
        }
    };
    let work = &work;
    let panicked = std::thread::scope(|scope| {
        let spawn = |_| {
            let sender = sender.clone();
            std::thread::Builder::new().spawn_scoped(scope, move || work(sender)).ok()
        };
        let workers: Vec<_> = (0..jobs.clamp(1, total.max(1))).map_while(spawn).collect();
        // Without a thread of its own, the work is done first and told then.
        let panicked = workers.is_empty() && catch_unwind(AssertUnwindSafe(|| work(sender.clone()))).is_err();
        drop(sender);
        for (task, rank) in results {
            table.record(task, rank, report);
        }
        // Every handle is joined, so that no panic goes past the scope.
        workers.into_iter().map(|w| w.join().is_err()).filter(|panicked| *panicked).count() > 0 || panicked
    });
    if panicked {
        return Err(WidthError::Panic);
    }
    table.finish()
}

fn known_rank(known: &Ranks, stage: usize, repetition: usize) -> Option<f64> {
    known.get(stage)?.get(repetition).copied().flatten()
}

/// The effective ranks as they come in, in any order.
struct Table<'a> {
    measurement: &'a Measurement,
    ranks: Ranks,
    done: usize,
    /// The first task that failed. Tasks are handed out in order, so all before it have been tried.
    failure: Option<(usize, ScoreError)>,
}

impl<'a> Table<'a> {
    fn new(measurement: &'a Measurement, known: &Ranks) -> Self {
        let of_stage = |stage| (0..measurement.repetitions).map(|r| known_rank(known, stage, r)).collect();
        let ranks: Ranks = (0..measurement.stages.len()).map(of_stage).collect();
        let done = ranks.iter().flatten().flatten().count();
        Self { measurement, ranks, done, failure: None }
    }

    fn record(&mut self, task: usize, rank: Result<f64, ScoreError>, report: &mut dyn FnMut(Advance<'_>)) {
        let (stage, repetition) = (task / self.measurement.repetitions, task % self.measurement.repetitions);
        match rank {
            Ok(rank) => {
                self.ranks[stage][repetition] = Some(rank);
                self.done += 1;
                let total = self.measurement.total();
                let latest = Measured { stage, repetition, rank };
                report(Advance { latest, done: self.done, total, point: self.point(stage).as_ref() });
            }
            Err(ScoreError::Cancelled) => {}
            Err(error) if self.failure.as_ref().is_none_or(|(first, _)| task < *first) => {
                self.failure = Some((task, error));
            }
            Err(_) => {}
        }
    }

    /// The point of a stage, if all its repetitions are done.
    fn point(&self, stage: usize) -> Option<Point> {
        let ranks = self.ranks[stage].iter().copied().collect::<Option<Vec<_>>>()?;
        Some(Point { size: self.measurement.stages[stage].size, ranks })
    }

    fn finish(self) -> Result<Curve, WidthError> {
        if let Some((task, error)) = &self.failure {
            let (stage, repetition) = (task / self.measurement.repetitions, task % self.measurement.repetitions);
            let size = self.measurement.stages[stage].size;
            return Err(WidthError::Score { size, repetition, reason: error.to_string() });
        }
        Ok(Curve { points: (0..self.ranks.len()).filter_map(|stage| self.point(stage)).collect() })
    }
}
