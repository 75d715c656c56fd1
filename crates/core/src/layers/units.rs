//! Where layers that move elements about put the units.

use crate::layer::{Arguments, Value};
use crate::shape::Layout;

/// What `units` accepts.
pub const UNITS: &[&str] = &["auto", "first", "last"];

/// The axis of the units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Units {
    /// Wherever they were.
    Auto,
    First,
    Last,
}

impl Units {
    /// The argument `units`.
    pub fn of(arguments: &Arguments) -> Self {
        match arguments.word("units") {
            Some("first") => Self::First,
            Some("last") => Self::Last,
            _ => Self::Auto,
        }
    }

    pub fn value(self) -> Value {
        Value::Word(match self {
            Self::Auto => "auto",
            Self::First => "first",
            Self::Last => "last",
        })
    }

    /// The layout that was asked for; none for `auto`.
    pub fn layout(self) -> Option<Layout> {
        match self {
            Self::Auto => None,
            Self::First => Some(Layout::Channels),
            Self::Last => Some(Layout::Features),
        }
    }
}
