//! The grid of activations and initializations as a heat map, with the means of its rows and columns.
//!
//! ```text
//!             torch     xavier
//!             default   normal      mean
//! relu        ▃ 301.2   ▅ 340.7    321.0
//! tanh        ▇ 402.1  [█ 419.1]   410.6     [ ] the best cell
//! mean          351.7     379.9    365.8
//! ```

use std::ops::Range;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::columns::Column;
use crate::tui::context::Context;
use crate::tui::effect::Effect;
use crate::tui::grid::{Grid, Values};
use crate::tui::keymap::Key::{Char, Code};
use crate::tui::keymap::shared::{BEST, COPY, DETAIL, EVERYWHERE, EXPORT, LEAVE, LINES, MARKS, PROGRAM, RUN};
use crate::tui::keymap::{Action, bind};
use crate::tui::theme::Look;
use crate::tui::view::{About, Opened, View};
use crate::tui::widgets::{inside_pane, pane};
use neartop_study::study::Status;

/// The least and the most columns of the screen for one candidate, brackets included.
const CELL: (usize, usize) = (10, 14);
/// Lines of a column's name.
const HEAD: usize = 2;

static ABOUT: About = About {
    name: "matrix",
    opens: Action::MATRIX,
    opener: Some(bind(&[Char('m')], Action::MATRIX, "matrix", "activations against initializations as a heat map")),
    tab: Some((1, "matrix")),
    is_window: false,
    keys: &[
        EVERYWHERE,
        LINES,
        BEST,
        &[
            bind(&[Code(KeyCode::Left), Char('h')], Action::LEFT, "", "to the left"),
            bind(&[Code(KeyCode::Right), Char('l')], Action::RIGHT, "", "to the right"),
            bind(&[Code(KeyCode::Home), Char('0')], Action::FIRST, "", "to the first column"),
            bind(&[Code(KeyCode::End), Char('$')], Action::LAST, "", "to the last column"),
            bind(&[Code(KeyCode::Tab), Char('v')], Action::MORE, "quantity", "the next quantity"),
            bind(&[Code(KeyCode::BackTab), Char('V')], Action::LESS, "", "the quantity before"),
        ],
        MARKS,
        RUN,
        EXPORT,
        DETAIL,
        &[bind(&[Code(KeyCode::Esc), Char('q'), Char('m')], Action::CLOSE, "ranking", "back to the ranking")],
        COPY,
        PROGRAM,
        LEAVE,
    ],
};

/// The view of the candidates around the selected one as a grid.
#[derive(Debug, Default)]
pub struct Matrix {
    /// Title of the column that the user turned to.
    quantity: Option<&'static str>,
}

/// The columns of the ranking that a cell can show, one number for each candidate.
pub fn quantities(columns: &[&'static Column]) -> Vec<&'static Column> {
    columns.iter().copied().filter(|column| column.is_measured).collect()
}

impl View for Matrix {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn open(&mut self, _again: bool, cx: &mut Context) -> Opened {
        let Some(candidate) = cx.selected_or_say() else { return Opened::Refused };
        if Grid::around(&cx.study, candidate).is_some() {
            return Opened::Shown(None);
        }
        cx.say("a matrix needs activations and initializations to compare");
        Opened::Refused
    }

    fn act(&mut self, action: Action, _key: KeyEvent, cx: &mut Context) -> Option<Effect> {
        match action {
            Action::MARK => cx.mark(),
            Action::MORE => self.turn(&cx.table.columns, true),
            Action::LESS => self.turn(&cx.table.columns, false),
            Action::UP => step(cx, -1, 0),
            Action::DOWN => step(cx, 1, 0),
            Action::LEFT => step(cx, 0, -1),
            Action::RIGHT => step(cx, 0, 1),
            Action::FIRST => step(cx, 0, isize::MIN),
            Action::LAST => step(cx, 0, isize::MAX),
            _ => {}
        }
        None
    }

    fn height(&self, cx: &Context) -> Option<u16> {
        let grid = cx.selected().and_then(|id| Grid::around(&cx.study, id));
        Some(grid.map_or(0, |grid| wanted_height(&grid)))
    }

    fn click(&mut self, at: Position, area: Rect, cx: &mut Context) -> Option<Action> {
        let candidate = candidate_at(cx, area, at)?;
        if Some(candidate) == cx.selected() {
            return Some(Action::INSPECT);
        }
        cx.select(Some(candidate));
        None
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        let found = cx.selected().and_then(|id| Some((id, Grid::around(&cx.study, id)?)));
        let (Some((selected, grid)), Some(quantity)) = (found, self.quantity(&cx.table.columns)) else {
            frame.render_widget(pane(" no grid ", look), area);
            return;
        };
        let values = Values::new(&grid, &cx.study, &cx.table.ranking, quantity, &look.signs);
        let mut title = format!(" matrix{}{}: {} ", look.signs.separator, quantity.title, quantity.help);
        if let Some(architecture) = &cx.study.candidate(selected).architecture {
            title = format!(" {architecture}{}{} ", look.signs.separator, quantity.title);
        }
        let block = pane(look.signs.fit(&title, usize::from(area.width)), look);
        let inside = block.inner(area);
        frame.render_widget(block, area);
        let part = Part::around(&grid, selected, inside);
        let drawing = Drawing { grid: &grid, values: &values, quantity, selected, cx, look, part };
        frame.render_widget(Paragraph::new(drawing.lines()), inside);
    }
}

impl Matrix {
    /// The quantity that is shown: the first where this study has no such column. None where no column is measured.
    #[must_use]
    pub fn quantity(&self, columns: &[&'static Column]) -> Option<&'static Column> {
        quantities(columns).get(self.place(columns)).copied()
    }

    /// Place among [`quantities`].
    fn place(&self, columns: &[&'static Column]) -> usize {
        quantities(columns).iter().position(|column| Some(column.title) == self.quantity).unwrap_or(0)
    }

    /// The next quantity, or the one before.
    fn turn(&mut self, columns: &[&'static Column], forward: bool) {
        let count = quantities(columns).len().max(1);
        let place = (self.place(columns) + if forward { 1 } else { count - 1 }) % count;
        self.quantity = quantities(columns).get(place).map(|column| column.title);
    }
}

/// Selects the candidate so many cells away. One that the filter hides is shown again.
fn step(cx: &mut Context, down: isize, right: isize) {
    let Some(from) = cx.selected() else { return };
    let to = Grid::around(&cx.study, from).and_then(|grid| grid.step(from, down, right));
    if to.is_some_and(|to| cx.table.row_of(to).is_none()) {
        cx.table.list.filter.clear();
        cx.arrange();
        cx.say("the filter is cleared: it hid this candidate");
    }
    cx.select(to);
}

/// Lines that the whole grid wants: its title, the head, the rows and the means.
fn wanted_height(grid: &Grid) -> u16 {
    (1 + HEAD + grid.activations.len() + 1).min(usize::from(u16::MAX)) as u16
}

/// The candidate at a place of the screen.
fn candidate_at(cx: &Context, area: Rect, at: Position) -> Option<usize> {
    let selected = cx.selected()?;
    let grid = Grid::around(&cx.study, selected)?;
    let inside = inside_pane(area);
    let part = Part::around(&grid, selected, inside);
    let row = usize::from(at.y.checked_sub(inside.y)?).checked_sub(HEAD)?;
    let column = usize::from(at.x.checked_sub(inside.x)?).checked_sub(part.label)? / part.cell;
    let is_shown = row < part.rows.len() && column < part.columns.len();
    is_shown.then(|| grid.candidate(part.rows.start + row, part.columns.start + column)).flatten()
}

/// The part of the grid that the screen shows, and its measures.
struct Part {
    rows: Range<usize>,
    columns: Range<usize>,
    /// Columns of the screen for the names of the rows, and for a candidate.
    label: usize,
    cell: usize,
}

impl Part {
    /// As much around the selection as fits.
    fn around(grid: &Grid, selected: usize, area: Rect) -> Self {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        let longest = grid.activations.iter().map(|a| a.chars().count()).max().unwrap_or(0);
        let most = if grid.is_by_slot { width / 2 } else { width / 4 };
        let label = longest.clamp(4, most.max(6));
        let cell = (width.saturating_sub(label) / (grid.inits.len() + 1)).clamp(CELL.0, CELL.1);
        let columns = (width.saturating_sub(label + cell) / cell).clamp(1, grid.inits.len());
        let rows = height.saturating_sub(HEAD + 1).clamp(1, grid.activations.len());
        let (row, column) = grid.place(selected).unwrap_or_default();
        let from = |wanted, shown, count| {
            let first = first(wanted, shown, count);
            first..first + shown
        };
        Self {
            rows: from(row, rows, grid.activations.len()),
            columns: from(column, columns, grid.inits.len()),
            label,
            cell,
        }
    }
}

struct Drawing<'a> {
    grid: &'a Grid,
    values: &'a Values,
    quantity: &'static Column,
    selected: usize,
    cx: &'a Context,
    look: &'a Look,
    part: Part,
}

impl Drawing<'_> {
    fn lines(&self) -> Vec<Line<'static>> {
        let label = self.part.label;
        let columns = || self.part.columns.clone();
        let mut lines = self.head();
        for row in self.part.rows.clone() {
            let name = self.look.signs.fit(&self.grid.activations[row], label);
            let mut spans = vec![Span::raw(format!("{name:<label$}"))];
            spans.extend(columns().map(|column| self.cell(row, column)));
            spans.push(self.mean(self.values.row_mean(row)));
            lines.push(Line::from(spans));
        }
        let mut means = vec![Span::styled(format!("{:<label$}", "mean"), self.look.theme.label)];
        means.extend(columns().map(|column| self.mean(self.values.column_mean(column))));
        means.push(self.mean(self.values.mean()));
        lines.push(Line::from(means));
        lines
    }

    fn head(&self) -> Vec<Line<'static>> {
        let names: Vec<_> =
            self.part.columns.clone().map(|c| broken(&self.grid.inits[c], self.part.cell - 2)).collect();
        (0..HEAD)
            .map(|line| {
                let mut spans = vec![Span::raw(" ".repeat(self.part.label))];
                for name in &names {
                    let text = self.look.signs.fit(name.get(line).map_or("", String::as_str), self.part.cell - 2);
                    spans.push(Span::styled(format!("{text:>w$} ", w = self.part.cell - 1), self.look.theme.header));
                }
                let mean = if line + 1 == HEAD { "mean" } else { "" };
                spans.push(Span::styled(format!("{mean:>w$} ", w = self.part.cell - 1), self.look.theme.label));
                Line::from(spans)
            })
            .collect()
    }

    fn cell(&self, row: usize, column: usize) -> Span<'static> {
        let look = self.look;
        let Some(id) = self.grid.candidate(row, column) else { return Span::raw(" ".repeat(self.part.cell)) };
        let is_best = self.values.best(self.quantity.largest_first) == Some((row, column));
        let (open, close) = if is_best { ("[", "]") } else { (" ", " ") };
        let room = self.part.cell - 2;
        let (text, mut style) = match self.values.get(row, column) {
            Some(number) => {
                let share = self.values.share(number);
                let shown = look.signs.fit(self.values.text(row, column), room - 1);
                (format!("{}{shown:>w$}", look.signs.level(share), w = room - 1), look.theme.heat(share))
            }
            None => match self.cx.study.status(id) {
                Status::Failed => (format!("{:>room$}", "failed"), look.theme.bad),
                _ => (format!("{:>room$}", "-"), look.theme.label),
            },
        };
        if is_best {
            style = style.add_modifier(Modifier::BOLD);
        }
        if id == self.selected {
            style = Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD);
        }
        Span::styled(format!("{open}{text}{close}"), style)
    }

    fn mean(&self, value: Option<f64>) -> Span<'static> {
        let text = value.map(|x| compact(x, self.part.cell - 2)).unwrap_or_default();
        Span::styled(format!("{text:>w$} ", w = self.part.cell - 1), self.look.theme.label)
    }
}

/// The first of `shown` places of `count` so that `wanted` stands in the middle, as far as the edges let it.
fn first(wanted: usize, shown: usize, count: usize) -> usize {
    wanted.saturating_sub(shown / 2).min(count.saturating_sub(shown))
}

/// A number in at most `room` characters.
fn compact(number: f64, room: usize) -> String {
    let digits = if number.abs() < 10.0 { 3 } else { 1 };
    let text = format!("{number:.digits$}");
    if text.len() <= room { text } else { format!("{number:.1e}") }
}

/// A name over two lines, broken where its words meet.
fn broken(name: &str, width: usize) -> Vec<String> {
    if name.chars().count() <= width {
        return vec![String::new(), name.to_owned()];
    }
    let fits = name.char_indices().take(width + 1).filter(|(_, c)| matches!(c, '_' | ' ')).last();
    match fits {
        Some((at, _)) => vec![name[..at].to_owned(), name[at + 1..].to_owned()],
        None => {
            let at = name.char_indices().nth(width).map_or(name.len(), |(at, _)| at);
            vec![name[..at].to_owned(), name[at..].to_owned()]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_broken_between_words() {
        assert_eq!(broken("orthogonal", 8), ["orthogon", "al"]);
        assert_eq!(broken("kaiming_normal", 8), ["kaiming", "normal"]);
        assert_eq!(broken("zeros", 8), ["", "zeros"]);
    }

    #[test]
    fn the_selection_stays_in_sight() {
        assert_eq!([first(0, 3, 10), first(5, 3, 10), first(9, 3, 10), first(1, 5, 3)], [0, 4, 7, 0]);
    }
}
