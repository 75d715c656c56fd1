//! Errors about files.

use std::io;
use std::path::Path;

use super::DataError;
use super::words::shown;

/// An error about a file, safe to print.
pub fn unreadable(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::Read { path: shown(&path.to_string_lossy()), reason: reason.into() }
}

/// An error of reading that says what it means for a data file.
pub fn io_error(path: &Path, error: &io::Error) -> DataError {
    unreadable(
        path,
        match error.kind() {
            io::ErrorKind::UnexpectedEof => "it ends before the data that it announces; is it truncated?".to_owned(),
            io::ErrorKind::InvalidInput => format!("its data are damaged: {error}"),
            _ => shown(&error.to_string()),
        },
    )
}
