//! One candidate in full, or two side by side.
//!
//! ```text
//! facts      NEAR, repetitions, formulas          | spectrum    singular values of the layer, logarithmic, in the
//!                                                 |             first repetition, before and after its activation
//! layers     effective rank of each, as a bar     | by depth    sizes of signal, differences, perturbation, gradient
//!                                                 | activation  f and its derivative
//! ```

use std::collections::VecDeque;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

use crate::tui::context::Context;
use crate::tui::effect::Effect;
use crate::tui::keymap::Key::{Char, Code};
use crate::tui::keymap::shared::{BEST, COPY, DETAIL, EVERYWHERE, EXPORT, LEAVE, MARKS, PROGRAM, RUN};
use crate::tui::keymap::{Action, Binding, bind};
use crate::tui::news::{News, Spectra};
use crate::tui::theme::Look;
use crate::tui::view::{About, Opened, View};
use crate::tui::widgets::layers::{bars, facts, place_of, title_room, wrapped};
use crate::tui::widgets::list::moved;
use crate::tui::widgets::pane;
use crate::tui::widgets::plot::{self, Scale, Series};
use crate::tui::widgets::seen::Seen;
use neartop_core::network::{Activation, Fill};
use neartop_core::score::propagation::LayerSignal;
use neartop_study::report::{LayerReport, layers};

/// From this width on two candidates stand side by side, and one has its charts at its side.
const WIDE: u16 = 76;
/// Shares of the largest singular value below this are drawn at it.
const FLOOR: f64 = 1e-7;
/// Spectra that are kept.
const KEPT: usize = 64;

static ABOUT: About = About {
    name: "candidate",
    opens: Action::INSPECT,
    opener: Some(OPENER),
    tab: Some((2, "candidate")),
    is_window: false,
    keys: &[
        EVERYWHERE,
        BEST,
        &[
            bind(&[Code(KeyCode::Up), Char('k')], Action::UP, "", "the layer before"),
            bind(&[Code(KeyCode::Down), Char('j')], Action::DOWN, "layer", "the next layer"),
            bind(&[Code(KeyCode::Home), Char('g')], Action::FIRST, "", "the first layer"),
            bind(&[Code(KeyCode::End), Char('G')], Action::LAST, "", "the last layer"),
            bind(&[Code(KeyCode::Left), Char('h')], Action::LEFT, "", "the candidate before in the ranking"),
            bind(&[Code(KeyCode::Right), Char('l')], Action::RIGHT, "candidate", "the next candidate of the ranking"),
        ],
        MARKS,
        RUN,
        EXPORT,
        DETAIL,
        &[bind(
            &[Code(KeyCode::Esc), Char('q'), Char('c'), Code(KeyCode::Enter)],
            Action::CLOSE,
            "ranking",
            "back to the ranking",
        )],
        COPY,
        PROGRAM,
        LEAVE,
    ],
};

const OPENER: Binding = bind(&[Char('c'), Code(KeyCode::Enter)], Action::INSPECT, "candidate", "the candidate in full");

/// The view of the selected candidate.
#[derive(Debug, Default)]
pub struct Candidate {
    /// The layer that is looked at, by its place among the counted layers.
    layer: usize,
    spectra: Known,
}

impl View for Candidate {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn open(&mut self, _again: bool, cx: &mut Context) -> Opened {
        self.layer = 0;
        match cx.selected_or_say() {
            Some(_) => Opened::Shown(None),
            None => Opened::Refused,
        }
    }

    fn act(&mut self, action: Action, _key: KeyEvent, cx: &mut Context) -> Option<Effect> {
        let layers = cx.selected().map_or(0, |id| cx.study.effective_ranks(id).len());
        match action {
            Action::MARK => cx.mark(),
            Action::LEFT => cx.go(|at, _| at.saturating_sub(1)),
            Action::RIGHT => cx.go(|at, _| at + 1),
            action => {
                let layer = self.layer.min(layers.saturating_sub(1));
                self.layer = moved(action, layer, 1, layers).unwrap_or(layer);
            }
        }
        None
    }

    fn news(&mut self, news: News, _cx: &mut Context) -> Result<Option<Effect>, News> {
        let News::Inspected(candidate, spectra) = news else { return Err(news) };
        self.spectra.put(candidate, spectra);
        Ok(None)
    }

    /// The spectra that it shows and does not have.
    fn wants(&mut self, cx: &Context) -> Option<Effect> {
        let shown = cx.selected().into_iter().chain(cx.table.beside());
        let missing = shown.into_iter().find(|id| !self.spectra.is_asked(*id))?;
        self.spectra.ask(missing);
        Some(Effect::Inspect(missing))
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        let Some(id) = cx.selected() else {
            frame.render_widget(pane(" no candidate ", look), area);
            return;
        };
        match cx.table.beside() {
            Some(other) if area.width >= WIDE => {
                let halves = [Constraint::Fill(1), Constraint::Fill(1)];
                let [left, right] = Layout::horizontal(halves).spacing(1).areas(area);
                self.draw_one(frame, left, id, cx, look);
                self.draw_one(frame, right, other, cx, look);
            }
            _ => self.draw_one(frame, area, id, cx, look),
        }
    }

    fn renew(&mut self, _cx: &mut Context) {
        *self = Self::default();
    }
}

impl Candidate {
    /// The activation of the slots or, where they are filled apart, of the slot that the layer is or leads to; what to call it.
    fn activation(&self, cx: &Context, id: usize, layers: &[LayerReport]) -> Option<(String, Activation)> {
        let slot = match cx.study.candidate(id).fill.as_ref()? {
            Fill::One(activation) => return Some((activation.name().to_owned(), activation.clone())),
            Fill::BySlot(_) => {
                let network = cx.study.space.network_of(id);
                let node = network.node(&layers.get(self.layer.min(layers.len().saturating_sub(1)))?.module)?;
                node.slot().or(node.surroundings.slot.as_deref())?.to_owned()
            }
        };
        let activation = cx.study.candidate(id).fill.as_ref()?.of(&slot)?;
        Some((format!("{slot}: {}", activation.name()), activation.clone()))
    }

    /// The path of the layer in a model, and where the user's source has it; nothing where layers are numbered.
    fn place_of_layer(
        &self,
        cx: &Context,
        id: usize,
        layers: &[LayerReport],
        width: usize,
        look: &Look,
    ) -> Vec<String> {
        let network = cx.study.space.network_of(id);
        let node = network.counted().get(self.layer.min(layers.len().saturating_sub(1))).copied();
        node.filter(|node| node.origin.is_some()).map(|node| place_of(node, width, 2, look)).unwrap_or_default()
    }

    fn draw_one(&self, frame: &mut Frame<'_>, area: Rect, id: usize, cx: &Context, look: &Look) {
        let candidate = cx.study.candidate(id);
        let name = candidate.to_string();
        let title = look.signs.fit_middle(&name, title_room(area.width));
        let block = pane(format!(" {title} "), look);
        let inside = block.inner(area);
        frame.render_widget(block, area);
        let layers = layers(&cx.study, id);
        let mut lines = facts(cx, id, look);
        if name != title {
            lines.insert(lines.len().min(1), Line::from(Span::styled(name, look.theme.header)));
        }
        lines.extend(by_repetition(cx, id, look, usize::from(inside.width)));
        let [texts, charts] = halves(inside, area.width >= WIDE, lines.len() + layers.len());
        let text_height = wrapped(&lines, texts.width).min(texts.height.saturating_sub(3));
        let [facts_area, bars_area] =
            Layout::vertical([Constraint::Length(text_height), Constraint::Min(0)]).areas(texts);
        frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), facts_area);
        let place = self.place_of_layer(cx, id, &layers, usize::from(bars_area.width), look);
        let height = place.len() as u16;
        let [bars_area, place_area] =
            Layout::vertical([Constraint::Min(3), Constraint::Length(height)]).areas(bars_area);
        draw_bars(frame, [area, bars_area], &layers, self.layer, look);
        let place: Vec<_> = place.into_iter().map(Line::from).collect();
        frame.render_widget(Paragraph::new(place).style(look.theme.label), place_area);
        let [spectrum, signals, function] = thirds(charts);
        draw_spectrum(frame, spectrum, &layers, self.spectra.get(id), self.layer, look);
        draw_signals(frame, signals, cx, id, look);
        if let Some((title, activation)) = self.activation(cx, id, &layers) {
            draw_function(frame, function, &title, &activation, look);
        }
    }
}

/// The spectra that were asked for last.
#[derive(Debug, Default)]
struct Known {
    /// None while they are worked out.
    spectra: VecDeque<(usize, Option<Spectra>)>,
}

impl Known {
    /// Whether they are there or on their way.
    fn is_asked(&self, candidate: usize) -> bool {
        self.spectra.iter().any(|(id, _)| *id == candidate)
    }

    fn get(&self, candidate: usize) -> Option<&Spectra> {
        self.spectra.iter().find(|(id, _)| *id == candidate)?.1.as_ref()
    }

    fn ask(&mut self, candidate: usize) {
        if self.spectra.len() == KEPT {
            self.spectra.pop_front();
        }
        self.spectra.push_back((candidate, None));
    }

    fn put(&mut self, candidate: usize, spectra: Spectra) {
        if let Some((_, place)) = self.spectra.iter_mut().find(|(id, _)| *id == candidate) {
            *place = Some(spectra);
        }
    }
}

/// Where the texts stand, and the charts.
fn halves(inside: Rect, is_wide: bool, lines: usize) -> [Rect; 2] {
    if is_wide {
        return Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(1).areas(inside);
    }
    let wanted = lines.min(usize::from(inside.height / 2)) as u16;
    // What no chart fits into is not left empty.
    let wanted = if inside.height - wanted < LEAST_CHART { inside.height } else { wanted };
    Layout::vertical([Constraint::Length(wanted), Constraint::Min(0)]).areas(inside)
}

/// Lines that a chart wants.
const LEAST_CHART: u16 = 6;

/// Where the charts stand. What has no room is left out from the end.
fn thirds(charts: Rect) -> [Rect; 3] {
    match charts.height {
        0..12 => [charts, Rect::ZERO, Rect::ZERO],
        12..18 => {
            let [spectrum, signals] = Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(charts);
            [spectrum, signals, Rect::ZERO]
        }
        _ => Layout::vertical([Constraint::Fill(1), Constraint::Fill(1), Constraint::Fill(1)]).areas(charts),
    }
}

/// How the signal and a perturbation of the inputs pass through the network: where they die or grow without bound.
fn draw_signals(frame: &mut Frame<'_>, area: Rect, cx: &Context, id: usize, look: &Look) {
    let Some(propagation) = cx.study.propagation(id) else { return };
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

/// NEAR of every repetition as a row of heights.
fn by_repetition<'a>(cx: &Context, id: usize, look: &Look, width: usize) -> Option<Line<'a>> {
    let scores: Vec<f64> = cx.study.scores(id).iter().flatten().copied().collect();
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

fn draw_bars(frame: &mut Frame<'_>, [pane, area]: [Rect; 2], layers: &[LayerReport], layer: usize, look: &Look) {
    if layers.is_empty() {
        frame.render_widget(Paragraph::new("no repetition is scored yet").style(look.theme.label), area);
        return;
    }
    let layer = layer.min(layers.len() - 1);
    let height = usize::from(area.height).max(1);
    let offset = layer.saturating_sub(height / 2).min(layers.len().saturating_sub(height));
    let seen = Seen { offset, count: layers.len(), chosen: Some(layer) };
    let room = seen.room(area);
    let mut lines = bars(layers, offset, look, room);
    if let Some(line) = lines.get_mut(layer - offset) {
        line.spans.iter_mut().for_each(|span| span.style = span.style.patch(look.theme.selected));
    }
    frame.render_widget(Paragraph::new(lines), room);
    seen.draw(frame, pane, area, look);
}

fn draw_spectrum(
    frame: &mut Frame<'_>,
    area: Rect,
    layers: &[LayerReport],
    spectra: Option<&Spectra>,
    layer: usize,
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
    let layer = layer.min(spectra.len() - 1);
    let is_activation = |at: usize| layers.get(at).is_some_and(|l| l.is_activation);
    // What an activation does to a layer is seen by both at once.
    let shown: Vec<usize> = match layer {
        at if is_activation(at) && at > 0 => vec![at - 1, at],
        at if is_activation(at + 1) => vec![at, at + 1],
        at => vec![at],
    };
    let lines: Vec<Vec<(f64, f64)>> = shown.iter().map(|at| falling(&spectra[*at])).collect();
    let names: Vec<String> = shown
        .iter()
        .map(|at| layers.get(*at).map_or_else(String::new, |l| format!("{} {}", end_of_path(&l.module), l.kind)))
        .collect();
    let style = |at: usize| if is_activation(at) { look.theme.after } else { look.theme.before };
    let series = shown.iter().zip(&lines).zip(&names);
    let series = series.map(|((at, points), name)| Series { name, points, style: style(*at), is_line: true });
    let most = lines.iter().map(Vec::len).max().unwrap_or(1).max(2) as f64;
    let lowest = lines.iter().flatten().map(|(_, y)| *y).fold(-1.0, f64::min).floor();
    let y = Scale { low: lowest, high: 0.0, labels: [power(lowest), power(0.0)] };
    let x = Scale { low: 1.0, high: most, labels: ["1".to_owned(), format!("{most:.0}")] };
    plot::draw(frame, area, "singular values", &series.collect::<Vec<_>>(), &x, &y, look);
}

/// The last two parts of a long path.
fn end_of_path(module: &str) -> &str {
    const LONG: usize = 20;
    let parts = module.rmatch_indices('.').map(|(dot, _)| &module[dot + 1..]);
    if module.width() > LONG { parts.take(2).last().unwrap_or(module) } else { module }
}

/// Logarithms of singular values by their places.
fn falling(values: &[f64]) -> Vec<(f64, f64)> {
    values.iter().zip(1..).map(|(s, i)| (f64::from(i), s.max(FLOOR).log10())).collect()
}

fn draw_function(frame: &mut Frame<'_>, area: Rect, title: &str, activation: &Activation, look: &Look) {
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
    plot::draw(frame, area, title, &series, &Scale::plain(-reach, reach), &Scale::plain(low, high), look);
}
