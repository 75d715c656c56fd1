//! Where the study on disk is.

use std::path::PathBuf;

use crate::cli::StudyOptions;
use neartop_study::store::{Store, StoreError};

/// Where the study is: where the options say, or in the user's state directory.
///
/// # Errors
/// If the user has no home directory.
pub fn path(options: &StudyOptions) -> Result<PathBuf, StoreError> {
    options.study.clone().map_or_else(Store::default_path, Ok)
}
