//! The command palette: every action of a view, found by words of its name or what it does.

use tui_input::Input;

use super::keymap::{Action, Bound, Context, Keymap};
use super::terms::Terms;

/// The state of the palette.
#[derive(Debug, Default)]
pub struct Palette {
    pub words: Input,
    /// Place among the commands found.
    pub chosen: usize,
}

impl Palette {
    /// The commands of a context whose name and description the search lets through.
    #[must_use]
    pub fn found<'a>(&self, keymap: &'a Keymap, context: Context) -> Vec<&'a Bound> {
        let terms = Terms::new(self.words.value());
        let has_all = |line: &&Bound| terms.admit(&format!("{} {}", line.binding.action.name(), line.binding.help));
        // A column is named by a digit, which a command here does not have.
        let takes_digit = |line: &&Bound| matches!(line.binding.action, Action::SortBy(_) | Action::Palette);
        keymap.bound(context).filter(|line| !takes_digit(line)).filter(has_all).collect()
    }

    /// The next command, or the one before.
    pub fn step(&mut self, count: usize, forward: bool) {
        let count = count.max(1);
        self.chosen = (self.chosen.min(count - 1) + if forward { 1 } else { count - 1 }) % count;
    }
}
