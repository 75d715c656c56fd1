//! Products of matrices on the calling thread.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// Products of so many rows at least are the same to the last bit whichever rows are multiplied at once; a single row goes
/// another way.
pub const LEAST_ROWS: usize = 16;

/// a b for row-major matrices of `inner` columns and rows.
pub fn multiply_into(y: &mut [f32], a: &[f32], b: &[f32], inner: usize) {
    let [rows, columns] = [a, b].map(|matrix| matrix.len() / inner.max(1));
    let a = MatRef::from_row_major_slice(a, rows, inner);
    product(y, a, MatRef::from_row_major_slice(b, inner, columns));
}

/// a b^T for row-major matrices of `inner` columns.
pub fn multiply_by_rows_into(y: &mut [f32], a: &[f32], b: &[f32], inner: usize) {
    let [rows, columns] = [a, b].map(|matrix| matrix.len() / inner.max(1));
    let a = MatRef::from_row_major_slice(a, rows, inner);
    product(y, a, MatRef::from_row_major_slice(b, columns, inner).transpose());
}

/// a^T b for row-major matrices of `inner` rows.
pub fn multiply_columns_into(y: &mut [f32], a: &[f32], b: &[f32], inner: usize) {
    let [rows, columns] = [a, b].map(|matrix| matrix.len() / inner.max(1));
    let a = MatRef::from_row_major_slice(a, inner, rows);
    product(y, a.transpose(), MatRef::from_row_major_slice(b, inner, columns));
}

/// Adds a b^T to y, for row-major matrices of `inner` columns.
pub fn add_product_by_rows(y: &mut [f32], a: &[f32], b: &[f32], inner: usize) {
    let [rows, columns] = [a, b].map(|matrix| matrix.len() / inner.max(1));
    let a = MatRef::from_row_major_slice(a, rows, inner);
    let b = MatRef::from_row_major_slice(b, columns, inner).transpose();
    matmul(MatMut::from_row_major_slice_mut(y, rows, columns), Accum::Add, a, b, 1.0f32, Par::Seq);
}

fn product(y: &mut [f32], a: MatRef<'_, f32>, b: MatRef<'_, f32>) {
    let y = MatMut::from_row_major_slice_mut(y, a.nrows(), b.ncols());
    matmul(y, Accum::Replace, a, b, 1.0f32, Par::Seq);
}
