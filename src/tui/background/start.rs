//! What a session starts from.

use std::sync::Arc;

use crate::cli::RunOptions;
use crate::run::recording::Recording;
use crate::run::{Failure, Prepared};
use neartop_study::study::Study;

/// A run that was prepared, and what the study on disk knows of it.
pub struct Start {
    pub prepared: Prepared,
    pub recording: Recording,
    pub study: Study,
}

impl Start {
    /// Reads the study on disk. What `before` knows is known too.
    ///
    /// # Errors
    /// If the study on disk cannot be used, though the user named it.
    pub fn read(prepared: Prepared, options: &RunOptions, before: Option<&Study>) -> Result<Self, Failure> {
        let mut study = Study::new(Arc::clone(&prepared.space));
        study.set_guard(before.map_or(!options.no_guard, Study::has_guard));
        if let Some(before) = before {
            study.adopt(before);
        }
        let recording = Recording::open(&prepared, &options.study, &mut study)?;
        Ok(Self { prepared, recording, study })
    }
}
