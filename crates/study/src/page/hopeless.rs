//! What will not train, and why.

use super::name::Name;
use super::text::{count, factor, fixed, or_nothing};
use crate::study::{Ranked, Status, Study};
use neartop_core::score::propagation::{Measure, Strain, Verdict};

/// Candidates of a group that are named.
const MOST: usize = 10;

/// The candidates that will not train, by what is wrong with them.
pub struct Hopeless {
    /// How many there are, in a sentence.
    pub summary: String,
    pub groups: Vec<Group>,
}

/// Candidates with the same verdict.
pub struct Group {
    pub title: &'static str,
    pub meaning: &'static str,
    pub count: usize,
    pub has_measures: bool,
    pub has_repairs: bool,
    pub rows: Vec<Row>,
    /// How many are not named.
    pub more: usize,
}

/// A candidate, and what decided.
pub struct Row {
    pub name: Name,
    pub near: String,
    pub why: String,
    pub measured: String,
    pub limit: String,
    /// The initialization that makes it train, and the NEAR with it.
    pub repair: Option<(String, String)>,
    /// Whether none was found.
    pub is_beyond_repair: bool,
}

/// The groups in their order: a verdict, what it is called and what it means. None is a failure without a verdict.
const GROUPS: [(Option<Verdict>, &str, &str); 6] = [
    (
        Some(Verdict::Exploding),
        "Exploding",
        "Outputs, gradients or weights are too large for a usual learning rate: the first steps overshoot.",
    ),
    (
        Some(Verdict::Vanishing),
        "Vanishing",
        "Gradients die out on the way back, or all inputs look the same from within: there is nothing to learn from.",
    ),
    (
        Some(Verdict::Saturated),
        "Saturated",
        "Most inputs of some activations lie where these are flat, so that their gradients are next to nothing.",
    ),
    (Some(Verdict::Dead), "Dead", "All outputs are zero from some layer on, in every repetition."),
    (Some(Verdict::NonFinite), "Not finite", "Values overflow on the way through the network."),
    (None, "Failed", "The candidate could not be scored."),
];

impl Hopeless {
    pub fn new(study: &Study, ranking: &[Ranked]) -> Self {
        let group = |(verdict, title, meaning)| {
            let own: Vec<_> = ranking.iter().filter(|row| stands_in(study, row.candidate, verdict)).collect();
            let rows: Vec<_> = own.iter().take(MOST).map(|row| Row::new(study, row.candidate)).collect();
            let has_measures = rows.iter().any(|row| !row.measured.is_empty());
            let has_repairs = rows.iter().any(|row| row.repair.is_some() || row.is_beyond_repair);
            Group { title, meaning, count: own.len(), more: own.len() - rows.len(), has_measures, has_repairs, rows }
        };
        let mut groups: Vec<_> = GROUPS.into_iter().map(group).collect();
        groups.retain(|group| group.count > 0);
        let all: usize = groups.iter().map(|group| group.count).sum();
        let judged = ranking.iter().filter(|row| study.trainability(row.candidate).is_some()).count();
        let summary = match all {
            _ if judged == 0 => "Whether candidates will train is not known: signals were not looked at.".to_owned(),
            0 => "All candidates will train, as far as their signals before training tell.".to_owned(),
            all => format!(
                "{} of {} will not train, as far as their signals before training tell.",
                all,
                count(ranking.len(), "candidate")
            ),
        };
        Self { summary, groups }
    }
}

/// Whether a candidate belongs to those of a verdict.
fn stands_in(study: &Study, id: usize, verdict: Option<Verdict>) -> bool {
    match (study.trainability(id), verdict) {
        (Some(judged), Some(verdict)) => judged.verdict == verdict,
        (None, None) => study.status(id) == Status::Failed,
        _ => false,
    }
}

impl Row {
    fn new(study: &Study, id: usize) -> Self {
        let near = or_nothing(study.near(id).map(|near| near.mean), 2);
        let name = Name::of(study, id);
        let rate = study.decisive_rate(id).map_or_else(String::new, |rate| format!(", at a learning rate of {rate}"));
        let (why, measured, limit) = match study.strain(id).filter(|_| study.status(id) != Status::Failed) {
            Some(strain) => {
                (words(strain.measure).to_owned() + &rate, shown(strain, strain.value), shown(strain, strain.limit))
            }
            None => (study.reason(id).unwrap_or_default(), String::new(), String::new()),
        };
        let repair = study.repair(id).map(|repair| repair.best());
        let repair = repair.map(|repair| (repair.phrase(), fixed(repair.near, 2)));
        let is_beyond_repair = study.no_repair(id).is_some();
        Self { name, near, why, measured, limit, repair, is_beyond_repair }
    }
}

fn words(measure: Measure) -> &'static str {
    match measure {
        Measure::Differences => "differences between inputs shrink on the way to the output",
        Measure::MedianGradient => "gradients shrink on the way back to half of the layers",
        Measure::Growth => "differences between inputs grow on the way to the output",
        Measure::Gradient => "gradients grow on the way back",
        Measure::Output => "the size of the outputs",
        Measure::Weights => "a layer’s output is many times its input",
        Measure::Saturation => "share of the activations’ inputs where they are flat",
    }
}

/// A measure's value with its unit.
fn shown(strain: Strain, value: f64) -> String {
    match strain.measure {
        Measure::Saturation => format!("{:.0} %", 100.0 * value),
        Measure::Output => factor(value),
        _ => format!("{} ×", factor(value)),
    }
}
