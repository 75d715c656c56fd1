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
use unicode_width::UnicodeWidthStr;

use crate::columns::Column;
use crate::tui::context::Context;
use crate::tui::effect::Effect;
use crate::tui::grid::{Grid, Grids, Values, by_candidate};
use crate::tui::keymap::Key::{Char, Code};
use crate::tui::keymap::shared::{BEST, COPY, DETAIL, EVERYWHERE, EXPORT, LEAVE, LINES, MARKS, PROGRAM, RUN};
use crate::tui::keymap::{Action, bind};
use crate::tui::theme::Look;
use crate::tui::view::{About, Opened, View};
use crate::tui::widgets::seen::{Seen, position};
use crate::tui::widgets::{inside_pane, pane};
use neartop_study::study::{Ranked, Status};

/// The least and the most columns of the screen for one candidate, brackets included.
const CELL: (usize, usize) = (10, 14);
/// Lines of a column's name, at least and at most.
const HEAD: (usize, usize) = (2, 3);

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
    /// The first row and the first column on the screen: they move no further than the selection needs.
    first: (usize, usize),
    grids: Grids,
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
        if let Some(grid) = self.grids.around(&cx.study, candidate) {
            let part = Part::of(&grid, self.first, inside_pane(cx.area));
            let (row, column) = grid.place(candidate).unwrap_or_default();
            self.first = (
                first(row, part.rows.len(), grid.activations.len()),
                first(column, part.columns.len(), grid.inits.len()),
            );
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
            Action::UP => self.step(cx, -1, 0),
            Action::DOWN => self.step(cx, 1, 0),
            Action::LEFT => self.step(cx, 0, -1),
            Action::RIGHT => self.step(cx, 0, 1),
            Action::FIRST => self.step(cx, 0, isize::MIN),
            Action::LAST => self.step(cx, 0, isize::MAX),
            _ => {}
        }
        None
    }

    fn height(&self, cx: &Context) -> Option<u16> {
        let grid = cx.selected().and_then(|id| self.grids.around(&cx.study, id));
        Some(grid.map_or(0, |grid| wanted_height(&grid, cx.size.width)))
    }

    fn settle(&mut self, area: Rect, cx: &mut Context) {
        let Some(selected) = cx.selected() else { return };
        let Some(grid) = self.grids.around(&cx.study, selected) else { return };
        let part = Part::of(&grid, self.first, inside_pane(area));
        let (row, column) = grid.place(selected).unwrap_or_default();
        let within = |first: usize, wanted: usize, shown: usize, count: usize| {
            first.clamp((wanted + 1).saturating_sub(shown), wanted).min(count.saturating_sub(shown))
        };
        self.first = (
            within(self.first.0, row, part.rows.len(), grid.activations.len()),
            within(self.first.1, column, part.columns.len(), grid.inits.len()),
        );
    }

    fn click(&mut self, at: Position, area: Rect, cx: &mut Context) -> Option<Action> {
        let candidate = self.candidate_at(cx, area, at)?;
        if Some(candidate) == cx.selected() {
            return Some(Action::INSPECT);
        }
        cx.select(Some(candidate));
        None
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        let found = cx.selected().and_then(|id| Some((id, self.grids.around(&cx.study, id)?)));
        let (Some((selected, grid)), Some(quantity)) = (found, self.quantity(&cx.table.columns)) else {
            frame.render_widget(pane(" no grid ", look), area);
            return;
        };
        let ranked = by_candidate(&cx.study, &cx.table.ranking);
        let values = Values::new(&grid, &cx.study, &ranked, quantity);
        let mut title = format!(" matrix{}{}: {} ", look.signs.separator, quantity.title, quantity.help);
        if let Some(architecture) = &cx.study.candidate(selected).architecture {
            title = format!(" {architecture}{}{} ", look.signs.separator, quantity.title);
        }
        let block = pane(look.signs.fit(&title, usize::from(area.width)), look);
        let inside = block.inner(area);
        frame.render_widget(block, area);
        let part = Part::of(&grid, self.first, inside);
        let place = grid.place(selected).unwrap_or_default();
        let best = values.best(quantity.largest_first);
        let drawing =
            Drawing { grid: &grid, values: &values, ranked: &ranked, best, quantity, selected, cx, look, part };
        frame.render_widget(Paragraph::new(drawing.lines()), inside);
        drawing.draw_seen(frame, area, inside, place);
    }
}

impl Matrix {
    /// Selects the candidate so many cells away. One that the filter hides is shown again.
    fn step(&self, cx: &mut Context, down: isize, right: isize) {
        let Some(from) = cx.selected() else { return };
        // The weights of a model stand in no cell: from there it goes to the first.
        let to =
            self.grids.around(&cx.study, from).and_then(|grid| grid.step(from, down, right).or(grid.candidate(0, 0)));
        if to.is_some_and(|to| cx.table.row_of(to).is_none()) {
            cx.table.list.filter.clear();
            cx.arrange();
            cx.say("the filter is cleared: it hid this candidate");
        }
        cx.select(to);
    }

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

    /// The candidate at a place of the screen.
    fn candidate_at(&self, cx: &Context, area: Rect, at: Position) -> Option<usize> {
        let grid = self.grids.around(&cx.study, cx.selected()?)?;
        let inside = inside_pane(area);
        let part = Part::of(&grid, self.first, inside);
        let row = usize::from(at.y.checked_sub(inside.y)?).checked_sub(part.head)?;
        let column = usize::from(at.x.checked_sub(inside.x)?).checked_sub(part.label)? / part.cell;
        let is_shown = row < part.rows.len() && column < part.columns.len();
        is_shown.then(|| grid.candidate(part.rows.start + row, part.columns.start + column)).flatten()
    }
}

/// Lines that the whole grid wants: its title, the head, the rows and the means.
fn wanted_height(grid: &Grid, width: u16) -> u16 {
    let head = Part::of(grid, (0, 0), Rect { width, height: u16::MAX, ..Rect::ZERO }).head;
    (1 + head + grid.activations.len() + 1).min(usize::from(u16::MAX)) as u16
}

/// The part of the grid that the screen shows, and its measures.
struct Part {
    rows: Range<usize>,
    columns: Range<usize>,
    /// Columns of the screen for the names of the rows, and for a candidate.
    label: usize,
    cell: usize,
    /// Lines of the names of the columns.
    head: usize,
}

impl Part {
    /// As much from a row and a column on as fits.
    fn of(grid: &Grid, (row, column): (usize, usize), area: Rect) -> Self {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        let longest = |names: &[String]| names.iter().map(|name| name.width()).max().unwrap_or(0);
        let most = if grid.is_by_slot { width / 2 } else { width / 4 };
        let label = longest(&grid.activations).clamp(4, most.max(6));
        let wanted = (longest(&grid.inits) + 2).max(CELL.1);
        let cell = (width.saturating_sub(label) / (grid.inits.len() + 1)).clamp(CELL.0, wanted);
        let columns = (width.saturating_sub(label + cell) / cell).clamp(1, grid.inits.len().max(1));
        let lines = |name: &String| broken(name, cell - 2, HEAD.1).iter().filter(|line| !line.is_empty()).count();
        let head = grid.inits.iter().map(lines).max().unwrap_or(0).clamp(HEAD.0, HEAD.1);
        let rows = height.saturating_sub(head + 1).clamp(1, grid.activations.len().max(1));
        let from = |wanted: usize, shown, count: usize| {
            let first = wanted.min(count.saturating_sub(shown));
            first..first + shown
        };
        Self {
            rows: from(row, rows, grid.activations.len()),
            columns: from(column, columns, grid.inits.len()),
            label,
            cell,
            head,
        }
    }
}

struct Drawing<'a> {
    grid: &'a Grid,
    values: &'a Values,
    ranked: &'a [Option<&'a Ranked>],
    /// Row and column of the best cell.
    best: Option<(usize, usize)>,
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
        let names = self.look.signs.apart(&self.grid.activations[self.part.rows.clone()], label);
        for (row, name) in self.part.rows.clone().zip(names) {
            let mut spans = vec![Span::raw(self.look.signs.pad(&name, label))];
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
        let (part, width) = (&self.part, self.part.cell - 2);
        let names = self.look.signs.apart(&self.grid.inits[part.columns.clone()], width * part.head);
        let names: Vec<_> = names.iter().map(|name| broken(name, width, part.head)).collect();
        (0..part.head)
            .map(|line| {
                let mut spans = vec![Span::raw(" ".repeat(part.label))];
                for name in &names {
                    let text = self.look.signs.fit(name.get(line).map_or("", String::as_str), width);
                    let blank = " ".repeat((width + 1).saturating_sub(text.width()));
                    spans.push(Span::styled(format!("{blank}{text} "), self.look.theme.header));
                }
                let mean = if line + 1 == part.head { "mean" } else { "" };
                spans.push(Span::styled(format!("{mean:>w$} ", w = part.cell - 1), self.look.theme.label));
                Line::from(spans)
            })
            .collect()
    }

    /// Says which cell is chosen of how many, and where the grid goes on.
    fn draw_seen(&self, frame: &mut Frame<'_>, area: Rect, inside: Rect, (row, column): (usize, usize)) {
        let (part, grid, signs) = (&self.part, self.grid, &self.look.signs);
        let (rows, columns) = (grid.activations.len(), grid.inits.len());
        let left = if part.columns.start > 0 { signs.more[0] } else { "" };
        let right = if part.columns.end < columns { signs.more[1] } else { "" };
        let text = format!(" {}/{rows}, {left}{}/{columns}{right} ", row + 1, column + 1);
        position(frame, Rect { height: 1, ..area }, &text, self.look);
        let head = part.head as u16;
        let lines = Rect {
            y: inside.y + head.min(inside.height),
            height: (part.rows.len() as u16).min(inside.height.saturating_sub(head)),
            ..inside
        };
        let seen = Seen { offset: part.rows.start, count: rows, chosen: None };
        seen.draw_bar(
            frame,
            Rect { x: lines.right().saturating_sub(1), width: lines.width.min(1), ..lines },
            self.look,
        );
    }

    fn cell(&self, row: usize, column: usize) -> Span<'static> {
        let look = self.look;
        let Some(id) = self.grid.candidate(row, column) else { return Span::raw(" ".repeat(self.part.cell)) };
        let is_best = self.best == Some((row, column));
        let (open, close) = if is_best { ("[", "]") } else { (" ", " ") };
        let room = self.part.cell - 2;
        let (text, mut style) = match self.values.get(row, column) {
            Some(number) => {
                let share = self.values.share(number);
                let shown = look.signs.fit(self.text(id).trim(), room - 1);
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

    /// A number as the ranking writes it.
    fn text(&self, id: usize) -> String {
        self.ranked[id].map(|ranked| (self.quantity.cell)(&self.cx.study, ranked, &self.look.signs)).unwrap_or_default()
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

/// A name over so many lines, broken where its words meet; what is left over stands in the last.
fn broken(name: &str, width: usize, lines: usize) -> Vec<String> {
    let mut broken = Vec::new();
    let mut rest = name;
    while broken.len() + 1 < lines && rest.width() > width {
        let fits = |at: &usize| rest[..*at].width() <= width;
        let mut between = rest.char_indices().filter_map(|(at, c)| match c {
            '_' | ' ' => Some((at, at + 1)),
            ',' | '=' => Some((at + 1, at + 1)),
            '(' if at > 0 => Some((at, at)),
            _ => None,
        });
        let anywhere = || rest.char_indices().map(|(at, _)| at).take_while(fits).last().filter(|at| *at > 0);
        let (end, start) = match between.rfind(|(end, _)| fits(end) && *end > 0) {
            Some(found) => found,
            None => anywhere().map_or((rest.len(), rest.len()), |at| (at, at)),
        };
        broken.push(rest[..end].to_owned());
        rest = &rest[start..];
    }
    broken.push(rest.to_owned());
    // They stand above their cells.
    let blank = lines.saturating_sub(broken.len());
    broken.splice(0..0, std::iter::repeat_n(String::new(), blank));
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_broken_between_words() {
        assert_eq!(broken("orthogonal", 8, 2), ["orthogon", "al"]);
        assert_eq!(broken("kaiming_normal", 8, 2), ["kaiming", "normal"]);
        assert_eq!(broken("zeros", 8, 2), ["", "zeros"]);
        assert_eq!(broken("orthogonal(gain=auto)", 8, 3), ["orthogon", "al(gain=", "auto)"]);
        assert_eq!(broken("normal(std=0.05)", 8, 3), ["normal", "(std=", "0.05)"]);
    }

    #[test]
    fn the_selection_stays_in_sight() {
        assert_eq!([first(0, 3, 10), first(5, 3, 10), first(9, 3, 10), first(1, 5, 3)], [0, 4, 7, 0]);
    }
}
