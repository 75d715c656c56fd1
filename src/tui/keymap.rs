//! What keys do: one table that dispatch, footer, help overlay and command palette read, with the keys that the user's
//! settings put in the place of its own.

mod action;
mod bindings;
mod key;

use std::collections::BTreeMap;

use crossterm::event::{KeyCode, KeyEvent};

pub use action::Action;
use bindings::{ALL, BINDINGS};
pub use bindings::{Binding, Context};
pub use key::Key;

/// A line of the table with the keys that count for it.
#[derive(Debug, Clone)]
pub struct Bound {
    pub binding: &'static Binding,
    pub keys: Vec<Key>,
}

/// The table with the user's keys.
#[derive(Debug, Clone)]
pub struct Keymap {
    lines: Vec<Bound>,
}

impl Default for Keymap {
    fn default() -> Self {
        let bound = |binding: &'static Binding| Bound { binding, keys: binding.keys.to_vec() };
        Self { lines: BINDINGS.iter().map(bound).collect() }
    }
}

impl Keymap {
    /// The table with other keys for some actions, by the name of the action.
    ///
    /// # Errors
    /// If an action has no such name, or a key would mean two things in one place: the name, and what is wrong.
    pub fn with(changes: &BTreeMap<String, Vec<Key>>) -> Result<Self, (String, String)> {
        let mut keymap = Self::default();
        for (name, keys) in changes {
            let lines = keymap.lines.iter_mut().filter(|line| line.binding.action.name() == *name);
            let changed = lines.map(|line| line.keys.clone_from(keys)).count();
            if changed == 0 {
                return Err((name.clone(), format!("there is no action `{}`", neartop_io::preset::printable(name))));
            }
        }
        match keymap.clash(changes) {
            Some(clash) => Err(clash),
            None => Ok(keymap),
        }
    }

    fn clash(&self, changes: &BTreeMap<String, Vec<Key>>) -> Option<(String, String)> {
        for &context in ALL {
            let lines: Vec<_> = self.bound(context).collect();
            for (i, one) in lines.iter().enumerate() {
                for other in &lines[i + 1..] {
                    let key = one.keys.iter().find(|key| other.keys.contains(key));
                    let names = [one.binding.action.name(), other.binding.action.name()];
                    let Some(key) = key.filter(|_| names[0] != names[1]) else { continue };
                    let blamed = names.iter().find(|name| changes.contains_key(*name)).unwrap_or(&names[0]);
                    let message = format!("`{}` would mean both {} and {}", key.label(), names[0], names[1]);
                    return Some((blamed.clone(), message));
                }
            }
        }
        None
    }

    /// What an event asks for in a context.
    #[must_use]
    pub fn lookup(&self, context: Context, event: &KeyEvent) -> Option<Action> {
        let line = self.bound(context).find(|line| line.keys.iter().any(|key| key.matches(event)))?;
        Some(match (line.binding.action, event.code) {
            (Action::SortBy(_), KeyCode::Char(digit)) => Action::SortBy(digit.to_digit(10)? as usize - 1),
            (action, _) => action,
        })
    }

    /// The first key of an action in a context, as people write it; empty where it has none.
    #[must_use]
    pub fn label(&self, context: Context, action: Action) -> String {
        let line = self.bound(context).find(|line| line.binding.action == action && !line.keys.is_empty());
        line.map(|line| line.keys[0].label()).unwrap_or_default()
    }

    /// The lines that count in a context.
    pub fn bound(&self, context: Context) -> impl Iterator<Item = &Bound> {
        self.lines.iter().filter(move |line| line.binding.contexts.contains(&context))
    }
}

/// The names of all actions that settings can give keys to.
#[must_use]
pub fn action_names() -> Vec<String> {
    let mut names: Vec<_> = BINDINGS.iter().map(|b| b.action.name()).collect();
    names.sort();
    names.dedup();
    names
}

impl Bound {
    /// Its keys as people write them.
    #[must_use]
    pub fn labels(&self) -> String {
        self.keys.iter().map(|key| key.label()).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyModifiers;

    use super::Context::Ranking;
    use super::Key::{Char, Code, Ctrl};
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_context() {
        let keymap = Keymap::default();
        for &context in ALL {
            let keys: Vec<_> = keymap.bound(context).flat_map(|b| &b.keys).collect();
            for (i, key) in keys.iter().enumerate() {
                assert!(!keys[i + 1..].contains(key), "{} in {context:?}", key.label());
            }
        }
    }

    #[test]
    fn digits_name_columns() {
        let keymap = Keymap::default();
        let press = |c| keymap.lookup(Ranking, &KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        assert_eq!(press('1'), Some(Action::SortBy(0)));
        assert_eq!(press('9'), Some(Action::SortBy(8)));
        assert_eq!(press('0'), None);
    }

    #[test]
    fn settings_change_keys() {
        let change = |name: &str, keys: &[&str]| {
            let keys = keys.iter().map(|k| Key::parse(k).expect("a key")).collect();
            Keymap::with(&BTreeMap::from([(name.to_owned(), keys)]))
        };
        let keymap = change("pause", &["ctrl-p", "F5"]).unwrap();
        let press = |code, modifiers| keymap.lookup(Ranking, &KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('p'), KeyModifiers::CONTROL), Some(Action::Pause));
        assert_eq!(press(KeyCode::F(5), KeyModifiers::NONE), Some(Action::Pause));
        assert_eq!(press(KeyCode::Char('p'), KeyModifiers::NONE), None);
        assert_eq!(change("paws", &["p"]).unwrap_err().0, "paws");
        let (name, message) = change("pause", &["e"]).unwrap_err();
        assert_eq!((name.as_str(), message.as_str()), ("pause", "`e` would mean both pause and export"));
    }

    #[test]
    fn keys_have_names() {
        let known =
            [("a", Char('a')), ("G", Char('G')), ("space", Char(' ')), ("Ctrl-X", Ctrl('x')), ("^x", Ctrl('x'))];
        for (text, key) in known {
            assert_eq!(Key::parse(text), Some(key), "{text}");
        }
        assert_eq!(Key::parse("page-up"), Some(Code(KeyCode::PageUp)));
        assert_eq!(["", "ctrl-", "f13", "hyper"].map(Key::parse), [None; 4]);
    }
}
