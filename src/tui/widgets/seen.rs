//! How much of a list is seen: its position in numbers, and a scrollbar where it goes on.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::tui::theme::Look;

/// What is seen of a list or a text.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// The first line on the screen,
    pub offset: usize,
    /// ... how many there are,
    pub count: usize,
    /// ... and which of them is chosen, where one is.
    pub chosen: Option<usize>,
}

impl Seen {
    /// The part of a pane that its lines have: where they go on, the last column is the scrollbar's.
    #[must_use]
    pub fn room(self, inside: Rect) -> Rect {
        let bar = u16::from(self.goes_on(inside.height) && inside.width > 1);
        Rect { width: inside.width - bar, ..inside }
    }

    fn goes_on(self, height: u16) -> bool {
        self.count > usize::from(height)
    }

    /// The place of the chosen line, or the last line that is seen: `57/130`.
    fn position(self, height: u16) -> String {
        let at = self.chosen.map_or(self.offset + usize::from(height), |chosen| chosen + 1);
        format!(" {}/{} ", at.min(self.count), self.count)
    }

    /// Draws the position into the title of a pane, and the scrollbar beside its lines.
    pub fn draw(self, frame: &mut Frame<'_>, pane: Rect, lines: Rect, look: &Look) {
        if self.chosen.is_some() && self.count > 0 || self.goes_on(lines.height) {
            position(frame, Rect { height: 1, ..pane }, &self.position(lines.height), look);
        }
        let last = Rect { x: lines.right().saturating_sub(1), width: lines.width.min(1), ..lines };
        self.draw_bar(frame, last, look);
    }

    /// The same for a window: the scrollbar stands in its frame.
    pub fn draw_in_window(self, frame: &mut Frame<'_>, window: Rect, lines: Rect, look: &Look) {
        if self.goes_on(lines.height) {
            let title = Rect { height: 1, width: window.width.saturating_sub(1), ..window };
            position(frame, title, &self.position(lines.height), look);
        }
        self.draw_bar(frame, Rect { x: window.right().saturating_sub(1), width: 1, ..lines }, look);
    }

    /// Draws the scrollbar into a column, where there is more than is seen.
    pub fn draw_bar(self, frame: &mut Frame<'_>, column: Rect, look: &Look) {
        let column = column.intersection(frame.area());
        if !self.goes_on(column.height) || column.is_empty() {
            return;
        }
        let height = usize::from(column.height);
        let thumb = (height * height / self.count).max(1);
        let hidden = self.count - height;
        let at = (self.offset.min(hidden) * (height - thumb) + hidden / 2) / hidden;
        let lines = (0..height).map(|line| match (at..at + thumb).contains(&line) {
            true => Line::from(Span::styled(look.signs.thumb, look.theme.key)),
            false => Line::from(Span::styled(look.signs.track, look.theme.border)),
        });
        frame.render_widget(ratatui::widgets::Paragraph::new(lines.collect::<Vec<_>>()), column);
    }
}

/// Draws a position at the right end of a title.
pub fn position(frame: &mut Frame<'_>, title: Rect, text: &str, look: &Look) {
    let width = text.width() as u16;
    if width + 1 < title.width {
        let at = Rect { x: title.right() - width, width, ..title };
        frame.render_widget(Line::from(Span::styled(text.to_owned(), look.theme.header)), at);
    }
}
