//! Writes many results at once, and waits for that.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::rows::RowIds;
use super::{Entry, Remedy, Store, StoreError, Work};
use crate::scheduler::NearScorer;

/// Results of one transaction.
const TOGETHER: usize = 4096;
/// How long to wait for another program that holds the file, or for room.
const PATIENCE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(200);

/// An open study that takes results of one work in.
pub struct Bulk {
    store: Store,
    work: Work,
    scorer: Arc<NearScorer>,
    known: RowIds,
}

impl Bulk {
    #[must_use]
    pub fn new(store: Store, work: Work, scorer: Arc<NearScorer>) -> Self {
        Self { store, work, scorer, known: RowIds::default() }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        self.store.path()
    }

    /// Writes entries, some thousands in a transaction.
    ///
    /// # Errors
    /// If the file cannot be written, also after a while.
    pub fn write(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let end = Instant::now() + PATIENCE;
        let mut looked_again = false;
        let mut parts = entries.chunks(TOGETHER).peekable();
        while let Some(part) = parts.peek() {
            let samples = self.scorer.samples();
            let fingerprints = |repetition| samples.fingerprint(repetition as u64).ok().flatten();
            match self.store.write(&self.work, &fingerprints, part.iter(), &mut self.known) {
                Ok(()) => drop(parts.next()),
                Err(error) => match error.remedy() {
                    Remedy::Wait | Remedy::WaitLonger if Instant::now() < end => std::thread::sleep(SOON),
                    Remedy::LookAgain if !looked_again => looked_again = true,
                    _ => return Err(error),
                },
            }
        }
        Ok(())
    }
}
