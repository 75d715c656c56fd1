//! What runs chunks: a batch system.

use std::collections::HashMap;
use std::io;
use std::process::ExitStatus;

/// Runs chunks as tasks of array jobs.
pub trait Engine: Send {
    /// Submits one array job with these chunks, ascending, and gives its number.
    ///
    /// # Errors
    /// What the batch system says.
    fn submit(&mut self, chunks: &[u32]) -> Result<u64, EngineError>;

    /// The chunks of these jobs that wait or run.
    ///
    /// # Errors
    /// If the batch system does not answer.
    fn queue(&mut self, jobs: &[u64]) -> Result<Queue, EngineError>;

    /// How the chunks of a job ended, as far as the batch system remembers.
    fn ended(&mut self, job: u64) -> HashMap<u32, Ending>;

    /// Ends jobs, waiting or running.
    ///
    /// # Errors
    /// If the batch system does not answer.
    fn cancel(&mut self, jobs: &[u64]) -> Result<(), EngineError>;

    /// Where the log of a chunk is, for people.
    fn log(&self, job: u64, chunk: u32) -> Option<std::path::PathBuf>;
}

/// Why a batch system does not do what it is told.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("there is no `{program}` here: is this a machine that submits to {system}?")]
    Missing { program: String, system: &'static str },
    // The field is not called `source`, so that reports do not tell the cause once more.
    #[error("{program} cannot be run: {cause}")]
    Unusable { program: String, cause: io::Error },
    #[error("{program} failed with {status}")]
    Silent { program: String, status: ExitStatus },
    /// It knows none of the jobs any more. In its words, as all that follow.
    #[error("{0}")]
    Forgotten(String),
    #[error("{0}")]
    Refused(String),
    #[error("{program} gave no job number but {answer:?}")]
    NoNumber { program: &'static str, answer: String },
}

/// Chunks that wait or run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queue {
    pub pending: Vec<u32>,
    pub running: Vec<u32>,
    /// Jobs with a chunk that waits or runs.
    pub jobs: Vec<u64>,
    /// Why chunks wait, in the words of the batch system.
    pub reason: Option<String>,
}

/// How a chunk ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With exit status 0.
    Completed,
    /// Somebody ended it.
    Cancelled,
    /// In the words of the batch system, such as `TIMEOUT`.
    Failed(String),
}
