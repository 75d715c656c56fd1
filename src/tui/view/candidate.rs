//! One candidate in full, or two side by side.
//!
//! ```text
//! facts      NEAR, repetitions, formulas          | spectrum    singular values of the layer, logarithmic, in the
//!                                                 |             first repetition, before and after its activation
//! layers     effective rank of each, as a bar     | by depth    sizes of signal, differences, perturbation, gradient
//!                                                 | activation  f and its derivative
//! ```

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

use super::layers::{bars, facts};
use super::pane;
use super::plot::{self, Scale, Series};
use crate::tui::app::App;
use crate::tui::candidate::{Inspection, Spectra};
use crate::tui::theme::Look;
use neartop_core::score::propagation::LayerSignal;
use neartop_study::report::{LayerReport, layers};

/// From this width on two candidates stand side by side, and one has its charts at its side.
const WIDE: u16 = 76;
/// Shares of the largest singular value below this are drawn at it.
const FLOOR: f64 = 1e-7;

pub fn draw(frame: &mut Frame<'_>, area: Rect, inspection: Inspection, app: &App, look: &Look) {
    let Some(id) = app.selected else {
        frame.render_widget(pane(" no candidate ", look), area);
        return;
    };
    match app.beside() {
        Some(other) if area.width >= WIDE => {
            let halves = [Constraint::Fill(1), Constraint::Fill(1)];
            let [left, right] = Layout::horizontal(halves).spacing(1).areas(area);
            draw_one(frame, left, id, inspection, app, look);
            draw_one(frame, right, other, inspection, app, look);
        }
        _ => draw_one(frame, area, id, inspection, app, look),
    }
}

fn draw_one(frame: &mut Frame<'_>, area: Rect, id: usize, inspection: Inspection, app: &App, look: &Look) {
    let candidate = app.study.candidate(id);
    let title = look.signs.fit(&candidate.to_string(), usize::from(area.width.saturating_sub(4)));
    let block = pane(format!(" {title} "), look);
    let inside = block.inner(area);
    frame.render_widget(block, area);

    let layers = layers(&app.study, id);
    let mut lines = facts(app, id, look);
    lines.extend(by_repetition(app, id, look, usize::from(inside.width)));
    let (texts, charts) = if area.width >= WIDE {
        let [texts, charts] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(1).areas(inside);
        (texts, charts)
    } else {
        let wanted = (lines.len() + layers.len()).min(usize::from(inside.height / 2)) as u16;
        let [texts, charts] = Layout::vertical([Constraint::Length(wanted), Constraint::Min(0)]).areas(inside);
        (texts, charts)
    };
    let text_height = wrapped(&lines, texts.width).min(texts.height.saturating_sub(3));
    let [facts_area, bars_area] = Layout::vertical([Constraint::Length(text_height), Constraint::Min(0)]).areas(texts);
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), facts_area);
    draw_bars(frame, bars_area, &layers, inspection, look);

    let [spectrum, signals, function] = match charts.height {
        // A chart wants six lines; what has no room is left out from the end.
        0..12 => [charts, Rect::ZERO, Rect::ZERO],
        12..18 => {
            let [spectrum, signals] = Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(charts);
            [spectrum, signals, Rect::ZERO]
        }
        _ => Layout::vertical([Constraint::Fill(1), Constraint::Fill(1), Constraint::Fill(1)]).areas(charts),
    };
    draw_spectrum(frame, spectrum, &layers, app.spectra.get(id), inspection, look);
    draw_signals(frame, signals, app, id, look);
    draw_function(frame, function, app, id, look);
}

/// How the signal and a perturbation of the inputs pass through the network: where they die or grow without bound.
fn draw_signals(frame: &mut Frame<'_>, area: Rect, app: &App, id: usize, look: &Look) {
    let Some(propagation) = app.study.propagation(id) else { return };
    let by_depth = |of: &dyn Fn(&LayerSignal) -> f64| -> Vec<(f64, f64)> {
        let logs = propagation.layers.iter().map(|l| of(l) / std::f64::consts::LN_10);
        logs.zip(1..).map(|(y, x)| (f64::from(x), y)).filter(|(_, y)| y.is_finite()).collect()
    };
    let size = by_depth(&|l| l.ln_size);
    let spread = by_depth(&|l| l.ln_spread);
    let perturbation = by_depth(&|l| l.ln_perturbation);
    let gradient: Vec<(f64, f64)> = (1..)
        .zip(&propagation.layers)
        .filter_map(|(x, l)| Some((f64::from(x), l.ln_gradient? / std::f64::consts::LN_10)))
        .collect();
    let all = size.iter().chain(&spread).chain(&perturbation).chain(&gradient).map(|(_, y)| *y);
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| (l.min(y), h.max(y)));
    if size.len() < 2 || high < low {
        return;
    }
    let (low, high) = (low.floor(), high.ceil().max(low.floor() + 1.0));
    let series = [
        Series { name: "signal", points: &size, style: look.theme.before, is_line: true },
        Series { name: "differs", points: &spread, style: look.theme.good, is_line: true },
        Series { name: "perturbed", points: &perturbation, style: look.theme.after, is_line: true },
        Series { name: "gradient", points: &gradient, style: look.theme.warning, is_line: true },
    ];
    let last = propagation.layers.len() as f64;
    let x = Scale { low: 1.0, high: last, labels: ["first layer".to_owned(), "last".to_owned()] };
    let y = Scale { low, high, labels: [power(low), power(high)] };
    plot::draw(frame, area, "by depth", &series, &x, &y, look);
}

/// A power of ten by its exponent.
fn power(exponent: f64) -> String {
    if exponent == 0.0 { "1".to_owned() } else { format!("1e{exponent:.0}") }
}

/// Lines that texts take in a width.
fn wrapped(lines: &[Line<'_>], width: u16) -> u16 {
    let width = usize::from(width).max(1);
    let of_one = |line: &Line<'_>| {
        let text: String = line.iter().map(|span| span.content.as_ref()).collect();
        let (mut lines, mut at) = (1, 0);
        for word in text.split_inclusive(' ') {
            let (whole, bare) = (word.width(), word.trim_end().width());
            if at > 0 && at + bare > width {
                (lines, at) = (lines + 1, 0);
            }
            at += whole;
        }
        lines
    };
    lines.iter().map(of_one).sum()
}

/// NEAR of every repetition as a row of heights.
fn by_repetition<'a>(app: &App, id: usize, look: &Look, width: usize) -> Option<Line<'a>> {
    let scores: Vec<f64> = app.study.scores(id).iter().flatten().copied().collect();
    let (low, high) = scores.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    if scores.len() < 2 {
        return None;
    }
    // The latest where there is no room for all.
    let shown = &scores[scores.len().saturating_sub((width / 2).max(1))..];
    Some(Line::from(vec![
        Span::styled("by repetition ", look.theme.label),
        Span::styled(look.signs.sparkline(shown), look.theme.before),
        Span::raw(format!(" {low:.1} to {high:.1}")),
    ]))
}

fn draw_bars(frame: &mut Frame<'_>, area: Rect, layers: &[LayerReport], inspection: Inspection, look: &Look) {
    if layers.is_empty() {
        frame.render_widget(Paragraph::new("no repetition is scored yet").style(look.theme.label), area);
        return;
    }
    let layer = inspection.layer.min(layers.len() - 1);
    let height = usize::from(area.height).max(1);
    let offset = layer.saturating_sub(height / 2).min(layers.len().saturating_sub(height));
    let mut lines = bars(layers, offset, look, area);
    if let Some(line) = lines.get_mut(layer - offset) {
        line.spans.iter_mut().for_each(|span| span.style = span.style.patch(look.theme.selected));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn draw_spectrum(
    frame: &mut Frame<'_>,
    area: Rect,
    layers: &[LayerReport],
    spectra: Option<&Spectra>,
    inspection: Inspection,
    look: &Look,
) {
    let spectra = match spectra {
        Some(Ok(spectra)) if !spectra.is_empty() => spectra,
        Some(Ok(_)) => return,
        Some(Err(reason)) => {
            let text = format!(" no spectrum: {reason}");
            frame.render_widget(Paragraph::new(text).style(look.theme.bad).wrap(Wrap { trim: false }), area);
            return;
        }
        None => {
            frame.render_widget(Paragraph::new(" the spectrum is on its way").style(look.theme.label), area);
            return;
        }
    };
    let layer = inspection.layer.min(spectra.len() - 1);
    let is_activation = |at: usize| layers.get(at).is_some_and(|l| l.is_activation);
    // What an activation does to a layer is seen by both at once.
    let shown: Vec<usize> = match layer {
        at if is_activation(at) && at > 0 => vec![at - 1, at],
        at if is_activation(at + 1) => vec![at, at + 1],
        at => vec![at],
    };
    let lines: Vec<Vec<(f64, f64)>> = shown
        .iter()
        .map(|at| spectra[*at].iter().zip(1..).map(|(s, i)| (f64::from(i), s.max(FLOOR).log10())).collect())
        .collect();
    let names: Vec<String> = shown
        .iter()
        .map(|at| layers.get(*at).map_or_else(String::new, |l| format!("{} {}", l.module, l.kind)))
        .collect();
    let series: Vec<_> = shown
        .iter()
        .zip(&lines)
        .zip(&names)
        .map(|((at, points), name)| Series {
            name,
            points,
            style: if is_activation(*at) { look.theme.after } else { look.theme.before },
            is_line: true,
        })
        .collect();
    let most = lines.iter().map(Vec::len).max().unwrap_or(1).max(2) as f64;
    let lowest = lines.iter().flatten().map(|(_, y)| *y).fold(-1.0, f64::min).floor();
    let y = Scale { low: lowest, high: 0.0, labels: [power(lowest), power(0.0)] };
    let x = Scale { low: 1.0, high: most, labels: ["1".to_owned(), format!("{most:.0}")] };
    plot::draw(frame, area, "singular values", &series, &x, &y, look);
}

fn draw_function(frame: &mut Frame<'_>, area: Rect, app: &App, id: usize, look: &Look) {
    let Some(activation) = &app.study.candidate(id).activation else { return };
    let reach = 4.0;
    let steps = 4 * u32::from(area.width).max(1);
    let along = |f: &dyn Fn(f64) -> f64| -> Vec<(f64, f64)> {
        let xs = (0..=steps).map(|i| -reach + 2.0 * reach * f64::from(i) / f64::from(steps));
        xs.map(|x| (x, f(x))).filter(|(_, y)| y.is_finite()).collect()
    };
    let (values, slopes) = (along(&|x| activation.value(x)), along(&|x| activation.derivative(x)));
    let all = values.iter().chain(&slopes).map(|(_, y)| *y);
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| (l.min(y), h.max(y)));
    if !(low.is_finite() && high.is_finite()) {
        return;
    }
    let series = [
        Series { name: "f(x)", points: &values, style: look.theme.after, is_line: true },
        Series { name: "f'(x)", points: &slopes, style: look.theme.before, is_line: true },
    ];
    plot::draw(frame, area, activation.name(), &series, &Scale::plain(-reach, reach), &Scale::plain(low, high), look);
}
