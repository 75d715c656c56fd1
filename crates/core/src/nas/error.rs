//! Why a text names no architecture.

use crate::catalog::nearest;

/// A text that names no architecture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ArchitectureError {
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl ArchitectureError {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }

    /// That `name` is none of the `known` operations.
    pub(super) fn operation(name: &str, known: &[&str]) -> Self {
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("operations are {}", known.join(", ")),
        };
        Self::new(format!("no operation is called `{}`", name.escape_debug()), help)
    }
}
