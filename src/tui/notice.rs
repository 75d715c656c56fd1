//! What the user is told.

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
