//! The relative score of a layer over its size, the fit, and the size it says.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Color;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::header::clock;
use super::window;
use crate::chart;
use crate::tui::app::App;
use crate::tui::sizes::Sizes;
use crate::tui::theme::Look;
use neartop_study::width::Interval;

pub fn draw(frame: &mut Frame<'_>, sizes: &Sizes, app: &App, look: &Look) {
    let candidate = app.study.candidate(sizes.candidate);
    let network = app.study.space.network();
    let title = format!("{}, {candidate}", sizes.target().describe(network));
    let area = frame.area();
    let title = look.signs.fit(&title, usize::from(area.width.saturating_sub(6)));
    let inside = window(frame, &title, 110, area.height.saturating_sub(2), look);
    let table = sizes.points.len() as u16 + 1;
    // Without room for both, the chart is what people look at.
    let table = if inside.height >= table + 12 { table } else { 0 };
    let [answer, chart, points] =
        Layout::vertical([Constraint::Length(3), Constraint::Min(0), Constraint::Length(table)]).areas(inside);
    frame.render_widget(Paragraph::new(facts(sizes, app, look)).wrap(Wrap { trim: true }), answer);
    draw_chart(frame, chart, sizes, look);
    frame.render_widget(Paragraph::new(rows(sizes, look)), points);
}

fn facts<'a>(sizes: &Sizes, app: &App, look: &Look) -> Vec<Line<'a>> {
    let label = |text: String| Span::styled(text, look.theme.label);
    let (layer, count) = (sizes.layer + 1, sizes.targets.len());
    let mut state = vec![
        label("layer ".to_owned()),
        Span::raw(format!("{layer} of {count}")),
        label("  slope threshold ".to_owned()),
        Span::raw(sizes.threshold().to_string()),
    ];
    if let Some(note) = &sizes.note {
        state.push(Span::styled(format!("  {note}"), look.theme.warning));
    }
    let mut lines = vec![Line::from(state)];
    let answer = match (&sizes.error, &sizes.estimate) {
        (Some(error), _) => Span::styled(error.clone(), look.theme.bad),
        (None, None) if sizes.total == 0 => label("measuring".to_owned()),
        (None, None) if sizes.done < sizes.total => {
            let left = sizes.time_left(app.now).map(|left| format!(", {} left", clock(left))).unwrap_or_default();
            label(format!("measuring: {} of {} ranks{left}", sizes.done, sizes.total))
        }
        (None, None) => label("fitting".to_owned()),
        (None, Some(estimate)) => match &estimate.size {
            Err(reason) => Span::styled(format!("no size: {reason}"), look.theme.warning),
            Ok(size) => {
                let now = sizes.target().width;
                Span::styled(format!("size {size:.1} (now {now})"), look.theme.good)
            }
        },
    };
    lines.push(Line::from(answer));
    if let Some((size, interval)) = sizes.estimate.as_ref().and_then(|e| Some((e.size.as_ref().ok()?, e.interval?))) {
        lines.push(within(*size, interval, look));
    }
    lines
}

/// Where the size lies in its interval, which is often too narrow for the axis of the chart.
fn within<'a>(size: f64, Interval { low, high, confidence, .. }: Interval, look: &Look) -> Line<'a> {
    const CELLS: usize = 17;
    let [left, line, point, right] =
        if look.is_ascii() { ["[", "-", "o", "]"] } else { ["\u{251c}", "\u{2500}", "\u{25cf}", "\u{2524}"] };
    let share = if high > low { ((size - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 };
    let place = (share * (CELLS - 1) as f64).round() as usize;
    let drawn = format!("{left}{}{point}{}{right}", line.repeat(place), line.repeat(CELLS - 1 - place));
    Line::from(vec![
        Span::styled(format!("{low:.1} {drawn} {high:.1}"), look.theme.good),
        Span::styled(format!("  {:.0} % of the resamples", 100.0 * confidence), look.theme.label),
    ])
}

fn draw_chart(frame: &mut Frame<'_>, area: Rect, sizes: &Sizes, look: &Look) {
    if area.height < 5 || sizes.points.is_empty() {
        return;
    }
    let estimate = sizes.estimate.as_ref();
    let (fit, size) = (estimate.and_then(|e| e.fit), estimate.and_then(|e| e.size.as_ref().ok().copied()));
    let buffer = frame.buffer_mut();
    let interval = estimate.and_then(|e| e.interval).map(|i| (i.low, i.high));
    chart::draw(&sizes.points, fit, size, interval, look.is_ascii(), area, buffer);
    if !look.has_colors() {
        area.positions().for_each(|at| {
            buffer[at].set_fg(Color::Reset);
        });
    }
}

fn rows<'a>(sizes: &Sizes, look: &Look) -> Vec<Line<'a>> {
    let head = format!("{:>8} {:>10} {:>10} {:>8}", "size", "rank", "relative", "error");
    let mut lines = vec![Line::from(Span::styled(head, look.theme.header))];
    lines.extend(sizes.points.iter().map(|point| {
        let error = point.standard_error().map(|e| format!("{e:.4}")).unwrap_or_default();
        Line::from(format!("{:>8} {:>10.2} {:>10.4} {error:>8}", point.size, point.near(), point.relative()))
    }));
    lines
}
