//! Works out spectra in the background, for the view of a candidate.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::channel::{Teller, What};
use crate::tui::news::{BackgroundError, News};
use neartop_study::scheduler::NearScorer;

/// The background work.
pub struct Inspector {
    tell: Teller,
    scorer: Arc<NearScorer>,
}

impl Inspector {
    #[must_use]
    pub fn new(scorer: Arc<NearScorer>, tell: Teller) -> Self {
        Self { tell, scorer }
    }

    /// Works out the spectra of a candidate's first repetition.
    pub fn start(&self, candidate: usize) {
        let scorer = Arc::clone(&self.scorer);
        self.tell.tell_later(move || {
            let spectra = catch_unwind(AssertUnwindSafe(|| scorer.spectra(candidate, 0)));
            let spectra = match spectra {
                Ok(spectra) => spectra.map_err(BackgroundError::work),
                Err(_) => Err(BackgroundError::Panic),
            };
            What::News(News::Inspected(candidate, spectra))
        });
    }
}
