//! A list: the chosen line, what is on the screen of it, and what it is filtered by.

use ratatui::layout::{Position, Rect};

use super::filter::Filter;
use crate::tui::keymap::Action;

/// The state of a list. How long it is, and what stands in it, is its view's.
#[derive(Debug, Default)]
pub struct List {
    /// The chosen line of those that the filter lets through.
    pub line: usize,
    /// The first row on the screen; rows are the lines and what stands above some of them.
    pub offset: usize,
    pub filter: Filter,
}

/// A row on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row<H> {
    /// What stands above those of a kind.
    Head(H),
    Line(usize),
}

impl List {
    /// Moves as an action says: a line, a page, or to an end. False where it is no such action.
    pub fn go(&mut self, action: Action, page: usize, count: usize) -> bool {
        match moved(action, self.line, page, count) {
            Some(line) => {
                self.line = line;
                true
            }
            None => false,
        }
    }

    /// Stays within as many lines as there are.
    pub fn clamp(&mut self, count: usize) {
        self.line = self.line.min(count.saturating_sub(1));
    }

    /// Chooses a line that was clicked; true where it was chosen before.
    pub fn click(&mut self, line: usize) -> bool {
        std::mem::replace(&mut self.line, line) == line
    }

    /// Scrolls so that the chosen row is within the height, with `above` rows over it where it moves up.
    pub fn settle(&mut self, chosen: usize, height: usize, count: usize, above: usize) {
        let height = height.max(1);
        let least = (chosen + 1).saturating_sub(height);
        let most = chosen.saturating_sub(above).max(least);
        self.offset = self.offset.clamp(least, most).min(count.saturating_sub(height));
    }

    /// The row at a place of the screen, where the list fills `area`.
    #[must_use]
    pub fn row_at(&self, area: Rect, at: Position) -> Option<usize> {
        area.contains(at).then(|| self.offset + usize::from(at.y - area.y))
    }
}

/// Where an action leads to from a line; none where it is no move.
#[must_use]
pub fn moved(action: Action, line: usize, page: usize, count: usize) -> Option<usize> {
    let last = count.saturating_sub(1);
    let line = match action {
        Action::UP => line.saturating_sub(1),
        Action::DOWN => line + 1,
        Action::PAGE_UP => line.saturating_sub(page),
        Action::PAGE_DOWN => line + page,
        Action::FIRST => 0,
        Action::LAST => last,
        _ => return None,
    };
    Some(line.min(last))
}

/// The rows of lines whose kinds are given, each kind with a head, and the place of a line among them.
pub fn rows<H: Clone + PartialEq>(kinds: impl Iterator<Item = H>, line: usize) -> (Vec<Row<H>>, usize) {
    let (mut rows, mut chosen, mut head) = (Vec::new(), 0, None);
    for (place, kind) in kinds.enumerate() {
        if head.replace(kind.clone()).as_ref() != Some(&kind) {
            rows.push(Row::Head(kind));
        }
        if place == line {
            chosen = rows.len();
        }
        rows.push(Row::Line(place));
    }
    (rows, chosen)
}
