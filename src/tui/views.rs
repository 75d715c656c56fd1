//! The list of views. A view is added by its file and its lines here: as a module, and in the list.

pub mod candidate;
pub mod export;
pub mod help;
pub mod library;
pub mod matrix;
pub mod messages;
pub mod network;
pub mod palette;
pub mod pareto;
pub mod ranking;
pub mod sizes;
pub mod space;
pub mod training;

use super::keymap::{Binding, Keymap};
use super::view::View;
use super::widgets::{filter, prompt};

/// Every view and window. The first is at the bottom of the stack; the order is that of their openers in help and footer.
#[must_use]
pub fn all() -> Vec<Box<dyn View>> {
    vec![
        Box::<ranking::Ranking>::default(),
        Box::<space::Search>::default(),
        Box::<training::Training>::default(),
        Box::<library::Library>::default(),
        Box::<candidate::Candidate>::default(),
        Box::<matrix::Matrix>::default(),
        Box::<sizes::Sizes>::default(),
        Box::<network::Network>::default(),
        Box::<pareto::Pareto>::default(),
        Box::<help::Help>::default(),
        Box::<palette::Palette>::default(),
        Box::<export::Export>::default(),
        Box::<messages::Messages>::default(),
    ]
}

/// The keys of all places as the program binds them.
#[must_use]
pub fn keymap() -> Keymap {
    let views = all();
    let mut places: Vec<_> = views.iter().map(|view| (view.about().name, bindings(view.as_ref(), &views))).collect();
    places.extend([(filter::PLACE, filter::KEYS.concat()), (prompt::PLACE, prompt::KEYS.concat())]);
    Keymap::new(places)
}

/// A view's own keys, and those that open the other views, as the view binds them or as they say.
fn bindings(view: &dyn View, views: &[Box<dyn View>]) -> Vec<Binding> {
    let about = view.about();
    let mut own = about.keys.concat();
    if about.is_window {
        return own;
    }
    let others = views.iter().map(|other| other.about()).filter(|other| other.name != about.name);
    for opener in others.filter_map(|other| other.opener) {
        let bound: Vec<_> = own.extract_if(.., |binding| binding.action == opener.action).collect();
        if bound.is_empty() { own.push(opener) } else { own.extend(bound) }
    }
    own
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;
    use crate::tui::keymap::{Action, Key, KeymapError};
    use Key::{Char, Code, Ctrl};

    #[test]
    fn no_key_means_two_things_in_one_context() {
        let keymap = keymap();
        for place in keymap.places() {
            let keys: Vec<_> = keymap.bound(place).iter().flat_map(|b| &b.keys).collect();
            for (i, key) in keys.iter().enumerate() {
                assert!(!keys[i + 1..].contains(key), "{} in {place}", key.label());
            }
        }
    }

    #[test]
    fn digits_name_columns() {
        let keymap = keymap();
        let press = |c| keymap.lookup("ranking", &KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        assert_eq!(press('1'), Some(Action::SORT_BY));
        assert_eq!(press('9'), Some(Action::SORT_BY));
        assert_eq!(press('0'), None);
    }

    #[test]
    fn settings_change_keys() {
        let change = |name: &str, keys: &[&str]| {
            let keys = keys.iter().map(|k| Key::parse(k).expect("a key")).collect();
            keymap().with(&BTreeMap::from([(name.to_owned(), keys)]))
        };
        let keymap = change("pause", &["ctrl-p", "F5"]).unwrap();
        let press = |code, modifiers| keymap.lookup("ranking", &KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('p'), KeyModifiers::CONTROL), Some(Action::PAUSE));
        assert_eq!(press(KeyCode::F(5), KeyModifiers::NONE), Some(Action::PAUSE));
        assert_eq!(press(KeyCode::Char('p'), KeyModifiers::NONE), None);
        assert_eq!(change("paws", &["p"]).unwrap_err().action(), "paws");
        let clash: KeymapError = change("pause", &["e"]).unwrap_err();
        assert_eq!(clash.action(), "pause");
        assert_eq!(clash.to_string(), "`e` would mean both pause and export");
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
