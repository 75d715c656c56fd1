//! Keys that several views share, in groups that a view puts into its list.

use crossterm::event::KeyCode;

use super::Key::{self, Char, Code, Ctrl};
use super::action::Action;

/// Keys, and what they do in a place.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    pub keys: &'static [Key],
    pub action: Action,
    /// What it does, for the help.
    pub help: &'static str,
    /// A word for the footer; empty for keys that it does not show.
    pub hint: &'static str,
}

/// A line of a list of keys.
#[must_use]
pub const fn bind(keys: &'static [Key], action: Action, hint: &'static str, help: &'static str) -> Binding {
    Binding { keys, action, help, hint }
}

/// What works everywhere.
pub const EVERYWHERE: &[Binding] = &[
    bind(&[Ctrl('c')], Action::INTERRUPT, "", "break off"),
    bind(&[Ctrl('z')], Action::SUSPEND, "", "suspend to the shell; `fg` comes back"),
    bind(&[Ctrl('l')], Action::REDRAW, "", "draw the screen anew"),
];
pub const LINES: &[Binding] = &[
    bind(&[Code(KeyCode::Up), Char('k')], Action::UP, "", "up"),
    bind(&[Code(KeyCode::Down), Char('j')], Action::DOWN, "", "down"),
];
pub const PAGES: &[Binding] = &[
    bind(&[Code(KeyCode::PageUp), Ctrl('b')], Action::PAGE_UP, "", "a page up"),
    bind(&[Code(KeyCode::PageDown), Ctrl('f')], Action::PAGE_DOWN, "", "a page down"),
];
pub const ENDS: &[Binding] = &[
    bind(&[Code(KeyCode::Home), Char('g')], Action::FIRST, "", "to the first line"),
    bind(&[Code(KeyCode::End), Char('G')], Action::LAST, "", "to the last line"),
];
pub const BEST: &[Binding] = &[bind(&[Char('b')], Action::GO_TO_BEST, "", "select the recommended candidate")];
pub const FILTER: &[Binding] = &[bind(
    &[Char('/'), Code(KeyCode::F(4))],
    Action::FILTER,
    "filter",
    "filter: words that must occur, -words that must not",
)];
pub const MARKS: &[Binding] = &[
    bind(
        &[Char(' '), Code(KeyCode::Insert)],
        Action::MARK,
        "",
        "mark a candidate, to compare another with it or train it",
    ),
    bind(&[Char('U')], Action::CLEAR_MARKS, "", "take all marks away"),
];
pub const RUN: &[Binding] = &[
    bind(&[Char('p')], Action::PAUSE, "", "pause scoring, or go on"),
    bind(&[Char('X')], Action::CANCEL_JOBS, "", "end the jobs of a run on a cluster; press it twice"),
];
pub const EXPORT: &[Binding] = &[
    bind(&[Char('e')], Action::EXPORT, "export", "export the selected candidate"),
    bind(
        &[Char('R')],
        Action::REPAIR,
        "",
        "look for factors of its weights that make the selected candidate train; again: stop looking",
    ),
];
pub const DETAIL: &[Binding] = &[
    bind(&[Char('d')], Action::TOGGLE_DETAIL, "", "show or hide the layers"),
    bind(&[Char('K'), Char('[')], Action::DETAIL_UP, "", "scroll the layers up"),
    bind(&[Char('J'), Char(']')], Action::DETAIL_DOWN, "", "scroll the layers down"),
];
pub const COPY: &[Binding] =
    &[bind(&[Char('y')], Action::COPY, "", "copy the selected candidate as a preset to the clipboard")];
pub const PROGRAM: &[Binding] = &[
    bind(&[Char('T')], Action::TOGGLE_GUARD, "", "recommend only what will train, or any"),
    bind(&[Char('L')], Action::NEXT_THEME, "", "the next theme"),
    bind(&[Char('M')], Action::TOGGLE_MOUSE, "", "let the program have the mouse, or the terminal"),
    bind(&[Char(':')], Action::PALETTE, "", "find a command by its name"),
    bind(&[Char('?'), Code(KeyCode::F(1))], Action::HELP, "help", "this help"),
];
pub const LEAVE: &[Binding] = &[bind(&[Code(KeyCode::F(10))], Action::QUIT, "", "leave the program")];
/// Of a line of text that is written.
pub const TEXT: &[Binding] = &[
    bind(&[Code(KeyCode::Enter)], Action::ACCEPT, "accept", "accept"),
    bind(&[Code(KeyCode::Esc)], Action::CLOSE, "cancel", "cancel"),
];
