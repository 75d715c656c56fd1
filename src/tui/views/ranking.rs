//! The table. Columns that have no room are left out, the least important first.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row, Table};
use unicode_width::UnicodeWidthStr;

use crate::columns::Column;
use crate::tui::context::Context;
use crate::tui::effect::Effect;
use crate::tui::keymap::Key::{Char, Code, Digit};
use crate::tui::keymap::shared::{
    BEST, COPY, DETAIL, ENDS, EVERYWHERE, EXPORT, FILTER, LINES, MARKS, PAGES, PROGRAM, RUN,
};
use crate::tui::keymap::{Action, bind};
use crate::tui::theme::Look;
use crate::tui::view::{About, View};
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::list::moved;
use crate::tui::widgets::pane;
use neartop_study::study::{Agreement, Ranked, Status};

/// Columns of the screen between two columns.
const SPACING: u16 = 1;

const SORT_LEFT: Action = Action("sort-left");
const SORT_RIGHT: Action = Action("sort-right");
const REVERSE: Action = Action("reverse");
const FREEZE: Action = Action("freeze");
const CLEAR_FILTER: Action = Action("clear-filter");

static ABOUT: About = About {
    name: "ranking",
    opens: Action::CLOSE,
    opener: None,
    tab: Some((0, "ranking")),
    is_window: false,
    keys: &[
        EVERYWHERE,
        LINES,
        PAGES,
        ENDS,
        BEST,
        &[
            bind(&[Digit], Action::SORT_BY, "", "sort by that column; again: the other way round"),
            bind(&[Char('<'), Code(KeyCode::Left), Char('h')], SORT_LEFT, "", "sort by the column to the left"),
            bind(&[Char('>'), Code(KeyCode::Right), Char('l')], SORT_RIGHT, "", "sort by the column to the right"),
            bind(&[Char('r')], REVERSE, "", "turn the order round"),
        ],
        FILTER,
        MARKS,
        RUN,
        &[bind(&[Char('f')], FREEZE, "", "freeze the order of the rows, or let them move")],
        EXPORT,
        DETAIL,
        COPY,
        PROGRAM,
        &[
            bind(&[Code(KeyCode::Esc)], CLEAR_FILTER, "", "clear the filter"),
            bind(&[Char('q'), Code(KeyCode::F(10))], Action::QUIT, "quit", "leave"),
        ],
    ],
};

/// The view of the ranking, whose rows all views share.
#[derive(Debug, Default)]
pub struct Ranking;

impl View for Ranking {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn act(&mut self, action: Action, key: KeyEvent, cx: &mut Context) -> Option<Effect> {
        let columns = cx.table.columns.len();
        match action {
            Action::MARK => {
                cx.mark();
                cx.go(|at, _| at + 1);
            }
            Action::SORT_BY => sort_by_digit(key, cx),
            SORT_LEFT => cx.table.sort_by((cx.table.sort + columns - 1) % columns, &cx.study),
            SORT_RIGHT => cx.table.sort_by((cx.table.sort + 1) % columns, &cx.study),
            REVERSE => cx.table.reverse(&cx.study),
            CLEAR_FILTER => {
                cx.table.list.filter.clear();
                cx.arrange();
            }
            FREEZE => {
                cx.table.frozen = !cx.table.frozen;
                cx.say(if cx.table.frozen { "rows keep their places" } else { "rows move again" });
                cx.arrange();
            }
            action => {
                let (page, count) = (table_rows(cx.area).max(1), cx.table.rows.len());
                let row = cx.table.selected_row().unwrap_or(0);
                if let Some(row) = moved(action, row, page, count) {
                    cx.go(|_, _| row);
                }
            }
        }
        None
    }

    fn settle(&mut self, area: Rect, cx: &mut Context) {
        let (row, count) = (cx.table.selected_row().unwrap_or(0), cx.table.rows.len());
        cx.table.list.settle(row, table_rows(area), count, 0);
    }

    fn height(&self, _cx: &Context) -> Option<u16> {
        None
    }

    fn click(&mut self, at: Position, area: Rect, cx: &mut Context) -> Option<Action> {
        match target(cx, area, at)? {
            Target::Column(column) => sort_or_reverse(column, cx),
            // A second click opens what the first selected.
            Target::Candidate(id) if Some(id) == cx.table.selected => return Some(Action::INSPECT),
            Target::Candidate(id) => cx.select(Some(id)),
        }
        None
    }

    fn filter<'a>(&'a self, cx: &'a Context) -> Option<&'a Filter> {
        Some(&cx.table.list.filter)
    }

    fn filter_mut<'a>(&'a mut self, cx: &'a mut Context) -> Option<&'a mut Filter> {
        Some(&mut cx.table.list.filter)
    }

    fn filtered(&mut self, cx: &mut Context) {
        cx.arrange();
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        draw(frame, area, cx, look);
    }
}

/// What a click means.
enum Target {
    Candidate(usize),
    /// The head of a column.
    Column(usize),
}

/// Candidates that the table shows at a time.
fn table_rows(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(2))
}

fn sort_by_digit(key: KeyEvent, cx: &mut Context) {
    let KeyCode::Char(digit) = key.code else { return };
    let place = digit.to_digit(10).and_then(|digit| (digit as usize).checked_sub(1));
    match place.filter(|place| *place < cx.table.columns.len()) {
        Some(column) => sort_or_reverse(column, cx),
        None => cx.say(format!("there are {} columns", cx.table.columns.len())),
    }
}

/// The first time sorts by a column, the second turns the order round.
fn sort_or_reverse(column: usize, cx: &mut Context) {
    if column == cx.table.sort { cx.table.reverse(&cx.study) } else { cx.table.sort_by(column, &cx.study) }
}

fn draw(frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
    let block = pane(title(cx, look), look);
    let height = usize::from(area.height.saturating_sub(2));
    let rows = &cx.table.rows[cx.table.list.offset.min(cx.table.rows.len())..];
    let rows = &rows[..height.min(rows.len())];
    let columns = chosen(cx, area.width);
    let header = columns.iter().map(|(place, column, width)| {
        let sign = if cx.table.descending { look.signs.descending } else { look.signs.ascending };
        let (text, style) = match *place == cx.table.sort {
            true => (format!("{}{sign}", column.title), look.theme.sorted),
            false => (column.title.to_owned(), look.theme.header),
        };
        cell(look.signs.fit(&text, usize::from(*width)), column).style(style)
    });
    // One form for all rows: the short one where another would be cut.
    let is_short: Vec<_> = columns
        .iter()
        .map(|(_, column, width)| {
            let is_cut = |row| (column.cell)(&cx.study, row, &look.signs).width() > usize::from(*width);
            column.short.filter(|_| rows.iter().any(is_cut))
        })
        .collect();
    let lines = rows.iter().map(|row| {
        let mark = if cx.table.marked.contains(&row.candidate) { look.signs.marked } else { "" };
        let cells = columns.iter().zip(&is_short).map(|((place, column, width), short)| {
            let text = match short {
                Some(short) => short(&cx.study, row),
                None => (column.cell)(&cx.study, row, &look.signs),
            };
            let text = if *place == 0 { format!("{mark}{text}") } else { text };
            cell(look.signs.fit(&text, usize::from(*width)), column)
        });
        let selected = Some(row.candidate) == cx.table.selected;
        Row::new(cells).style(if selected { look.theme.selected } else { style(cx, row, look) })
    });
    let widths = columns.iter().map(|(_, _, width)| Constraint::Length(*width));
    let table = Table::new(lines, widths).header(Row::new(header)).column_spacing(SPACING).block(block);
    frame.render_widget(table, area);
    if cx.table.rows.is_empty() && area.height > 2 {
        let below = Rect { y: area.y + 2, height: 1, ..area };
        frame.render_widget(Line::from(Span::styled(" nothing has these words", look.theme.label)), below);
    }
}

/// The candidate or the head of a column at a place of the table.
fn target(cx: &Context, area: Rect, at: Position) -> Option<Target> {
    let line = usize::from(at.y.checked_sub(area.y + 1)?);
    if let Some(row) = line.checked_sub(1) {
        return cx.table.rows.get(cx.table.list.offset + row).map(|row| Target::Candidate(row.candidate));
    }
    let mut left = area.x;
    chosen(cx, area.width).into_iter().find_map(|(place, _, width)| {
        let is_here = (left..left + width).contains(&at.x);
        left += width + SPACING;
        is_here.then_some(Target::Column(place))
    })
}

fn title<'a>(cx: &Context, look: &Look) -> Line<'a> {
    let (shown, all) = (cx.table.rows.len(), cx.study.space.candidates.len());
    let mut text = format!(" ranking{}{all} candidates", look.signs.separator);
    if shown != all {
        text = format!(" ranking{}{shown} of {all} candidates", look.signs.separator);
    }
    if let Some(race) = cx.study.race() {
        text += look.signs.separator;
        text += &match (race.is_settled(), race.open().len()) {
            (true, _) => "settled".to_owned(),
            (false, open) if race.is_over() => format!("{open} not settled"),
            (false, open) => format!("{open} open until {} repetitions", race.goal()),
        };
    }
    if cx.table.frozen {
        text += look.signs.separator;
        text += "frozen";
    }
    if let Some(Agreement { spearman, kendall, n }) = cx.table.agreement {
        text += look.signs.separator;
        text += &format!("known {n}: Spearman {spearman:.3}, Kendall {kendall:.3}");
    }
    let mut spans = vec![Span::raw(text + " ")];
    if !cx.table.list.filter.value().is_empty() {
        spans.push(Span::styled(
            format!("{} filter: {} ", look.signs.separator.trim(), cx.table.list.filter.value()),
            look.theme.warning,
        ));
    }
    Line::from(spans)
}

fn cell<'a>(text: String, column: &Column) -> Cell<'a> {
    let alignment = if column.is_text { Alignment::Left } else { Alignment::Right };
    Cell::from(Line::from(text).alignment(alignment))
}

fn style(cx: &Context, row: &Ranked, look: &Look) -> Style {
    match cx.study.status(row.candidate) {
        Status::Failed => look.theme.bad,
        Status::Waiting => look.theme.label,
        _ if cx.study.trainability(row.candidate).is_some_and(|t| !t.is_trainable()) => look.theme.warning,
        _ if row.tied_with_best => look.theme.good,
        _ => Style::new(),
    }
}

/// The columns that fit, with their places and widths.
fn chosen(cx: &Context, room: u16) -> Vec<(usize, &'static Column, u16)> {
    let mut columns: Vec<(usize, &Column, u16)> =
        cx.table.columns.iter().enumerate().map(|(place, column)| (place, *column, column.width)).collect();
    let taken = |columns: &[(usize, &Column, u16)]| columns.iter().map(|(.., width)| width + SPACING).sum::<u16>();
    while taken(&columns) > room + SPACING {
        let last = columns.iter().enumerate().max_by_key(|(_, (_, column, _))| column.dispensable);
        match last {
            Some((at, (_, column, _))) if column.dispensable > 0 => columns.remove(at),
            _ => break,
        };
    }
    while taken(&columns) > room + SPACING {
        let widest = columns.iter_mut().filter(|(_, column, width)| column.is_text && *width > 1);
        match widest.max_by_key(|(.., width)| *width) {
            Some((.., width)) => *width -= 1,
            None => break,
        }
    }
    let mut spare = (room + SPACING).saturating_sub(taken(&columns));
    let mut texts: Vec<_> = columns.iter_mut().filter(|(_, column, _)| column.is_text).collect();
    let wanted: Vec<_> = texts.iter().map(|(_, column, _)| cx.table.texts.width(column, &cx.table.rows)).collect();
    // A cell at a time to each that wants one, so that none takes all.
    while let Some(most) = (0..texts.len()).filter(|i| texts[*i].2 < wanted[*i]).min_by_key(|i| texts[*i].2) {
        if spare == 0 {
            break;
        }
        texts[most].2 += 1;
        spare -= 1;
    }
    columns
}
