//! The sizes of a network's layers: the relative score of a layer over its size, the fit, and the size it says.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Color;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use crate::chart::Drawing;
use crate::tui::context::Context;
use crate::tui::effect::{Effect, SizeRequest, Ticket};
use crate::tui::keymap::Key::{Char, Code};
use crate::tui::keymap::shared::EVERYWHERE;
use crate::tui::keymap::{Action, bind};
use crate::tui::news::{BackgroundError, News, SizeNews};
use crate::tui::theme::Look;
use crate::tui::view::{About, Opened, View};
use crate::tui::widgets::prompt::Prompt;
use crate::tui::widgets::{clock, window, window_area};
use neartop_study::width::{self, Curve, Interval, Point, SizeEstimate, Target};

/// Thresholds that the keys step through.
const THRESHOLDS: [f64; 7] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1];

/// Writes a threshold.
const THRESHOLD: Action = Action("threshold");
/// Writes the place of a layer.
const PICK_LAYER: Action = Action("pick-layer");

static ABOUT: About = About {
    name: "sizes",
    opens: Action::SIZES,
    opener: Some(bind(&[Char('w')], Action::SIZES, "", "layer sizes of the network with the selected candidate")),
    tab: Some((3, "sizes")),
    is_window: true,
    keys: &[
        EVERYWHERE,
        &[
            bind(&[Code(KeyCode::Left), Char('h'), Code(KeyCode::Up), Char('k')], Action::LEFT, "", "the layer before"),
            bind(
                &[Code(KeyCode::Right), Char('l'), Code(KeyCode::Down), Char('j')],
                Action::RIGHT,
                "layer",
                "the next layer",
            ),
            bind(&[Char('+'), Char('=')], Action::MORE, "threshold up", "a higher threshold"),
            bind(&[Char('-')], Action::LESS, "down", "a lower threshold"),
            bind(&[Char('t'), Code(KeyCode::Enter)], THRESHOLD, "threshold", "write a threshold"),
            bind(&[Char('g')], PICK_LAYER, "layer by number", "write the number of a layer"),
            bind(&[Code(KeyCode::Esc), Char('q'), Char('w')], Action::CLOSE, "close", "close the sizes"),
        ],
    ],
};

/// What a line of text is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    Threshold,
    Layer,
}

/// The window of sizes.
#[derive(Debug, Default)]
pub struct Sizes {
    /// What is measured; none while the window is closed.
    measured: Option<Measured>,
    asks: Option<Asks>,
    prompt: Option<Prompt>,
    /// The latest of all requests.
    ticket: Ticket,
}

/// A layer whose sizes are measured.
#[derive(Debug)]
struct Measured {
    candidate: usize,
    targets: Vec<Target>,
    /// Place of the layer in `targets`.
    layer: usize,
    /// Of the slope.
    threshold: f64,
    /// The threshold of the fit that was asked for.
    fitted: f64,
    ticket: Ticket,
    done: usize,
    total: usize,
    /// When the first news of it came.
    began: Option<Duration>,
    /// By ascending size.
    points: Vec<Point>,
    estimate: Option<Box<SizeEstimate>>,
    note: Option<String>,
    error: Option<BackgroundError>,
}

impl View for Sizes {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// The first layer is measured at once.
    fn open(&mut self, _again: bool, cx: &mut Context) -> Opened {
        let Some(candidate) = cx.selected_or_say() else { return Opened::Refused };
        let preset = &cx.study.space.preset;
        let mut targets = width::targets_of(preset);
        targets.retain(|target| width::Sizes::of(preset, target).is_ok());
        if targets.is_empty() {
            cx.say("this network has no layer whose size can be chosen");
            return Opened::Refused;
        }
        let measured = self.measured.insert(Measured::new(candidate, targets, self.ticket));
        Opened::Shown(Some(measured.measure()))
    }

    fn act(&mut self, action: Action, _key: KeyEvent, _cx: &mut Context) -> Option<Effect> {
        let measured = self.measured.as_mut()?;
        match action {
            THRESHOLD => {
                let text = measured.threshold.to_string();
                (self.asks, self.prompt) = (Some(Asks::Threshold), Some(Prompt::new("slope threshold: ", text)));
            }
            PICK_LAYER => {
                let text = (measured.layer + 1).to_string();
                (self.asks, self.prompt) = (Some(Asks::Layer), Some(Prompt::new("layer: ", text)));
            }
            action => return measured.act(action),
        }
        None
    }

    fn news(&mut self, news: News, cx: &mut Context) -> Result<Option<Effect>, News> {
        let News::Sized(ticket, news) = news else { return Err(news) };
        let measured = self.measured.as_mut();
        Ok(measured.and_then(|measured| measured.take(ticket, news, cx.now)))
    }

    fn prompt(&mut self) -> Option<&mut Option<Prompt>> {
        Some(&mut self.prompt)
    }

    fn asks(&self) -> Option<&Prompt> {
        self.prompt.as_ref()
    }

    fn answer(&mut self, cx: &mut Context) -> Option<Effect> {
        let (measured, prompt) = (self.measured.as_mut()?, self.prompt.as_ref()?);
        let effect = match self.asks? {
            Asks::Threshold => match prompt.value().parse().ok().filter(|t| *t > 0.0 && *t < 1.0) {
                Some(threshold) => {
                    measured.threshold = threshold;
                    measured.refit()
                }
                None => {
                    cx.warn("a threshold is a number between 0 and 1");
                    return None;
                }
            },
            Asks::Layer => {
                let count = measured.targets.len();
                match prompt.value().parse().ok().filter(|n| (1..=count).contains(n)) {
                    Some(number) => {
                        measured.layer = number - 1;
                        Some(measured.measure())
                    }
                    None => {
                        cx.warn(format!("a whole number from 1 to {count}"));
                        return None;
                    }
                }
            }
        };
        self.prompt = None;
        effect
    }

    /// Ends what is under way.
    fn close(&mut self) -> Option<Effect> {
        self.ticket = self.measured.take()?.ticket + 1;
        Some(Effect::Size(self.ticket, SizeRequest::Stop))
    }

    fn wheel(&mut self, _down: bool) -> Option<Action> {
        None
    }

    fn is_timed(&self) -> bool {
        self.measured.as_ref().is_some_and(Measured::is_measuring)
    }

    fn renew(&mut self, _cx: &mut Context) {
        *self = Self::default();
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        let Some(sizes) = &self.measured else { return };
        let candidate = cx.study.candidate(sizes.candidate);
        let title = format!("{}, {candidate}", sizes.target().describe(&cx.study.space.preset));
        let title = look.signs.fit(&title, usize::from(area.width.saturating_sub(6)));
        let at = window_area(area, 110, area.height.saturating_sub(2));
        let inside = window(frame, &title, at, look);
        let table = sizes.points.len() as u16 + 1;
        // Without room for both, the chart is what people look at.
        let table = if inside.height >= table + 12 { table } else { 0 };
        let [answer, chart, points] =
            Layout::vertical([Constraint::Length(3), Constraint::Min(0), Constraint::Length(table)]).areas(inside);
        frame.render_widget(Paragraph::new(facts(sizes, cx, look)).wrap(Wrap { trim: true }), answer);
        draw_chart(frame, chart, sizes, look);
        frame.render_widget(Paragraph::new(rows(sizes, look)), points);
    }
}

impl Measured {
    fn new(candidate: usize, targets: Vec<Target>, ticket: Ticket) -> Self {
        Self {
            candidate,
            targets,
            layer: 0,
            threshold: width::SLOPE_THRESHOLD,
            fitted: width::SLOPE_THRESHOLD,
            ticket,
            done: 0,
            total: 0,
            began: None,
            points: Vec::new(),
            estimate: None,
            note: None,
            error: None,
        }
    }

    fn target(&self) -> &Target {
        &self.targets[self.layer]
    }

    fn act(&mut self, action: Action) -> Option<Effect> {
        match action {
            Action::LEFT if self.layer > 0 => self.layer -= 1,
            Action::RIGHT if self.layer + 1 < self.targets.len() => self.layer += 1,
            Action::MORE => {
                self.threshold = THRESHOLDS.into_iter().find(|t| *t > self.threshold)?;
                return self.refit();
            }
            Action::LESS => {
                self.threshold = THRESHOLDS.into_iter().rev().find(|t| *t < self.threshold)?;
                return self.refit();
            }
            _ => return None,
        }
        Some(self.measure())
    }

    /// Whether ranks are being measured.
    fn is_measuring(&self) -> bool {
        self.estimate.is_none() && self.error.is_none()
    }

    /// Time until the curve is measured, as far as one can tell.
    fn time_left(&self, now: Duration) -> Option<Duration> {
        let passed = now.saturating_sub(self.began?).as_secs_f64();
        if passed < 1.0 {
            return None;
        }
        let share = self.total.saturating_sub(self.done) as f64 / self.done as f64;
        Duration::try_from_secs_f64(passed * share).ok()
    }

    /// Takes news in, and says what they lead to; those of an earlier request are old.
    fn take(&mut self, ticket: Ticket, news: SizeNews, now: Duration) -> Option<Effect> {
        if ticket != self.ticket {
            return None;
        }
        match news {
            SizeNews::Progress { done, total, point } => {
                (self.done, self.total) = (done, total);
                self.began.get_or_insert(now);
                if let Some(point) = point {
                    let place = self.points.partition_point(|p| p.size < point.size);
                    self.points.insert(place, point);
                }
            }
            SizeNews::Note(note) => self.note = Some(note),
            // The threshold was changed in the meantime.
            SizeNews::Estimated(_) if self.fitted != self.threshold => return self.refit(),
            SizeNews::Estimated(estimate) => self.estimate = Some(estimate),
            SizeNews::Failed(reason) => self.error = Some(reason),
        }
        None
    }

    fn measure(&mut self) -> Effect {
        self.ticket += 1;
        (self.done, self.total) = (0, 0);
        self.began = None;
        self.points.clear();
        (self.estimate, self.note, self.error) = (None, None, None);
        self.fitted = self.threshold;
        let (candidate, target, threshold) = (self.candidate, self.target().clone(), self.threshold);
        Effect::Size(self.ticket, SizeRequest::Measure { candidate, target, threshold })
    }

    /// Another threshold needs no measurement. One under way goes on, and is fitted anew at its end.
    fn refit(&mut self) -> Option<Effect> {
        if self.total == 0 || self.done < self.total {
            return None;
        }
        self.ticket += 1;
        self.fitted = self.threshold;
        self.estimate = None;
        let curve = Curve { points: self.points.clone() };
        let request = SizeRequest::Fit { curve, target: self.target().clone(), threshold: self.threshold };
        Some(Effect::Size(self.ticket, request))
    }
}

fn facts<'a>(sizes: &Measured, cx: &Context, look: &Look) -> Vec<Line<'a>> {
    let label = |text: String| Span::styled(text, look.theme.label);
    let (layer, count) = (sizes.layer + 1, sizes.targets.len());
    let mut state = vec![
        label("layer ".to_owned()),
        Span::raw(format!("{layer} of {count}")),
        label("  slope threshold ".to_owned()),
        Span::raw(sizes.threshold.to_string()),
    ];
    if let Some(note) = &sizes.note {
        state.push(Span::styled(format!("  {note}"), look.theme.warning));
    }
    let mut lines = vec![Line::from(state)];
    let answer = match (&sizes.error, &sizes.estimate) {
        (Some(error), _) => Span::styled(error.to_string(), look.theme.bad),
        (None, None) if sizes.total == 0 => label("measuring".to_owned()),
        (None, None) if sizes.done < sizes.total => {
            let left = sizes.time_left(cx.now).map(|left| format!(", {} left", clock(left))).unwrap_or_default();
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

fn draw_chart(frame: &mut Frame<'_>, area: Rect, sizes: &Measured, look: &Look) {
    if area.height < 5 || sizes.points.is_empty() {
        return;
    }
    let estimate = sizes.estimate.as_ref();
    let (fit, size) = (estimate.and_then(|e| e.fit), estimate.and_then(|e| e.size.as_ref().ok().copied()));
    let buffer = frame.buffer_mut();
    let interval = estimate.and_then(|e| e.interval).map(|i| (i.low, i.high));
    Drawing { points: &sizes.points, fit, size, interval }.draw(look.is_ascii(), area, buffer);
    area.positions().for_each(|at| {
        let color = match buffer[at].fg {
            _ if !look.has_colors() => Color::Reset,
            // Light green is a faint grey in some palettes.
            Color::LightGreen | Color::Indexed(10) => Color::Green,
            color => color,
        };
        buffer[at].set_fg(color);
    });
}

fn rows<'a>(sizes: &Measured, look: &Look) -> Vec<Line<'a>> {
    let head = format!("{:>8} {:>10} {:>10} {:>8}", "size", "rank", "relative", "error");
    let mut lines = vec![Line::from(Span::styled(head, look.theme.header))];
    lines.extend(sizes.points.iter().map(|point| {
        let error = point.standard_error().map(|e| format!("{e:.4}")).unwrap_or_default();
        Line::from(format!("{:>8} {:>10.2} {:>10.4} {error:>8}", point.size, point.near(), point.relative()))
    }));
    lines
}
