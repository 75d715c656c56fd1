//! The keys of the ranking, and what the signs mean.

use ratatui::Frame;
use ratatui::layout::Size;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::window;
use crate::tui::column::Column;
use crate::tui::keymap::{Context, bound};
use crate::tui::theme::Look;

const WIDTH: u16 = 78;

/// The furthest that the help scrolls on a screen, and a page of it.
#[must_use]
pub fn extent(screen: Size, columns: &[&Column]) -> (usize, usize) {
    let lines = lines(columns, &Look::new(false, true)).len();
    let page = usize::from(screen.height.saturating_sub(2));
    (lines.saturating_sub(page), page)
}

pub fn draw(frame: &mut Frame<'_>, scroll: usize, columns: &[&Column], look: &Look) {
    let lines = lines(columns, look);
    let inside = window(frame, "help", WIDTH, lines.len() as u16 + 2, look);
    frame.render_widget(Paragraph::new(lines).scroll((scroll as u16, 0)), inside);
}

fn lines<'a>(columns: &[&Column], look: &Look) -> Vec<Line<'a>> {
    let key = |keys: String, help: &str| {
        Line::from(vec![Span::styled(format!(" {keys:<18}"), look.theme.key), Span::raw(help.to_owned())])
    };
    let mut lines: Vec<_> = bound(Context::Ranking).map(|b| key(b.labels(), b.help)).collect();
    lines.push(Line::default());
    for (place, column) in columns.iter().enumerate() {
        lines.push(key(format!("{} {}", place + 1, column.title), column.help));
    }
    lines
}
