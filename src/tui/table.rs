//! The rows of the ranking: filtered, sorted, selected.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::reasons::Reasons;
use super::remembered::Sorting;
use super::terms::{Facts, Terms, TermsError};
use super::texts::Texts;
use super::widgets::list::List;
use crate::columns::{Column, Value, columns};
use neartop_study::scheduler::Progress;
use neartop_study::space::Space;
use neartop_study::study::{Agreement, Ranked, Study};

/// From so many candidates on they are not ranked anew for every frame with scores, nor between two keys,
pub const MANY: usize = 2000;
/// ... but when so much time has passed.
pub const BETWEEN_MANY: Duration = Duration::from_millis(300);

/// Why no candidate is recommended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAdvice(String);

/// The rows of the ranking.
pub struct Table {
    /// Titles of the columns that the user settled; all where there are none.
    wanted: Vec<String>,
    pub texts: Texts,
    /// Those that say something of this study.
    pub columns: Vec<&'static Column>,
    /// Place of the column that the rows are sorted by.
    pub sort: usize,
    pub descending: bool,
    /// Whether rows keep their places while scores come in.
    pub frozen: bool,
    /// Counts how often the candidates were ranked.
    pub version: u64,
    /// All candidates by their NEAR.
    pub ranking: Vec<Ranked>,
    /// What the table shows, in its order.
    pub rows: Vec<Ranked>,
    /// Places among the rows by candidate.
    places: Vec<Option<usize>>,
    /// Of NEAR with known values, where there are some.
    pub agreement: Option<Agreement>,
    /// The recommended candidate, or why there is none.
    pub advice: Result<usize, NoAdvice>,
    /// What there is to say of that.
    pub reasons: Reasons,
    /// The selected candidate.
    pub selected: Option<usize>,
    /// Candidates that the user marked, in the order of marking.
    pub marked: Vec<usize>,
    pub list: List,
    /// Why the filter cannot be understood; then it lets all rows through.
    pub wrong_filter: Option<TermsError>,
    /// Whether names get the room that they want before columns that can be done without,
    pub has_whole_names: bool,
    /// ... and how far they are scrolled.
    pub scroll: usize,
    /// The selection follows the first row until the user moves it.
    has_moved: bool,
    /// Scores came in since the candidates were ranked, which is done once a frame.
    pub is_stale: bool,
    /// The time spent scoring when they were.
    pub ranked: Duration,
    /// Whether they are being ranked,
    pub is_ranking: bool,
    /// ... and what came in meanwhile.
    pub late: VecDeque<Progress>,
}

impl Table {
    #[must_use]
    pub fn new(study: &Study) -> Self {
        let columns = columns(study);
        let mut table = Self {
            wanted: Vec::new(),
            texts: Texts::of(study, &columns),
            columns,
            sort: 0,
            descending: false,
            frozen: false,
            version: 0,
            ranking: Vec::new(),
            rows: Vec::new(),
            places: Vec::new(),
            agreement: None,
            advice: Err(NoAdvice(String::new())),
            reasons: Reasons::default(),
            selected: None,
            marked: Vec::new(),
            list: List::default(),
            wrong_filter: None,
            has_whole_names: false,
            scroll: 0,
            has_moved: false,
            is_stale: false,
            ranked: Duration::ZERO,
            is_ranking: false,
            late: VecDeque::new(),
        };
        table.put(Standings::of(study), study);
        table.arrange(study);
        table
    }

    /// Takes over what the user settled of another table: its columns and its filter.
    pub fn settle_like(&mut self, other: &mut Self, study: &Study) {
        self.list.filter = std::mem::take(&mut other.list.filter);
        self.list.filter.accept();
        self.want_columns(std::mem::take(&mut other.wanted), study);
    }

    /// Takes the titles of the columns that the user settled.
    pub fn want_columns(&mut self, titles: Vec<String>, study: &Study) {
        self.wanted = titles;
        self.choose_columns(study);
    }

    /// Looks anew which columns say something.
    pub fn choose_columns(&mut self, study: &Study) {
        let sorted = self.columns.get(self.sort).map(|column| column.title);
        self.columns = columns(study);
        let place = |column: &Column| self.wanted.iter().position(|title| title == column.title);
        if !self.wanted.is_empty() {
            self.columns.retain(|column| column.is_needed() || place(column).is_some());
            // Those that were not named, but must be there, stand first.
            self.columns.sort_by_key(|column| place(column));
        }
        self.sort = self.columns.iter().position(|column| Some(column.title) == sorted).unwrap_or(0);
    }

    /// Places of the columns by their digits, which stay when training brings its column in.
    #[must_use]
    pub fn by_digit(&self) -> Vec<usize> {
        let (late, early): (Vec<_>, Vec<_>) =
            (0..self.columns.len()).partition(|place| self.columns[*place].comes_late);
        early.into_iter().chain(late).collect()
    }

    /// The digit of a column, as far as they go.
    #[must_use]
    pub fn digit(&self, column: usize) -> Option<usize> {
        self.by_digit().iter().position(|place| *place == column).map(|at| at + 1).filter(|digit| *digit <= 9)
    }

    /// Place of the selected row.
    #[must_use]
    pub fn selected_row(&self) -> Option<usize> {
        self.selected.and_then(|candidate| self.row_of(candidate))
    }

    /// Place of a candidate's row, if the filter lets it through.
    #[must_use]
    pub fn row_of(&self, candidate: usize) -> Option<usize> {
        self.places.get(candidate).copied().flatten()
    }

    /// The candidate to compare the selected one with: of those marked, the latest other one.
    #[must_use]
    pub fn beside(&self) -> Option<usize> {
        self.marked.iter().rev().copied().find(|id| Some(*id) != self.selected)
    }

    /// Goes to another row; true where that is another candidate's.
    pub fn go(&mut self, to: impl Fn(usize, usize) -> usize) -> bool {
        let Some(last) = self.rows.len().checked_sub(1) else { return false };
        let row = to(self.selected_row().unwrap_or(0), last).min(last);
        let is_other = self.select(Some(self.rows[row].candidate));
        self.has_moved = row > 0;
        is_other
    }

    /// Selects a candidate; true where that is another one.
    pub fn select(&mut self, candidate: Option<usize>) -> bool {
        let is_other = self.selected != candidate;
        self.selected = candidate;
        self.has_moved = true;
        is_other
    }

    /// Puts in how all candidates stand.
    pub fn put(&mut self, standings: Standings, study: &Study) {
        self.version += 1;
        (self.ranking, self.agreement) = (standings.ranking, standings.agreement);
        (self.advice, self.reasons) = standings.advice;
        if standings.guard != study.has_guard() {
            self.advise(study);
        }
    }

    /// Looks anew for the candidate to recommend, which takes too long for every frame.
    pub fn advise(&mut self, study: &Study) {
        (self.advice, self.reasons) = advice(study, &self.ranking);
    }

    /// Filters and sorts the rows. The selection stays on its candidate.
    pub fn arrange(&mut self, study: &Study) {
        let terms = Terms::of_columns(self.list.filter.value(), &self.columns);
        self.wrong_filter = terms.as_ref().err().cloned();
        let terms = terms.unwrap_or_default();
        let mut rows = self.ranking.clone();
        if !terms.is_empty() {
            rows.retain(|row| terms.admit_row(&Row { study, table: self, row }));
        }
        if self.frozen {
            rows.sort_by_key(|row| self.row_of(row.candidate).unwrap_or(usize::MAX));
        } else if self.sort != 0 || self.descending {
            let value = self.columns[self.sort].value;
            let mut keyed: Vec<(Value, Ranked)> = rows.into_iter().map(|row| (value(study, &row), row)).collect();
            keyed.sort_by(|a, b| a.0.compare(&b.0, self.descending));
            rows = keyed.into_iter().map(|(_, row)| row).collect();
        }
        self.places = vec![None; study.space.candidates.len()];
        for (place, row) in rows.iter().enumerate() {
            self.places[row.candidate] = Some(place);
        }
        self.rows = rows;
        let is_there = self.selected_row().is_some();
        if !is_there || !self.has_moved {
            self.selected = self.rows.first().map(|row| row.candidate);
            self.has_moved &= is_there;
        }
    }

    /// Sorts by a column, the first time as it is usual for it. The user asked for it, so frozen rows move this once.
    pub fn sort_by(&mut self, column: usize, study: &Study) {
        self.sort = column;
        self.descending = self.columns[column].largest_first;
        self.resort(study);
    }

    /// How it is sorted; none where it is as at the start.
    #[must_use]
    pub fn sorting(&self) -> Option<Sorting> {
        let is_first = self.sort == 0 && !self.descending;
        let column = self.columns.get(self.sort).filter(|_| !is_first)?;
        Some((column.title.to_owned(), self.descending))
    }

    /// Sorts as it was sorted before, where there is such a column.
    pub fn sort_as(&mut self, (title, descending): &Sorting, study: &Study) {
        let Some(column) = self.columns.iter().position(|column| column.title == title) else { return };
        (self.sort, self.descending) = (column, *descending);
        self.resort(study);
    }

    /// Turns the order round.
    pub fn reverse(&mut self, study: &Study) {
        self.descending = !self.descending;
        self.resort(study);
    }

    fn resort(&mut self, study: &Study) {
        let frozen = std::mem::replace(&mut self.frozen, false);
        self.arrange(study);
        self.frozen = frozen;
    }
}

/// What a study says of all candidates together: with thousands of them it is worked out beside the screen.
#[derive(Debug)]
pub struct Standings {
    space: Arc<Space>,
    ranking: Vec<Ranked>,
    agreement: Option<Agreement>,
    advice: (Result<usize, NoAdvice>, Reasons),
    /// Whether that is of candidates that will train only.
    guard: bool,
}

impl Standings {
    #[must_use]
    pub fn of(study: &Study) -> Self {
        let ranking = study.ranking();
        let advice = advice(study, &ranking);
        let (agreement, guard) = (study.agreement(), study.has_guard());
        Self { space: Arc::clone(&study.space), ranking, agreement, advice, guard }
    }

    /// The same with what is else worked out once somebody looks.
    #[must_use]
    pub fn in_full(study: &Study) -> Self {
        let standings = Self::of(study);
        if let (Ok(recommended), reasons) = &standings.advice {
            let _ = reasons.equivalent(study, *recommended);
        }
        standings
    }

    /// Whether they are of this study.
    #[must_use]
    pub fn are_of(&self, study: &Study) -> bool {
        Arc::ptr_eq(&self.space, &study.space)
    }
}

fn advice(study: &Study, ranking: &[Ranked]) -> (Result<usize, NoAdvice>, Reasons) {
    match study.recommended_of(ranking) {
        Some((id, why)) => (Ok(id), Reasons::new(why)),
        None => {
            let why = study.no_recommendation().unwrap_or_else(|| "no score yet".to_owned());
            (Err(NoAdvice(why)), Reasons::default())
        }
    }
}

/// What a filter is compared with.
struct Row<'a> {
    study: &'a Study,
    table: &'a Table,
    row: &'a Ranked,
}

impl Facts for Row<'_> {
    fn words(&self) -> String {
        let id = self.row.candidate;
        let verdict = self.study.trainability(id).map_or("", |t| t.verdict.name());
        [self.table.texts.name(self.study, id), self.study.status(id).name(), verdict].join(" ")
    }

    fn value(&self, column: &Column) -> Value {
        (column.value)(self.study, self.row)
    }

    fn is_marked(&self) -> bool {
        self.table.marked.contains(&self.row.candidate)
    }
}
