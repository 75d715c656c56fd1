//! Why a run on a cluster cannot go on.

use std::io;

use super::engine::EngineError;
use super::part::PartError;

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error("the directory has no run.json")]
    NoRun,
    #[error(transparent)]
    Directory(io::Error),
    #[error("jobs.jsonl cannot be read: {0}")]
    Journal(io::Error),
    /// A job was submitted, and the others who follow the run do not know of it.
    #[error("job {job} runs, but jobs.jsonl cannot be written: {cause}")]
    NotTold { job: u64, cause: io::Error },
    #[error("{part} cannot be used: {cause}")]
    Part { part: String, cause: PartError },
    #[error(transparent)]
    Engine(#[from] EngineError),
}
