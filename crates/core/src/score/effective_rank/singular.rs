//! All eigenvalues, where more is asked for than their entropy.

use super::bisection::Bisection;
use super::gram::Gram;
use super::tridiagonal::Tridiagonal;

/// Of the mean distance between singular values, to as much as single precision tells.
const HALVINGS: usize = 16;

/// The eigenvalues of a symmetric matrix without negative ones, ascending, in single precision. Of every row the diagonal and what is
/// after it counts.
pub fn eigenvalues(matrix: &[f32], size: usize) -> Vec<f64> {
    roots(Gram::of_symmetric(matrix, size)).into_iter().map(|root| root * root).collect()
}

/// The roots of the eigenvalues, ascending.
fn roots(gram: Gram<f32>) -> Vec<f64> {
    let mut roots = Bisection::new(&Tridiagonal::of(gram));
    (0..HALVINGS).for_each(|_| roots.halve());
    roots.intervals().map(|(low, high)| f64::midpoint(low, high)).collect()
}
