//! Works out spectra in the background, for the view of a candidate.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::candidate::Spectra;
use neartop_study::scheduler::NearScorer;

/// The background work.
pub struct Inspector {
    pub news: mpsc::UnboundedReceiver<(usize, Spectra)>,
    sender: mpsc::UnboundedSender<(usize, Spectra)>,
    scorer: Arc<NearScorer>,
}

impl Inspector {
    #[must_use]
    pub fn new(scorer: Arc<NearScorer>) -> Self {
        // One answer to a key: no flood that a bound would have to hold.
        let (sender, news) = mpsc::unbounded_channel();
        Self { news, sender, scorer }
    }

    /// Works out the spectra of a candidate's first repetition.
    pub fn start(&self, candidate: usize) {
        let (scorer, sender) = (Arc::clone(&self.scorer), self.sender.clone());
        tokio::task::spawn_blocking(move || {
            let spectra = catch_unwind(AssertUnwindSafe(|| scorer.spectra(candidate, 0)));
            let spectra = match spectra {
                Ok(spectra) => spectra.map_err(|e| e.to_string()),
                Err(_) => Err("an error of the program".to_owned()),
            };
            // Without a reader the app is being left.
            let _ = sender.send((candidate, spectra));
        });
    }
}
