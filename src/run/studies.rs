//! Deletes what was recorded of runs.

use std::path::Path;

use super::failure::Failure;
use super::recording;
use crate::cli::StudyOptions;
use neartop_io::preset::printable;
use neartop_study::store::{Store, StoreError, Summary};

/// Deletes a study of the file that the options name; says what is gone.
///
/// # Errors
/// If the file cannot be written, or has no such study any more.
pub fn delete_in(options: &StudyOptions, study: &Summary) -> Result<String, Failure> {
    let path = recording::path(options).map_err(|e| recording::refused(None, &e))?;
    let mut store = Store::open_existing(&path).map_err(|error| failure(&path, &error))?;
    delete(&mut store, study)
}

/// Deletes a study; says what is gone.
///
/// # Errors
/// If the file cannot be written, or has no such study any more.
pub fn delete(store: &mut Store, study: &Summary) -> Result<String, Failure> {
    let named = format!("study {}, {}", study.id, study.name);
    match store.delete(study) {
        Ok(true) => Ok(format!("deleted {named}: {}", count(study))),
        Ok(false) => Err(Failure::Run(format!("{named}, is not there any more"))),
        Err(error) => Err(failure(store.path(), &error)),
    }
}

/// The failure of what was to be done with a file of studies.
#[must_use]
pub fn failure(path: &Path, error: &StoreError) -> Failure {
    match error {
        StoreError::Newer { .. } | StoreError::Foreign | StoreError::Unusable(_) => {
            recording::refused(Some(path), error)
        }
        _ => Failure::Run(format!("the study {} failed: {error}", printable(&path.display().to_string()))),
    }
}

/// `416 repetitions of 52 candidates`.
#[must_use]
pub fn count(study: &Summary) -> String {
    format!("{} repetitions of {} candidates", study.repetitions, study.candidates)
}
