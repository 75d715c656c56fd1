//! The rows of the ranking: filtered, sorted, selected.

use std::sync::Arc;

use super::{App, BETWEEN_MANY, Effect, MANY, Phase, View};
use crate::tui::column::Value;
use crate::tui::terms::Terms;
use crate::tui::view;
use neartop_study::scheduler::Progress;
use neartop_study::space::Space;
use neartop_study::study::{Agreement, Ranked, Study};
use ratatui::layout::Position;
use ratatui::layout::Rect;
use tui_input::Input;

impl App {
    pub(super) fn set_filter(&mut self, text: String) {
        self.filter = Input::new(text);
        self.arrange();
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

    pub(super) fn go(&mut self, to: impl Fn(usize, usize) -> usize) {
        let Some(last) = self.rows.len().checked_sub(1) else { return };
        let row = to(self.selected_row().unwrap_or(0), last).min(last);
        self.select(Some(self.rows[row].candidate));
        self.has_moved = row > 0;
    }

    pub(super) fn select(&mut self, candidate: Option<usize>) {
        if self.selected != candidate {
            self.selected = candidate;
            self.detail_offset = 0;
        }
        self.has_moved = true;
    }

    /// Whether to rank for new scores: thousands of candidates only so often, but for the first score at once.
    pub(super) fn is_due(&self) -> bool {
        let many = self.study.space.candidates.len() > MANY;
        let none_yet = self.ranking.first().is_none_or(|row| row.rank.is_none());
        !self.is_ranking
            && (!many || none_yet || self.phase != Phase::Scoring || self.elapsed >= self.ranked + BETWEEN_MANY)
    }

    /// Ranks for new scores, or asks for it where there are so many that keys would have to wait.
    pub(super) fn rank(&mut self) -> Option<Effect> {
        self.is_stale = false;
        self.ranked = self.elapsed;
        if self.study.space.candidates.len() > MANY {
            self.is_ranking = true;
            return Some(Effect::Rank);
        }
        self.take_standings(Standings::of(&self.study));
        None
    }

    pub(super) fn take_standings(&mut self, standings: Standings) {
        if Arc::ptr_eq(&standings.space, &self.study.space) {
            self.is_ranking = false;
            (self.ranking, self.agreement, self.advice) = (standings.ranking, standings.agreement, standings.advice);
            if standings.guard != self.study.has_guard() {
                self.advise();
            }
            let late = std::mem::take(&mut self.late);
            if !late.is_empty() {
                self.record(late);
            }
            self.arrange();
        }
    }

    /// Takes scores in; while the study is being ranked they wait.
    pub(super) fn record(&mut self, progress: Vec<Progress>) {
        if self.is_ranking {
            return self.late.extend(progress);
        }
        let study = Arc::make_mut(&mut self.study);
        for Progress { candidate, repetition, result } in progress {
            study.record(candidate, repetition, result);
        }
        self.is_stale = true;
    }

    /// Filters and sorts the rows. The selection stays on its candidate.
    pub(super) fn arrange(&mut self) {
        let terms = Terms::new(self.filter.value());
        let mut rows = self.ranking.clone();
        if !terms.is_empty() {
            rows.retain(|row| terms.admit(&words(&self.study, &self.texts.names[row.candidate], row.candidate)));
        }
        if self.frozen {
            rows.sort_by_key(|row| self.row_of(row.candidate).unwrap_or(usize::MAX));
        } else if self.sort != 0 || self.descending {
            let value = self.columns[self.sort].value;
            let mut keyed: Vec<(Value, Ranked)> = rows.into_iter().map(|row| (value(&self.study, &row), row)).collect();
            keyed.sort_by(|a, b| a.0.compare(&b.0, self.descending));
            rows = keyed.into_iter().map(|(_, row)| row).collect();
        }
        self.places = vec![None; self.study.space.candidates.len()];
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

    /// Looks anew for the candidate to recommend, which takes too long for every frame.
    pub(super) fn advise(&mut self) {
        self.advice = advice(&self.study, &self.ranking);
    }

    /// Keeps what is scrolled within its bounds and the selection on the screen.
    pub(super) fn settle(&mut self) {
        let layout = self.layout();
        let (height, count) = (layout.table_rows().max(1), self.rows.len());
        let row = self.selected_row().unwrap_or(0);
        let least = (row + 1).saturating_sub(height);
        self.offset = self.offset.clamp(least, row.max(least)).min(count.saturating_sub(height));
        let offset = view::list_offset(self);
        match (self.view, &mut self.draft, &mut self.finalists) {
            (View::Library, ..) => self.library.offset = offset,
            (View::Space, Some(draft), _) => draft.offset = offset,
            (View::Training, _, Some(finalists)) => finalists.offset = offset,
            _ => {}
        }
        let layers = self.selected.map_or(0, |id| self.study.effective_ranks(id).len());
        self.detail_offset = self.detail_offset.min(layers.saturating_sub(layout.detail_rows()));
    }

    pub(super) fn layout(&self) -> view::Layout {
        view::Layout::of(self, Rect::from((Position::ORIGIN, self.size)))
    }
}

/// What a study says of all candidates together: with thousands of them it is worked out beside the screen.
#[derive(Debug)]
pub struct Standings {
    space: Arc<Space>,
    ranking: Vec<Ranked>,
    agreement: Option<Agreement>,
    advice: Result<usize, String>,
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
}

fn advice(study: &Study, ranking: &[Ranked]) -> Result<usize, String> {
    match study.recommended_of(ranking) {
        Some((id, _)) => Ok(id),
        None => Err(study.no_recommendation().unwrap_or_else(|| "no score yet".to_owned())),
    }
}

/// What a filter is compared with.
fn words(study: &Study, name: &str, id: usize) -> String {
    let verdict = study.trainability(id).map_or("", |t| t.verdict.name());
    [name, study.status(id).name(), verdict].join(" ")
}
