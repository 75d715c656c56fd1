//! Products of matrices on the calling thread.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// a b for row-major matrices of `inner` columns and rows.
pub fn multiply_into(y: &mut [f32], a: &[f32], b: &[f32], inner: usize) {
    if inner == 0 || a.is_empty() || b.is_empty() {
        y.fill(0.0);
        return;
    }
    let (rows, columns) = (a.len() / inner, b.len() / inner);
    let y = MatMut::from_row_major_slice_mut(y, rows, columns);
    let a = MatRef::from_row_major_slice(a, rows, inner);
    matmul(y, Accum::Replace, a, MatRef::from_row_major_slice(b, inner, columns), 1.0f32, Par::Seq);
}

/// The transpose of a row-major matrix.
pub fn transpose_into(transposed: &mut [f32], matrix: &[f32], columns: usize) {
    let rows = matrix.len() / columns.max(1);
    for (column, line) in transposed.chunks_exact_mut(rows.max(1)).enumerate() {
        line.iter_mut().zip(matrix[column..].iter().step_by(columns)).for_each(|(to, from)| *to = *from);
    }
}

pub fn transposed(matrix: &[f32], columns: usize) -> Vec<f32> {
    let mut transposed = vec![0.0; matrix.len()];
    transpose_into(&mut transposed, matrix, columns);
    transposed
}
