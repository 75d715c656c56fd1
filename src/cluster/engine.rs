//! What runs chunks: a batch system.

use std::collections::HashMap;

/// Runs chunks as tasks of array jobs.
pub trait Engine: Send {
    /// Submits one array job with these chunks, ascending, and gives its number.
    ///
    /// # Errors
    /// What the batch system says.
    fn submit(&mut self, chunks: &[u32]) -> Result<u64, String>;

    /// The chunks of these jobs that wait or run.
    ///
    /// # Errors
    /// If the batch system does not answer.
    fn queue(&mut self, jobs: &[u64]) -> Result<Queue, String>;

    /// How the chunks of a job ended, as far as the batch system remembers.
    fn ended(&mut self, job: u64) -> HashMap<u32, Ending>;

    /// Ends jobs, waiting or running.
    ///
    /// # Errors
    /// If the batch system does not answer.
    fn cancel(&mut self, jobs: &[u64]) -> Result<(), String>;

    /// Where the log of a chunk is, for people.
    fn log(&self, job: u64, chunk: u32) -> Option<std::path::PathBuf>;
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
