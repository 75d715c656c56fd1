//! What just happened, a text while it is written, or the keys that matter here.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph, Wrap};
use tui_input::Input;
use unicode_width::UnicodeWidthStr;

use crate::tui::context::Context;
use crate::tui::keymap::{Action, Bound};
use crate::tui::theme::Look;
use crate::tui::widgets::layers::wrapped;
use crate::tui::widgets::scrolled;
use neartop_io::preset::printable;

/// Draws what just happened, or the keys.
pub fn draw(frame: &mut Frame<'_>, area: Rect, keys: &[Bound], cx: &Context, look: &Look) {
    let width = usize::from(area.width);
    let line = match &cx.notice {
        Some(notice) => {
            let style = if notice.is_error { look.theme.bad } else { look.theme.good };
            Line::from(Span::styled(look.signs.fit(&notice.text, width), style))
        }
        None => hints(keys, look, width),
    };
    frame.render_widget(Paragraph::new(line), area);
}

/// Draws what the footer has no room for over the lines above it: the whole of what just happened, or the paths that
/// are offered. A window shows its own.
pub fn draw_above(frame: &mut Frame<'_>, footer: Rect, offered: &[String], cx: &Context, look: &Look) {
    let (lines, also_footer) = match &cx.notice {
        Some(notice) if notice.text.width() > usize::from(footer.width) => {
            let style = if notice.is_error { look.theme.bad } else { look.theme.good };
            (vec![Line::from(Span::styled(notice.text.clone(), style))], 1)
        }
        None if !offered.is_empty() => (vec![choices(offered, look)], 0),
        _ => return,
    };
    let height = wrapped(&lines, footer.width).min(frame.area().height / 2);
    let area = Rect { y: (footer.y + also_footer).saturating_sub(height), height, ..footer };
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), area);
}

/// The last parts of paths.
fn choices<'a>(paths: &[String], look: &Look) -> Line<'a> {
    let name = |path: &String| {
        let end = path.trim_end_matches('/').rfind('/').map_or(0, |slash| slash + 1);
        printable(&path[end..])
    };
    Line::from(Span::styled(paths.iter().map(name).collect::<Vec<_>>().join("  "), look.theme.label))
}

/// Draws a text that is written.
pub fn draw_text(frame: &mut Frame<'_>, area: Rect, (label, input): (&str, &Input), look: &Look) {
    let width = usize::from(area.width);
    let room = width.saturating_sub(label.len() + 1);
    let scroll = input.visual_scroll(room);
    let shown = scrolled(input.value(), scroll);
    let line = Line::from(vec![Span::styled(label.to_owned(), look.theme.key), Span::raw(shown)]);
    frame.render_widget(Paragraph::new(line), area);
    let column = label.len() + input.visual_cursor().saturating_sub(scroll);
    frame.set_cursor_position(Position::new(area.x + column.min(width.saturating_sub(1)) as u16, area.y));
}

/// The action of the hint at a place.
#[must_use]
pub fn hint_at(keys: &[Bound], area: Rect, at: Position) -> Option<Action> {
    let mut left = area.x;
    keys.iter().filter(|line| !line.binding.hint.is_empty()).find_map(|line| {
        let key = line.keys.first()?.label();
        let right = left + (key.len() + line.binding.hint.len() + 1) as u16;
        let is_here = (left..right).contains(&at.x);
        left = right + 2;
        is_here.then_some(line.binding.action)
    })
}

/// As many hints as fit, each whole.
fn hints<'a>(keys: &[Bound], look: &Look, width: usize) -> Line<'a> {
    let mut spans = Vec::new();
    let mut taken = 0;
    for line in keys.iter().filter(|line| !line.binding.hint.is_empty()) {
        let Some(key) = line.keys.first().map(|key| key.label()) else { continue };
        taken += key.len() + line.binding.hint.len() + 3;
        if taken > width + 2 {
            break;
        }
        spans.push(Span::styled(key, look.theme.key));
        spans.push(Span::raw(format!(" {}  ", line.binding.hint)));
    }
    Line::from(spans)
}
