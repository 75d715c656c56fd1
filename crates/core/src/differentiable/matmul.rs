//! Products of stacks of matrices.

use candle_core::{Result, Tensor};
use faer::Accum;

use super::function::{Float, Function, apply2};
use super::products::{matrix, multiply_into};

/// The product of every matrix `[rows, inner]` of a stack with that of the same place `[inner, columns]` of another, in the
/// order of memory; its shape is the first's but for the last axis.
///
/// # Errors
/// Those of candle.
pub fn matmul(a: &Tensor, b: &Tensor, [rows, inner, columns]: [usize; 3]) -> Result<Tensor> {
    apply2(Products { rows, inner, columns }, a, b)
}

struct Products {
    rows: usize,
    inner: usize,
    columns: usize,
}

impl Function<2> for Products {
    const NAME: &'static str = "matmul";

    fn dims(&self, first: &[usize]) -> Vec<usize> {
        first.iter().take(first.len().saturating_sub(1)).copied().chain([self.columns]).collect()
    }

    fn forward<T: Float>(&self, [a, b]: [&[T]; 2]) -> Vec<T> {
        let Self { rows, inner, columns } = *self;
        let count = a.len() / (rows * inner).max(1);
        let mut y = vec![T::zero(); count * rows * columns];
        let matrices = a.chunks_exact((rows * inner).max(1)).zip(b.chunks_exact((inner * columns).max(1)));
        for (y, (a, b)) in y.chunks_exact_mut((rows * columns).max(1)).zip(matrices) {
            multiply_into(y, Accum::Replace, matrix(a, rows, inner), matrix(b, inner, columns));
        }
        y
    }

    fn backward<T: Float>(&self, [a, b]: [&[T]; 2], _: &[T], g: &[T], wanted: [bool; 2]) -> [Option<Vec<T>>; 2] {
        let Self { rows, inner, columns } = *self;
        let sizes = [rows * inner, inner * columns, rows * columns].map(|size| size.max(1));
        let gradients = || g.chunks_exact(sizes[2]).map(|g| matrix(g, rows, columns));
        let by_a = wanted[0].then(|| {
            let mut by_a = vec![T::zero(); a.len()];
            for ((to, g), b) in by_a.chunks_exact_mut(sizes[0]).zip(gradients()).zip(b.chunks_exact(sizes[1])) {
                multiply_into(to, Accum::Replace, g, matrix(b, inner, columns).transpose());
            }
            by_a
        });
        let by_b = wanted[1].then(|| {
            let mut by_b = vec![T::zero(); b.len()];
            for ((to, g), a) in by_b.chunks_exact_mut(sizes[1]).zip(gradients()).zip(a.chunks_exact(sizes[0])) {
                multiply_into(to, Accum::Replace, matrix(a, rows, inner).transpose(), g);
            }
            by_b
        });
        [by_a, by_b]
    }
}
