//! All candidates by falling NEAR.

use super::name::Name;
use super::text::{grouped, or_nothing};
use crate::study::{Ranked, Study};
use neartop_core::score::propagation::Trainability;

/// The best rows of the ranking.
pub struct Ranking {
    pub columns: Columns,
    pub rows: Vec<Row>,
    /// What is left out.
    pub note: Option<String>,
}

/// The columns that say something of this study.
pub struct Columns {
    pub architecture: bool,
    pub activation: bool,
    pub init: bool,
    /// Whether there is more than one repetition.
    pub error: bool,
    pub trainability: bool,
    /// What short trainings are judged by.
    pub trained: Option<&'static str>,
    pub truth: Option<String>,
    pub parameters: bool,
    pub multiply_adds: bool,
    pub repetitions: bool,
}

/// A candidate.
pub struct Row {
    pub rank: Option<usize>,
    pub is_tied: bool,
    pub is_choice: bool,
    pub name: Name,
    pub near: Option<f64>,
    pub error: Option<f64>,
    /// Of the highest NEAR, from 0 to 100.
    pub share: f64,
    pub behind: Option<f64>,
    pub judged: Option<Trainability>,
    pub trained: Option<f64>,
    pub truth: Option<f64>,
    pub parameters: u64,
    pub multiply_adds: u64,
    pub repetitions: usize,
    /// Why there is no score, or what to know of it.
    pub remark: Option<String>,
}

impl Ranking {
    /// At most so many rows; the choice is always one.
    pub fn new(study: &Study, ranking: &[Ranked], choice: Option<usize>, most: usize) -> Self {
        let highest = ranking.iter().filter_map(|row| study.near(row.candidate)).map(|near| near.mean);
        let highest = highest.fold(f64::MIN_POSITIVE, f64::max);
        let is_shown = |place: usize, row: &Ranked| place < most || Some(row.candidate) == choice;
        let shown = ranking.iter().enumerate().filter(|(place, row)| is_shown(*place, row));
        let rows: Vec<_> = shown.map(|(_, row)| Row::new(study, row, choice, highest)).collect();
        let note = (rows.len() < ranking.len()).then(|| {
            let besides = if rows.len() > most { ", and the recommended one" } else { "" };
            let (shown, all) = (grouped(most as u64), grouped(ranking.len() as u64));
            format!("The best {shown} of {all} candidates{besides}. “neartop rank --format csv” writes all.")
        });
        Self { columns: Columns::new(study), rows, note }
    }
}

impl Columns {
    fn new(study: &Study) -> Self {
        let space = &study.space;
        let all = 0..space.candidates.len();
        let differ = |of: &dyn Fn(usize) -> u64| all.clone().any(|id| of(id) != of(0));
        let trained = all.clone().find_map(|id| study.trained(id));
        let search = &space.preset.search;
        Self {
            architecture: space.has_architectures(),
            activation: !search.activations.is_empty(),
            init: search.inits.len() > 1 || space.preset.model.is_some() || space.candidates.len() == 1,
            error: all.clone().any(|id| study.near(id).is_some_and(|near| near.standard_error.is_some())),
            trainability: all.clone().any(|id| study.trainability(id).is_some()),
            trained: trained.map(|trained| if trained.is_accuracy { "Accuracy" } else { "R²" }),
            truth: space.preset.truth.as_ref().map(|truth| truth.value.clone()),
            parameters: differ(&|id| space.candidates[id].parameters),
            multiply_adds: differ(&|id| space.candidates[id].multiply_adds),
            repetitions: differ(&|id| study.count(id) as u64),
        }
    }
}

impl Row {
    fn new(study: &Study, row: &Ranked, choice: Option<usize>, highest: f64) -> Self {
        let id = row.candidate;
        let near = study.near(id);
        Self {
            rank: row.rank,
            is_tied: row.tied_with_best && row.rank != Some(1),
            is_choice: Some(id) == choice,
            name: Name::of(study, id),
            near: near.map(|near| near.mean),
            error: near.and_then(|near| near.standard_error),
            share: near.map_or(0.0, |near| 100.0 * near.mean / highest),
            behind: row.behind_best.map(|behind| behind.mean),
            judged: study.trainability(id),
            trained: study.trained(id).map(|trained| trained.quality),
            truth: study.truth(id),
            parameters: study.candidate(id).parameters,
            multiply_adds: study.candidate(id).multiply_adds,
            repetitions: study.count(id),
            remark: study.reason(id).or_else(|| study.remark(id)),
        }
    }

    pub fn error_text(&self) -> String {
        or_nothing(self.error, 2)
    }

    pub fn behind_text(&self) -> String {
        or_nothing(self.behind, 2)
    }

    pub fn trained_text(&self) -> String {
        or_nothing(self.trained, 4)
    }

    pub fn truth_text(&self) -> String {
        or_nothing(self.truth, 2)
    }

    pub fn grouped_parameters(&self) -> String {
        grouped(self.parameters)
    }

    pub fn grouped_multiply_adds(&self) -> String {
        grouped(self.multiply_adds)
    }
}
