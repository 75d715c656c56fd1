//! The table. Columns that have no room are left out, the least important first.

mod room;

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row, Table};
use unicode_width::UnicodeWidthStr;

use room::{SPACING, Shown, chosen};

use crate::cli::TableFormat;
use crate::columns::Column;
use crate::run::{Failure, output};
use crate::tui::context::Context;
use crate::tui::effect::Effect;
use crate::tui::keymap::Key::{Char, Code, Digit};
use crate::tui::keymap::shared::{
    BEST, COPY, DETAIL, ENDS, EVERYWHERE, EXPORT, FILTER, LINES, MARKS, PAGES, PROGRAM, RUN,
};
use crate::tui::keymap::{Action, bind};
use crate::tui::news::{News, Written};
use crate::tui::theme::Look;
use crate::tui::view::{About, View};
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::list::moved;
use crate::tui::widgets::prompt::Prompt;
use crate::tui::widgets::seen::Seen;
use crate::tui::widgets::{inside_pane, pane, scrolled};
use neartop_study::report::{CandidateReport, Report};
use neartop_study::study::{Agreement, Ranked, Status};

const SORT_LEFT: Action = Action("sort-left");
const SORT_RIGHT: Action = Action("sort-right");
const REVERSE: Action = Action("reverse");
const FREEZE: Action = Action("freeze");
const CLEAR_FILTER: Action = Action("clear-filter");
const SAVE_TABLE: Action = Action("save-table");
const WHOLE_NAMES: Action = Action("whole-names");
const NAMES_LEFT: Action = Action("names-left");
const NAMES_RIGHT: Action = Action("names-right");

/// Columns of the screen that names are scrolled by.
const STEP: usize = 8;

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
        &[
            bind(&[Char('f')], FREEZE, "", "freeze the order of the rows, or let them move"),
            bind(&[Char('z')], WHOLE_NAMES, "", "whole names with fewer columns, or all columns"),
            bind(&[Char('.')], NAMES_RIGHT, "", "scroll names that are cut to their end"),
            bind(&[Char(',')], NAMES_LEFT, "", "scroll names back to their beginning"),
        ],
        EXPORT,
        &[bind(&[Char('E')], SAVE_TABLE, "", "save the rows of the table as .csv, .md, .txt, .json or .jsonl")],
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
pub struct Ranking {
    /// Where the table is saved.
    prompt: Option<Prompt>,
}

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
            SAVE_TABLE => self.prompt = Some(Prompt::path("save the table as: ", "ranking.csv".to_owned())),
            WHOLE_NAMES => {
                cx.table.has_whole_names = !cx.table.has_whole_names;
                cx.say(if cx.table.has_whole_names { "names come first" } else { "all columns that fit" });
            }
            NAMES_RIGHT => scroll_names(cx, true),
            NAMES_LEFT => scroll_names(cx, false),
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

    fn prompt(&mut self) -> Option<&mut Option<Prompt>> {
        Some(&mut self.prompt)
    }

    fn asks(&self) -> Option<&Prompt> {
        self.prompt.as_ref()
    }

    fn answer(&mut self, cx: &mut Context) -> Option<Effect> {
        let prompt = self.prompt.as_ref()?;
        let (path, replace) = (PathBuf::from(prompt.value()), prompt.replaces);
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let Some((_, format)) = FORMATS.into_iter().find(|(name, _)| *name == extension) else {
            cx.warn(format!("the name of a table ends with .{}", FORMATS.map(|(name, _)| name).join(", .")));
            return None;
        };
        match saved(cx, format) {
            Ok(text) => Some(Effect::Write { path, text, replace }),
            Err(failure) => {
                cx.warn(failure.to_string());
                None
            }
        }
    }

    fn news(&mut self, news: News, _cx: &mut Context) -> Result<Option<Effect>, News> {
        match (&mut self.prompt, news) {
            (Some(prompt), News::Written(Written::Exists)) => {
                prompt.replaces = true;
                Ok(None)
            }
            (Some(_), news @ News::Written(Written::Done(_))) => {
                self.prompt = None;
                Err(news)
            }
            (_, news) => Err(news),
        }
    }

    fn renew(&mut self, _cx: &mut Context) {
        self.prompt = None;
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        draw(frame, area, cx, look);
    }
}

/// What tables are saved as, by the ends of their names.
const FORMATS: [(&str, TableFormat); 5] = [
    ("csv", TableFormat::Csv),
    ("md", TableFormat::Markdown),
    ("txt", TableFormat::Table),
    ("json", TableFormat::Json),
    ("jsonl", TableFormat::Jsonl),
];

/// The rows that the table holds, in their order, as `rank` writes them.
fn saved(cx: &Context, format: TableFormat) -> Result<String, Failure> {
    let mut report = Report::new(&cx.study, cx.elapsed.as_secs_f64(), Some(0));
    report.candidates = cx.table.rows.iter().map(|row| CandidateReport::new(&cx.study, row)).collect();
    output::render(&cx.study, &report, &cx.table.rows, format, None)
}

/// What a click means.
enum Target {
    Candidate(usize),
    /// The head of a column.
    Column(usize),
}

/// Where the rows are: below the title and the heads of the columns.
fn rows_area(area: Rect) -> Rect {
    let inside = inside_pane(area);
    Rect { y: inside.y + inside.height.min(1), height: inside.height.saturating_sub(1), ..inside }
}

/// Candidates that the table shows at a time.
fn table_rows(area: Rect) -> usize {
    usize::from(rows_area(area).height)
}

fn seen(cx: &Context) -> Seen {
    Seen { offset: cx.table.list.offset, count: cx.table.rows.len(), chosen: cx.table.selected_row() }
}

/// The width that the columns share.
fn room(cx: &Context, area: Rect) -> u16 {
    seen(cx).room(rows_area(area)).width
}

/// Scrolls names as far as the longest of them goes.
fn scroll_names(cx: &mut Context, right: bool) {
    let texts = cx.table.columns.iter().filter(|column| column.is_text);
    let longest = texts.map(|column| cx.table.texts.width(column, &cx.table.rows)).max().unwrap_or(0);
    let most = usize::from(longest).saturating_sub(STEP);
    let scroll = &mut cx.table.scroll;
    *scroll = if right { (*scroll + STEP).min(most) } else { scroll.saturating_sub(STEP) };
}

fn sort_by_digit(key: KeyEvent, cx: &mut Context) {
    let KeyCode::Char(digit) = key.code else { return };
    let place = digit.to_digit(10).and_then(|digit| (digit as usize).checked_sub(1));
    match place.and_then(|place| cx.table.by_digit().get(place).copied()) {
        Some(column) => sort_or_reverse(column, cx),
        None => cx.say(format!("there are {} columns", cx.table.columns.len())),
    }
}

/// The first time sorts by a column, the second turns the order round.
fn sort_or_reverse(column: usize, cx: &mut Context) {
    if column == cx.table.sort { cx.table.reverse(&cx.study) } else { cx.table.sort_by(column, &cx.study) }
}

fn draw(frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
    let below = rows_area(area);
    let rows = &cx.table.rows[cx.table.list.offset.min(cx.table.rows.len())..];
    let rows = &rows[..usize::from(below.height).min(rows.len())];
    let columns = chosen(cx, room(cx, area));
    let header = columns.iter().map(|shown| head(shown, cx, look));
    let cells: Vec<Vec<String>> = columns.iter().map(|shown| texts(shown, rows, cx, look)).collect();
    let lines = rows.iter().enumerate().map(|(line, row)| {
        let cells = columns.iter().zip(&cells).map(|(shown, texts)| cell(texts[line].clone(), shown.column));
        let selected = Some(row.candidate) == cx.table.selected;
        Row::new(cells).style(if selected { look.theme.selected } else { style(cx, row, look) })
    });
    let widths = columns.iter().map(|shown| Constraint::Length(shown.width));
    let table = Table::new(lines, widths).header(Row::new(header)).column_spacing(SPACING);
    frame.render_widget(pane(title(cx, look), look), area);
    frame.render_widget(table, Rect { width: room(cx, area), ..inside_pane(area) });
    seen(cx).draw(frame, area, below, look);
    if cx.table.rows.is_empty() && below.height > 0 {
        let nothing = Line::from(Span::styled(" nothing has these words", look.theme.label));
        frame.render_widget(nothing, Rect { height: 1, ..below });
    }
}

fn head<'a>(shown: &Shown, cx: &Context, look: &Look) -> Cell<'a> {
    let sign = if cx.table.descending { look.signs.descending } else { look.signs.ascending };
    let (text, style) = match shown.place == cx.table.sort {
        true => (format!("{}{sign}", shown.column.title), look.theme.sorted),
        false => (shown.column.title.to_owned(), look.theme.header),
    };
    cell(look.signs.fit(&text, usize::from(shown.width)), shown.column).style(style)
}

/// What stands in a column, in one form for all rows: the short one where another would be cut.
fn texts(shown: &Shown, rows: &[Ranked], cx: &Context, look: &Look) -> Vec<String> {
    let (column, width) = (shown.column, usize::from(shown.width));
    let long: Vec<_> = rows.iter().map(|row| (column.cell)(&cx.study, row, &look.signs)).collect();
    if column.is_text && cx.table.scroll > 0 {
        return long.iter().map(|text| along(text, width, cx.table.scroll, look)).collect();
    }
    let is_cut = long.iter().any(|text| text.width() > width);
    let texts = match column.short.filter(|_| is_cut && !cx.table.has_whole_names) {
        Some(short) => rows.iter().map(|row| short(&cx.study, row)).collect(),
        None => long,
    };
    if column.is_text {
        return look.signs.apart(&texts, width);
    }
    let mark = |row: &Ranked| if cx.table.marked.contains(&row.candidate) { look.signs.marked } else { "" };
    let mark = |row: &Ranked| if shown.place == 0 { mark(row) } else { "" };
    rows.iter().zip(texts).map(|(row, text)| look.signs.fit(&format!("{}{text}", mark(row)), width)).collect()
}

/// A text that is scrolled as far as it goes on.
fn along(text: &str, width: usize, scroll: usize, look: &Look) -> String {
    let scroll = scroll.min(text.width().saturating_sub(width));
    match scroll {
        0 => look.signs.fit(text, width),
        _ => look.signs.fit(&format!("{}{}", look.signs.more[0], scrolled(text, scroll + 1)), width),
    }
}

/// The candidate or the head of a column at a place of the table.
fn target(cx: &Context, area: Rect, at: Position) -> Option<Target> {
    let line = usize::from(at.y.checked_sub(area.y + 1)?);
    if let Some(row) = line.checked_sub(1) {
        return cx.table.rows.get(cx.table.list.offset + row).map(|row| Target::Candidate(row.candidate));
    }
    let mut left = area.x;
    chosen(cx, room(cx, area)).into_iter().find_map(|shown| {
        let is_here = (left..left + shown.width).contains(&at.x);
        left += shown.width + SPACING;
        is_here.then_some(Target::Column(shown.place))
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
        let (bar, words) = (look.signs.separator.trim(), cx.table.list.filter.value());
        spans.push(Span::styled(format!("{bar} filter: {words} "), look.theme.warning));
        spans.extend(cx.table.wrong_filter.as_ref().map(|why| Span::styled(format!("{why} "), look.theme.bad)));
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
