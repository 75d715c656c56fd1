//! What the user is told.

use miette::Diagnostic;

use crate::run::Failure;
use neartop_io::preset::PresetError;

/// A line of text for the user, until the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub is_error: bool,
}

impl Notice {
    #[must_use]
    pub fn say(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: false }
    }

    /// What went wrong.
    #[must_use]
    pub fn warn(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: true }
    }
}

/// Where a preset is wrong, what is, and what would be right.
#[must_use]
pub fn of_preset(error: &PresetError) -> String {
    let help = error.help().map(|help| format!("; {help}")).unwrap_or_default();
    match error {
        PresetError::Invalid(invalid) => format!("{}: {invalid}{help}", invalid.place),
        PresetError::Unreadable { .. } => format!("{error}{help}"),
    }
}

/// Why something is not opened, and what would be right.
#[must_use]
pub fn of_failure(failure: &Failure) -> String {
    match failure {
        Failure::Preset(error) => of_preset(error),
        Failure::Usage { message, help: Some(help) } => format!("{message}; {help}"),
        failure => failure.to_string(),
    }
}
