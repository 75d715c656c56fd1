//! What fills the slots against initializations, as a heat map with numbers.

use super::name::breakable;
use super::text::{fixed, grouped};
use crate::grid::Grid;
use crate::study::{Status, Study};

/// Rows and columns at the most.
const MOST: (usize, usize) = (60, 40);
/// The steps of heat, from 0.
const STEPS: f64 = 7.0;
/// One in so many numbers has no heat.
const COLD: usize = 6;

/// The candidates of one architecture.
pub struct Matrix {
    /// Whose candidates they are, where there are several architectures.
    pub architecture: Option<String>,
    /// Names of the columns, as HTML.
    pub inits: Vec<String>,
    pub rows: Vec<Line>,
    /// Means of the columns.
    pub means: Vec<Cell>,
    pub mean: Cell,
    /// What is left out.
    pub note: Option<String>,
}

/// What fills the slots, with every initialization.
pub struct Line {
    /// As HTML.
    pub name: String,
    pub cells: Vec<Cell>,
    pub mean: Cell,
}

/// A candidate, or a mean.
#[derive(Default)]
pub struct Cell {
    pub near: Option<String>,
    /// From 0, the lowest, to 6; 7 is no number.
    pub heat: u8,
    /// What keeps it from training.
    pub trouble: Option<&'static str>,
    pub is_choice: bool,
    pub is_best: bool,
    value: Option<f64>,
}

impl Matrix {
    /// The matrix around a candidate; none where there is nothing to compare.
    pub fn new(study: &Study, around: Option<usize>, choice: Option<usize>) -> Option<Self> {
        let grid = Grid::around(study, around?)?;
        let columns = grid.inits.len();
        let nears: Vec<_> = grid.cells().iter().map(|id| study.near(*id).map(|near| near.mean)).collect();
        let range = range(&nears);
        let cell = |place: usize| Cell::of(study, grid.cells()[place], nears[place], range, choice);
        let row = |row: usize| (0..columns).map(|column| cell(row * columns + column)).collect::<Vec<_>>();
        let mut rows: Vec<Line> = (0..grid.activations.len())
            .map(|at| {
                let cells = row(at);
                let mean = Cell::mean(cells.iter());
                Line { name: breakable(&grid.activations[at]), cells, mean }
            })
            .collect();
        let means = (0..columns).map(|column| Cell::mean(rows.iter().map(|row| &row.cells[column]))).collect();
        let mean = Cell::mean(rows.iter().flat_map(|row| &row.cells));
        let note = cut(&mut rows, columns);
        Some(Self {
            architecture: study.candidate(around?).architecture.as_ref().map(ToString::to_string),
            inits: grid.inits.iter().take(MOST.1).map(|name| breakable(name)).collect(),
            rows,
            means,
            mean,
            note,
        })
    }

    /// The means of the columns that are shown.
    pub fn shown_means(&self) -> &[Cell] {
        &self.means[..self.means.len().min(MOST.1)]
    }
}

/// Where heat begins and ends: a few numbers far below the others do not make these all alike.
fn range(nears: &[Option<f64>]) -> (f64, f64) {
    let mut known: Vec<f64> = nears.iter().flatten().copied().collect();
    known.sort_by(f64::total_cmp);
    let low = known.get(known.len() / COLD).copied().unwrap_or_default();
    (low, known.last().copied().unwrap_or_default())
}

/// Leaves the rows with the highest numbers and the first columns; says so.
fn cut(rows: &mut Vec<Line>, columns: usize) -> Option<String> {
    let all = rows.len();
    if all > MOST.0 {
        let best = |row: &Line| row.cells.iter().filter_map(|cell| cell.value).fold(f64::NEG_INFINITY, f64::max);
        rows.sort_by(|a, b| best(b).total_cmp(&best(a)));
        rows.truncate(MOST.0);
    }
    rows.iter_mut().for_each(|row| row.cells.truncate(MOST.1));
    let count = |n: usize| grouped(n as u64);
    match (all > MOST.0, columns > MOST.1) {
        (false, false) => None,
        (true, false) => Some(format!("The {} of {} rows with the highest NEAR.", MOST.0, count(all))),
        (false, true) => Some(format!("The first {} of {} columns.", MOST.1, count(columns))),
        (true, true) => {
            let (rows, columns) = (count(all), count(columns));
            Some(format!(
                "{} of {rows} rows, with the highest NEAR, and the first {} of {columns} columns.",
                MOST.0, MOST.1
            ))
        }
    }
}

impl Cell {
    fn of(study: &Study, id: usize, value: Option<f64>, (low, high): (f64, f64), choice: Option<usize>) -> Self {
        let judged = study.trainability(id).filter(|judged| !judged.is_trainable());
        let trouble = judged.map(|judged| judged.verdict.name());
        let share = |x: f64| if high > low { ((x - low) / (high - low)).max(0.0) } else { 0.5 };
        Self {
            near: value.map(|x| fixed(x, 1)),
            heat: value.map_or(7, |x| (share(x) * STEPS).min(STEPS - 1.0) as u8),
            trouble: trouble.or((study.status(id) == Status::Failed).then_some("failed")),
            is_choice: Some(id) == choice,
            is_best: value.is_some_and(|x| x == high),
            value,
        }
    }

    /// The mean of those that have a number.
    fn mean<'a>(cells: impl Iterator<Item = &'a Self>) -> Self {
        let (sum, count) = cells.filter_map(|cell| cell.value).fold((0.0, 0u32), |(sum, n), x| (sum + x, n + 1));
        let value = (count > 0).then(|| sum / f64::from(count));
        Self { near: value.map(|x| fixed(x, 1)), value, ..Self::default() }
    }
}
