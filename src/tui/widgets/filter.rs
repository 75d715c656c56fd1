//! The words that a list is filtered by, and the line in which they are written.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use crate::tui::keymap::Key::Code;
use crate::tui::keymap::shared::{EVERYWHERE, TEXT};
use crate::tui::keymap::{Action, Binding, bind};

/// Where the keys of a filter that is being written stand.
pub const PLACE: &str = "filter";
/// Its keys.
pub const KEYS: &[&[Binding]] = &[
    EVERYWHERE,
    TEXT,
    &[bind(&[Code(KeyCode::Up), Code(KeyCode::Down)], Action::ACCEPT, "", "accept, and go back to the table")],
];

/// What a list is filtered by.
#[derive(Debug, Default)]
pub struct Filter {
    words: Input,
    /// While it is being written, what it was before.
    before: Option<String>,
}

impl Filter {
    #[must_use]
    pub fn value(&self) -> &str {
        self.words.value()
    }

    #[must_use]
    pub fn is_typing(&self) -> bool {
        self.before.is_some()
    }

    /// The line that is being written.
    #[must_use]
    pub fn typed(&self) -> Option<&Input> {
        self.before.as_ref().map(|_| &self.words)
    }

    pub fn typed_mut(&mut self) -> Option<&mut Input> {
        self.before.as_ref().map(|_| &mut self.words)
    }

    /// Begins to be written.
    pub fn start(&mut self) {
        self.before = Some(self.value().to_owned());
    }

    /// Ends to be written.
    pub fn accept(&mut self) {
        self.before = None;
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes a key in while it is written.
    pub fn key(&mut self, action: Option<Action>, key: KeyEvent) {
        match action {
            Some(Action::ACCEPT) => self.accept(),
            Some(Action::CLOSE) => self.words = Input::new(self.before.take().unwrap_or_default()),
            _ => {
                self.words.handle_event(&Event::Key(key));
            }
        }
    }
}
