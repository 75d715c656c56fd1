//! How the chunks of a run stand.

use std::path::PathBuf;

/// The state of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not submitted, or about to be.
    Waiting,
    Pending,
    Running,
    Done,
    /// It failed as often as it may.
    Failed,
    /// Somebody ended it.
    Cancelled,
}

/// How many chunks are in which state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct States {
    pub waiting: usize,
    pub pending: usize,
    pub running: usize,
    pub done: usize,
    pub failed: usize,
    pub cancelled: usize,
    /// Chunks that were submitted again, each time counted.
    pub retried: usize,
    /// Why chunks wait, or what goes wrong, in words.
    pub remark: Option<String>,
    /// Jobs that are in the queue.
    pub jobs: Vec<u64>,
}

/// The end of a chunk that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    pub chunk: u32,
    pub tries: u32,
    pub why: String,
    pub missing: u32,
    pub log: Option<PathBuf>,
}
