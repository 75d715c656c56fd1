//! The names of the views, each with its key: the one that is shown stands out, and a click goes to the others.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::tui::app::{App, Mode, View};
use crate::tui::keymap::Action;
use crate::tui::theme::Look;

/// Columns that all names take with their keys, as the program binds them.
pub const LEAST: u16 = 72;

/// Every view: what leads to it, and its name.
const TABS: [(Action, &str); 7] = [
    (Action::Close, "ranking"),
    (Action::Matrix, "matrix"),
    (Action::Inspect, "candidate"),
    (Action::Sizes, "sizes"),
    (Action::Train, "training"),
    (Action::Space, "search"),
    (Action::Library, "presets"),
];

/// What leads to the view that is shown.
fn shown(app: &App) -> Action {
    match (&app.mode, app.view) {
        (Mode::Sizes(_), _) => Action::Sizes,
        (_, View::Ranking) => Action::Close,
        (_, View::Matrix) => Action::Matrix,
        (_, View::Candidate(_)) => Action::Inspect,
        (_, View::Training) => Action::Train,
        (_, View::Space) => Action::Space,
        (_, View::Library) => Action::Library,
    }
}

/// The key and the name of each view, with the columns that they take.
fn tabs(app: &App) -> impl Iterator<Item = (Action, String, &'static str)> {
    TABS.into_iter().map(|(action, name)| {
        let mut lines = app.keymap.bound(app.view.context());
        let line = lines.find(|line| line.binding.action == action && action != shown(app));
        let key = line.and_then(|line| line.keys.first()).map(|key| key.label() + " ").unwrap_or_default();
        (action, key, name)
    })
}

/// What leads to the view whose name stands at a place.
pub fn action_at(app: &App, area: Rect, at: Position) -> Option<Action> {
    let mut left = area.x;
    tabs(app).find_map(|(action, key, name)| {
        let right = left + (key.len() + name.len()) as u16;
        let is_here = (left..right).contains(&at.x);
        left = right + 2;
        (is_here && action != shown(app)).then_some(action)
    })
}

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, look: &Look) {
    let mut spans = Vec::new();
    for (action, key, name) in tabs(app) {
        let style = if action == shown(app) { look.theme.selected } else { look.theme.label };
        spans.extend([Span::styled(key, look.theme.key), Span::styled(name, style), Span::raw("  ")]);
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}
