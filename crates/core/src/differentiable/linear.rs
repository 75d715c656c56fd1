//! Dense layers.

use candle_core::{Result, Tensor};
use faer::MatRef;

use super::function::{Float, Function, apply2, apply3};
use super::products::{matrix, multiply};

/// x W^T + b for x `[samples, in]` and W `[out, in]`.
///
/// # Errors
/// If the tensors do not fit.
pub fn linear(input: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let (out, features) = weight.dims2()?;
    let function = Linear { out, features };
    match bias {
        Some(bias) => apply3(function, input, weight, bias),
        None => apply2(function, input, weight),
    }
}

struct Linear {
    out: usize,
    features: usize,
}

impl Linear {
    fn product<T: Float>(&self, x: &[T], w: &[T]) -> Vec<T> {
        let w: MatRef<'_, T> = matrix(w, self.out, self.features);
        multiply(matrix(x, x.len() / self.features, self.features), w.transpose())
    }

    fn gradients<T: Float>(&self, x: &[T], w: &[T], g: &[T], by_input: bool) -> (Option<Vec<T>>, Vec<T>) {
        let samples = x.len() / self.features;
        let g = matrix(g, samples, self.out);
        let by_weight = multiply(g.transpose(), matrix(x, samples, self.features));
        (by_input.then(|| multiply(g, matrix(w, self.out, self.features))), by_weight)
    }

    fn result_dims(&self, first: &[usize]) -> Vec<usize> {
        first.iter().take(first.len().saturating_sub(1)).copied().chain([self.out]).collect()
    }
}

impl Function<2> for Linear {
    const NAME: &'static str = "linear";

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

impl Function<3> for Linear {
    const NAME: &'static str = "linear with bias";

    fn dims(&self, first: &[usize]) -> Vec<usize> {
        self.result_dims(first)
    }

    fn forward<T: Float>(&self, [x, w, b]: [&[T]; 3]) -> Vec<T> {
        let mut y = self.product(x, w);
        for row in y.chunks_exact_mut(self.out) {
            row.iter_mut().zip(b).for_each(|(y, b)| *y += *b);
        }
        y
    }

    fn backward<T: Float>(&self, [x, w, b]: [&[T]; 3], _: &[T], g: &[T], wanted: [bool; 3]) -> [Option<Vec<T>>; 3] {
        let (by_input, by_weight) = self.gradients(x, w, g, wanted[0]);
        let mut by_bias = vec![T::zero(); b.len()];
        for row in g.chunks_exact(self.out) {
            by_bias.iter_mut().zip(row).for_each(|(sum, g)| *sum += *g);
        }
        [by_input, Some(by_weight), Some(by_bias)]
    }
}
