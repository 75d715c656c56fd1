//! The numbers of a grid of candidates.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::columns::{Column, Value};
use neartop_core::nas::Architecture;
pub use neartop_study::grid::Grid;
use neartop_study::space::Space;
use neartop_study::study::{Ranked, Study};

/// The grid that was asked for last: thousands of candidates make one, and every key asks for it several times.
#[derive(Debug, Default)]
pub struct Grids(RefCell<Option<Known>>);

#[derive(Debug)]
struct Known {
    space: Arc<Space>,
    architecture: Option<Arc<Architecture>>,
    grid: Option<Rc<Grid>>,
}

impl Grids {
    /// The grid around a candidate; none where there is nothing to compare.
    #[must_use]
    pub fn around(&self, study: &Study, candidate: usize) -> Option<Rc<Grid>> {
        let architecture = &study.candidate(candidate).architecture;
        let is_it = |known: &Known| Arc::ptr_eq(&known.space, &study.space) && known.architecture == *architecture;
        let mut known = self.0.borrow_mut();
        if !known.as_ref().is_some_and(is_it) {
            let (space, architecture) = (Arc::clone(&study.space), architecture.clone());
            *known = Some(Known { space, architecture, grid: Grid::around(study, candidate).map(Rc::new) });
        }
        known.as_ref()?.grid.clone()
    }
}

/// How candidates are ranked, by their ids.
#[must_use]
pub fn by_candidate<'a>(study: &Study, ranking: &'a [Ranked]) -> Vec<Option<&'a Ranked>> {
    let mut ranked = vec![None; study.space.candidates.len()];
    ranking.iter().for_each(|one| ranked[one.candidate] = Some(one));
    ranked
}

/// The numbers of a grid for one quantity.
#[derive(Debug)]
pub struct Values {
    columns: usize,
    numbers: Vec<Option<f64>>,
    /// The least and the largest.
    range: (f64, f64),
}

impl Values {
    #[must_use]
    pub fn new(grid: &Grid, study: &Study, by_candidate: &[Option<&Ranked>], quantity: &Column) -> Self {
        let of = |id: &usize| match (quantity.value)(study, by_candidate[*id]?) {
            Value::Number(x) if x.is_finite() => Some(x),
            _ => None,
        };
        Self::of(grid.inits.len(), grid.cells().iter().map(of).collect())
    }

    fn of(columns: usize, numbers: Vec<Option<f64>>) -> Self {
        let known = numbers.iter().flatten();
        let range = known.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
        Self { columns, numbers, range }
    }

    #[must_use]
    pub fn get(&self, row: usize, column: usize) -> Option<f64> {
        self.numbers.get(row * self.columns + column).copied().flatten()
    }

    /// Where a number lies between the least, 0, and the largest, 1.
    #[must_use]
    pub fn share(&self, number: f64) -> f64 {
        let (low, high) = self.range;
        if high > low { ((number - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 }
    }

    /// Place of the best cell: the largest, or where less is better, the least. The first of equals.
    #[must_use]
    pub fn best(&self, largest: bool) -> Option<(usize, usize)> {
        let known = self.numbers.iter().enumerate().filter_map(|(at, x)| Some((at, (*x)?)));
        let sign = if largest { -1.0 } else { 1.0 };
        let best = known.min_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)))?.0;
        Some((best / self.columns, best % self.columns))
    }

    /// Mean over the cells of a row that have a number.
    #[must_use]
    pub fn row_mean(&self, row: usize) -> Option<f64> {
        mean((0..self.columns).filter_map(|column| self.get(row, column)))
    }

    /// Mean over the cells of a column that have a number.
    #[must_use]
    pub fn column_mean(&self, column: usize) -> Option<f64> {
        mean(self.numbers.iter().skip(column).step_by(self.columns.max(1)).copied().flatten())
    }

    /// Mean over all cells that have a number.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        mean(self.numbers.iter().copied().flatten())
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0u32), |(sum, count), x| (sum + x, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(numbers: &[Option<f64>]) -> Values {
        Values::of(2, numbers.to_vec())
    }

    #[test]
    fn means_pass_over_what_is_not_known() {
        let v = values(&[Some(1.0), Some(3.0), None, Some(8.0)]);
        assert_eq!((v.row_mean(0), v.row_mean(1)), (Some(2.0), Some(8.0)));
        assert_eq!((v.column_mean(0), v.column_mean(1)), (Some(1.0), Some(5.5)));
        assert_eq!(v.mean(), Some(4.0));
        assert_eq!(values(&[None, None]).mean(), None);
    }

    #[test]
    fn the_best_is_the_first_of_equals() {
        let v = values(&[Some(1.0), Some(8.0), Some(8.0), Some(1.0)]);
        assert_eq!((v.best(true), v.best(false)), (Some((0, 1)), Some((0, 0))));
        assert_eq!(values(&[None]).best(true), None);
        assert_eq!((v.share(1.0), v.share(8.0)), (0.0, 1.0));
        assert_eq!(values(&[Some(2.0)]).share(2.0), 0.5);
    }
}
