//! Why a repetition of a candidate has no score.

use std::any::Any;
use std::fmt;

use neartop_core::score::{NON_FINITE, ScoreError};

/// Why there is no score, for programs and in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreFailure {
    cause: Cause,
    message: String,
}

/// What kept a candidate from a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Values of the network that are not finite.
    NonFinite,
    /// A defect of the program, which may not come again.
    Defect,
    /// Something else, as the message says.
    Other,
}

/// How the message begins where the program panicked.
const DEFECT: &str = "a defect of the program";

impl ScoreFailure {
    /// The program panicked.
    #[must_use]
    pub fn of_panic(panic: &(dyn Any + Send)) -> Self {
        Self { cause: Cause::Defect, message: defect(panic) }
    }

    /// Recognizes what was written as text, in a study on disk or in a part.
    #[must_use]
    pub fn read(message: impl Into<String>) -> Self {
        let message = message.into();
        let cause = match message.as_str() {
            text if text.starts_with(NON_FINITE) => Cause::NonFinite,
            text if text.starts_with(DEFECT) => Cause::Defect,
            _ => Cause::Other,
        };
        Self { cause, message }
    }

    #[must_use]
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// The reason in words, as files and screens have it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the same again would give the same.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        self.cause != Cause::Defect
    }
}

impl From<ScoreError> for ScoreFailure {
    fn from(error: ScoreError) -> Self {
        let cause = match error {
            ScoreError::NonFinite { .. } => Cause::NonFinite,
            ScoreError::NoConvergence { .. } | ScoreError::Cancelled | ScoreError::Tensor(_) => Cause::Other,
        };
        Self { cause, message: error.to_string() }
    }
}

impl fmt::Display for ScoreFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Says what a panic said.
pub(crate) fn defect(panic: &(dyn Any + Send)) -> String {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
    format!("{DEFECT}: {message}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_recognized() {
        let (module, kind) = ("2".to_owned(), "linear".to_owned());
        let non_finite = ScoreFailure::from(ScoreError::NonFinite { module: module.clone(), kind: kind.clone() });
        let no_convergence = ScoreFailure::from(ScoreError::NoConvergence { module, kind });
        let panic: Box<dyn Any + Send> = Box::new("an index out of bounds");
        let defect = ScoreFailure::of_panic(&*panic);
        assert_eq!(non_finite.message(), "values that are not finite after layer 2 (linear)");
        assert_eq!(defect.message(), "a defect of the program: an index out of bounds");
        for (failure, cause, is_lasting) in
            [(non_finite, Cause::NonFinite, true), (no_convergence, Cause::Other, true), (defect, Cause::Defect, false)]
        {
            assert_eq!((failure.cause(), failure.is_lasting()), (cause, is_lasting));
            assert_eq!(ScoreFailure::read(failure.to_string()), failure);
        }
    }
}
