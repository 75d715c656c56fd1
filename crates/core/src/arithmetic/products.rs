//! Products of stacks of matrices.

use candle_core::{Result, Tensor};

use super::broadcast;
use crate::differentiable::matmul as product;

/// a b over the last two axes, all others broadcast.
///
/// # Errors
/// If the shapes do not fit.
pub fn matmul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (rank, other) = (a.rank(), b.rank());
    if rank < 2 || other < 2 {
        candle_core::bail!("there is no product of {:?} and {:?}", a.dims(), b.dims());
    }
    let ([.., rows, inner], [.., _, columns]) = (a.dims(), b.dims()) else {
        candle_core::bail!("there is no product of {:?} and {:?}", a.dims(), b.dims());
    };
    let before = broadcast(&a.dims()[..rank - 2], &b.dims()[..other - 2]).map_err(candle_core::Error::Msg)?;
    let full = |last: [usize; 2]| before.iter().copied().chain(last).collect::<Vec<_>>();
    // One matrix on the right is met by all rows at once.
    if other == 2 {
        let stacked = a.reshape((a.elem_count() / inner.max(&1), *inner))?;
        return product(&stacked, b, [stacked.dim(0)?, *inner, *columns])?.reshape(full([*rows, *columns]));
    }
    let a = a.broadcast_as(full([*rows, *inner]))?;
    let b = b.broadcast_as(full([*inner, *columns]))?;
    product(&a, &b, [*rows, *inner, *columns])?.reshape(full([*rows, *columns]))
}
