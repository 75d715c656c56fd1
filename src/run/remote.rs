//! A run that other machines work on.

use super::failure::Failure;
use super::prepare::Prepared;
use super::recording::Recording;
use crate::cluster::follow::Followed;
use neartop_study::scheduler::Run;
use neartop_study::study::Study;

/// A run that other machines work on.
pub trait Remote {
    /// Where it is, for people.
    fn place(&self) -> String;

    /// Starts to follow the run. What `study` and `recording` know already is not asked for.
    ///
    /// # Errors
    /// If its directory or the machines cannot be used.
    fn follow(&self, prepared: &Prepared, study: &Study, recording: &Recording) -> Result<(Run, Followed), Failure>;
}
