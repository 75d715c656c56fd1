//! What fills the slots against initializations: the candidates as a grid.

use crate::study::Study;
use neartop_core::network::{Fill, Init};

/// The candidates of one architecture by activation (down) and initialization (across).
#[derive(Debug)]
pub struct Grid {
    /// What fills the slots, by row.
    pub activations: Vec<String>,
    /// Whether slots are filled apart, which takes long names.
    pub is_by_slot: bool,
    pub inits: Vec<String>,
    /// Candidates, row after row.
    cells: Vec<usize>,
}

impl Grid {
    /// The grid around a candidate; none where there is nothing to compare.
    #[must_use]
    pub fn around(study: &Study, candidate: usize) -> Option<Self> {
        let search = &study.space.preset.search;
        let activations: Vec<_> = search.activations.iter().map(ToString::to_string).collect();
        let is_by_slot = search.activations.iter().any(|fill| matches!(fill, Fill::BySlot(_)));
        let inits: Vec<_> = search.inits.iter().map(ToString::to_string).collect();
        let architecture = &study.candidate(candidate).architecture;
        let candidates =
            study.space.candidates.iter().filter(|c| c.architecture == *architecture && c.init != Init::AsGiven);
        let cells: Vec<_> = candidates.map(|c| c.id).collect();
        let is_grid = cells.len() > 1 && cells.len() == activations.len() * inits.len();
        is_grid.then_some(Self { activations, is_by_slot, inits, cells })
    }

    /// The candidates, row after row.
    #[must_use]
    pub fn cells(&self) -> &[usize] {
        &self.cells
    }

    #[must_use]
    pub fn candidate(&self, row: usize, column: usize) -> Option<usize> {
        if column < self.inits.len() { self.cells.get(row * self.inits.len() + column).copied() } else { None }
    }

    /// Row and column of a candidate.
    #[must_use]
    pub fn place(&self, candidate: usize) -> Option<(usize, usize)> {
        let at = self.cells.iter().position(|id| *id == candidate)?;
        Some((at / self.inits.len(), at % self.inits.len()))
    }

    /// The candidate so many rows and columns away, no further than the edge.
    #[must_use]
    pub fn step(&self, from: usize, down: isize, right: isize) -> Option<usize> {
        let (row, column) = self.place(from)?;
        let row = row.saturating_add_signed(down).min(self.activations.len().saturating_sub(1));
        let column = column.saturating_add_signed(right).min(self.inits.len().saturating_sub(1));
        self.candidate(row, column)
    }
}
