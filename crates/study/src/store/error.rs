//! Why a study cannot be read or written.

use neartop_io::preset::printable;
use rusqlite::ErrorCode;

/// Why a study cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("a newer neartop made it: its version is {found}, and this program knows those up to {known}")]
    Newer { found: i64, known: i64 },
    #[error("it is a file of another kind")]
    Foreign,
    #[error("it was deleted or replaced by another file")]
    Moved,
    #[error("another run has recorded the same work on other samples in the meantime")]
    OtherSamples,
    #[error("{0}")]
    Unusable(String),
    /// It quotes what stands in the file.
    #[error("{}", printable(&.0.to_string()))]
    Sqlite(#[from] rusqlite::Error),
}

/// What can be done about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Another program holds the file: trying again soon.
    Wait,
    /// There is no room, or the device fails: trying again later.
    WaitLonger,
    /// What is known of the tables is out of date: looking again.
    LookAgain,
    /// Leaving the file alone.
    None,
}

impl StoreError {
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        let Self::Sqlite(error) = self else { return Remedy::None };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Remedy::Wait,
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => Remedy::WaitLonger,
            Some(ErrorCode::ConstraintViolation) => Remedy::LookAgain,
            _ => Remedy::None,
        }
    }
}
