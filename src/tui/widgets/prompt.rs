//! A line of text that a view asks for, in the place of the footer.

use crossterm::event::{Event, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use crate::tui::keymap::Binding;
use crate::tui::keymap::shared::{EVERYWHERE, TEXT};

/// Where the keys of a prompt stand.
pub const PLACE: &str = "prompt";
/// Its keys.
pub const KEYS: &[&[Binding]] = &[EVERYWHERE, TEXT];

/// A line of text that is asked for.
#[derive(Debug)]
pub struct Prompt {
    label: &'static str,
    pub text: Input,
    /// It names a file that exists, and accepting once more replaces that.
    pub replaces: bool,
}

impl Prompt {
    #[must_use]
    pub fn new(label: &'static str, text: String) -> Self {
        Self { label, text: Input::new(text), replaces: false }
    }

    #[must_use]
    pub fn label(&self) -> &'static str {
        if self.replaces { "there is such a file, Enter replaces it: " } else { self.label }
    }

    /// What is written, without the space around it.
    #[must_use]
    pub fn value(&self) -> &str {
        self.text.value().trim()
    }

    /// Takes a key in.
    pub fn key(&mut self, key: KeyEvent) {
        self.text.handle_event(&Event::Key(key));
        self.replaces = false;
    }
}
