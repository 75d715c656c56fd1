//! Presets to open: their names, and what the chosen one asks for or what is wrong with it.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::pane;
use crate::preset::printable;
use crate::tui::library::Library;
use crate::tui::theme::Look;

pub fn draw(frame: &mut Frame<'_>, area: Rect, library: &Library, look: &Look) {
    let block = pane(" presets ", look);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let Some(entries) = &library.entries else {
        frame.render_widget(Paragraph::new("they are being read").style(look.theme.label), inside);
        return;
    };
    let longest = entries.iter().map(|e| e.name.chars().count()).max().unwrap_or(0);
    let width = (longest as u16 + 4).min(inside.width / 2);
    let [list, preview] = Layout::horizontal([Constraint::Length(width), Constraint::Min(0)]).spacing(1).areas(inside);
    let height = usize::from(list.height).max(1);
    let first = (library.line + 1).saturating_sub(height);
    let line = |(place, entry): (usize, &crate::tui::library::Entry)| {
        let sign = if entry.preset.is_ok() { " " } else { look.signs.fails };
        let name = look.signs.fit(&printable(&entry.name), usize::from(width).saturating_sub(3));
        let style = match (place == library.line, &entry.preset) {
            (true, _) => look.theme.selected,
            (_, Err(_)) => look.theme.bad,
            _ if entry.is_bundled => look.theme.label,
            _ => ratatui::style::Style::new(),
        };
        Line::from(Span::styled(format!("{sign} {name}"), style))
    };
    let lines: Vec<_> = entries.iter().enumerate().skip(first).take(height).map(line).collect();
    frame.render_widget(Paragraph::new(lines), list);

    let Some(entry) = library.chosen() else { return };
    let style = if entry.preset.is_ok() { look.theme.header } else { look.theme.bad };
    let mut lines: Vec<_> = entry.summary.iter().map(|line| Line::from(Span::styled(printable(line), style))).collect();
    lines.push(Line::default());
    lines.extend(entry.text.lines().map(|line| Line::from(Span::styled(printable(line), look.theme.label))));
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), preview);
}
