//! What is measured of the values of blocks and activations.

use crate::kernels::multiply_columns_into;
use crate::score::effective_rank::singular_values;
use crate::score::rank_matrix::{Reading, RowBlock};

/// Channels, height and width of an image.
pub type Dims = [usize; 3];

/// Which positions of what a block takes belong to a position of what it gives.
pub struct Squares {
    taken: Dims,
    given: Dims,
    /// Positions that are taken for one that is given, along both axes.
    side: usize,
    /// Positions of what is given that have a whole square.
    positions: [usize; 2],
}

impl Squares {
    pub fn between(taken: Dims, given: Dims) -> Self {
        let side = taken[1].div_ceil(given[1].max(1)).max(1);
        let positions = [given[1].min(taken[1] / side), given[2].min(taken[2] / side)];
        Self { taken, given, side, positions }
    }
}

/// The largest singular value of the mean over positions of the change times the signs that made it.
pub fn largest_of_jacobian(change: &[f32], signs: &[f32], squares: &Squares) -> f64 {
    let ([outs, ..], [ins, ..]) = (squares.given, squares.taken);
    let given = rows_of(change, squares.given, 1, squares.positions);
    let taken = rows_of(signs, squares.taken, squares.side, squares.positions);
    let columns = ins * squares.side.pow(2);
    let rows = taken.len() / columns.max(1);
    let mut sums = vec![0.0; outs * columns];
    multiply_columns_into(&mut sums, &given, &taken, rows);
    let singular = singular_values(&sums, outs, columns);
    finite(singular.last().copied().unwrap_or(0.0) / rows.max(1) as f64)
}

/// A row for each of `positions` of every image, with all channels of its square.
fn rows_of(images: &[f32], [channels, height, width]: Dims, side: usize, [down, across]: [usize; 2]) -> Vec<f32> {
    let columns = channels * side * side;
    let samples = images.len() / (channels * height * width).max(1);
    let mut rows = vec![0.0; samples * down * across * columns];
    for (plane, values) in images.chunks_exact((height * width).max(1)).enumerate() {
        let (sample, channel) = (plane / channels, plane % channels);
        for y in 0..down * side {
            for x in 0..across * side {
                let row = (sample * down + y / side) * across + x / side;
                rows[row * columns + (channel * side + y % side) * side + x % side] = values[y * width + x];
            }
        }
    }
    rows
}

/// The entropy of the eigenvalues of the covariance between the channels of images, made to sum to 1.
pub fn entropy_of_channels(images: &[f32], [channels, height, width]: Dims) -> f64 {
    let mut rows = rows_of(images, [channels, height, width], 1, [height, width]);
    centre(&mut rows, channels);
    let count = rows.len() / channels.max(1);
    let eigenvalues = singular_values(&rows, count, channels).into_iter().map(|s| s * s);
    let sum: f64 = eigenvalues.clone().sum();
    finite(eigenvalues.map(|e| e / sum).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum())
}

/// The least eigenvalue of the correlations between the units of outputs; those of a unit that is the same everywhere are 0.
pub fn least_correlation(outputs: &[f32], reading: Reading) -> f64 {
    let columns = reading.columns();
    let count = outputs.len() / columns.max(1);
    // Means take one.
    if count <= columns {
        return 0.0;
    }
    let mut rows = reading.rows(outputs, RowBlock { first: 0, taken: count });
    let before = squares_of(&rows, columns);
    centre(&mut rows, columns);
    let after = squares_of(&rows, columns);
    if before.iter().zip(&after).any(|(before, after)| *after <= CONSTANT * before) {
        return 0.0;
    }
    let factors: Vec<f32> = after.iter().map(|square| square.sqrt().recip() as f32).collect();
    rows.chunks_exact_mut(columns).for_each(|row| row.iter_mut().zip(&factors).for_each(|(x, f)| *x *= f));
    finite(singular_values(&rows, count, columns).first().copied().unwrap_or(0.0).powi(2))
}

/// The share of squares that rounding leaves of a column that is the same everywhere.
const CONSTANT: f64 = 1e-10;

fn squares_of(rows: &[f32], columns: usize) -> Vec<f64> {
    let mut sums = vec![0.0; columns];
    for row in rows.chunks_exact(columns.max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x).powi(2));
    }
    sums
}

/// Takes the mean of every column from it.
fn centre(rows: &mut [f32], columns: usize) {
    let count = (rows.len() / columns.max(1)).max(1) as f64;
    let mut sums = vec![0.0f64; columns];
    for row in rows.chunks_exact(columns.max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
    }
    let means: Vec<f32> = sums.iter().map(|sum| (sum / count) as f32).collect();
    rows.chunks_exact_mut(columns.max(1)).for_each(|row| row.iter_mut().zip(&means).for_each(|(x, m)| *x -= m));
}

fn finite(x: f64) -> f64 {
    // A sum of nothing is -0.
    if x.is_finite() { x + 0.0 } else { 0.0 }
}
