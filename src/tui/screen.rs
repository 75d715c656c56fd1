//! Draws the state.

pub mod footer;
mod header;
pub mod tabs;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Paragraph, Wrap};

use super::app::App;
use super::layout::LEAST;
use super::theme::Look;
use super::widgets::layers;

/// Draws a frame.
pub fn draw(frame: &mut Frame<'_>, app: &App, look: &Look) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return draw_too_small(frame, area);
    }
    let layout = app.layout();
    let cx = &app.cx;
    let behind: String = app.views().filter_map(|view| view.progress(usize::from(area.width), cx)).collect();
    header::draw(frame, layout.header, behind, cx, look);
    tabs::draw(frame, layout.tabs, &app.tabs(), cx, look);
    let mut visible = app.visible();
    if let Some(view) = visible.next() {
        view.draw(frame, layout.view, cx, look);
    }
    layers::draw(frame, layout.detail, cx, look);
    match app.asks() {
        Some(text) => footer::draw_text(frame, layout.footer, text, look),
        None => footer::draw(frame, layout.footer, cx.keymap.bound(app.place()), cx, look),
    }
    visible.for_each(|window| window.draw(frame, area, cx, look));
    footer::draw_above(frame, layout.footer, app.offered(), cx, look);
}

fn draw_too_small(frame: &mut Frame<'_>, area: Rect) {
    let text = format!("{} x {} is too small, {} x {} is enough", area.width, area.height, LEAST.0, LEAST.1);
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), area);
}
