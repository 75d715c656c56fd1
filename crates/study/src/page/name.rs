//! What a candidate is called in the tables.

use std::fmt;

use askama::filters::{Html, escape};

use crate::study::Study;

/// The parts of a candidate's name that tell it from the others.
#[derive(Debug, Clone, Default)]
pub struct Name {
    pub architecture: Option<String>,
    pub activation: Option<String>,
    pub init: Option<String>,
}

impl Name {
    pub fn of(study: &Study, id: usize) -> Self {
        let (candidate, search) = (study.candidate(id), &study.space.preset.search);
        let has_init =
            search.inits.len() > 1 || study.space.candidates.len() == 1 || study.space.preset.model.is_some();
        Self {
            architecture: candidate.architecture.as_ref().map(ToString::to_string),
            activation: candidate.fill.as_ref().map(ToString::to_string),
            init: (has_init || candidate.fill.is_none() && candidate.architecture.is_none())
                .then(|| candidate.init.to_string()),
        }
    }

    /// The architecture as HTML.
    pub fn architecture_html(&self) -> String {
        self.architecture.as_deref().map(breakable).unwrap_or_default()
    }

    /// What fills the slots as HTML.
    pub fn activation_html(&self) -> String {
        self.activation.as_deref().map(breakable).unwrap_or_default()
    }

    /// The initialization as HTML.
    pub fn init_html(&self) -> String {
        self.init.as_deref().map(breakable).unwrap_or_default()
    }
}

/// `tanh with orthogonal`, an architecture before it.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sign = "";
        for (part, next) in [(&self.architecture, ", "), (&self.activation, " with "), (&self.init, "")] {
            if let Some(part) = part {
                write!(f, "{sign}{part}")?;
                sign = next;
            }
        }
        Ok(())
    }
}

/// A name as HTML that may be broken behind its signs.
pub fn breakable(name: &str) -> String {
    let escaped = |part| {
        let Ok(escaped) = escape(part, Html);
        escaped.to_string()
    };
    name.split_inclusive(['_', '(', '=', ':', '|', '+', ',']).map(escaped).collect::<Vec<_>>().join("<wbr>")
}
