//! The keys of the view, and what the columns mean.

use ratatui::Frame;
use ratatui::layout::Size;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::window;
use crate::tui::app::{App, View};
use crate::tui::column::Column;
use crate::tui::keymap::Keymap;
use crate::tui::theme::Look;

const WIDTH: u16 = 78;

/// The furthest that the help scrolls on a screen, and a page of it.
#[must_use]
pub fn extent(screen: Size, view: View, keymap: &Keymap, columns: &[&Column]) -> (usize, usize) {
    let lines = lines(view, keymap, columns, &Look::new(false, true)).len();
    let page = usize::from(screen.height.saturating_sub(2));
    (lines.saturating_sub(page), page)
}

pub fn draw(frame: &mut Frame<'_>, scroll: usize, app: &App, look: &Look) {
    let lines = lines(app.view, &app.keymap, &app.columns, look);
    let inside = window(frame, "help", WIDTH, lines.len() as u16 + 2, look);
    frame.render_widget(Paragraph::new(lines).scroll((scroll as u16, 0)), inside);
}

fn lines<'a>(view: View, keymap: &Keymap, columns: &[&Column], look: &Look) -> Vec<Line<'a>> {
    let key = |keys: String, help: &str| {
        Line::from(vec![Span::styled(format!(" {keys:<18}"), look.theme.key), Span::raw(help.to_owned())])
    };
    let mut lines: Vec<_> = keymap.bound(view.context()).map(|b| key(b.labels(), b.binding.help)).collect();
    lines.push(Line::default());
    for (place, column) in columns.iter().enumerate() {
        lines.push(key(format!("{} {}", place + 1, column.title), column.help));
    }
    lines
}
