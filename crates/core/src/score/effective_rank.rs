//! The effective rank of a matrix (Roy & Vetterli 2007).
//!
//! The rank needs no singular vectors and tolerates an error of 1e-3, so the singular values come from the smaller Gram
//! matrix: formed by half, reduced to tridiagonal form (small ones `together`, large ones to a `band` first, from which the
//! rest is a `chase`), its eigenvalues found by `bisection` only as far as the entropy needs. Outputs of a dense layer with few
//! inputs have a narrower matrix with the same singular values, by a `factor` of the weights.
//! Squaring costs digits. So singular values far above the rest are first split off (`deflation`), and an error bound
//! comes with the result: single precision is tried first, and where its bound is too wide double precision follows, with a
//! large matrix from its band on before all is done again.

mod band;
mod bisection;
mod chase;
mod deflation;
mod estimate;
mod factor;
mod gram;
mod ranks;
mod real;
mod scaled;
mod singular;
mod together;
mod tridiagonal;
mod update;

pub(super) use factor::Factor;
pub use ranks::{Place, Ranks};
pub use scaled::{RankError, entropy_rank};
pub(super) use scaled::{largest, power_of_two};
pub(super) use singular::eigenvalues;

/// exp(-sum p ln p) with p = s / sum(s) over the singular values s of the row-major `[rows x columns]` matrix.
///
/// Lies between 1 and min(rows, columns); 0 for a zero matrix. The relative error is below 1e-3.
///
/// # Errors
/// If an element is not finite.
pub fn effective_rank(matrix: &[f32], rows: usize, columns: usize) -> Result<f64, RankError> {
    let mut ranks = Ranks::default();
    let place = ranks.add(matrix, rows, columns)?;
    ranks.finish();
    ranks.get(place).unwrap_or(Err(RankError::NoConvergence))
}

#[cfg(test)]
mod tests;
