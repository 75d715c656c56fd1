//! What views are made of.

pub mod filter;
pub mod layers;
pub mod list;
pub mod plot;
pub mod prompt;
pub mod repair;
pub mod seen;

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Flex, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Clear};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::theme::Look;

/// A line with a title above a pane.
pub fn pane<'a>(title: impl Into<Line<'a>>, look: &Look) -> Block<'a> {
    Block::new()
        .borders(Borders::TOP)
        .border_set(look.signs.border)
        .border_style(look.theme.border)
        .title(title)
        .title_style(look.theme.title)
}

/// What is left of a pane below its title.
#[must_use]
pub fn inside_pane(area: Rect) -> Rect {
    Block::new().borders(Borders::TOP).inner(area)
}

/// A title with what the list below it is filtered by.
#[must_use]
pub fn filtered_title(title: String, filter: &str, look: &Look) -> String {
    if filter.is_empty() { title } else { format!("{title}{} filter: {filter} ", look.signs.separator.trim()) }
}

/// Where a window of at most this size stands, in the middle.
#[must_use]
pub fn window_area(screen: Rect, width: u16, height: u16) -> Rect {
    // The footer says which keys the window takes.
    let area = Rect { height: screen.height.saturating_sub(1), ..screen };
    let [area] = Layout::horizontal([Constraint::Max(width)]).flex(Flex::Center).areas(area);
    let [area] = Layout::vertical([Constraint::Max(height)]).flex(Flex::Center).areas(area);
    area
}

/// Draws a window over the rest. Returns its inside.
pub fn window(frame: &mut Frame<'_>, title: &str, area: Rect, look: &Look) -> Rect {
    let block = Block::bordered()
        .border_set(look.signs.border)
        .border_style(look.theme.key)
        .title(format!(" {title} "))
        .title_style(look.theme.title);
    let inside = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    inside
}

/// A text from so many columns on.
#[must_use]
pub fn scrolled(text: &str, columns: usize) -> String {
    let mut passed = 0;
    let is_passed = |part: &&str| {
        let is_passed = passed < columns;
        passed += part.width();
        is_passed
    };
    text.graphemes(true).skip_while(is_passed).collect()
}

/// Minutes and seconds, or hours, minutes and seconds.
#[must_use]
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}
