//! Dense layers.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// x W^T + b for x `[samples x in]` and W `[out x in]`.
#[must_use]
pub fn linear(x: &[f32], samples: usize, w: &[f32], bias: Option<&[f32]>, out: usize) -> Vec<f32> {
    let features = w.len() / out;
    let mut y = vec![0.0; samples * out];
    let x = MatRef::from_row_major_slice(x, samples, features);
    let w = MatRef::from_row_major_slice(w, out, features);
    let product = MatMut::from_row_major_slice_mut(&mut y, samples, out);
    matmul(product, Accum::Replace, x, w.transpose(), 1.0f32, Par::Seq);
    if let Some(bias) = bias {
        for row in y.chunks_exact_mut(out) {
            for (y, b) in row.iter_mut().zip(bias) {
                *y += b;
            }
        }
    }
    y
}
