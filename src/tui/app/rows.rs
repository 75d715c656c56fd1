//! The rows of the ranking: filtered, sorted, selected.

use super::{App, BETWEEN_MANY, MANY, Phase, View};
use crate::study::Ranked;
use crate::study::Study;
use crate::tui::column::Value;
use crate::tui::terms::Terms;
use crate::tui::view;
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

    /// Whether the rows may be arranged for new scores: thousands of them only so often, so that keys do not wait; but the
    /// first score at once.
    pub(super) fn is_due(&self) -> bool {
        let many = self.study.space.candidates.len() > MANY;
        let none_yet = self.ranking.first().is_none_or(|row| row.rank.is_none());
        !many || none_yet || self.phase != Phase::Scoring || self.elapsed >= self.arranged + BETWEEN_MANY
    }

    /// Filters and sorts the rows. The selection stays on its candidate.
    pub(super) fn arrange(&mut self) {
        self.is_stale = false;
        self.arranged = self.elapsed;
        self.agreement = self.study.agreement();
        self.ranking = self.study.ranking();
        self.advise();
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
        let recommended = self.study.recommended_of(&self.ranking).map(|(id, _)| id);
        self.advice = match recommended {
            Some(id) => Ok(id),
            None => Err(self.study.no_recommendation().unwrap_or_else(|| "no score yet".to_owned())),
        };
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

/// What a filter is compared with.
fn words(study: &Study, name: &str, id: usize) -> String {
    let verdict = study.trainability(id).map_or("", |t| t.verdict.name());
    [name, study.status(id).name(), verdict].join(" ")
}
