//! What commands and the app share of a run: preparing it, its record on disk, what breaks it off, what it writes.

pub mod evidence;
pub mod export;
mod failure;
pub mod files;
pub mod finalists;
mod interrupts;
pub mod last_words;
pub mod log;
pub mod output;
mod prepare;
pub mod presence;
pub mod recording;
mod remote;
pub mod streams;
pub mod studies;
mod study_path;
pub mod target;
pub mod training;

pub use failure::Failure;
pub use interrupts::Interrupts;
pub use prepare::{LESS_MEMORY, Prepared, cores, data_failure, loaded, prepare, prepare_loaded, tell_assumptions};
pub use remote::Remote;
