//! The command palette: what is typed, and the commands that have it, with their keys.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use super::footer::scrolled;
use super::window_at;
use crate::tui::app::App;
use crate::tui::palette::Palette;
use crate::tui::theme::Look;

const WIDTH: u16 = 100;

/// The window and its inside.
fn area(app: &App, screen: Rect) -> Rect {
    let all = app.keymap.bound(app.view.context()).count() as u16;
    super::window_area(screen, WIDTH, all + 3)
}

/// The first command of those that there is room for.
fn first(palette: &Palette, found: usize, inside: Rect) -> usize {
    let height = usize::from(inside.height).saturating_sub(1).max(1);
    (palette.chosen.min(found.saturating_sub(1)) + 1).saturating_sub(height)
}

/// The command at a place of the screen.
pub fn line_at(palette: &Palette, app: &App, screen: Rect, at: Position) -> Option<usize> {
    let inside = Block::bordered().inner(area(app, screen));
    let found = palette.found(&app.keymap, app.view.context()).len();
    let place = first(palette, found, inside) + usize::from(at.y.checked_sub(inside.y + 1)?);
    (inside.contains(at) && place < found).then_some(place)
}

pub fn draw(frame: &mut Frame<'_>, palette: &Palette, app: &App, look: &Look) {
    let context = app.view.context();
    let inside = window_at(frame, "commands", area(app, frame.area()), look);
    let room = usize::from(inside.width).saturating_sub(2);
    let scroll = palette.words.visual_scroll(room);
    let typed = scrolled(palette.words.value(), scroll);
    let mut lines = vec![Line::from(vec![Span::styled(":", look.theme.key), Span::raw(typed)])];

    let found = palette.found(&app.keymap, context);
    let height = usize::from(inside.height).saturating_sub(1).max(1);
    let chosen = palette.chosen.min(found.len().saturating_sub(1));
    let first = first(palette, found.len(), inside);
    for (place, line) in found.iter().enumerate().skip(first).take(height) {
        let name = line.binding.action.name();
        let keys = look.signs.pad(&line.labels(), 14);
        let help = look.signs.fit(line.binding.help, usize::from(inside.width).saturating_sub(33));
        let style = if place == chosen { look.theme.selected } else { look.theme.header };
        lines.push(Line::from(vec![
            Span::styled(format!(" {name:<16}"), style),
            Span::styled(format!(" {keys} "), look.theme.key),
            Span::raw(help),
        ]));
    }
    if found.is_empty() {
        lines.push(Line::from(Span::styled(" no command has these words", look.theme.warning)));
    }
    frame.render_widget(Paragraph::new(lines), inside);
    let column = 1 + palette.words.visual_cursor().saturating_sub(scroll);
    frame.set_cursor_position(Position::new(inside.x + (column as u16).min(inside.width.saturating_sub(1)), inside.y));
}
