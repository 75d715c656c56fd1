//! Looks for repairs of candidates in the background.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::behind::give_way;
use super::channel::{Teller, What};
use crate::run::Prepared;
use crate::tui::news::{BackgroundError, News};
use neartop_study::repair::repair_refused;
use neartop_study::scheduler::NearScorer;
use neartop_study::space::Space;
use neartop_study::study::Sought;

/// The background work, of which there is one at a time. Dropping it ends it.
pub struct Mender {
    tell: Teller,
    space: Arc<Space>,
    scorer: Arc<NearScorer>,
    /// Ends what is under way.
    stop: Arc<AtomicBool>,
}

impl Mender {
    #[must_use]
    pub fn new(prepared: &Prepared, tell: Teller) -> Self {
        let (space, scorer) = (Arc::clone(&prepared.space), Arc::clone(&prepared.scorer));
        Self { tell, space, scorer, stop: Arc::default() }
    }

    /// Ends what is under way, which tells nothing any more.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.stop = Arc::default();
    }

    /// Ends what is under way, and looks for the repair of a candidate that will not train.
    pub fn start(&mut self, candidate: usize) {
        self.stop();
        let (space, scorer) = (Arc::clone(&self.space), Arc::clone(&self.scorer));
        let (tell, stop) = (self.tell.clone(), Arc::clone(&self.stop));
        tokio::task::spawn_blocking(move || {
            give_way();
            let found = catch_unwind(AssertUnwindSafe(|| look(&scorer, &space, candidate, &stop)));
            let found = found.unwrap_or(Err(BackgroundError::Panic));
            if !stop.load(Ordering::Relaxed) {
                // Without a reader the app is being left.
                let _ = tell.tell(What::News(News::Repaired(candidate, found)));
            }
        });
    }
}

impl Drop for Mender {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn look(
    scorer: &NearScorer,
    space: &Space,
    candidate: usize,
    stop: &AtomicBool,
) -> Result<Box<Sought>, BackgroundError> {
    let cancelled = || stop.load(Ordering::Relaxed);
    repair_refused(scorer, space, candidate, &cancelled).map(Box::new).map_err(BackgroundError::work)
}
