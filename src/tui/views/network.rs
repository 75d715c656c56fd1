//! The network of the selected candidate as a tree of modules, each node with its shape, its parameters, its rank against
//! its width, and how signal and gradient pass.
//!
//! ```text
//! module              shape        parameters  rank                  signal  gradient
//! v 2 residual                          1,184
//!   body.0 linear     32                1,056  ███████▍  24.1 / 32     0.98      1.02
//! * body.1 gelu       32                       ████████▏ 26.3 / 32     0.57      1.01
//!   sum < 1, body.1   32                       ███████▋  24.6 / 32     1.12      1.00
//! ```

mod tree;

use std::collections::{BTreeSet, HashMap};

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use crate::columns::grouped;
use crate::tui::context::Context;
use crate::tui::effect::Effect;
use crate::tui::keymap::Key::{Char, Code};
use crate::tui::keymap::shared::{BEST, COPY, ENDS, EVERYWHERE, EXPORT, FILTER, LEAVE, LINES, PAGES, PROGRAM, RUN};
use crate::tui::keymap::{Action, bind};
use crate::tui::theme::Look;
use crate::tui::view::{About, Opened, View};
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::layers::place_of;
use crate::tui::widgets::list::List;
use crate::tui::widgets::seen::Seen;
use crate::tui::widgets::{filtered_title, inside_pane, pane};
use neartop_study::report::{LayerReport, layers};
use tree::{Branch, branches};

const NETWORK: Action = Action("network");
const FOLD: Action = Action("fold");
const FOLD_ALL: Action = Action("fold-all");

static ABOUT: About = About {
    name: "network",
    opens: NETWORK,
    opener: Some(bind(&[Char('i')], NETWORK, "", "the network as a tree of modules, with ranks and signals")),
    tab: Some((7, "network")),
    is_window: false,
    keys: &[
        EVERYWHERE,
        LINES,
        PAGES,
        ENDS,
        BEST,
        FILTER,
        &[
            bind(
                &[Code(KeyCode::Enter), Char(' '), Code(KeyCode::Tab)],
                FOLD,
                "fold",
                "fold the module, or that of the node, or unfold it",
            ),
            bind(&[Char('z')], FOLD_ALL, "all", "fold all modules, or unfold them"),
            bind(&[Code(KeyCode::Left), Char('h')], Action::LEFT, "", "the candidate before in the ranking"),
            bind(&[Code(KeyCode::Right), Char('l')], Action::RIGHT, "candidate", "the next candidate of the ranking"),
        ],
        RUN,
        EXPORT,
        &[
            bind(&[Code(KeyCode::Esc), Char('q'), Char('i')], Action::CLOSE, "ranking", "back to the ranking"),
            bind(&[Char('c')], Action::INSPECT, "candidate", "the candidate in full"),
        ],
        COPY,
        PROGRAM,
        LEAVE,
    ],
};

/// Cells that a bar has at least, where names are long.
const LEAST_BAR: usize = 6;

/// The view of the network.
#[derive(Debug, Default)]
pub struct Network {
    list: List,
    /// The modules whose nodes are not shown.
    folded: BTreeSet<String>,
}

impl View for Network {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn open(&mut self, _again: bool, cx: &mut Context) -> Opened {
        match cx.selected_or_say() {
            Some(_) => Opened::Shown(None),
            None => Opened::Refused,
        }
    }

    fn act(&mut self, action: Action, _key: KeyEvent, cx: &mut Context) -> Option<Effect> {
        let lines = self.branches(cx);
        match action {
            Action::LEFT => cx.go(|at, _| at.saturating_sub(1)),
            Action::RIGHT => cx.go(|at, _| at + 1),
            FOLD if !self.list.filter.value().is_empty() => cx.say("a filter shows all that has its words"),
            FOLD => self.fold(&lines, cx),
            FOLD_ALL if self.folded.is_empty() => {
                self.folded = lines.into_iter().filter_map(|line| line.module).collect();
            }
            FOLD_ALL => self.folded.clear(),
            action => drop(self.list.go(action, cx.page(), lines.len())),
        }
        None
    }

    fn settle(&mut self, area: Rect, cx: &mut Context) {
        let count = self.branches(cx).len();
        self.list.clamp(count);
        self.list.settle(self.list.line, usize::from(lines_area(area).height), count, 1);
    }

    fn click(&mut self, at: Position, area: Rect, cx: &mut Context) -> Option<Action> {
        let line = self.list.row_at(lines_area(area), at)?;
        (line < self.branches(cx).len() && self.list.click(line)).then_some(FOLD)
    }

    fn filter<'a>(&'a self, _cx: &'a Context) -> Option<&'a Filter> {
        Some(&self.list.filter)
    }

    fn filter_mut<'a>(&'a mut self, _cx: &'a mut Context) -> Option<&'a mut Filter> {
        Some(&mut self.list.filter)
    }

    fn keeps_filter(&self) -> bool {
        true
    }

    fn renew(&mut self, _cx: &mut Context) {
        *self = Self::default();
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        let Some(id) = cx.selected() else {
            frame.render_widget(pane(" no candidate ", look), area);
            return;
        };
        let candidate = cx.study.candidate(id);
        let total = grouped(candidate.parameters);
        let name = look.signs.fit_middle(&candidate.to_string(), usize::from(area.width).saturating_sub(48));
        let bar = look.signs.separator;
        let title = format!(" network{bar}{total} parameters{bar}{name} ");
        let title = filtered_title(title, self.list.filter.value(), look);
        frame.render_widget(pane(look.signs.fit(&title, usize::from(area.width)), look), area);
        let below = lines_area(area);
        let lines = self.branches(cx);
        let seen = Seen { offset: self.list.offset, count: lines.len(), chosen: Some(self.list.line) };
        let room = seen.room(below);
        let drawing = Drawing::new(&lines, id, room.width, cx, look);
        frame.render_widget(
            self.whole(&lines, cx, look),
            Rect { y: below.bottom(), height: 1, ..area }.intersection(area),
        );
        let head = Rect { height: inside_pane(area).height.min(1), ..inside_pane(area) };
        frame.render_widget(drawing.head(), head);
        let shown = lines.iter().enumerate().skip(self.list.offset).take(usize::from(below.height));
        let shown = shown.map(|(at, line)| drawing.line(line, at == self.list.line));
        frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), room);
        seen.draw(frame, area, below, look);
        if lines.is_empty() {
            frame.render_widget(Line::from(Span::styled("nothing has these words", look.theme.label)), below);
        }
    }
}

impl Network {
    /// Folds the chosen module, or the one that the chosen node is in; or unfolds it.
    fn fold(&mut self, lines: &[Branch], cx: &mut Context) {
        let Some(chosen) = lines.get(self.list.line) else { return };
        let holds = |line: &Branch| line.module.is_some() && line.depth < chosen.depth;
        let place = match chosen.module {
            Some(_) => Some(self.list.line),
            None => lines[..self.list.line].iter().rposition(holds),
        };
        let Some((place, module)) = place.and_then(|place| Some((place, lines[place].module.clone()?))) else {
            return cx.say("this node is in no module");
        };
        self.list.line = place;
        if !self.folded.remove(&module) {
            self.folded.insert(module);
        }
    }

    /// The chosen line's path in full, and where the user's source has it.
    fn whole<'a>(&self, lines: &[Branch], cx: &Context, look: &Look) -> Line<'a> {
        let network = cx.selected().map(|id| cx.study.space.network_of(id));
        let width = usize::from(cx.area.width);
        let text = match (lines.get(self.list.line), &network) {
            (Some(Branch { node: Some(place), .. }), Some(network)) => {
                place_of(&network.nodes[*place], width, 1, look).concat()
            }
            (Some(Branch { module: Some(module), .. }), _) => look.signs.fit_middle(module, width),
            _ => String::new(),
        };
        Line::from(Span::styled(text, look.theme.label))
    }

    /// The lines that the filter lets through and that are not folded away.
    fn branches(&self, cx: &Context) -> Vec<Branch> {
        let Some(id) = cx.selected() else { return Vec::new() };
        let network = cx.study.space.network_of(id);
        let (words, none) = (self.list.filter.value(), BTreeSet::new());
        // What has the words is seen wherever it is.
        let folded = if words.is_empty() { &self.folded } else { &none };
        branches(&network, cx.study.candidate(id).fill.as_ref(), folded, words)
    }
}

/// Where the lines are: below the title and the heads, and above the path of the chosen one.
fn lines_area(area: Rect) -> Rect {
    let inside = inside_pane(area);
    Rect { y: inside.y + inside.height.min(1), height: inside.height.saturating_sub(2), ..inside }
}

/// What the lines are drawn with: what is known of the candidate, and the widths of the columns.
struct Drawing<'a> {
    look: &'a Look,
    /// By the places of their nodes.
    layers: HashMap<usize, LayerReport>,
    /// Columns of the screen for each level of the tree.
    step: usize,
    name: usize,
    shape: usize,
    /// Zero where there is no room.
    parameters: usize,
    bar: usize,
    ranks: usize,
    signals: usize,
}

impl<'a> Drawing<'a> {
    fn new(lines: &[Branch], id: usize, width: u16, cx: &Context, look: &'a Look) -> Self {
        let width = usize::from(width);
        let network = cx.study.space.network_of(id);
        let places =
            network.nodes.iter().enumerate().filter(|(_, node)| node.counted.is_some()).map(|(place, _)| place);
        let layers = places.zip(layers(&cx.study, id)).collect();
        let longest = |of: &dyn Fn(&Branch) -> usize| lines.iter().map(of).max().unwrap_or(0);
        let shape = longest(&|line| line.shape.width()).clamp(5, 14);
        let [wanted, ranks, signals] = match width {
            0..56 => [0, 13, 0],
            56..92 => [11, 15, 0],
            _ => [12, 15, 20],
        };
        // On a narrow screen names come first.
        let taken = longest(&|line| line.indent(1) + line.label.width()) + shape + 1 + wanted + ranks + LEAST_BAR + 2;
        let parameters = if width < 72 && taken > width { 0 } else { wanted };
        let rest = width.saturating_sub(shape + 1 + parameters + ranks + signals);
        let room = rest.saturating_sub(LEAST_BAR + 2).max(8);
        let step = if longest(&|line| line.indent(2) + line.label.width()) > room { 1 } else { 2 };
        let name = longest(&|line| line.indent(step) + line.label.width()).clamp(8, room);
        Self { look, layers, step, name, shape, parameters, ranks, signals, bar: rest.saturating_sub(name + 2) }
    }

    fn head(&self) -> Line<'static> {
        let pad = |text: &str, width| self.look.signs.pad(text, width);
        let mut text = format!("{} {}", pad("module", self.name), pad("shape", self.shape));
        if self.parameters > 0 {
            text += &format!("{:>w$}", "parameters", w = self.parameters);
        }
        text += &format!(" {}{:>w$}", pad("", self.bar), "rank / width", w = self.ranks);
        if self.signals > 0 {
            text += &format!("{:>10}{:>10}", "signal", "gradient");
        }
        Line::from(Span::styled(text, self.look.theme.header))
    }

    fn line(&self, line: &Branch, is_chosen: bool) -> Line<'static> {
        let look = self.look;
        let fold = match (&line.module, line.is_folded, look.is_ascii()) {
            (None, ..) if line.is_slot => "*",
            (None, ..) => " ",
            (Some(_), true, false) => "▸",
            (Some(_), false, false) => "▾",
            (Some(_), true, true) => "+",
            (Some(_), false, true) => "-",
        };
        // A module deep down has some room, whatever its depth.
        let indent = line.indent(self.step).min(self.name.saturating_sub(6));
        let label = look.signs.fit_middle(&line.label, self.name - indent);
        let name = format!("{}{fold} {label}", " ".repeat(indent.saturating_sub(2)));
        let style = match () {
            () if is_chosen => look.theme.selected,
            () if line.is_slot => look.theme.after,
            () if line.module.is_some() => look.theme.header,
            () => Style::new(),
        };
        let parameters = if line.parameters == 0 { String::new() } else { grouped(line.parameters) };
        let mut spans = vec![
            Span::styled(look.signs.pad(&name, self.name), style),
            Span::styled(format!(" {}", look.signs.pad(&line.shape, self.shape)), look.theme.label),
        ];
        if self.parameters > 0 {
            spans.push(Span::raw(format!("{parameters:>w$}", w = self.parameters)));
        }
        spans.extend(
            line.node.and_then(|place| self.layers.get(&place)).map(|layer| self.measured(layer)).into_iter().flatten(),
        );
        Line::from(spans)
    }

    /// The rank of a counted node against its width, and how signals pass.
    fn measured(&self, layer: &LayerReport) -> Vec<Span<'static>> {
        let theme = &self.look.theme;
        let style = if layer.is_activation { theme.after } else { theme.before };
        let share = layer.effective_rank / layer.width.max(1) as f64;
        let rank = format!("{:.1} / {}", layer.effective_rank, layer.width);
        let mut spans = vec![
            Span::raw(" "),
            Span::styled(self.look.signs.bar(share, self.bar), style),
            Span::raw(format!("{rank:>w$}", w = self.ranks)),
        ];
        if self.signals > 0 {
            let number = |ln: Option<f64>| ln.map(size).unwrap_or_default();
            let signal = number(layer.signal.as_ref().map(|signal| signal.ln_size));
            let gradient = number(layer.signal.as_ref().and_then(|signal| signal.ln_gradient));
            spans.push(Span::raw(format!("{signal:>10}{gradient:>10}")));
        }
        spans
    }
}

/// A size by its natural logarithm.
fn size(ln: f64) -> String {
    let size = ln.exp();
    if (0.01..1000.0).contains(&size) { format!("{size:.3}") } else { format!("{size:.1e}") }
}
