//! What keys do: a list of keys for every place, which dispatch, footer, help and palette read, with the keys that the
//! user's settings put in the place of its own.

mod action;
mod key;
pub mod shared;

use std::collections::BTreeMap;

use crossterm::event::KeyEvent;

pub use action::Action;
pub use key::Key;
pub use shared::{Binding, bind};

/// A line of a list with the keys that count for it.
#[derive(Debug, Clone)]
pub struct Bound {
    pub binding: Binding,
    pub keys: Vec<Key>,
}

/// All places where keys are pressed, with the user's keys.
#[derive(Debug, Clone)]
pub struct Keymap {
    places: Vec<(&'static str, Vec<Bound>)>,
}

/// Keys that cannot be as the user wants them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    #[error("there is no action `{}`", neartop_io::preset::printable(.0))]
    NoAction(String),
    #[error("`{key}` would mean both {} and {}", actions[0], actions[1])]
    Clash { key: String, actions: [&'static str; 2], blamed: &'static str },
}

impl KeymapError {
    /// The action whose keys are wrong.
    #[must_use]
    pub fn action(&self) -> &str {
        match self {
            Self::NoAction(name) => name,
            Self::Clash { blamed, .. } => blamed,
        }
    }
}

impl Keymap {
    /// The places with their lists, in the order of the help.
    #[must_use]
    pub fn new(places: Vec<(&'static str, Vec<Binding>)>) -> Self {
        let bound = |binding: Binding| Bound { binding, keys: binding.keys.to_vec() };
        let places = places.into_iter().map(|(name, list)| (name, list.into_iter().map(bound).collect()));
        Self { places: places.collect() }
    }

    /// The same with other keys for some actions, by the name of the action.
    ///
    /// # Errors
    /// If an action has no such name, or a key would mean two things in one place.
    pub fn with(mut self, changes: &BTreeMap<String, Vec<Key>>) -> Result<Self, KeymapError> {
        for (name, keys) in changes {
            let lines = self.places.iter_mut().flat_map(|(_, lines)| lines);
            let lines = lines.filter(|line| line.binding.action.name() == *name);
            if lines.map(|line| line.keys.clone_from(keys)).count() == 0 {
                return Err(KeymapError::NoAction(name.clone()));
            }
        }
        match self.places.iter().find_map(|(_, lines)| clash(lines, changes)) {
            Some(clash) => Err(clash),
            None => Ok(self),
        }
    }

    /// What an event asks for in a place.
    #[must_use]
    pub fn lookup(&self, place: &str, event: &KeyEvent) -> Option<Action> {
        let line = self.bound(place).iter().find(|line| line.keys.iter().any(|key| key.matches(event)))?;
        Some(line.binding.action)
    }

    /// The first key of an action in a place, as people write it; empty where it has none.
    #[must_use]
    pub fn label(&self, place: &str, action: Action) -> String {
        let line = self.bound(place).iter().find(|line| line.binding.action == action && !line.keys.is_empty());
        line.map(|line| line.keys[0].label()).unwrap_or_default()
    }

    /// The lines that count in a place.
    #[must_use]
    pub fn bound(&self, place: &str) -> &[Bound] {
        self.places.iter().find(|(name, _)| *name == place).map_or(&[], |(_, lines)| lines)
    }

    /// The names of all actions that settings can give keys to.
    #[must_use]
    pub fn action_names(&self) -> Vec<&'static str> {
        let lines = self.places.iter().flat_map(|(_, lines)| lines);
        let mut names: Vec<_> = lines.map(|line| line.binding.action.name()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The places that there are.
    pub fn places(&self) -> impl Iterator<Item = &'static str> {
        self.places.iter().map(|(name, _)| *name)
    }
}

/// A key that would mean two things among these lines.
fn clash(lines: &[Bound], changes: &BTreeMap<String, Vec<Key>>) -> Option<KeymapError> {
    for (i, one) in lines.iter().enumerate() {
        for other in &lines[i + 1..] {
            let key = one.keys.iter().find(|key| other.keys.contains(key));
            let actions = [one.binding.action.name(), other.binding.action.name()];
            let Some(key) = key.filter(|_| actions[0] != actions[1]) else { continue };
            let blamed = actions.into_iter().find(|name| changes.contains_key(*name)).unwrap_or(actions[0]);
            return Some(KeymapError::Clash { key: key.label(), actions, blamed });
        }
    }
    None
}

impl Bound {
    /// Its keys as people write them.
    #[must_use]
    pub fn labels(&self) -> String {
        self.keys.iter().map(|key| key.label()).collect::<Vec<_>>().join(" ")
    }
}
