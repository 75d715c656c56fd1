//! The command palette: what is typed, and the commands that have it, with their keys.

use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::window;
use crate::tui::app::App;
use crate::tui::palette::Palette;
use crate::tui::theme::Look;

const WIDTH: u16 = 78;

pub fn draw(frame: &mut Frame<'_>, palette: &Palette, app: &App, look: &Look) {
    let context = app.view.context();
    let all = app.keymap.bound(context).count() as u16;
    let inside = window(frame, "commands", WIDTH, all + 3, look);
    let room = usize::from(inside.width).saturating_sub(2);
    let scroll = palette.words.visual_scroll(room);
    let typed: String = palette.words.value().chars().skip(scroll).collect();
    let mut lines = vec![Line::from(vec![Span::styled(":", look.theme.key), Span::raw(typed)])];

    let found = palette.found(&app.keymap, context);
    let height = usize::from(inside.height).saturating_sub(1).max(1);
    let chosen = palette.chosen.min(found.len().saturating_sub(1));
    let first = (chosen + 1).saturating_sub(height);
    for (place, line) in found.iter().enumerate().skip(first).take(height) {
        let name = line.binding.action.name();
        let keys = look.signs.fit(&line.labels(), 14);
        let help = look.signs.fit(line.binding.help, usize::from(inside.width).saturating_sub(33));
        let style = if place == chosen { look.theme.selected } else { look.theme.header };
        lines.push(Line::from(vec![
            Span::styled(format!(" {name:<16}"), style),
            Span::styled(format!(" {keys:<14} "), look.theme.key),
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
