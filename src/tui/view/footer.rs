//! What just happened, the filter while it is written, or the keys that matter here.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use unicode_width::UnicodeWidthChar;

use crate::tui::app::{App, Mode};
use crate::tui::keymap::Action;
use crate::tui::theme::Look;

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, look: &Look) {
    let width = usize::from(area.width);
    let asked = match &app.mode {
        Mode::Filter { .. } => Some(("filter: ", app.filter())),
        Mode::Help(help) if help.is_typing => Some(("filter: ", &help.words)),
        Mode::Sizes(sizes) if app.notice.is_none() => {
            sizes.prompt.as_ref().map(|prompt| (prompt.asks.label(), &prompt.text))
        }
        // What is wrong with the text is more urgent than the text, until the next key.
        Mode::Prompt(prompt) if app.notice.is_none() => Some((prompt.asks.label(), &prompt.text)),
        _ => None,
    };
    if let Some((label, input)) = asked {
        let room = width.saturating_sub(label.len() + 1);
        let scroll = input.visual_scroll(room);
        let shown = scrolled(input.value(), scroll);
        let line = Line::from(vec![Span::styled(label, look.theme.key), Span::raw(shown)]);
        frame.render_widget(Paragraph::new(line), area);
        let column = label.len() + input.visual_cursor().saturating_sub(scroll);
        frame.set_cursor_position(Position::new(area.x + column.min(width.saturating_sub(1)) as u16, area.y));
        return;
    }
    let line = match &app.notice {
        Some(notice) => {
            let style = if notice.is_error { look.theme.bad } else { look.theme.good };
            Line::from(Span::styled(look.signs.fit(&notice.text, width), style))
        }
        None => hints(app, look, width),
    };
    frame.render_widget(Paragraph::new(line), area);
}

/// A text from so many columns on.
pub fn scrolled(text: &str, columns: usize) -> String {
    let mut passed = 0;
    let is_passed = |c: &char| {
        let is_passed = passed < columns;
        passed += c.width().unwrap_or(0);
        is_passed
    };
    text.chars().skip_while(is_passed).collect()
}

/// The action of the hint at a place.
pub fn hint_at(app: &App, area: Rect, at: Position) -> Option<Action> {
    let mut left = area.x;
    app.keymap.bound(app.context()).filter(|line| !line.binding.hint.is_empty()).find_map(|line| {
        let key = line.keys.first()?.label();
        let right = left + (key.len() + line.binding.hint.len() + 1) as u16;
        let is_here = (left..right).contains(&at.x);
        left = right + 2;
        is_here.then_some(line.binding.action)
    })
}

/// As many hints as fit, each whole.
fn hints<'a>(app: &App, look: &Look, width: usize) -> Line<'a> {
    let mut spans = Vec::new();
    let mut taken = 0;
    for line in app.keymap.bound(app.context()).filter(|b| !b.binding.hint.is_empty()) {
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
