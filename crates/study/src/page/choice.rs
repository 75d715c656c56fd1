//! What to take, and why.

use super::name::Name;
use super::text::{fixed, grouped, ordinal};
use crate::report::layers;
use crate::study::{Evidence, Ranked, Study, Trained};

/// The recommended candidate, or why there is none.
pub struct Choice {
    pub name: Option<Name>,
    pub why: String,
    /// What that stands on.
    pub evidence: Option<&'static str>,
    /// How many others may be as good.
    pub ties: Option<String>,
    pub figures: Vec<Figure>,
}

/// A number that says something of the choice.
pub struct Figure {
    pub label: &'static str,
    pub value: String,
    pub note: String,
}

impl Choice {
    pub fn new(study: &Study, ranking: &[Ranked], chosen: Option<(usize, String)>) -> Self {
        let Some((id, why)) = chosen else {
            let reason = || ranking.first().and_then(|first| study.reason(first.candidate));
            let why = study.no_recommendation().or_else(reason).unwrap_or_else(|| "nothing is scored yet".to_owned());
            return Self { name: None, why, evidence: None, ties: None, figures: Vec::new() };
        };
        let row = ranking.iter().find(|row| row.candidate == id);
        let equivalent = study.equivalent_to_recommended(id);
        let ties = equivalent.and_then(|equivalent| Some(study.phrase_of_equivalent(&equivalent)? + "."));
        let evidence = Some(match study.evidence_of(id) {
            Evidence::Signals => "signals before training, and NEAR",
            Evidence::Steps => "signals before training, NEAR, and its first steps",
            Evidence::Training => "a short training",
        });
        Self { name: Some(Name::of(study, id)), why, evidence, ties, figures: figures(study, id, row, ranking.len()) }
    }
}

fn figures(study: &Study, id: usize, row: Option<&Ranked>, of: usize) -> Vec<Figure> {
    let figure = |label, value, note| Figure { label, value, note };
    let mut figures = Vec::new();
    if let Some(near) = study.near(id) {
        let error = near.standard_error.map(|e| format!(" ± {e:.2}")).unwrap_or_default();
        let most: usize = layers(study, id).iter().map(|layer| layer.width).sum();
        let share = 100.0 * near.mean / most.max(1) as f64;
        figures.push(figure(
            "NEAR",
            fixed(near.mean, 2) + &error,
            format!("{share:.0} % of the possible {}", grouped(most as u64)),
        ));
    }
    if let Some(rank) = row.and_then(|row| row.rank) {
        figures.push(figure("Rank", ordinal(rank), format!("of {}, by NEAR", grouped(of as u64))));
    }
    if let Some(trainability) = study.trainability(id) {
        let value = fixed(trainability.score, 2);
        figures.push(figure("Trainability", value, format!("{}, from 0 to 1", trainability.verdict.name())));
    }
    if let Some(Trained { quality, is_accuracy, epochs, .. }) = study.trained(id) {
        let label = if is_accuracy { "Accuracy" } else { "R²" };
        figures.push(figure(label, fixed(quality, 4), format!("held out, after {epochs:.1} epochs")));
    }
    if let (Some(truth), Some(known)) = (study.truth(id), &study.space.preset.truth) {
        figures.push(figure("Known value", fixed(truth, 2), known.value.clone()));
    }
    figures.push(figure("Parameters", grouped(study.candidate(id).parameters), "that training sets".to_owned()));
    figures
}
