//! Submits chunks, takes their results in as they land, and submits again what failed.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::chunks::{read_chunks, write_chunks};
use super::directory::{Directory, Event, Journal};
use super::engine::{Ending, Engine, EngineError, Queue};
use super::error::ClusterError;
use super::ledger::Ledger;
use super::part::{Header, PartError, check_samples};
use super::reading::{Read, Reading};
use super::states::{Loss, State, States};
use super::units::{Shard, Units};
use neartop_io::preset::printable;
use neartop_study::scheduler::Progress;
use neartop_study::store::{Entry, Work};

/// How long a chunk must be out of the queue before it counts as ended: what it wrote last may take a while to be seen
/// on a shared file system, and a task that is put back into the queue leaves it for a moment.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between two looks at the queue at the least.
    pub queue: Duration,
    /// After any end,
    pub ended: Duration,
    /// ... and after one without an error, whose results must come.
    pub completed: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { queue: Duration::from_secs(2), ended: Duration::from_secs(5), completed: Duration::from_secs(60) }
    }
}

/// How long parts are read at a time, so that the queue is looked at in between.
const READING: Duration = Duration::from_millis(500);
/// Looking at the queue takes at the most one in so many seconds of the batch system's time.
const QUEUE_SHARE: u32 = 20;
const SELDOM: Duration = Duration::from_secs(60);

/// What a chunk is known by.
#[derive(Debug, Clone)]
struct Chunk {
    state: State,
    /// Units without a result.
    missing: u32,
    /// How far its part was read.
    offset: u64,
    /// Submissions in this round, and the latest job.
    tries: u32,
    job: Option<u64>,
    /// Since when it is in no queue.
    absent: Option<Instant>,
    why: Option<String>,
}

/// A run on a cluster, as it is seen from here.
pub struct Coordinator<E: Engine> {
    engine: E,
    directory: Directory,
    journal: Journal,
    reading: Reading,
    header: Header,
    units: Units,
    /// Place of each candidate within a repetition.
    places: Vec<u32>,
    ledger: Ledger,
    chunks: Vec<Chunk>,
    round: u32,
    jobs: Vec<u64>,
    /// How often a chunk may be submitted.
    tries: u32,
    /// Fingerprint of the samples of a repetition, for those asked for.
    samples: HashMap<usize, Option<String>>,
    fingerprint: Box<dyn Fn(usize) -> Option<String> + Send>,
    patience: Patience,
    looked: Option<(Instant, Duration)>,
    queue: Queue,
    /// Chunks whose parts are still to read in this turn.
    unread: VecDeque<usize>,
    /// Until all parts were read once.
    is_catching_up: bool,
    retried: usize,
    trouble: Option<EngineError>,
}

/// Whether there is more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// There is more to read at once.
    More,
    /// All is read that there is for now.
    Idle,
    /// All chunks are done, or given up, or cancelled.
    Over,
}

impl<E: Engine> Coordinator<E> {
    /// Begins with what is in the directory. `known` has what needs no scoring, and is not reported.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn new(
        engine: E,
        directory: Directory,
        work: Arc<Work>,
        units: Units,
        known: Ledger,
        tries: u32,
        fingerprint: Box<dyn Fn(usize) -> Option<String> + Send>,
    ) -> Result<Self, ClusterError> {
        let run = directory.run().map_err(ClusterError::Directory)?.ok_or(ClusterError::NoRun)?;
        let chunk = |number| {
            let missing = known.missing(&units, units.range(Shard { number, of: run.chunks })) as u32;
            let state = if missing == 0 { State::Done } else { State::Waiting };
            Chunk { state, missing, offset: 0, tries: 0, job: None, absent: None, why: None }
        };
        let chunks = (1..=run.chunks).map(chunk).collect();
        let mut coordinator = Self {
            engine,
            journal: Journal::of(&directory),
            reading: Reading::new(directory.clone(), Arc::clone(&work)),
            directory,
            header: Header::new(&work, None),
            places: units.places(),
            units,
            ledger: known,
            chunks,
            round: 1,
            jobs: Vec::new(),
            tries,
            samples: HashMap::new(),
            fingerprint,
            patience: Patience::default(),
            looked: None,
            queue: Queue::default(),
            unread: VecDeque::new(),
            is_catching_up: true,
            retried: 0,
            trouble: None,
        };
        coordinator.read_journal()?;
        Ok(coordinator)
    }

    /// Waits longer or shorter than usual.
    pub fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// Looks at the queue when it is time to, reads what landed for a while, and submits what is to be submitted.
    ///
    /// # Errors
    /// If chunks cannot be submitted, or parts are of other work.
    pub fn step(&mut self, report: &mut dyn FnMut(Progress)) -> Result<Turn, ClusterError> {
        let is_first = self.looked.is_none();
        self.look()?;
        if is_first {
            self.join()?;
        }
        let more = self.read(report)?;
        if self.is_catching_up {
            // What is there already is not submitted.
            return Ok(Turn::More);
        }
        self.judge(report)?;
        self.submit()?;
        if self.chunks.iter().any(|c| !matches!(c.state, State::Done | State::Failed | State::Cancelled)) {
            return Ok(if more { Turn::More } else { Turn::Idle });
        }
        // What those that were ended wrote last.
        for at in 0..self.chunks.len() {
            if self.chunks[at].state != State::Done {
                self.read_whole(at, report)?;
            }
        }
        Ok(Turn::Over)
    }

    /// Ends all jobs.
    ///
    /// # Errors
    /// If the batch system does not answer, or the directory cannot be written.
    pub fn cancel(&mut self) -> Result<(), ClusterError> {
        let jobs = self.engine.queue(&self.jobs).map(|queue| queue.jobs).unwrap_or_else(|_| self.jobs.clone());
        // First, so that nobody who follows the run submits again what ends now.
        self.directory.tell(&Event::Cancelled { jobs: jobs.clone() }).map_err(ClusterError::Directory)?;
        self.engine.cancel(&jobs)?;
        self.read_journal()
    }

    /// Jobs of this run that wait or run.
    ///
    /// # Errors
    /// If the batch system does not answer.
    pub fn live_jobs(&mut self) -> Result<Vec<u64>, ClusterError> {
        Ok(self.engine.queue(&self.jobs)?.jobs)
    }

    #[must_use]
    pub fn states(&self) -> States {
        let mut states = States { retried: self.retried, jobs: self.queue.jobs.clone(), ..States::default() };
        for chunk in &self.chunks {
            match chunk.state {
                State::Waiting => states.waiting += 1,
                State::Pending => states.pending += 1,
                State::Running => states.running += 1,
                State::Done => states.done += 1,
                State::Failed => states.failed += 1,
                State::Cancelled => states.cancelled += 1,
            }
        }
        let reason = self.queue.reason.as_ref().filter(|_| states.pending > 0);
        states.remark = self
            .trouble
            .as_ref()
            .map(ToString::to_string)
            .or_else(|| reason.map(|reason| format!("pending: {reason}")));
        states
    }

    /// Chunks that were given up.
    #[must_use]
    pub fn losses(&self) -> Vec<Loss> {
        let losses = (1..).zip(&self.chunks).filter(|(_, chunk)| chunk.state == State::Failed);
        let loss = |(number, chunk): (u32, &Chunk)| Loss {
            chunk: number,
            tries: chunk.tries,
            why: chunk.why.clone().unwrap_or_else(|| "it left the queue".to_owned()),
            missing: chunk.missing,
            log: chunk.job.and_then(|job| self.engine.log(job, number)),
        };
        losses.map(loss).collect()
    }

    /// Units without a result.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.missing as usize).sum()
    }

    /// Takes in what was submitted or cancelled, from here or elsewhere.
    fn read_journal(&mut self) -> Result<(), ClusterError> {
        for event in self.journal.news().map_err(ClusterError::Journal)? {
            match event {
                Event::Submitted { job, chunks, round } => {
                    if round > self.round {
                        self.round = round;
                        self.chunks.iter_mut().for_each(|chunk| chunk.tries = 0);
                    }
                    self.jobs.push(job);
                    for number in read_chunks(&chunks, self.chunks.len() as u32).unwrap_or_default() {
                        let Some(chunk) = self.chunks.get_mut((number as usize).wrapping_sub(1)) else { continue };
                        chunk.tries += 1;
                        (chunk.job, chunk.absent) = (Some(job), None);
                        if chunk.missing > 0 {
                            chunk.state = State::Pending;
                        }
                    }
                }
                Event::Cancelled { .. } => {
                    for chunk in self.chunks.iter_mut().filter(|chunk| chunk.missing > 0) {
                        chunk.state = State::Cancelled;
                    }
                }
            }
        }
        Ok(())
    }

    /// Asks for the queue, if it is time to.
    fn look(&mut self) -> Result<(), ClusterError> {
        if let Some((at, took)) = self.looked {
            let wait = self.patience.queue.max((took * QUEUE_SHARE).min(SELDOM));
            if at.elapsed() < wait {
                return Ok(());
            }
        }
        self.read_journal()?;
        let start = Instant::now();
        match self.engine.queue(&self.jobs) {
            Ok(queue) => {
                self.queue = queue;
                self.trouble = None;
            }
            // A controller that restarts is no end of the run.
            Err(error) => {
                self.trouble = Some(error);
                self.looked = Some((Instant::now(), start.elapsed()));
                return Ok(());
            }
        }
        self.looked = Some((Instant::now(), start.elapsed()));
        let mut live = vec![None; self.chunks.len()];
        for (chunks, state) in [(&self.queue.pending, State::Pending), (&self.queue.running, State::Running)] {
            for number in chunks {
                if let Some(place) = live.get_mut((*number as usize).wrapping_sub(1)) {
                    *place = Some(state);
                }
            }
        }
        for (chunk, live) in self.chunks.iter_mut().zip(live) {
            match live {
                Some(_) if matches!(chunk.state, State::Done | State::Cancelled) => {}
                Some(state) => (chunk.state, chunk.absent) = (state, None),
                None if matches!(chunk.state, State::Pending | State::Running) => {
                    chunk.absent.get_or_insert(start);
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Once the first look said what lives: chunks of which nothing does begin a new round, unless others of this round
    /// still run.
    fn join(&mut self) -> Result<(), ClusterError> {
        if let Some(trouble) = self.trouble.take() {
            // Whether something lives must be known before anything is submitted.
            return Err(trouble.into());
        }
        let lives = |chunk: &Chunk| matches!(chunk.state, State::Pending | State::Running) && chunk.absent.is_none();
        if !self.jobs.is_empty() && !self.chunks.iter().any(lives) {
            self.round += 1;
            for chunk in self.chunks.iter_mut().filter(|chunk| chunk.state != State::Done) {
                (chunk.state, chunk.tries, chunk.absent) = (State::Waiting, 0, None);
            }
        }
        Ok(())
    }

    /// Reads what landed, those parts first whose chunk has ended. True where time ran out before all was read.
    fn read(&mut self, report: &mut dyn FnMut(Progress)) -> Result<bool, ClusterError> {
        let start = Instant::now();
        if self.unread.is_empty() {
            let (catching_up, chunks) = (self.is_catching_up, &self.chunks);
            let open = || chunks.iter().enumerate().filter(|(_, chunk)| chunk.state != State::Done);
            let ended = open().filter(|(_, chunk)| catching_up || chunk.absent.is_some());
            let running =
                open().filter(|(_, chunk)| !catching_up && chunk.absent.is_none() && chunk.state == State::Running);
            self.unread = ended.chain(running).map(|(at, _)| at).collect();
        }
        while !self.unread.is_empty() {
            let batch = self.unread.drain(..self.unread.len().min(self.reading.together()));
            let batch: Vec<_> = batch.map(|at| (at, self.chunks[at].offset)).collect();
            for (at, read) in self.reading.read_all(&batch) {
                if self.take_read(at, read, report)? {
                    self.unread.push_back(at);
                }
            }
            if start.elapsed() > READING {
                break;
            }
        }
        self.is_catching_up &= !self.unread.is_empty();
        Ok(!self.unread.is_empty())
    }

    /// Takes in what was read of a part. True where there is more.
    fn take_read(
        &mut self,
        at: usize,
        read: Result<Read, PartError>,
        report: &mut dyn FnMut(Progress),
    ) -> Result<bool, ClusterError> {
        let path = self.directory.part(at as u32 + 1);
        let refuse = |cause| ClusterError::Part { part: printable(&path.display().to_string()), cause };
        let read = match read {
            Ok(read) => read,
            // It is not there yet, or its machine cannot be reached for now.
            Err(PartError::Io(_)) => return Ok(false),
            Err(error) => return Err(refuse(error)),
        };
        if let Some(header) = &read.header {
            header.check(&self.header).map_err(|why| refuse(PartError::OtherWork(why)))?;
        }
        for found in read.found {
            let repetition = found.entry.repetition;
            if repetition >= self.units.repetitions() {
                continue;
            }
            let fingerprint = self.samples.entry(repetition).or_insert_with(|| (self.fingerprint)(repetition));
            check_samples(&found, fingerprint.as_deref()).map_err(refuse)?;
            self.take(found.entry, report);
        }
        self.chunks[at].offset = read.offset;
        Ok(read.more)
    }

    /// Reads all that a part has.
    fn read_whole(&mut self, at: usize, report: &mut dyn FnMut(Progress)) -> Result<(), ClusterError> {
        loop {
            let read = self.reading.read(at, self.chunks[at].offset);
            if !self.take_read(at, read, report)? {
                return Ok(());
            }
        }
    }

    /// Takes a result in and settles what it settles.
    fn take(&mut self, entry: Entry, report: &mut dyn FnMut(Progress)) {
        let Entry { candidate, repetition, result, .. } = entry;
        let is_failure = result.is_err();
        let place = self.places[candidate] as usize;
        let last = if is_failure { self.units.repetitions() } else { repetition + 1 };
        let before: Vec<bool> = (repetition..last).map(|r| self.ledger.is_settled(candidate, r)).collect();
        if !self.ledger.take(candidate, repetition, is_failure) {
            return;
        }
        for (repetition, _) in (repetition..last).zip(before).filter(|(_, was_settled)| !was_settled) {
            let at = repetition * self.units.candidates() + place;
            let number = self.units.shard_of(at, self.chunks.len() as u32);
            let chunk = &mut self.chunks[number as usize - 1];
            chunk.missing -= 1;
            if chunk.missing == 0 {
                chunk.state = State::Done;
            }
        }
        report(Progress { candidate, repetition, result });
    }

    /// Finds out what became of chunks that left the queue unfinished.
    fn judge(&mut self, report: &mut dyn FnMut(Progress)) -> Result<(), ClusterError> {
        let overdue = |chunk: &Chunk| {
            chunk.state != State::Done && chunk.absent.is_some_and(|since| since.elapsed() >= self.patience.ended)
        };
        let over: Vec<usize> = (0..self.chunks.len()).filter(|at| overdue(&self.chunks[*at])).collect();
        let mut endings: HashMap<u64, HashMap<u32, Ending>> = HashMap::new();
        for at in over {
            let number = at as u32 + 1;
            self.read_whole(at, report)?;
            if self.chunks[at].state == State::Done {
                continue;
            }
            let ending = self.chunks[at]
                .job
                .and_then(|job| endings.entry(job).or_insert_with(|| self.engine.ended(job)).get(&number).cloned());
            let chunk = &mut self.chunks[at];
            let since = chunk.absent.map_or(Duration::ZERO, |since| since.elapsed());
            if ending == Some(Ending::Completed) && since < self.patience.completed {
                continue;
            }
            chunk.absent = None;
            chunk.why = Some(match &ending {
                None => "it left the queue unfinished".to_owned(),
                Some(Ending::Failed(why)) => why.clone(),
                Some(Ending::Cancelled) => "it was cancelled".to_owned(),
                Some(Ending::Completed) => {
                    "it ended well, but its results did not come: do all machines share this directory?".to_owned()
                }
            });
            chunk.state = match ending {
                Some(Ending::Cancelled) => State::Cancelled,
                _ if chunk.tries >= self.tries => State::Failed,
                _ => State::Waiting,
            };
            // What seemed damaged may have been half written when it was read.
            chunk.offset = 0;
        }
        Ok(())
    }

    /// Submits what waits.
    fn submit(&mut self) -> Result<(), ClusterError> {
        let waiting = |chunks: &[Chunk]| -> Vec<u32> {
            (1..).zip(chunks).filter(|(_, chunk)| chunk.state == State::Waiting).map(|(number, _)| number).collect()
        };
        if waiting(&self.chunks).is_empty() {
            return Ok(());
        }
        // Somebody else who follows this run may have submitted them already.
        self.read_journal()?;
        let chunks = waiting(&self.chunks);
        if chunks.is_empty() {
            return Ok(());
        }
        let job = self.engine.submit(&chunks)?;
        let event = Event::Submitted { job, chunks: write_chunks(&chunks), round: self.round };
        self.retried += chunks.iter().filter(|n| self.chunks[**n as usize - 1].tries > 0).count();
        self.directory.tell(&event).map_err(|cause| ClusterError::NotTold { job, cause })?;
        self.read_journal()
    }
}
