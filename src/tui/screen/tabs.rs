//! The names of the views, each with its key: the one that is shown stands out, and a click goes to the others.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::tui::context::Context;
use crate::tui::keymap::Action;
use crate::tui::theme::Look;

/// The views that have a tab.
pub struct Tabs {
    /// What leads to each, and its name.
    pub names: Vec<(Action, &'static str)>,
    /// What leads to the one that is shown.
    pub shown: Action,
}

/// The key and the name of each view.
fn labels(tabs: &Tabs, cx: &Context) -> Vec<(Action, String, &'static str)> {
    let key = |action: Action| {
        let label = if action == tabs.shown { String::new() } else { cx.keymap.label(cx.shown, action) };
        if label.is_empty() { label } else { label + " " }
    };
    let mut labels: Vec<_> = tabs.names.iter().map(|(action, name)| (*action, key(*action), *name)).collect();
    // A name stands there as a whole or not at all.
    let taken = |labels: &[(Action, String, &str)]| {
        labels.iter().map(|(_, key, name)| key.len() + name.len() + 2).sum::<usize>()
    };
    while taken(&labels) > usize::from(cx.size.width) + 2 {
        labels.pop();
    }
    labels
}

/// What leads to the view whose name stands at a place.
#[must_use]
pub fn action_at(tabs: &Tabs, cx: &Context, area: Rect, at: Position) -> Option<Action> {
    let mut left = area.x;
    labels(tabs, cx).into_iter().find_map(|(action, key, name)| {
        let right = left + (key.len() + name.len()) as u16;
        let is_here = (left..right).contains(&at.x);
        left = right + 2;
        (is_here && action != tabs.shown).then_some(action)
    })
}

pub fn draw(frame: &mut Frame<'_>, area: Rect, tabs: &Tabs, cx: &Context, look: &Look) {
    let mut spans = Vec::new();
    for (action, key, name) in labels(tabs, cx) {
        let style = if action == tabs.shown { look.theme.selected } else { look.theme.label };
        spans.extend([Span::styled(key, look.theme.key), Span::styled(name, style), Span::raw("  ")]);
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}
