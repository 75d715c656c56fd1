//! Records results behind a run, on a thread of its own.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::rows::RowIds;
use super::{Entry, Remedy, Store, StoreError, Work};
use neartop_io::preset::printable;

/// How long results are gathered for one transaction.
const GATHER: Duration = Duration::from_millis(50);
/// How long to wait before another try, after the time that each try waits for a lock.
const SOON: Duration = Duration::from_millis(200);
const LATER: Duration = Duration::from_secs(5);
/// How long the end of a run may wait for a lock.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// Results that wait for a study at the most; those that come then are in memory only.
const MOST_WAITING: usize = 1 << 17;

/// A work, and what its samples are known by.
pub struct Recordable {
    pub work: Work,
    /// The fingerprint of a repetition's samples; none where they are drawn.
    pub fingerprint: Box<dyn Fn(usize) -> Option<String> + Send>,
}

/// Takes results in and writes them behind the run. Dropping it writes what is left.
pub struct Recorder {
    entries: Option<Sender<Entry>>,
    troubles: Receiver<String>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Starts recording works.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(store: Store, works: Vec<Recordable>) -> Result<Self, StoreError> {
        let path = store.path().to_owned();
        Self::spawn(Some(store), path, works)
    }

    /// Starts recording works in a study that cannot be opened yet, of which the user knows.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start_later(path: PathBuf, works: Vec<Recordable>) -> Result<Self, StoreError> {
        Self::spawn(None, path, works)
    }

    fn spawn(store: Option<Store>, path: PathBuf, works: Vec<Recordable>) -> Result<Self, StoreError> {
        let (entries, incoming) = mpsc::channel();
        let (says, troubles) = mpsc::channel();
        let writer = Writer {
            has_said_so: store.is_none(),
            store,
            path,
            known: works.iter().map(|_| RowIds::default()).collect(),
            works,
            says,
            waiting: Vec::new(),
            left_out: 0,
            written: 0,
            state: State::Well,
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

    /// Writes what is left and says what went wrong, as far as that was not said yet.
    #[must_use]
    pub fn finish(mut self) -> Vec<String> {
        let end = self.close();
        let defect = "the study is not complete: recording ended by a defect of the program";
        self.troubles.try_iter().chain(end.is_err().then(|| defect.to_owned())).collect()
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
    /// None while it cannot be opened.
    store: Option<Store>,
    path: PathBuf,
    works: Vec<Recordable>,
    /// By work.
    known: Vec<RowIds>,
    says: Sender<String>,
    waiting: Vec<Entry>,
    /// Results that are not in the study and do not wait for it.
    left_out: usize,
    /// Results that are in the study.
    written: usize,
    state: State,
    /// Whether it was said that results wait.
    has_said_so: bool,
}

impl Writer {
    fn run(mut self, incoming: &Receiver<Entry>) {
        loop {
            let is_over = self.gather(incoming);
            if self.waiting.is_empty() && self.left_out == 0 && is_over {
                return;
            }
            if is_over {
                return self.end();
            }
            match self.state {
                State::Well => self.write(),
                State::Retry(at) if Instant::now() >= at => self.write(),
                State::Retry(_) => {}
                State::GivenUp => self.leave_out(),
            }
        }
    }

    /// Takes results in for a while, and says whether there will be no more.
    fn gather(&mut self, incoming: &Receiver<Entry>) -> bool {
        let mut wait = SOON;
        let mut end = None;
        loop {
            let is_full = self.waiting.len() >= MOST_WAITING;
            if is_full && self.state == State::Well {
                // The rest stays in the channel while these are written.
                return false;
            }
            match incoming.recv_timeout(wait) {
                Ok(_) if is_full => self.left_out += 1,
                Ok(entry) => self.waiting.push(entry),
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
        let missing = self.waiting.len() + self.left_out;
        if missing > 0 {
            // Nobody listens any more where the run was broken off.
            let _ = self.says.send(format!("{missing} results are not in the study"));
        }
    }

    fn leave_out(&mut self) {
        self.left_out += self.waiting.len();
        self.waiting.clear();
    }

    fn write(&mut self) {
        let mut written = self.try_write();
        if matches!(&written, Err(error) if error.remedy() == Remedy::LookAgain) {
            written = self.try_write();
        }
        match written {
            Ok(()) => {
                tracing::debug!(results = self.waiting.len(), "recorded in the study");
                self.written += self.waiting.len();
                self.waiting.clear();
                self.state = State::Well;
            }
            Err(error) => self.fail(&error),
        }
    }

    fn try_write(&mut self) -> Result<(), StoreError> {
        let store = match &mut self.store {
            Some(store) => store,
            none => none.insert(Store::open(&self.path)?),
        };
        for (place, (recordable, known)) in self.works.iter().zip(&mut self.known).enumerate() {
            let mut entries = self.waiting.iter().filter(|entry| entry.work == place).peekable();
            if entries.peek().is_some() {
                store.write(&recordable.work, &*recordable.fingerprint, entries, known)?;
            }
        }
        Ok(())
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
            self.leave_out();
            // They are where nobody looks for them.
            let is_elsewhere = matches!(error, StoreError::Moved);
            self.left_out += if is_elsewhere { std::mem::take(&mut self.written) } else { 0 };
        }
        tracing::warn!(%error, "the study cannot be written");
        if is_new {
            let path = printable(&self.path.display().to_string());
            // Nobody listens any more when the run is over.
            let _ = self.says.send(format!("the study {path} cannot be written ({error}); {what}"));
        }
    }
}
