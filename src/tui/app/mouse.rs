//! What the mouse does.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::{App, Effect, Mode, NO_KEY, View};
use crate::tui::keymap::Action;
use crate::tui::view::{self, Target};

/// Lines that a turn of the wheel scrolls a text.
const LINES: usize = 3;

impl App {
    /// A click does what the key for that place does; the wheel moves up and down.
    pub(super) fn mouse(&mut self, mouse: MouseEvent) -> Option<Effect> {
        let action = match mouse.kind {
            MouseEventKind::ScrollUp => Action::Up,
            MouseEventKind::ScrollDown => Action::Down,
            MouseEventKind::Down(MouseButton::Left) => return self.click(Position::new(mouse.column, mouse.row)),
            _ => return None,
        };
        match &mut self.mode {
            Mode::Export(dialog) => {
                dialog.scroll_by(LINES, action == Action::Down);
                None
            }
            Mode::Browse | Mode::Help(_) | Mode::Palette(_) => self.perform(Some(action), NO_KEY),
            Mode::Filter { .. } | Mode::Sizes(_) | Mode::Prompt(_) => None,
        }
    }

    fn click(&mut self, at: Position) -> Option<Effect> {
        self.notice = None;
        match view::target(self, at)? {
            Target::Hint(action) => return self.perform(Some(action), NO_KEY),
            Target::Column(column) if column == self.sort => self.reverse(),
            Target::Column(column) => self.sort_by(column),
            // A second click opens what the first selected.
            Target::Candidate(id) if Some(id) == self.selected => return self.act(Action::Inspect),
            Target::Candidate(id) => self.select(Some(id)),
            Target::Line(line) => return self.click_line(line),
        }
        None
    }

    /// The first click chooses a line, the second does what Enter does there.
    fn click_line(&mut self, line: usize) -> Option<Effect> {
        if let Mode::Palette(palette) = &mut self.mode {
            let is_chosen = palette.chosen == line;
            palette.chosen = line;
            return if is_chosen { self.perform(Some(Action::Accept), NO_KEY) } else { None };
        }
        let (before, enter) = match self.view {
            View::Library => (self.library.line, Action::OpenPreset),
            View::Space => (self.draft.as_ref()?.line, Action::Toggle),
            View::Training => (self.finalists.as_ref()?.line, Action::Inspect),
            _ => return None,
        };
        if before == line {
            return self.perform(Some(enter), NO_KEY);
        }
        match self.view {
            View::Library => self.library.go(|_| line),
            View::Space => self.draft.as_mut()?.go(|_| line),
            _ => self.choose_finalist(|_, _| line),
        }
        None
    }
}
