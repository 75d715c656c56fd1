//! All singular values, where more is asked for than their entropy.

use super::bisection::Bisection;
use super::scaled::{largest, power_of_two};
use super::tridiagonal::{Gram, Tridiagonal};

/// Of the mean distance between singular values, to as much as single precision tells.
const HALVINGS: usize = 16;

/// The singular values of a row-major matrix, ascending, in single precision; zeros where an element is not finite.
pub fn singular_values(matrix: &[f32], rows: usize, columns: usize) -> Vec<f64> {
    let Some(largest) = largest(matrix).filter(|largest| *largest > 0.0) else { return vec![0.0; rows.min(columns)] };
    let scale = power_of_two(largest);
    let matrix: Vec<f32> = matrix.iter().map(|x| x * scale).collect();
    roots(Gram::new(&matrix, rows, columns)).into_iter().map(|root| root / f64::from(scale)).collect()
}

/// The eigenvalues of a symmetric matrix without negative ones, ascending, in single precision.
pub fn eigenvalues(matrix: &[f32], size: usize) -> Vec<f64> {
    roots(Gram::of_symmetric(matrix, size)).into_iter().map(|root| root * root).collect()
}

/// The roots of the eigenvalues, ascending.
fn roots(gram: Gram<f32>) -> Vec<f64> {
    let mut roots = Bisection::new(&Tridiagonal::of(gram));
    (0..HALVINGS).for_each(|_| roots.halve());
    roots.intervals().map(|(low, high)| f64::midpoint(low, high)).collect()
}
