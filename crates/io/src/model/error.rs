//! Why a file gives no network.

/// Why a file gives no network.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("{0}")]
    Read(#[source] std::io::Error),
    /// The file is no such file, or a part of it is missing or damaged.
    #[error("{what}")]
    Damaged { what: String },
    /// A file of another kind; `help` says how to export from it.
    #[error("it is {what}")]
    Foreign { what: &'static str, help: &'static str },
    /// Something in the file is of a version or a kind that is not known.
    #[error("{what}")]
    Unknown { what: String, help: Option<String> },
    /// A step of the model cannot be part of a network.
    #[error("{place}: {original}: {problem}")]
    Step { place: String, original: String, problem: String },
}

impl ModelError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Foreign { help, .. } => Some(help),
            Self::Unknown { help, .. } => help.as_deref(),
            Self::Read(_) | Self::Damaged { .. } | Self::Step { .. } => None,
        }
    }
}
