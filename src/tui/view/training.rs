//! What training says: the finalists by how good they are, their curves, and quality against NEAR.
//!
//! ```text
//! progress
//! finalists with quality, loss, epochs | curves of quality over epochs
//!                                      | quality against NEAR
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::header::clock;
use super::pane;
use super::plot::{self, Scale, Series};
use crate::tui::app::App;
use crate::tui::finalists::Finalists;
use crate::tui::theme::Look;
use neartop_study::training::Results;

/// From this width on the charts stand beside the list.
const WIDE: u16 = 100;

pub fn draw(frame: &mut Frame<'_>, area: Rect, finalists: &Finalists, app: &App, look: &Look) {
    let separator = look.signs.separator;
    let mut title = format!(" training{separator}{}{separator}{} ", state(finalists, app), finalists.plan());
    if !finalists.filter.value().is_empty() {
        title += &format!("{} filter: {} ", look.signs.separator.trim(), finalists.filter.value());
    }
    let block = pane(look.signs.fit(&title, usize::from(area.width)), look);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    if let Some(error) = &finalists.error {
        let text = Paragraph::new(error.clone()).style(look.theme.bad);
        frame.render_widget(text.wrap(ratatui::widgets::Wrap { trim: true }), inside);
        return;
    }
    let Some(results) = &finalists.results else {
        frame.render_widget(Paragraph::new("the labels are being read").style(look.theme.label), inside);
        return;
    };
    let [list, charts] = areas(inside, results.ranking().len());
    frame.render_widget(Paragraph::new(table(finalists, results, app, look, list)), list);
    let [curves, scatter] = if charts.height >= 14 {
        Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(charts)
    } else {
        [charts, Rect::ZERO]
    };
    draw_curves(frame, curves, finalists, results, app, look);
    draw_scatter(frame, scatter, finalists, results, app, look);
}

/// The list and the charts.
fn areas(inside: Rect, finalists: usize) -> [Rect; 2] {
    if inside.width >= WIDE {
        return Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(1).areas(inside);
    }
    let rows = finalists as u16 + 1;
    Layout::vertical([Constraint::Length(rows.min(inside.height / 2)), Constraint::Min(0)]).areas(inside)
}

/// The first finalist on the screen, so that the chosen one is on it too.
pub fn offset(finalists: &Finalists, app: &App, area: Rect) -> usize {
    let count = finalists.results.as_ref().map_or(0, |results| results.ranking().len());
    let [list, _] = areas(pane("", &Look::new(false, true)).inner(area), count);
    let shown = finalists.shown(&app.study).len();
    super::scrolled_to(finalists.offset, finalists.line, list.height.saturating_sub(1), shown)
}

/// The finalist at a place of the screen.
pub fn line_at(finalists: &Finalists, app: &App, area: Rect, at: Position) -> Option<usize> {
    let inside = pane("", &Look::new(false, true)).inner(area);
    let [list, _] = areas(inside, finalists.results.as_ref()?.ranking().len());
    let row = usize::from(at.y.checked_sub(list.y + 1)?);
    let place = finalists.offset + row;
    (list.contains(at) && place < finalists.shown(&app.study).len()).then_some(place)
}

fn state(finalists: &Finalists, app: &App) -> String {
    match finalists.progress(app.now) {
        Some((share, left)) => {
            let left = left.map(|left| format!(", {} left", clock(left))).unwrap_or_default();
            format!("{share} %{left}")
        }
        None if finalists.error.is_some() => "not possible".to_owned(),
        None if finalists.has_ended => "ended".to_owned(),
        None => "begins".to_owned(),
    }
}

fn table<'a>(finalists: &Finalists, results: &Results, app: &App, look: &Look, area: Rect) -> Vec<Line<'a>> {
    let width = usize::from(area.width);
    // State and epochs have no room where it is narrow, and the name needs some.
    let (is_narrow, is_very_narrow) = (width < 58, width < 44);
    let taken = if is_very_narrow {
        11
    } else if is_narrow {
        22
    } else {
        41
    };
    let name_room = width.saturating_sub(taken).max(8);
    let quality = finalists.quality_name();
    let cut = |line: String| line.chars().take(width).collect::<String>();
    let columns = |name: String, [quality, loss, epochs, state]: [String; 4]| match (is_narrow, is_very_narrow) {
        (_, true) => format!("{name} {quality:>9}"),
        (true, _) => format!("{name} {quality:>9} {state:>10}"),
        _ => format!("{name} {quality:>9} {loss:>8} {epochs:>7} {state:>10}"),
    };
    let titles = [quality, "loss", "epochs", "state"].map(str::to_owned);
    let head = cut(columns(look.signs.pad("", name_room), titles));
    let mut lines = vec![Line::from(Span::styled(head, look.theme.header))];
    let height = usize::from(area.height).saturating_sub(1).max(1);
    let ranking = finalists.shown(&app.study);
    let line = finalists.line.min(ranking.len().saturating_sub(1));
    let number = |x: Option<f64>, digits: usize| x.map(|x| format!("{x:.digits$}")).unwrap_or_default();
    for (place, record) in ranking.iter().enumerate().skip(finalists.offset).take(height) {
        let name = look.signs.pad(&app.study.candidate(record.candidate).to_string(), name_room);
        let (last, judged) = (record.last(), record.judged());
        let text = columns(
            name,
            [
                number(judged.map(|e| e.quality), 4),
                number(judged.and_then(|e| e.loss), 4),
                number(last.map(|p| p.epochs), 1),
                record.state.name().to_owned(),
            ],
        );
        let is_best = results.best().is_some_and(|best| best.candidate == record.candidate);
        let style = match (place == line, is_best) {
            (true, _) => look.theme.selected,
            (_, true) => look.theme.good,
            _ => ratatui::style::Style::new(),
        };
        lines.push(Line::from(Span::styled(text, style)));
    }
    lines
}

/// The curve of the chosen candidate among those of the others.
fn draw_curves(frame: &mut Frame<'_>, area: Rect, finalists: &Finalists, results: &Results, app: &App, look: &Look) {
    let ranking = results.ranking();
    let shown = finalists.chosen(&app.study);
    let curve = |at: usize| -> Vec<(f64, f64)> {
        ranking[at].points.iter().map(|p| (p.epochs, p.held_out.quality.max(0.0))).collect()
    };
    let is_chosen = |at: &usize| Some(ranking[*at].candidate) == shown;
    let mut curves: Vec<Vec<(f64, f64)>> = (0..ranking.len()).filter(|at| !is_chosen(at)).map(curve).collect();
    // The chosen one last, above the others.
    curves.push((0..ranking.len()).find(is_chosen).map(curve).unwrap_or_default());
    let points = || curves.iter().flatten();
    if points().next().is_none() {
        frame.render_widget(Paragraph::new("no epoch is over yet").style(look.theme.label), area);
        return;
    }
    let most = points().map(|(x, _)| *x).fold(1.0, f64::max);
    let low = points().map(|(_, y)| *y).fold(1.0, f64::min);
    let last = curves.len().saturating_sub(1);
    let series: Vec<_> = curves
        .iter()
        .enumerate()
        .map(|(at, points)| Series {
            name: if at == last { "chosen" } else { "" },
            points,
            style: if at == last { look.theme.after } else { look.theme.label },
            is_line: true,
        })
        .collect();
    let title = format!("{} held out, by epoch", finalists.quality_name());
    plot::draw(frame, area, &title, &series, &Scale::plain(0.0, most), &Scale::plain(low, 1.0), look);
}

fn draw_scatter(frame: &mut Frame<'_>, area: Rect, finalists: &Finalists, results: &Results, app: &App, look: &Look) {
    let both = |candidate: usize, quality: f64| Some((app.study.near(candidate)?.mean, quality));
    let records = results.ranking();
    let points: Vec<_> = records.iter().filter_map(|r| both(r.candidate, r.judged()?.quality)).collect();
    if points.len() < 2 {
        return;
    }
    let range = |of: fn(&(f64, f64)) -> f64| {
        let values = points.iter().map(of);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        Scale::plain(low, high)
    };
    let title = match results.agreement(&app.study) {
        Some(agreement) => {
            let (spearman, kendall) = (agreement.spearman, agreement.kendall);
            format!("{} against NEAR: Spearman {spearman:.2}, Kendall {kendall:.2}", finalists.quality_name())
        }
        None => format!("{} against NEAR", finalists.quality_name()),
    };
    let series = [Series { name: "", points: &points, style: look.theme.before, is_line: false }];
    plot::draw(frame, area, &title, &series, &range(|p| p.0), &range(|p| p.1), look);
}
