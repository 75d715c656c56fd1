//! How the chunks of a run stand.

use std::fmt::Write as _;
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

impl States {
    /// `3 pending, 4 running, 5 done`
    #[must_use]
    pub fn in_words(&self) -> String {
        let States { waiting, pending, running, done, failed, cancelled, retried, remark, .. } = self;
        let counts = [
            (waiting, "waiting"),
            (pending, "pending"),
            (running, "running"),
            (done, "done"),
            (failed, "failed"),
            (cancelled, "cancelled"),
        ];
        let mut text = counts
            .iter()
            .filter(|(n, _)| **n > 0)
            .map(|(n, name)| format!("{n} {name}"))
            .collect::<Vec<_>>()
            .join(", ");
        if *retried > 0 {
            let _ = write!(text, ", {retried} submitted again");
        }
        if let Some(remark) = remark {
            let _ = write!(text, " ({remark})");
        }
        text
    }
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
