//! Records results behind a run, on a thread of its own.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::rows::Known;
use super::{Remedy, Store, StoreError, Work};
use crate::preset::printable;
use crate::scheduler::{self, NearScorer};
use crate::score::Score;

/// How long results are gathered for one transaction.
const GATHER: Duration = Duration::from_millis(50);
/// How long to wait before another try, after the time that each try waits for a lock.
const SOON: Duration = Duration::from_millis(200);
const LATER: Duration = Duration::from_secs(5);
/// How long the end of a run may wait for a lock.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// Results that wait for a study at the most; those that come then are in memory only.
const MOST_WAITING: usize = 1 << 17;

/// One finished repetition of one candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub candidate: usize,
    pub repetition: usize,
    /// A score, or why there is none.
    pub result: Result<Score, String>,
}

impl Entry {
    /// NEAR, where there is a score.
    #[must_use]
    pub fn near(&self) -> Option<f64> {
        self.result.as_ref().ok().map(|score| score.near)
    }

    /// Whether the same again would give the same, see [`scheduler::is_lasting`].
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        scheduler::is_lasting(&self.result)
    }
}

/// Takes results in and writes them behind the run. Dropping it writes what is left.
pub struct Recorder {
    entries: Option<Sender<Entry>>,
    troubles: Receiver<String>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Starts recording a work.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(store: Store, work: Work, scorer: Arc<NearScorer>) -> Result<Self, StoreError> {
        let (entries, incoming) = mpsc::channel();
        let (says, troubles) = mpsc::channel();
        let writer = Writer {
            store,
            work,
            scorer,
            says,
            known: Known::default(),
            waiting: Vec::new(),
            state: State::Well,
            has_said_so: false,
        };
        let thread = std::thread::Builder::new().name("study".to_owned()).spawn(move || writer.run(&incoming));
        let thread = thread.map_err(|e| StoreError::Unusable(e.to_string()))?;
        Ok(Self { entries: Some(entries), troubles, thread: Some(thread) })
    }

    /// Hands a result over. Never waits.
    pub fn record(&self, entry: Entry) {
        if let Some(entries) = &self.entries {
            // The thread ends before the recorder only by a defect of its own, and the run does not need it.
            let _ = entries.send(entry);
        }
    }

    /// What went wrong, said once.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.troubles.try_recv().ok()
    }

    /// Writes what is left and says what went wrong, if that was not said yet.
    pub fn finish(mut self) -> Option<String> {
        match self.close() {
            Ok(()) => self.trouble(),
            Err(_) => Some("the study is not complete: recording ended by a defect of the program".to_owned()),
        }
    }

    fn close(&mut self) -> std::thread::Result<()> {
        self.entries = None;
        self.thread.take().map_or(Ok(()), JoinHandle::join)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Whoever wants to know how it ended finishes it.
        let _ = self.close();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Well,
    /// Trying again at this time.
    Retry(Instant),
    /// The study is left alone.
    GivenUp,
}

struct Writer {
    store: Store,
    work: Work,
    scorer: Arc<NearScorer>,
    says: Sender<String>,
    known: Known,
    waiting: Vec<Entry>,
    state: State,
    /// Whether it was said that results wait.
    has_said_so: bool,
}

impl Writer {
    fn run(mut self, incoming: &Receiver<Entry>) {
        loop {
            let is_over = self.gather(incoming);
            if self.waiting.is_empty() && is_over {
                return;
            }
            if is_over {
                return self.end();
            }
            match self.state {
                State::Well => self.write(),
                State::Retry(at) if Instant::now() >= at => self.write(),
                State::Retry(_) => {}
                State::GivenUp => self.waiting.clear(),
            }
        }
    }

    /// Takes results in for a while, and says whether there will be no more.
    fn gather(&mut self, incoming: &Receiver<Entry>) -> bool {
        let mut wait = SOON;
        let mut end = None;
        loop {
            match incoming.recv_timeout(wait) {
                Ok(entry) if self.waiting.len() < MOST_WAITING => self.waiting.push(entry),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => return true,
            }
            let end = *end.get_or_insert_with(|| Instant::now() + GATHER);
            wait = end.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                return false;
            }
        }
    }

    fn end(&mut self) {
        let last = Instant::now() + LAST_WAIT;
        while self.state != State::GivenUp && !self.waiting.is_empty() {
            self.write();
            match self.state {
                State::Retry(_) if Instant::now() < last => std::thread::sleep(SOON),
                _ => break,
            }
        }
        if !self.waiting.is_empty() {
            tracing::warn!(results = self.waiting.len(), "not recorded in the study");
        }
    }

    fn write(&mut self) {
        let mut written = self.try_write();
        if matches!(&written, Err(error) if error.remedy() == Remedy::LookAgain) {
            written = self.try_write();
        }
        match written {
            Ok(()) => {
                tracing::debug!(results = self.waiting.len(), "recorded in the study");
                self.waiting.clear();
                self.state = State::Well;
            }
            Err(error) => self.fail(&error),
        }
    }

    fn try_write(&mut self) -> Result<(), StoreError> {
        let scorer = &self.scorer;
        // A repetition that was scored had its samples.
        let fingerprints = |repetition| scorer.samples().fingerprint(repetition as u64).ok().flatten();
        self.store.write(&self.work, &fingerprints, &self.waiting, &mut self.known)
    }

    fn fail(&mut self, error: &StoreError) {
        let (state, what) = match error.remedy() {
            Remedy::Wait => (State::Retry(Instant::now() + SOON), "results wait in memory until it is free"),
            Remedy::WaitLonger => (State::Retry(Instant::now() + LATER), "results wait in memory until it can be"),
            Remedy::LookAgain | Remedy::None => (State::GivenUp, "the run goes on in memory"),
        };
        self.state = state;
        let is_new = state == State::GivenUp || !std::mem::replace(&mut self.has_said_so, true);
        if state == State::GivenUp {
            self.waiting.clear();
        }
        tracing::warn!(%error, "the study cannot be written");
        if is_new {
            let path = printable(&self.store.path().display().to_string());
            // Nobody listens any more when the run is over.
            let _ = self.says.send(format!("the study {path} cannot be written ({error}); {what}"));
        }
    }
}
