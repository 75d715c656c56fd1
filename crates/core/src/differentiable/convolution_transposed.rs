//! Transposed convolutions.

use candle_core::{Result, Tensor};
use faer::Accum;

use super::function::{Float, Function, apply2, apply3};
use super::products::{matrix, multiply_into};
use crate::kernels::{Groups, Window};

/// Transposed convolution of `[samples, channels, ...]`, see [`crate::kernels::convolve_transposed`]. The last axes become
/// `dims`.
///
/// # Errors
/// If the tensors do not fit.
pub fn convolve_transposed(
    input: &Tensor,
    sizes: Groups,
    window: &Window,
    dims: &[usize],
    weight: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let function = Transposed { sizes, window: *window, dims: dims.to_vec() };
    match bias {
        Some(bias) => apply3(function, input, weight, bias),
        None => apply2(function, input, weight),
    }
}

struct Transposed {
    sizes: Groups,
    window: Window,
    /// Of a sample of the result.
    dims: Vec<usize>,
}

impl Transposed {
    fn result_dims(&self, first: &[usize]) -> Vec<usize> {
        first.iter().take(1).chain(&self.dims).copied().collect()
    }

    /// Channels of a group, before and after.
    fn channels(&self) -> [usize; 2] {
        [self.sizes.input[0], self.sizes.output[0]].map(|channels| channels / self.sizes.groups)
    }

    /// Elements of a channel, before and after.
    fn planes(&self) -> [usize; 2] {
        [self.sizes.input, self.sizes.output].map(|[_, height, width]| height * width)
    }

    /// Rows of the columns that a group spreads over.
    fn patch(&self) -> usize {
        self.channels()[1] * self.window.area()
    }

    fn product<T: Float>(&self, x: &[T], w: &[T]) -> Vec<T> {
        let ([ins, outs], [positions, pixels], patch) = (self.channels(), self.planes(), self.patch());
        let mut y = vec![T::zero(); x.len() / (ins * positions) * outs * pixels];
        let mut columns = vec![T::zero(); patch * positions];
        let groups = x.chunks_exact(ins * positions).zip(w.chunks_exact(ins * patch).cycle());
        for ((x, w), y) in groups.zip(y.chunks_exact_mut(outs * pixels)) {
            let w = matrix(w, ins, patch).transpose();
            multiply_into(&mut columns, Accum::Replace, w, matrix(x, ins, positions));
            self.for_each_line(|column, pixel, count| {
                let line = columns[column..column + count].iter();
                y[pixel..].iter_mut().step_by(self.window.stride[1]).zip(line).for_each(|(y, x)| *y += *x);
            });
        }
        y
    }

    fn gradients<T: Float>(&self, x: &[T], w: &[T], g: &[T], by_input: bool) -> (Option<Vec<T>>, Vec<T>) {
        let ([ins, outs], [positions, pixels], patch) = (self.channels(), self.planes(), self.patch());
        let mut by_weight = vec![T::zero(); w.len()];
        let mut into_x = vec![T::zero(); if by_input { x.len() } else { 0 }];
        let mut columns = vec![T::zero(); patch * positions];
        for (at, (x, g)) in x.chunks_exact(ins * positions).zip(g.chunks_exact(outs * pixels)).enumerate() {
            columns.fill(T::zero());
            self.for_each_line(|column, pixel, count| {
                let from = g[pixel..].iter().step_by(self.window.stride[1]);
                columns[column..column + count].iter_mut().zip(from).for_each(|(to, g)| *to = *g);
            });
            let columns = matrix(&columns, patch, positions);
            let group = at % self.sizes.groups * ins * patch;
            let sum = &mut by_weight[group..group + ins * patch];
            multiply_into(sum, Accum::Add, matrix(x, ins, positions), columns.transpose());
            if by_input {
                let into = &mut into_x[at * ins * positions..(at + 1) * ins * positions];
                multiply_into(into, Accum::Replace, matrix(&w[group..group + ins * patch], ins, patch), columns);
            }
        }
        (by_input.then_some(into_x), by_weight)
    }

    /// The lines of columns and where they lie among the pixels of the output.
    fn for_each_line(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let ([_, height, width], [_, out_height, out_width]) = (self.sizes.input, self.sizes.output);
        let (positions, outs) = (height * width, self.channels()[1]);
        self.window.for_each_line(outs, [out_height, out_width], [height, width], |tap, position, pixel, count| {
            visit(tap * positions + position, pixel, count);
        });
    }
}

impl Function<2> for Transposed {
    const NAME: &'static str = "transposed convolution";

    fn dims(&self, first: &[usize]) -> Vec<usize> {
        self.result_dims(first)
    }

    fn forward<T: Float>(&self, [x, w]: [&[T]; 2]) -> Vec<T> {
        self.product(x, w)
    }

    fn backward<T: Float>(&self, [x, w]: [&[T]; 2], _: &[T], g: &[T], wanted: [bool; 2]) -> [Option<Vec<T>>; 2] {
        let (by_input, by_weight) = self.gradients(x, w, g, wanted[0]);
        [by_input, Some(by_weight)]
    }
}

impl Function<3> for Transposed {
    const NAME: &'static str = "transposed convolution with bias";

    fn dims(&self, first: &[usize]) -> Vec<usize> {
        self.result_dims(first)
    }

    fn forward<T: Float>(&self, [x, w, b]: [&[T]; 3]) -> Vec<T> {
        let mut y = self.product(x, w);
        for (plane, b) in y.chunks_exact_mut(self.planes()[1]).zip(b.iter().cycle()) {
            plane.iter_mut().for_each(|y| *y += *b);
        }
        y
    }

    fn backward<T: Float>(&self, [x, w, b]: [&[T]; 3], _: &[T], g: &[T], wanted: [bool; 3]) -> [Option<Vec<T>>; 3] {
        let (by_input, by_weight) = self.gradients(x, w, g, wanted[0]);
        let mut by_bias = vec![T::zero(); b.len()];
        for (at, plane) in g.chunks_exact(self.planes()[1]).enumerate() {
            plane.iter().for_each(|g| by_bias[at % b.len()] += *g);
        }
        [by_input, Some(by_weight), Some(by_bias)]
    }
}
