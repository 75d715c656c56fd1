//! The table. Columns that have no room are left out, the least important first.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row, Table};

use super::{Target, pane};
use crate::tui::app::App;
use crate::tui::column::Column;
use crate::tui::theme::Look;
use neartop_study::study::{Agreement, Ranked, Status};

/// Columns of the screen between two columns.
const SPACING: u16 = 1;

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, look: &Look) {
    let block = pane(title(app, look), look);
    let height = usize::from(area.height.saturating_sub(2));
    let rows = &app.rows[app.offset.min(app.rows.len())..];
    let rows = &rows[..height.min(rows.len())];
    let columns = chosen(app, area.width);
    let header = columns.iter().map(|(place, column, width)| {
        let sign = if app.descending { look.signs.descending } else { look.signs.ascending };
        let (text, style) = match *place == app.sort {
            true => (format!("{}{sign}", column.title), look.theme.sorted),
            false => (column.title.to_owned(), look.theme.header),
        };
        cell(look.signs.fit(&text, usize::from(*width)), column).style(style)
    });
    let lines = rows.iter().map(|row| {
        let mark = if app.marked.contains(&row.candidate) { look.signs.marked } else { "" };
        let cells = columns.iter().map(|(place, column, width)| {
            let text = (column.cell)(&app.study, row, &look.signs);
            let text = if *place == 0 { format!("{mark}{text}") } else { text };
            cell(look.signs.fit(&text, usize::from(*width)), column)
        });
        let selected = Some(row.candidate) == app.selected;
        Row::new(cells).style(if selected { look.theme.selected } else { style(app, row, look) })
    });
    let widths = columns.iter().map(|(_, _, width)| Constraint::Length(*width));
    let table = Table::new(lines, widths).header(Row::new(header)).column_spacing(SPACING).block(block);
    frame.render_widget(table, area);
    if app.rows.is_empty() && area.height > 2 {
        let below = Rect { y: area.y + 2, height: 1, ..area };
        frame.render_widget(Line::from(Span::styled(" nothing has these words", look.theme.label)), below);
    }
}

/// The candidate or the head of a column at a place of the table.
pub fn target(app: &App, area: Rect, at: Position) -> Option<Target> {
    let line = usize::from(at.y.checked_sub(area.y + 1)?);
    if let Some(row) = line.checked_sub(1) {
        return app.rows.get(app.offset + row).map(|row| Target::Candidate(row.candidate));
    }
    let mut left = area.x;
    chosen(app, area.width).into_iter().find_map(|(place, _, width)| {
        let is_here = (left..left + width).contains(&at.x);
        left += width + SPACING;
        is_here.then_some(Target::Column(place))
    })
}

fn title<'a>(app: &App, look: &Look) -> Line<'a> {
    let (shown, all) = (app.rows.len(), app.study.space.candidates.len());
    let mut text = format!(" ranking{}{all} candidates", look.signs.separator);
    if shown != all {
        text = format!(" ranking{}{shown} of {all} candidates", look.signs.separator);
    }
    if let Some(race) = app.study.race() {
        text += look.signs.separator;
        text += &match (race.is_settled(), race.open().len()) {
            (true, _) => "settled".to_owned(),
            (false, open) if race.is_over() => format!("{open} not settled"),
            (false, open) => format!("{open} open until {} repetitions", race.goal()),
        };
    }
    if app.frozen {
        text += look.signs.separator;
        text += "frozen";
    }
    if let Some(Agreement { spearman, kendall, n }) = app.agreement {
        text += look.signs.separator;
        text += &format!("known {n}: Spearman {spearman:.3}, Kendall {kendall:.3}");
    }
    let mut spans = vec![Span::raw(text + " ")];
    if !app.filter.value().is_empty() {
        spans.push(Span::styled(
            format!("{} filter: {} ", look.signs.separator.trim(), app.filter.value()),
            look.theme.warning,
        ));
    }
    Line::from(spans)
}

fn cell<'a>(text: String, column: &Column) -> Cell<'a> {
    let alignment = if column.is_text { Alignment::Left } else { Alignment::Right };
    Cell::from(Line::from(text).alignment(alignment))
}

fn style(app: &App, row: &Ranked, look: &Look) -> Style {
    match app.study.status(row.candidate) {
        Status::Failed => look.theme.bad,
        Status::Waiting => look.theme.label,
        _ if app.study.trainability(row.candidate).is_some_and(|t| !t.is_trainable()) => look.theme.warning,
        _ if row.tied_with_best => look.theme.good,
        _ => Style::new(),
    }
}

/// The columns that fit, with their places and widths.
fn chosen(app: &App, room: u16) -> Vec<(usize, &'static Column, u16)> {
    let mut columns: Vec<(usize, &Column, u16)> =
        app.columns.iter().enumerate().map(|(place, column)| (place, *column, column.width)).collect();
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
    let wanted: Vec<_> = texts.iter().map(|(_, column, _)| app.texts.width(column, &app.rows)).collect();
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
