//! A line of text that a view asks for, in the place of the footer.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use crate::tui::keymap::Key::Code;
use crate::tui::keymap::shared::{EVERYWHERE, TEXT};
use crate::tui::keymap::{Action, Binding, bind};
use crate::tui::paths::common_beginning;

/// Where the keys of a prompt stand.
pub const PLACE: &str = "prompt";
/// Its keys.
pub const KEYS: &[&[Binding]] =
    &[EVERYWHERE, TEXT, &[bind(&[Code(KeyCode::Tab)], Action::COMPLETE, "", "complete a path")]];

/// A line of text that is asked for.
#[derive(Debug)]
pub struct Prompt {
    label: &'static str,
    pub text: Input,
    /// It names a file that exists, and accepting once more replaces that.
    pub replaces: bool,
    is_path: bool,
    /// While it is looked how the path may go on, whether it is accepted as it will be then.
    waiting: Option<bool>,
    /// How the path may go on, where that was asked for.
    pub offered: Vec<String>,
}

impl Prompt {
    #[must_use]
    pub fn new(label: &'static str, text: String) -> Self {
        Self { label, text: Input::new(text), replaces: false, is_path: false, waiting: None, offered: Vec::new() }
    }

    /// One that asks for a path, which Tab completes.
    #[must_use]
    pub fn path(label: &'static str, text: String) -> Self {
        Self { is_path: true, ..Self::new(label, text) }
    }

    /// The beginning of a path that is to be completed.
    pub fn begin(&mut self) -> Option<String> {
        self.waiting = self.is_path.then_some(false);
        self.is_path.then(|| self.text.value().to_owned())
    }

    /// Accepts what is written; true where that has to wait for the end of the path.
    pub fn accept(&mut self) -> bool {
        self.waiting = self.waiting.map(|_| true);
        self.waiting.is_some()
    }

    /// Whether it was accepted before the end of the path came.
    pub fn take_accepted(&mut self) -> bool {
        self.waiting.take().unwrap_or(false)
    }

    /// Goes on as far as all paths that begin so agree, and offers them where they are several.
    pub fn complete(&mut self, begun: &str, paths: Vec<String>) {
        if !self.is_path || self.text.value() != begun {
            return;
        }
        let common = common_beginning(&paths);
        if common.len() > begun.len() {
            self.text = Input::new(common.to_owned());
            self.replaces = false;
        }
        self.offered = if paths.len() > 1 { paths } else { Vec::new() };
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
        self.offered.clear();
        self.waiting = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_completed_as_far_as_it_is_one() {
        let mut prompt = Prompt::path("file: ", "n".to_owned());
        let paths = || ["net.onnx", "net.pt2"].map(str::to_owned).to_vec();
        prompt.complete("m", paths());
        assert_eq!(prompt.value(), "n", "the text is another by now");
        prompt.complete("n", paths());
        assert_eq!((prompt.value(), prompt.offered.len()), ("net.", 2));
        prompt.complete("net.", Vec::new());
        assert_eq!((prompt.value(), prompt.offered.len()), ("net.", 0));
        prompt.complete("net.", vec!["net.pt2".to_owned()]);
        assert_eq!((prompt.value(), prompt.offered.len()), ("net.pt2", 0));
        assert_eq!(Prompt::new("layer: ", "1".to_owned()).begin(), None);
    }
}
