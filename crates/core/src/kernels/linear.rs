//! Dense layers.

use super::memory::to_write;
use super::products::{LEAST_ROWS, multiply_by_rows_into};
use crate::idle::in_parts;

/// x W^T + b for x `[samples x in]` and W `[out x in]`.
#[must_use]
pub fn linear(x: &[f32], samples: usize, w: &[f32], bias: Option<&[f32]>, out: usize) -> Vec<f32> {
    let features = w.len() / out;
    let mut y = to_write(samples * out);
    in_parts(&mut y, out, LEAST_ROWS, samples * w.len(), |first, y| {
        let rows = y.len() / out;
        multiply_by_rows_into(y, &x[first * features..][..rows * features], w, features);
        if let Some(bias) = bias {
            for row in y.chunks_exact_mut(out) {
                row.iter_mut().zip(bias).for_each(|(y, b)| *y += b);
            }
        }
    });
    y
}
