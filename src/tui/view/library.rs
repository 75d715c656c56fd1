//! What can be opened: names by where they come from, and what the chosen one asks for or what is wrong with it.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

use super::pane;
use crate::tui::app::App;
use crate::tui::library::{Library, Source};
use crate::tui::theme::Look;
use neartop_io::preset::printable;

/// From this width on the preview stands beside the list.
const WIDE: u16 = 60;

/// A line of the list.
#[derive(Clone, Copy)]
enum Row {
    Head(Source),
    /// Place among what is shown.
    Entry(usize),
}

/// The list and the preview.
fn areas(inside: Rect, library: &Library) -> [Rect; 2] {
    if inside.width < WIDE {
        let half = inside.height.div_ceil(2);
        return Layout::vertical([Constraint::Length(half), Constraint::Min(0)]).areas(inside);
    }
    let longest = library.shown().iter().map(|e| printable(&e.name).width()).max().unwrap_or(0);
    let width = (longest as u16 + 4).clamp(23, inside.width / 2);
    Layout::horizontal([Constraint::Length(width), Constraint::Min(0)]).spacing(1).areas(inside)
}

/// All lines of the list, and the place of the chosen one among them.
fn rows(library: &Library) -> (Vec<Row>, usize) {
    let mut rows = Vec::new();
    let mut chosen = 0;
    let mut source = None;
    for (place, entry) in library.shown().into_iter().enumerate() {
        if source.replace(entry.source) != Some(entry.source) {
            rows.push(Row::Head(entry.source));
        }
        if place == library.line {
            chosen = rows.len();
        }
        rows.push(Row::Entry(place));
    }
    (rows, chosen)
}

/// The first line on the screen, so that the chosen one is on it too.
pub fn offset(library: &Library, area: Rect) -> usize {
    let [list, _] = areas(pane("", &Look::new(false, true)).inner(area), library);
    let (rows, chosen) = rows(library);
    super::scrolled_to(library.offset, chosen, list.height, rows.len())
}

/// The entry at a place of the screen.
pub fn line_at(library: &Library, area: Rect, at: Position) -> Option<usize> {
    let [list, _] = areas(pane("", &Look::new(false, true)).inner(area), library);
    match rows(library).0.get(library.offset + usize::from(at.y.checked_sub(list.y)?)) {
        Some(Row::Entry(place)) if list.contains(at) => Some(*place),
        _ => None,
    }
}

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, look: &Look) {
    let library = &app.library;
    let folder = printable(&library.folder.display().to_string());
    let mut title = format!(" presets and studies{}folder {folder} ", look.signs.separator);
    if !library.filter.value().is_empty() {
        title += &format!("{} filter: {} ", look.signs.separator.trim(), library.filter.value());
    }
    let block = pane(look.signs.fit(&title, usize::from(area.width)), look);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let shown = library.shown();
    if shown.is_empty() {
        let text = if library.entries.is_none() { "they are being read" } else { "nothing has these words" };
        frame.render_widget(Paragraph::new(text).style(look.theme.label), inside);
        return;
    }
    let [list, preview] = areas(inside, library);
    let line = |row: Row| {
        let Row::Entry(place) = row else {
            let Row::Head(source) = row else { return Line::default() };
            return Line::from(Span::styled(source.title(), look.theme.header));
        };
        let entry = shown[place];
        let sign = if entry.preset.is_ok() { " " } else { look.signs.fails };
        let style = match (place == library.line, &entry.preset) {
            (true, _) => look.theme.selected,
            (_, Err(_)) => look.theme.bad,
            _ => Style::new(),
        };
        let text = look.signs.pad(&format!("{sign} {}", printable(&entry.name)), usize::from(list.width));
        Line::from(Span::styled(text, style))
    };
    let rows = rows(library).0.into_iter().skip(library.offset);
    let lines: Vec<_> = rows.take(usize::from(list.height)).map(line).collect();
    frame.render_widget(Paragraph::new(lines), list);

    let Some(entry) = library.chosen() else { return };
    let style = if entry.preset.is_ok() { look.theme.header } else { look.theme.bad };
    let mut lines: Vec<_> = entry.summary.iter().map(|line| Line::from(Span::styled(printable(line), style))).collect();
    if entry.study.as_ref().is_some_and(|study| app.is_own(study)) {
        lines.push(Line::from(Span::styled("this run is recorded here", look.theme.good)));
    }
    lines.push(Line::default());
    lines.extend(entry.text.lines().map(|line| Line::from(Span::styled(printable(line), look.theme.label))));
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), preview);
}
