//! What is settled before a training: how many candidates, for how long, how, and on how much.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::columns::grouped;
use crate::tui::context::{Context, Phase};
use crate::tui::finalists::{FINALISTS, Finalists};
use crate::tui::keymap::Action;
use crate::tui::theme::Look;
use neartop_io::data::DataFrom;
use neartop_study::study::Evidence;
use neartop_study::training::optimizer::Method;
use neartop_study::training::{FIRST_STEPS, Options, halving};

const EPOCHS: [u32; 9] = [1, 2, 5, 10, 20, 50, 100, 200, 500];
const SAMPLES: [usize; 8] = [200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000];
const COUNTS: [usize; 8] = [2, 3, 4, 8, 12, 16, 24, 32];
/// What is settled, line by line.
const LINES: [&str; 6] = ["evidence", "candidates", "epochs", "optimizer", "samples", "goes on"];

/// What is settled so far.
#[derive(Debug)]
pub struct Form {
    pub candidates: Vec<usize>,
    /// Whether they were marked, and not taken from the head of the ranking.
    are_marked: bool,
    /// Of a training.
    pub options: Options,
    evidence: Evidence,
    line: usize,
}

impl Form {
    /// For the marked candidates, or the best, with the options of the training before.
    #[must_use]
    pub fn new(candidates: Vec<usize>, cx: &Context, before: Option<Options>) -> Self {
        let asked = &cx.study.space.preset.train;
        let options = before.unwrap_or_else(|| Options { eta: Some(halving::ETA), ..Options::of(asked) });
        let (are_marked, evidence) = (!cx.table.marked.is_empty(), Evidence::Training);
        Self { candidates, are_marked, options, evidence, line: 1 }
    }

    /// What begins: a training, or the first steps of one.
    #[must_use]
    pub fn settled(&self) -> Options {
        let options = self.options.clone();
        if self.evidence == Evidence::Steps { options.first_steps() } else { options }
    }

    /// Whether its pick is to be recommended: it was not chosen among a few that were marked.
    #[must_use]
    pub fn recommends(&self) -> bool {
        !self.are_marked && self.evidence == Evidence::Training
    }

    /// Takes a key in that chooses a line or changes it; false where it does neither.
    pub fn act(&mut self, action: Action, cx: &Context) -> bool {
        match action {
            Action::UP => self.line = (self.line + LINES.len() - 1) % LINES.len(),
            Action::DOWN => self.line = (self.line + 1) % LINES.len(),
            Action::MORE => self.step(true, cx),
            Action::LESS => self.step(false, cx),
            _ => return false,
        }
        true
    }

    /// Chooses the line of the screen; true where it was chosen before.
    pub fn click(&mut self, line: usize) -> bool {
        line < LINES.len() && std::mem::replace(&mut self.line, line) == line
    }

    fn step(&mut self, up: bool, cx: &Context) {
        let options = &mut self.options;
        match LINES[self.line] {
            "evidence" => {
                self.evidence = match self.evidence {
                    Evidence::Training => Evidence::Steps,
                    Evidence::Steps | Evidence::Signals => Evidence::Training,
                };
            }
            "epochs" | "samples" | "goes on" if self.evidence == Evidence::Steps => {}
            "candidates" if self.are_marked => {}
            "candidates" => {
                let count = stepped(&COUNTS, &self.candidates.len(), up).copied().unwrap_or(FINALISTS);
                self.candidates = Finalists::best(&cx.study, count);
            }
            "epochs" => options.epochs = stepped(&EPOCHS, &options.epochs, up).copied().unwrap_or(options.epochs),
            "samples" => {
                let all = usize::MAX;
                options.samples = match stepped(&SAMPLES, &options.samples.unwrap_or(all), up) {
                    Some(samples) => Some(*samples),
                    None if up => None,
                    None => options.samples,
                };
            }
            "optimizer" => {
                let at = Method::ALL.iter().position(|method| *method == options.method).unwrap_or(0);
                let count = Method::ALL.len();
                options.method = Method::ALL[(at + if up { 1 } else { count - 1 }) % count];
                options.learning_rate = Some(options.method.learning_rate());
            }
            _ => options.eta = if options.eta.is_some() { None } else { Some(halving::ETA) },
        }
    }

    /// The lines, and below them what begins the training, by the keys of a place.
    #[must_use]
    pub fn lines<'a>(&self, place: &str, cx: &Context, look: &Look) -> Vec<Line<'a>> {
        let mut lines: Vec<_> = LINES.iter().enumerate().map(|(at, name)| self.line(at, name, look)).collect();
        lines.push(Line::default());
        if cx.phase != Phase::Done {
            let tally = cx.study.tally();
            let share = 100 * tally.done / tally.total.max(1);
            let text = format!("only {share} % of the scores are there: who is best may still change");
            lines.push(Line::from(Span::styled(text, look.theme.warning)));
        }
        let is_drawn =
            matches!(cx.study.space.preset.data.from, DataFrom::Gaussian | DataFrom::Uniform | DataFrom::Tokens);
        if is_drawn && self.evidence != Evidence::Steps {
            let text = "training needs labels, and the samples are drawn: a preset names data with labels, or \
                        `neartop MODEL --data FILE --labels NAME`";
            lines.push(Line::from(Span::styled(text, look.theme.warning)));
        }
        let [begin, change] = [Action::ACCEPT, Action::MORE].map(|action| cx.keymap.label(place, action));
        lines.push(Line::from(vec![
            Span::styled(begin, look.theme.key),
            Span::raw(" begins  "),
            Span::styled(change, look.theme.key),
            Span::raw(" changes the line"),
        ]));
        lines.push(Line::default());
        lines.push(Line::from(Span::styled("accuracy lost against the best of all:", look.theme.label)));
        lines.extend(Evidence::ALL.map(|evidence| worth(evidence, look)));
        lines
    }

    fn line<'a>(&self, at: usize, name: &'static str, look: &Look) -> Line<'a> {
        let options = &self.options;
        let is_short = self.evidence == Evidence::Steps;
        let text = match name {
            "evidence" => format!("{} of each", if is_short { "the first steps" } else { "a short training" }),
            "epochs" if is_short => format!("none, but {FIRST_STEPS} steps of {}", options.batch),
            "samples" if is_short => "as many as that takes".to_owned(),
            "goes on" if is_short => "nobody".to_owned(),
            "candidates" if self.are_marked => format!("{} that are marked", self.candidates.len()),
            "candidates" => format!("the best {}", self.candidates.len()),
            "epochs" => options.epochs.to_string(),
            "optimizer" => match options.learning_rate {
                Some(rate) => format!("{}, a step of {rate}", options.method.name()),
                None => format!("{}, a step that a range test finds", options.method.name()),
            },
            "samples" => options.samples.map_or("all".to_owned(), |samples| grouped(samples as u64)),
            _ => options.eta.map_or("all, to the last epoch".to_owned(), |eta| format!("1 in {eta} after each rung")),
        };
        let style = if at == self.line { look.theme.selected } else { ratatui::style::Style::new() };
        Line::from(vec![Span::styled(format!(" {name:<12}"), look.theme.label), Span::styled(text, style)])
    }

    /// The line of the form at a place of the screen.
    #[must_use]
    pub fn line_at(inside: Rect, y: u16) -> Option<usize> {
        y.checked_sub(inside.y).map(usize::from)
    }
}

/// What evidence costs, and what it is worth.
fn worth<'a>(evidence: Evidence, look: &Look) -> Line<'a> {
    Line::from(vec![
        Span::styled(format!(" {:<9}", evidence.name()), look.theme.label),
        Span::raw(format!("{}: {}", evidence.cost(), evidence.worth())),
    ])
}

/// The value after this one, or before it, where there is one.
fn stepped<'a, T: PartialOrd>(values: &'a [T], now: &T, up: bool) -> Option<&'a T> {
    if up { values.iter().find(|value| *value > now) } else { values.iter().rev().find(|value| *value < now) }
}
