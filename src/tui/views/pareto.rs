//! NEAR against what a candidate costs: the candidates that no other beats in both, and where they stand among all.
//!
//! ```text
//! candidate                     NEAR  parameters | NEAR, by parameters
//! tanh with orthogonal        166.94      17,226 |       .  . o
//! relu with lsuv              148.20       9,114 |    .o . .
//! ```

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::columns::grouped;
use crate::tui::context::Context;
use crate::tui::effect::Effect;
use crate::tui::keymap::Key::{Char, Code};
use crate::tui::keymap::shared::{COPY, ENDS, EVERYWHERE, EXPORT, LEAVE, LINES, MARKS, PAGES, PROGRAM, RUN};
use crate::tui::keymap::{Action, bind};
use crate::tui::theme::Look;
use crate::tui::view::{About, Opened, View};
use crate::tui::widgets::list::List;
use crate::tui::widgets::plot::{self, Scale, Series};
use crate::tui::widgets::seen::Seen;
use crate::tui::widgets::{inside_pane, pane};
use neartop_study::space::Candidate;

/// From this width on the chart stands beside the list.
const WIDE: u16 = 100;
/// Columns of the screen for the numbers beside a name.
const NUMBERS: usize = 24;

const PARETO: Action = Action("pareto");

static ABOUT: About = About {
    name: "pareto",
    opens: PARETO,
    opener: Some(bind(&[Char('P')], PARETO, "", "NEAR against what a candidate costs: who is beaten by nobody")),
    tab: Some((8, "pareto")),
    is_window: false,
    keys: &[
        EVERYWHERE,
        LINES,
        PAGES,
        ENDS,
        MARKS,
        RUN,
        EXPORT,
        &[bind(&[Code(KeyCode::Tab), Char('v')], Action::MORE, "cost", "weigh NEAR against another cost")],
        &[bind(&[Code(KeyCode::Esc), Char('q'), Char('P')], Action::CLOSE, "ranking", "back to the ranking")],
        COPY,
        PROGRAM,
        LEAVE,
    ],
};

/// What a candidate costs.
struct Cost {
    title: &'static str,
    of: fn(&Candidate) -> u64,
}

/// What NEAR is weighed against; the first where the user chose none.
const COSTS: &[Cost] = &[
    Cost { title: "parameters", of: |candidate| candidate.parameters },
    Cost { title: "multiply-adds", of: |candidate| candidate.multiply_adds },
];

/// The view of NEAR against a cost.
#[derive(Debug, Default)]
pub struct Pareto {
    /// Place in [`COSTS`].
    cost: usize,
    list: List,
    known: Known,
}

/// What is known of one ranking.
#[derive(Debug, Default)]
struct Known {
    /// Which ranking it is, whether only candidates that will train count, and the place of the cost.
    of: Option<(u64, bool, usize)>,
    /// The candidates that no other beats in both, the highest NEAR first.
    frontier: Vec<usize>,
    /// Logarithms of the cost, and NEAR, of all candidates.
    points: Vec<(f64, f64)>,
}

impl View for Pareto {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn open(&mut self, _again: bool, cx: &mut Context) -> Opened {
        if !differs(cx, &COSTS[self.cost]) {
            let Some(other) = COSTS.iter().position(|cost| differs(cx, cost)) else {
                let cost = &COSTS[0];
                let all = cx.study.space.candidates.first().map_or(0, cost.of);
                let (all, title) = (grouped(all), cost.title);
                cx.say(format!("all candidates have {all} {title}: there is nothing to weigh"));
                return Opened::Refused;
            };
            self.cost = other;
        }
        self.learn(cx);
        let place = self.known.frontier.iter().position(|id| Some(*id) == cx.selected());
        self.list.line = place.unwrap_or(0);
        self.choose(cx);
        Opened::Shown(None)
    }

    fn act(&mut self, action: Action, _key: KeyEvent, cx: &mut Context) -> Option<Effect> {
        if action == Action::MARK {
            cx.mark();
        } else if action == Action::MORE {
            self.weigh_other(cx);
        } else if self.list.go(action, cx.page(), self.known.frontier.len()) {
            self.choose(cx);
        }
        None
    }

    fn settle(&mut self, area: Rect, cx: &mut Context) {
        self.learn(cx);
        let count = self.known.frontier.len();
        self.list.clamp(count);
        let [list, _] = areas(inside_pane(area), count);
        self.list.settle(self.list.line, usize::from(below(list).height), count, 0);
    }

    fn click(&mut self, at: Position, area: Rect, cx: &mut Context) -> Option<Action> {
        let count = self.known.frontier.len();
        let [list, _] = areas(inside_pane(area), count);
        let line = self.list.row_at(below(list), at).filter(|line| *line < count)?;
        if self.list.click(line) {
            return Some(Action::INSPECT);
        }
        self.choose(cx);
        None
    }

    fn renew(&mut self, _cx: &mut Context) {
        *self = Self { cost: self.cost, ..Self::default() };
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        let bar = look.signs.separator;
        let frontier = &self.known.frontier;
        let title = format!(" pareto{bar}beaten by nobody in both NEAR and {} ", self.cost().title);
        frame.render_widget(pane(look.signs.fit(&title, usize::from(area.width)), look), area);
        let [list, chart] = areas(inside_pane(area), frontier.len());
        if frontier.is_empty() {
            frame.render_widget(Paragraph::new("no score yet").style(look.theme.label), list);
            return;
        }
        let seen = Seen { offset: self.list.offset, count: frontier.len(), chosen: Some(self.list.line) };
        let room = seen.room(below(list));
        frame.render_widget(Paragraph::new(self.lines(frontier, room, cx, look)), Rect { width: room.width, ..list });
        seen.draw(frame, area, below(list), look);
        self.draw_chart(frame, chart, cx, look);
    }
}

impl Pareto {
    fn cost(&self) -> &'static Cost {
        &COSTS[self.cost]
    }

    /// The next cost in which candidates differ. The choice stays on its candidate where it is beaten by nobody.
    fn weigh_other(&mut self, cx: &mut Context) {
        let others = (1..COSTS.len()).map(|step| (self.cost + step) % COSTS.len());
        let Some(other) = others.into_iter().find(|place| differs(cx, &COSTS[*place])) else {
            return cx.say(format!("candidates differ in {} alone", self.cost().title));
        };
        self.cost = other;
        self.learn(cx);
        self.list.line = self.known.frontier.iter().position(|id| Some(*id) == cx.selected()).unwrap_or(0);
        self.choose(cx);
    }

    /// Works out what is to be known of the ranking, once for each.
    fn learn(&mut self, cx: &Context) {
        let of = Some((cx.table.version, cx.study.has_guard(), self.cost));
        if self.known.of != of {
            let points = cx.table.ranking.iter().filter_map(|ranked| self.point(cx, ranked.candidate)).collect();
            self.known = Known { of, frontier: frontier(cx, self.cost()), points };
        }
    }

    /// Selects the candidate of the chosen line.
    fn choose(&self, cx: &mut Context) {
        let chosen = self.known.frontier.get(self.list.line).copied();
        if let Some(chosen) = chosen.filter(|id| cx.table.row_of(*id).is_some()) {
            cx.select(Some(chosen));
        }
    }

    /// The heads, and the candidates that fit below them.
    fn lines(&self, frontier: &[usize], room: Rect, cx: &Context, look: &Look) -> Vec<Line<'static>> {
        let width = usize::from(room.width).saturating_sub(NUMBERS);
        let names: Vec<_> = frontier.iter().map(|id| cx.study.candidate(*id).to_string()).collect();
        let names = look.signs.apart(&names, width);
        let line = |name: &str, near: &str, cost: &str| format!("{} {near:>9} {cost:>13}", look.signs.pad(name, width));
        let mut lines = vec![Line::from(Span::styled(line("candidate", "NEAR", self.cost().title), look.theme.header))];
        for (place, id) in frontier.iter().enumerate().skip(self.list.offset).take(usize::from(room.height)) {
            let near = cx.study.near(*id).map(|near| format!("{:.2}", near.mean)).unwrap_or_default();
            let text = line(&names[place], &near, &grouped((self.cost().of)(cx.study.candidate(*id))));
            let style = match cx.table.marked.contains(id) {
                _ if place == self.list.line => look.theme.selected,
                true => look.theme.key,
                false => Style::new(),
            };
            lines.push(Line::from(Span::styled(text, style)));
        }
        lines
    }

    /// All candidates, those that nobody beats, and the chosen one.
    fn draw_chart(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        let Known { frontier, points: all, .. } = &self.known;
        let best: Vec<_> = frontier.iter().filter_map(|id| self.point(cx, *id)).collect();
        let chosen: Vec<_> = frontier.get(self.list.line).and_then(|id| self.point(cx, *id)).into_iter().collect();
        let ends = |of: fn(&(f64, f64)) -> f64| {
            let values = all.iter().map(of);
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)))
        };
        let ((left, right), (low, high)) = (ends(|p| p.0), ends(|p| p.1));
        if all.is_empty() {
            return;
        }
        let text = |log: f64| grouped(10f64.powf(log).round() as u64);
        let right = right.max(left + 1e-3);
        let x = Scale { low: left, high: right, labels: [text(left), text(right)] };
        let dots = |name, points, style| Series { name, points, style, is_line: false };
        let series = [
            dots("all", all, look.theme.label),
            dots("beaten by nobody", &best, look.theme.good),
            dots("chosen", &chosen, look.theme.after),
        ];
        plot::draw(frame, area, &format!("NEAR by {}", self.cost().title), &series, &x, &Scale::plain(low, high), look);
    }

    /// Where a candidate stands in the chart.
    fn point(&self, cx: &Context, id: usize) -> Option<(f64, f64)> {
        let cost = (self.cost().of)(cx.study.candidate(id)).max(1) as f64;
        Some((cost.log10(), cx.study.near(id)?.mean))
    }
}

/// Whether candidates differ in a cost.
fn differs(cx: &Context, cost: &Cost) -> bool {
    let mut costs = cx.study.space.candidates.iter().map(cost.of);
    let first = costs.next();
    costs.any(|cost| Some(cost) != first)
}

/// The candidates that no other beats in both, the highest NEAR first: of those that will train, where only they are
/// recommended.
fn frontier(cx: &Context, cost: &Cost) -> Vec<usize> {
    let study = &cx.study;
    let will_train = |id: usize| !study.has_guard() || study.trainability(id).is_none_or(|t| t.is_trainable());
    let (mut frontier, mut least) = (Vec::new(), u64::MAX);
    for ranked in cx.table.ranking.iter().take_while(|ranked| ranked.rank.is_some()) {
        let cost = (cost.of)(study.candidate(ranked.candidate));
        if cost < least && will_train(ranked.candidate) {
            frontier.push(ranked.candidate);
            least = cost;
        }
    }
    frontier
}

/// The list and the chart.
fn areas(inside: Rect, count: usize) -> [Rect; 2] {
    if inside.width >= WIDE {
        return Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(1).areas(inside);
    }
    let rows = (count as u16).saturating_add(1).min(inside.height / 2);
    Layout::vertical([Constraint::Length(rows), Constraint::Min(0)]).areas(inside)
}

/// The lines of the list below their heads.
fn below(list: Rect) -> Rect {
    Rect { y: list.y + list.height.min(1), height: list.height.saturating_sub(1), ..list }
}
