//! What the mouse does.

use super::{App, Effect, Mode};
use crate::tui::keymap::Action;
use crate::tui::view;
use crossterm::event::MouseButton;
use crossterm::event::MouseEvent;
use crossterm::event::MouseEventKind;
use ratatui::layout::Position;

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
            Mode::Browse => self.act(action),
            Mode::Help { .. } => {
                self.on_help(action);
                None
            }
            Mode::Palette(palette) => {
                let count = palette.found(&self.keymap, self.view.context()).len();
                palette.step(count, action == Action::Down);
                None
            }
            Mode::Filter { .. } | Mode::Export(_) | Mode::Sizes(_) | Mode::Prompt(_) => None,
        }
    }

    pub(super) fn click(&mut self, at: Position) -> Option<Effect> {
        self.notice = None;
        let Mode::Browse = self.mode else { return None };
        match view::target(self, at)? {
            view::Target::Hint(action) => return self.act(action),
            view::Target::Column(column) if column == self.sort => self.reverse(),
            view::Target::Column(column) => self.sort_by(column),
            // A second click opens what the first selected.
            view::Target::Candidate(id) if Some(id) == self.selected => return self.act(Action::Inspect),
            view::Target::Candidate(id) => self.select(Some(id)),
        }
        None
    }
}
