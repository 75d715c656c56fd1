//! What short trainings gave.

use serde_json::Value;

use super::chart::{Chart, Frame};
use super::fact::Fact;
use super::name::Name;
use super::text::{count, fixed, or_nothing};
use crate::store::{Training, TrainingRow};
use crate::study::{Ranked, Study};
use crate::training::Point;

/// Curves that have a number and a look of their own.
const NUMBERED: usize = 8;
/// Curves that are drawn, and rows of the table.
const MOST: usize = 60;

/// The candidates that were trained.
pub struct Curves {
    pub quality: &'static str,
    /// Which did best, and how the recommended one did.
    pub summary: String,
    pub budget: Vec<Fact>,
    pub rows: Vec<Row>,
    pub charts: Vec<Chart>,
    /// What is left out.
    pub note: Option<String>,
}

/// A candidate that was trained.
pub struct Row {
    /// Of its curve.
    pub number: Option<usize>,
    pub name: Name,
    pub is_choice: bool,
    /// By NEAR.
    pub rank: Option<usize>,
    pub quality: String,
    pub loss: String,
    pub epochs: String,
    pub state: String,
}

impl Curves {
    /// None where nothing is known of a training.
    pub fn new(study: &Study, training: &Training, ranking: &[Ranked], choice: Option<usize>) -> Option<Self> {
        let mut trained: Vec<&TrainingRow> = training.rows.iter().filter(|row| row.quality().is_some()).collect();
        let is_accuracy = trained.first()?.accuracy.is_some();
        let quality = if is_accuracy { "Accuracy" } else { "R²" };
        // As a training ranks them: those that went further first.
        let standing = |row: &TrainingRow| (row.epochs, row.quality().unwrap_or(f64::NEG_INFINITY));
        trained.sort_by(|a, b| {
            let (a, b) = (standing(a), standing(b));
            b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        let all = trained.len();
        trained.truncate(MOST);
        let rank = |id: usize| ranking.iter().find(|row| row.candidate == id).and_then(|row| row.rank);
        let row = |(at, row): (usize, &&TrainingRow)| Row {
            number: (at < NUMBERED).then_some(at + 1),
            name: Name::of(study, row.candidate),
            is_choice: Some(row.candidate) == choice,
            rank: rank(row.candidate),
            quality: or_nothing(row.quality(), 4),
            loss: or_nothing(row.loss, 4),
            epochs: epochs(row.epochs),
            state: row.state(),
        };
        Some(Self {
            quality,
            summary: summary(study, &trained, quality, all, choice),
            budget: budget(&training.budget),
            rows: trained.iter().enumerate().map(row).collect(),
            charts: charts(&trained, quality, choice),
            note: (all > MOST).then(|| format!("The best {MOST} of {all} that were trained.")),
        })
    }
}

/// Which of those that went furthest did best, and how the recommended one did.
fn summary(study: &Study, trained: &[&TrainingRow], quality: &str, all: usize, choice: Option<usize>) -> String {
    let Some(best) = trained.first() else { return String::new() };
    let shown = |row: &TrainingRow| or_nothing(row.quality(), 4);
    let quality = if quality == "R²" { quality.to_owned() } else { quality.to_lowercase() };
    let of = count(all, "candidate");
    let text = format!(
        "Of {of} that trained for a short time, {} did best, with {quality} {} on samples held out",
        Name::of(study, best.candidate),
        shown(best)
    );
    match trained.iter().find(|row| Some(row.candidate) == choice) {
        Some(own) if own.candidate == best.candidate => text + ": what NEAR recommends too.",
        Some(own) => format!("{text}; what NEAR recommends came to {}.", shown(own)),
        None => text + ".",
    }
}

fn epochs(epochs: f64) -> String {
    if epochs.fract() == 0.0 { fixed(epochs, 0) } else { fixed(epochs, 2) }
}

/// A number that a chart shows of a point.
type Of = fn(&Point) -> Option<f64>;

/// Quality and loss by epochs.
fn charts(trained: &[&TrainingRow], quality: &'static str, choice: Option<usize>) -> Vec<Chart> {
    let curves: Vec<Vec<Point>> = trained.iter().map(|row| row.points()).collect();
    let quantities: [(&'static str, &'static str, Of); 2] = [
        ("quality-chart", quality, |point| Some(point.held_out.quality)),
        ("loss-chart", "Loss", |point| point.held_out.loss),
    ];
    let chart = |(id, title, of): (&'static str, &'static str, Of)| {
        let points = |curve: &Vec<Point>| -> Vec<(f64, f64)> {
            let known = curve.iter().filter_map(|point| Some((point.epochs, of(point)?)));
            known.filter(|(_, y)| y.is_finite()).collect()
        };
        let lines: Vec<_> = curves.iter().map(points).collect();
        if lines.iter().all(|line| line.len() < 2) {
            return None;
        }
        let frame = Frame::of("epochs", title, lines.iter().flatten().copied());
        let title = format!("{title} on samples held out");
        let description = format!(
            "A line for each candidate that was trained, by epochs. The best {} have the numbers of the table; ★ is the \
             recommended one.",
            NUMBERED.min(lines.len())
        );
        let mut chart = Chart::new(id, &title, &description, frame);
        for (at, line) in lines.iter().enumerate().rev() {
            let label = match at {
                at if at < NUMBERED => (at + 1).to_string(),
                at if Some(trained[at].candidate) == choice => "★".to_owned(),
                _ => String::new(),
            };
            chart.add_line(line, at.min(NUMBERED), &label);
        }
        chart.settle();
        Some(chart)
    };
    quantities.into_iter().filter_map(chart).collect()
}

/// How they were trained.
fn budget(budget: &str) -> Vec<Fact> {
    let budget: Value = serde_json::from_str(budget).unwrap_or_default();
    let known = |key: &str| budget.get(key).filter(|value| !value.is_null());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let labels = [
        ("epochs", "Epochs"),
        ("batch", "Samples of a step"),
        ("optimizer", "Optimizer"),
        ("learning_rate", "Learning rate"),
        ("holdout", "Part held out"),
        ("samples", "Samples"),
        ("candidates", "Candidates trained"),
        ("task", "Task"),
    ];
    let mut facts: Vec<_> =
        labels.into_iter().filter_map(|(key, label)| Some(Fact::new(label, text(known(key)?)))).collect();
    if budget.is_object() && known("learning_rate").is_none() {
        facts.push(Fact::new("Learning rate", "by a range test of each candidate"));
    }
    if let Some(eta) = known("eta") {
        facts.push(Fact::new("Successive halving", format!("one in {eta} goes on")));
    }
    facts
}
