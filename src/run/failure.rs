//! Why a command or the app did not do what it was told.

use std::io;
use std::path::Path;

use miette::Diagnostic;

use neartop_io::preset::{PresetError, printable};

/// Why a command did not do what it was told.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Failure {
    /// A bad preset or bad usage.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Preset(#[from] PresetError),
    #[error("{message}")]
    Usage {
        message: String,
        #[help]
        help: Option<String>,
    },
    /// The run failed.
    #[error("{0}")]
    Run(String),
    // The field is not called `source`, so that reports do not tell the cause once more.
    #[error("cannot write {path}: {cause}")]
    Write { path: String, cause: io::Error },
    /// The user broke off; what was done is written.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// 1 the run failed, 2 bad usage or a bad preset, 130 interrupted.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Preset(_) | Self::Usage { .. } => 2,
            Self::Run(_) | Self::Write { .. } => 1,
            Self::Interrupted => 130,
        }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: None }
    }

    /// A file that cannot be written.
    pub fn write(path: &Path, cause: io::Error) -> Self {
        Self::Write { path: printable(&path.display().to_string()), cause }
    }
}
