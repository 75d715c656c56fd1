//! Measures layer sizes in the background, for the view of sizes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::behind::give_way;
use super::channel::{Teller, What};
use crate::run::Prepared;
use crate::tui::effect::{SizeRequest, Ticket};
use crate::tui::news::{BackgroundError, News, SizeNews};
use neartop_io::data::Samples;
use neartop_study::space::Space;
use neartop_study::width::{self, Curve, Measurement, Sizes, Target};

/// The background work, of which there is one at a time. Dropping it ends it.
pub struct Sizing {
    tell: Teller,
    space: Arc<Space>,
    jobs: usize,
    /// In bytes.
    most_memory: u64,
    /// Ends what is under way.
    stop: Arc<AtomicBool>,
}

impl Sizing {
    /// `most_memory` is in GiB.
    #[must_use]
    pub fn new(prepared: &Prepared, most_memory: f64, tell: Teller) -> Self {
        let most_memory = (most_memory * 1024f64.powi(3)) as u64;
        let (space, jobs) = (Arc::clone(&prepared.space), prepared.jobs);
        Self { tell, space, jobs, most_memory, stop: Arc::default() }
    }

    /// Ends what is under way and starts what is asked for.
    pub fn start(&mut self, ticket: Ticket, request: SizeRequest) {
        self.stop.store(true, Ordering::Relaxed);
        self.stop = Arc::default();
        let work = Work {
            ticket,
            tell: self.tell.clone(),
            space: Arc::clone(&self.space),
            jobs: self.jobs,
            most_memory: self.most_memory,
            stop: Arc::clone(&self.stop),
        };
        match request {
            SizeRequest::Stop => {}
            SizeRequest::Measure { candidate, target, threshold } => {
                tokio::task::spawn_blocking(move || {
                    give_way();
                    match work.measure(candidate, &target) {
                        Ok(Some(curve)) => work.fit(&curve, &target, threshold),
                        Ok(None) => {}
                        Err(reason) => work.tell(SizeNews::Failed(reason)),
                    }
                });
            }
            SizeRequest::Fit { curve, target, threshold } => {
                tokio::task::spawn_blocking(move || work.fit(&curve, &target, threshold));
            }
        }
    }
}

impl Drop for Sizing {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Work {
    ticket: Ticket,
    tell: Teller,
    space: Arc<Space>,
    jobs: usize,
    most_memory: u64,
    stop: Arc<AtomicBool>,
}

impl Work {
    /// The whole curve; none where it was stopped.
    fn measure(&self, candidate: usize, target: &Target) -> Result<Option<Curve>, BackgroundError> {
        let preset = &self.space.preset;
        let candidate = &self.space.candidates[candidate];
        let (fill, init) = (candidate.fill.clone(), candidate.init.clone());
        let sizes = Sizes::of(preset, target).map_err(BackgroundError::work)?;
        if sizes.step > 1 {
            self.tell(SizeNews::Note(format!("sizes are multiples of {}", sizes.step)));
        }
        let measurement =
            Measurement::new(preset, target, &sizes.usual(), fill, init).map_err(BackgroundError::work)?;
        let need = measurement.memory().saturating_mul(self.jobs as u64);
        if need > self.most_memory {
            return Err(BackgroundError::Memory { what: "it", need, limit: self.most_memory });
        }
        let (input, needed) = (&preset.network.input, measurement.samples_needed());
        let samples = Samples::load(&preset.data, input, preset.seed, needed, preset.repetitions);
        let samples = samples.map_err(BackgroundError::work)?;
        let available = samples.batch(0).and_then(|batch| Ok(batch.dim(0)?)).map_err(BackgroundError::work)?;
        if let [first, ..] = measurement.short_of_samples(available)[..] {
            self.tell(SizeNews::Note(format!("sizes from {first} on lack samples: the data have {available}")));
        }
        let cancelled = || self.stop.load(Ordering::Relaxed);
        let curve = width::measure(&measurement, &samples, &Vec::new(), self.jobs, &cancelled, &mut |progress| {
            let width::Advance { done, total, point, .. } = progress;
            self.tell(SizeNews::Progress { done, total, point: point.cloned() });
        });
        let curve = curve.map_err(BackgroundError::work)?;
        Ok((!cancelled()).then_some(curve))
    }

    fn fit(&self, curve: &Curve, target: &Target, threshold: f64) {
        let estimate = width::estimate(curve, threshold, self.space.preset.seed, target.index);
        self.tell(SizeNews::Estimated(Box::new(estimate)));
    }

    fn tell(&self, news: SizeNews) {
        // Without a reader the app is being left, and stops the work too.
        let _ = self.tell.tell(What::News(News::Sized(self.ticket, news)));
    }
}
