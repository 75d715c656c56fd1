//! What training says: the finalists by how good they are, their curves, and quality against NEAR.
//!
//! ```text
//! progress
//! finalists with quality, loss, epochs | curves of quality over epochs
//!                                      | quality against NEAR
//! ```

pub mod form;

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use crate::tui::context::Context;
use crate::tui::effect::Effect;
use crate::tui::finalists::Finalists;
use crate::tui::keymap::Key::{Char, Code};
use crate::tui::keymap::shared::{ENDS, EVERYWHERE, FILTER, LEAVE, LINES, PAGES, PROGRAM, RUN};
use crate::tui::keymap::{Action, bind};
use crate::tui::news::{News, TrainingNews};
use crate::tui::theme::Look;
use crate::tui::view::{About, Opened, View};
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::plot::{self, Scale, Series};
use crate::tui::widgets::seen::Seen;
use crate::tui::widgets::{clock, filtered_title, inside_pane, pane};
use form::Form;
use neartop_study::training::{Options, Record, Results, Update};

/// From this width on the charts stand beside the list.
const WIDE: u16 = 100;

static ABOUT: About = About {
    name: "training",
    opens: Action::TRAIN,
    opener: Some(bind(&[Char('t')], Action::TRAIN, "train", "train the marked candidates, or the best")),
    tab: Some((4, "training")),
    is_window: false,
    keys: &[
        EVERYWHERE,
        LINES,
        PAGES,
        ENDS,
        FILTER,
        RUN,
        &[
            bind(&[Char('t')], Action::TRAIN, "train again", "train again: the marked candidates, or the best"),
            bind(
                &[Code(KeyCode::Enter)],
                Action::ACCEPT,
                "",
                "begin the training that is settled, or open the candidate",
            ),
            bind(&[Code(KeyCode::Right), Char('l'), Char('+')], Action::MORE, "", "change what is settled: more"),
            bind(&[Code(KeyCode::Left), Char('h'), Char('-')], Action::LESS, "", "change what is settled: less"),
            bind(&[Char('x')], Action::STOP_TRAINING, "stop", "end the training; what it said stays"),
            bind(&[Char('e')], Action::EXPORT, "export", "export the chosen candidate"),
            bind(&[Code(KeyCode::Esc), Char('q')], Action::CLOSE, "ranking", "back to the ranking; training goes on"),
        ],
        PROGRAM,
        LEAVE,
        &[bind(&[Char('c')], Action::INSPECT, "candidate", "the candidate in full")],
    ],
};

/// The view of the candidates that were trained last.
#[derive(Debug, Default)]
pub struct Training {
    pub finalists: Option<Finalists>,
    /// What is settled before the next training begins.
    pub form: Option<Form>,
    /// How the last one was done.
    options: Option<Options>,
}

impl View for Training {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// Asks how to train where there are no finalists yet, others are marked, or it is asked for `again`.
    fn open(&mut self, again: bool, cx: &mut Context) -> Opened {
        let wanted = Finalists::choose(&cx.study, &cx.table.marked);
        let stop = cx.keymap.label(ABOUT.name, Action::STOP_TRAINING);
        if let Some(finalists) = &self.finalists {
            let is_wanted = cx.table.marked.is_empty() || finalists.candidates == wanted;
            if !finalists.has_ended {
                if again || !is_wanted {
                    cx.say(format!("{} candidates are in training; {stop} stops it", finalists.candidates.len()));
                }
                return Opened::Shown(None);
            }
            if !again && is_wanted && finalists.error.is_none() {
                return Opened::Shown(None);
            }
        }
        if wanted.is_empty() {
            cx.say("no candidate can be trained yet");
            return Opened::Refused;
        }
        self.form = Some(Form::new(wanted, cx, self.options.clone()));
        Opened::Shown(None)
    }

    fn act(&mut self, action: Action, _key: KeyEvent, cx: &mut Context) -> Option<Effect> {
        match action {
            Action::ACCEPT if self.form.is_none() => cx.then(Action::INSPECT),
            Action::ACCEPT => return self.begin(cx),
            action if self.form.as_mut().is_some_and(|form| form.act(action, cx)) => return None,
            Action::STOP_TRAINING if !self.is_timed() => cx.say("no training is under way"),
            Action::STOP_TRAINING => {
                cx.say("training is told to stop; what it said stays");
                return Some(Effect::StopTraining);
            }
            _ => {}
        }
        let finalists = self.finalists.as_mut()?;
        let count = finalists.shown(&cx.study).len();
        if finalists.list.go(action, cx.page(), count) {
            select_chosen(finalists, cx);
        }
        None
    }

    fn news(&mut self, news: News, cx: &mut Context) -> Result<Option<Effect>, News> {
        let News::Training(news) = news else { return Err(news) };
        let has_ended = matches!(news, TrainingNews::Ended);
        let begins = matches!(&news, TrainingNews::Progress(Update::Point { .. }));
        let reached = match &news {
            TrainingNews::Progress(Update::Reached { candidate, .. }) => Some(Effect::KeepTraining(Some(*candidate))),
            _ => None,
        };
        if let Some(finalists) = &mut self.finalists {
            finalists.take(news, Arc::make_mut(&mut cx.study), cx.now);
        }
        // The first values bring their column in.
        if begins && cx.table.columns.iter().all(|column| column.title != "trained") {
            cx.table.choose_columns(&cx.study);
        }
        cx.table.is_stale = true;
        // A line that is being written is not covered.
        if cx.is_browsing {
            self.tell(cx);
        }
        // First steps are no training that a study on disk keeps.
        let is_kept = self.finalists.as_ref().is_some_and(|finalists| !finalists.is_first_steps());
        Ok(if has_ended { Some(Effect::KeepTraining(None)) } else { reached }.filter(|_| is_kept))
    }

    fn settle(&mut self, area: Rect, cx: &mut Context) {
        let Some(finalists) = &mut self.finalists else { return };
        let height = usize::from(lines_area(area, finalists).height);
        let count = finalists.shown(&cx.study).len();
        finalists.list.settle(finalists.list.line, height, count, 1);
    }

    fn click(&mut self, at: Position, area: Rect, cx: &mut Context) -> Option<Action> {
        if let Some(form) = &mut self.form {
            let line = Form::line_at(inside_pane(area), at.y)?;
            return form.click(line).then_some(Action::MORE);
        }
        let finalists = self.finalists.as_mut().filter(|finalists| finalists.results.is_some())?;
        let line = finalists.list.row_at(lines_area(area, finalists), at)?;
        if line >= finalists.shown(&cx.study).len() {
            return None;
        }
        if finalists.list.click(line) {
            return Some(Action::INSPECT);
        }
        select_chosen(finalists, cx);
        None
    }

    fn filter<'a>(&'a self, _cx: &'a Context) -> Option<&'a Filter> {
        Some(&self.finalists.as_ref()?.list.filter)
    }

    fn filter_mut<'a>(&'a mut self, _cx: &'a mut Context) -> Option<&'a mut Filter> {
        Some(&mut self.finalists.as_mut()?.list.filter)
    }

    fn filtered(&mut self, cx: &mut Context) {
        let Some(finalists) = &mut self.finalists else { return };
        finalists.list.clamp(finalists.shown(&cx.study).len());
        select_chosen(finalists, cx);
    }

    fn keeps_filter(&self) -> bool {
        true
    }

    fn loss(&self, action: Action, again: &str, _cx: &Context) -> Option<String> {
        let leaves = matches!(action, Action::QUIT | Action::OPEN_PRESET | Action::SCORE_DRAFT);
        (leaves && self.is_timed()).then(|| format!("training is not over: {again} goes on without it"))
    }

    fn close(&mut self) -> Option<Effect> {
        self.form = None;
        None
    }

    /// Its own view tells more.
    fn progress(&self, width: usize, cx: &Context) -> Option<String> {
        let finalists = self.finalists.as_ref().filter(|_| cx.shown != ABOUT.name)?;
        Some(match finalists.progress(cx.now)? {
            (share, Some(left)) if width >= 100 => format!("  training {share} %, {} left", clock(left)),
            (share, _) => format!("  training {share} %"),
        })
    }

    fn is_timed(&self) -> bool {
        self.finalists.as_ref().is_some_and(|finalists| !finalists.has_ended)
    }

    fn renew(&mut self, _cx: &mut Context) {
        *self = Self::default();
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        match (&self.form, &self.finalists) {
            (Some(form), _) => {
                frame.render_widget(pane(" a training is settled ", look), area);
                let lines = Paragraph::new(form.lines(ABOUT.name, cx, look)).wrap(Wrap { trim: false });
                frame.render_widget(lines, inside_pane(area));
            }
            (None, Some(finalists)) => draw(frame, area, finalists, cx, look),
            (None, None) => {}
        }
    }
}

impl Training {
    /// Begins what is settled.
    fn begin(&mut self, cx: &mut Context) -> Option<Effect> {
        let form = self.form.take()?;
        let (settled, recommends) = (form.settled(), form.recommends());
        let Form { candidates, options, .. } = form;
        let [stop, leave] = [Action::STOP_TRAINING, Action::CLOSE].map(|action| cx.keymap.label(ABOUT.name, action));
        let count = candidates.len();
        cx.say(format!("{count} candidates train; {stop} stops it, {leave} leaves while it goes on"));
        self.finalists = Some(Finalists::new(candidates.clone(), cx.now).recommending(recommends));
        self.options = Some(options);
        Some(Effect::Train(candidates, settled))
    }

    /// How a training came out that has just ended, in the place of what was said when it began.
    fn tell(&self, cx: &mut Context) {
        let Some(finalists) = self.finalists.as_ref().filter(|finalists| finalists.has_ended) else { return };
        let best =
            finalists.results.as_ref().and_then(|results| Some((results.best()?.candidate, results.best()?.judged()?)));
        match (&finalists.error, best) {
            (Some(reason), _) => cx.warn(format!("training: {reason}")),
            (None, Some((candidate, judged))) => {
                let (name, quality) = (finalists.quality_name(), judged.quality);
                cx.say(format!("training has ended, best is {}: {name} {quality:.4}", cx.study.candidate(candidate)));
            }
            (None, None) => cx.say("training has ended"),
        }
    }
}

/// Selects the candidate of the chosen line.
fn select_chosen(finalists: &Finalists, cx: &mut Context) {
    if let Some(chosen) = finalists.chosen(&cx.study).filter(|id| cx.table.row_of(*id).is_some()) {
        cx.select(Some(chosen));
    }
}

fn draw(frame: &mut Frame<'_>, area: Rect, finalists: &Finalists, cx: &Context, look: &Look) {
    let separator = look.signs.separator;
    let title = format!(" training{separator}{}{separator}{} ", state(finalists, cx), finalists.plan());
    let title = filtered_title(title, finalists.list.filter.value(), look);
    let block = pane(look.signs.fit(&title, usize::from(area.width)), look);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    if let Some(error) = &finalists.error {
        let text = Paragraph::new(error.to_string()).style(look.theme.bad);
        frame.render_widget(text.wrap(Wrap { trim: true }), inside);
        return;
    }
    let Some(results) = &finalists.results else {
        frame.render_widget(Paragraph::new("the labels are being read").style(look.theme.label), inside);
        return;
    };
    let [list, charts] = areas(inside, results.ranking().len());
    let count = finalists.shown(&cx.study).len();
    let seen = Seen { offset: finalists.list.offset, count, chosen: (count > 0).then_some(finalists.list.line) };
    let below = Rect { y: list.y + list.height.min(1), height: list.height.saturating_sub(1), ..list };
    let room = Rect { width: seen.room(below).width, ..list };
    frame.render_widget(Paragraph::new(table(finalists, results, cx, look, room)), list);
    seen.draw(frame, area, below, look);
    let [curves, scatter] = if charts.height >= 14 {
        Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(charts)
    } else {
        [charts, Rect::ZERO]
    };
    draw_curves(frame, curves, finalists, results, cx, look);
    draw_scatter(frame, scatter, finalists, results, cx, look);
}

/// The list and the charts.
fn areas(inside: Rect, finalists: usize) -> [Rect; 2] {
    if inside.width >= WIDE {
        return Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(1).areas(inside);
    }
    let rows = finalists as u16 + 1;
    Layout::vertical([Constraint::Length(rows.min(inside.height / 2)), Constraint::Min(0)]).areas(inside)
}

/// Where the lines of the list are, below their titles.
fn lines_area(area: Rect, finalists: &Finalists) -> Rect {
    let count = finalists.results.as_ref().map_or(0, |results| results.ranking().len());
    let [list, _] = areas(inside_pane(area), count);
    Rect { y: list.y + list.height.min(1), height: list.height.saturating_sub(1), ..list }
}

fn state(finalists: &Finalists, cx: &Context) -> String {
    match finalists.progress(cx.now) {
        Some((share, left)) => {
            let left = left.map(|left| format!(", {} left", clock(left))).unwrap_or_default();
            format!("{share} %{left}")
        }
        None if finalists.error.is_some() => "not possible".to_owned(),
        None if finalists.has_ended => "ended".to_owned(),
        None => "begins".to_owned(),
    }
}

/// What the list has room for beside the names.
#[derive(Clone, Copy)]
enum Room {
    All,
    /// No loss and no epochs.
    Narrow,
    /// No state either.
    VeryNarrow,
}

impl Room {
    fn of(width: usize) -> Self {
        match width {
            0..44 => Self::VeryNarrow,
            44..58 => Self::Narrow,
            _ => Self::All,
        }
    }

    /// Columns of the screen for a name, which needs some.
    fn name(self, width: usize) -> usize {
        let taken = match self {
            Self::VeryNarrow => 11,
            Self::Narrow => 22,
            Self::All => 41,
        };
        width.saturating_sub(taken).max(8)
    }

    fn line(self, name: &str, [quality, loss, epochs, state]: [&str; 4]) -> String {
        match self {
            Self::VeryNarrow => format!("{name} {quality:>9}"),
            Self::Narrow => format!("{name} {quality:>9} {state:>10}"),
            Self::All => format!("{name} {quality:>9} {loss:>8} {epochs:>7} {state:>10}"),
        }
    }
}

fn table<'a>(finalists: &Finalists, results: &Results, cx: &Context, look: &Look, area: Rect) -> Vec<Line<'a>> {
    let width = usize::from(area.width);
    let room = Room::of(width);
    let name = |text: &str| look.signs.pad(text, room.name(width));
    let head = room.line(&name(""), [finalists.quality_name(), "loss", "epochs", "state"]);
    let head: String = head.chars().take(width).collect();
    let mut lines = vec![Line::from(Span::styled(head, look.theme.header))];
    let height = usize::from(area.height).saturating_sub(1).max(1);
    let ranking = finalists.shown(&cx.study);
    let line = finalists.list.line.min(ranking.len().saturating_sub(1));
    let names: Vec<_> = ranking.iter().map(|record| cx.study.candidate(record.candidate).to_string()).collect();
    let names = look.signs.apart(&names, room.name(width));
    for (place, record) in ranking.iter().enumerate().skip(finalists.list.offset).take(height) {
        let text = room.line(&name(&names[place]), cells(record).each_ref().map(String::as_str));
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

/// Quality, loss, epochs and state.
fn cells(record: &Record) -> [String; 4] {
    let number = |x: Option<f64>, digits: usize| x.map(|x| format!("{x:.digits$}")).unwrap_or_default();
    let (last, judged) = (record.last(), record.judged());
    [
        number(judged.map(|e| e.quality), 4),
        number(judged.and_then(|e| e.loss), 4),
        number(last.map(|p| p.epochs), 1),
        record.state.name().to_owned(),
    ]
}

/// The curve of the chosen candidate among those of the others.
fn draw_curves(frame: &mut Frame<'_>, area: Rect, finalists: &Finalists, results: &Results, cx: &Context, look: &Look) {
    let ranking = results.ranking();
    let shown = finalists.chosen(&cx.study);
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
    let name = shown.map(|id| cx.study.candidate(id).to_string()).unwrap_or_default();
    let name = look.signs.fit_middle(&name, usize::from(area.width).saturating_sub(32));
    let series: Vec<_> = curves
        .iter()
        .enumerate()
        .map(|(at, points)| Series {
            name: if at == last { &name } else { "" },
            points,
            style: if at == last { look.theme.after } else { look.theme.label },
            is_line: true,
        })
        .collect();
    let title = format!("{} held out, by epoch", finalists.quality_name());
    plot::draw(frame, area, &title, &series, &Scale::plain(0.0, most), &Scale::plain(low, 1.0), look);
}

fn draw_scatter(
    frame: &mut Frame<'_>,
    area: Rect,
    finalists: &Finalists,
    results: &Results,
    cx: &Context,
    look: &Look,
) {
    let both = |candidate: usize, quality: f64| Some((cx.study.near(candidate)?.mean, quality));
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
    let title = match results.agreement(&cx.study) {
        Some(agreement) => {
            let (spearman, kendall) = (agreement.spearman, agreement.kendall);
            format!("{} against NEAR: Spearman {spearman:.2}, Kendall {kendall:.2}", finalists.quality_name())
        }
        None => format!("{} against NEAR", finalists.quality_name()),
    };
    let series = [Series { name: "", points: &points, style: look.theme.before, is_line: false }];
    plot::draw(frame, area, &title, &series, &range(|p| p.0), &range(|p| p.1), look);
}
