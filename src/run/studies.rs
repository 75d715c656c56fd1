//! Finds and deletes what was recorded of runs.

use std::path::Path;

use super::failure::Failure;
use super::recording;
use crate::cli::StudyOptions;
use neartop_io::preset::printable;
use neartop_study::store::{Store, StoreError, Summary};

/// The study of this number, or the one whose key begins so.
///
/// # Errors
/// If there is none, or more than one.
pub fn choose<'a>(studies: &'a [Summary], id: &str) -> Result<&'a Summary, Failure> {
    if let Some(study) = studies.iter().find(|study| study.id.to_string() == id) {
        return Ok(study);
    }
    let mut begun = studies.iter().filter(|study| id.len() >= 4 && study.key.starts_with(id));
    match (begun.next(), begun.next()) {
        (Some(study), None) => Ok(study),
        (Some(_), Some(_)) => Err(Failure::usage(format!("several studies have a key that begins with {id}"))),
        (None, _) => Err(Failure::Usage {
            message: format!("there is no study {}", printable(id)),
            help: Some("`neartop studies list` tells their numbers and keys".to_owned()),
        }),
    }
}

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
