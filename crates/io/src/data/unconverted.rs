//! Formats that this build does not read, and how to convert them.

use std::path::Path;

use super::DataError;
use super::file::unreadable;

/// What is said of a format that this build leaves out.
pub fn left_out(path: &Path, what: &str, feature: &str, python: &str) -> DataError {
    let reason = format!("it is {what}, which this build does not read (feature `{feature}`); in Python: {python}");
    unreadable(path, reason)
}
