//! Products of matrices on the calling thread.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use super::function::{Float, real};

/// A row-major matrix.
pub fn matrix<T>(data: &[T], rows: usize, columns: usize) -> MatRef<'_, T> {
    MatRef::from_row_major_slice(data, rows, columns)
}

/// a b, row-major.
pub fn multiply<T: Float>(a: MatRef<'_, T>, b: MatRef<'_, T>) -> Vec<T> {
    let mut product = vec![T::zero(); a.nrows() * b.ncols()];
    multiply_into(&mut product, Accum::Replace, a, b);
    product
}

/// a b in place of what is there, or added to it.
pub fn multiply_into<T: Float>(to: &mut [T], how: Accum, a: MatRef<'_, T>, b: MatRef<'_, T>) {
    let to = MatMut::from_row_major_slice_mut(to, a.nrows(), b.ncols());
    matmul(to, how, a, b, real(1.0), Par::Seq);
}
