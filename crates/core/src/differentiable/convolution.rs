//! Convolutions.

use candle_core::{Result, Tensor};
use faer::Accum;

use super::function::{Float, Function, apply2, apply3};
use super::products::{matrix, multiply_into};
use crate::kernels::{Groups, Window};

/// Cross-correlation of `[samples, channels, ...]`, see [`crate::kernels::convolve`]. The last axes become `dims`.
///
/// # Errors
/// If the tensors do not fit.
pub fn convolve(
    input: &Tensor,
    sizes: Groups,
    window: &Window,
    dims: &[usize],
    weight: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let function = Convolution { sizes, window: *window, dims: dims.to_vec() };
    match bias {
        Some(bias) => apply3(function, input, weight, bias),
        None => apply2(function, input, weight),
    }
}

struct Convolution {
    sizes: Groups,
    window: Window,
    /// Of a sample of the result.
    dims: Vec<usize>,
}

impl Function<2> for Convolution {
    const NAME: &'static str = "convolution";

    fn dims(&self, first: &[usize]) -> Vec<usize> {
        first.iter().take(1).chain(&self.dims).copied().collect()
    }

    fn forward<T: Float>(&self, [x, w]: [&[T]; 2]) -> Vec<T> {
        self.product(x, w)
    }

    fn backward<T: Float>(&self, [x, w]: [&[T]; 2], _: &[T], g: &[T], wanted: [bool; 2]) -> [Option<Vec<T>>; 2] {
        let (by_input, by_weight) = self.gradients(x, w, g, wanted[0]);
        [by_input, Some(by_weight)]
    }
}

impl Function<3> for Convolution {
    const NAME: &'static str = "convolution with bias";

    fn dims(&self, first: &[usize]) -> Vec<usize> {
        first.iter().take(1).chain(&self.dims).copied().collect()
    }

    fn forward<T: Float>(&self, [x, w, b]: [&[T]; 3]) -> Vec<T> {
        let mut y = self.product(x, w);
        for (plane, b) in y.chunks_exact_mut(self.positions()).zip(b.iter().cycle()) {
            plane.iter_mut().for_each(|y| *y += *b);
        }
        y
    }

    fn backward<T: Float>(&self, [x, w, b]: [&[T]; 3], _: &[T], g: &[T], wanted: [bool; 3]) -> [Option<Vec<T>>; 3] {
        let (by_input, by_weight) = self.gradients(x, w, g, wanted[0]);
        let mut by_bias = vec![T::zero(); b.len()];
        for sample in g.chunks_exact(self.positions() * b.len()) {
            for (sum, plane) in by_bias.iter_mut().zip(sample.chunks_exact(self.positions())) {
                plane.iter().for_each(|g| *sum += *g);
            }
        }
        [by_input, Some(by_weight), Some(by_bias)]
    }
}

impl Convolution {
    /// Elements of a channel of the output.
    fn positions(&self) -> usize {
        self.sizes.output[1] * self.sizes.output[2]
    }

    /// Elements of a patch.
    fn patch(&self) -> usize {
        self.sizes.input[0] / self.sizes.groups * self.window.area()
    }

    /// Input and output elements of one group of one sample.
    fn group(&self) -> (usize, usize) {
        let elements = |[channels, height, width]: [usize; 3]| channels / self.sizes.groups * height * width;
        (elements(self.sizes.input), elements(self.sizes.output))
    }

    fn product<T: Float>(&self, x: &[T], w: &[T]) -> Vec<T> {
        let (patch, positions) = (self.patch(), self.positions());
        let (ins, outs) = self.group();
        let channels = outs / positions;
        let mut y = vec![T::zero(); x.len() / ins * outs];
        let mut patches = vec![T::zero(); patch * positions];
        let weights = w.chunks_exact(channels * patch).cycle();
        for ((x, w), y) in x.chunks_exact(ins).zip(weights).zip(y.chunks_exact_mut(outs)) {
            self.unfold(x, &mut patches);
            multiply_into(y, Accum::Replace, matrix(w, channels, patch), matrix(&patches, patch, positions));
        }
        y
    }

    fn gradients<T: Float>(&self, x: &[T], w: &[T], g: &[T], by_input: bool) -> (Option<Vec<T>>, Vec<T>) {
        let (patch, positions) = (self.patch(), self.positions());
        let (ins, outs) = self.group();
        let channels = outs / positions;
        let mut by_weight = vec![T::zero(); w.len()];
        let mut into_x = if by_input { vec![T::zero(); x.len()] } else { Vec::new() };
        let mut patches = vec![T::zero(); patch * positions];
        for (at, (x, g)) in x.chunks_exact(ins).zip(g.chunks_exact(outs)).enumerate() {
            let group = at % self.sizes.groups * channels * patch;
            let g = matrix(g, channels, positions);
            self.unfold(x, &mut patches);
            let sum = &mut by_weight[group..group + channels * patch];
            multiply_into(sum, Accum::Add, g, matrix(&patches, patch, positions).transpose());
            if by_input {
                let w = matrix(&w[group..group + channels * patch], channels, patch);
                multiply_into(&mut patches, Accum::Replace, w.transpose(), g);
                self.fold(&patches, &mut into_x[at * ins..(at + 1) * ins]);
            }
        }
        (by_input.then_some(into_x), by_weight)
    }

    /// The patches under the window as a `[patch, positions]` matrix, zeros outside the image.
    fn unfold<T: Float>(&self, image: &[T], patches: &mut [T]) {
        patches.fill(T::zero());
        let step = self.window.stride[1];
        self.for_each_line(|line, pixel, count| {
            let line = &mut patches[line..line + count];
            line.iter_mut().zip(image[pixel..].iter().step_by(step)).for_each(|(to, from)| *to = *from);
        });
    }

    /// Adds up the patches where they lie in the image.
    fn fold<T: Float>(&self, patches: &[T], image: &mut [T]) {
        let step = self.window.stride[1];
        self.for_each_line(|line, pixel, count| {
            let line = &patches[line..line + count];
            image[pixel..].iter_mut().step_by(step).zip(line).for_each(|(to, from)| *to += *from);
        });
    }

    /// Calls `visit` for every line of positions that one tap of the window sees within the image: where the line starts
    /// among the patches, where its first pixel is, and how many there are.
    fn for_each_line(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let ([_, height, width], [_, out_height, out_width]) = (self.sizes.input, self.sizes.output);
        let (positions, channels) = (self.positions(), self.sizes.input[0] / self.sizes.groups);
        self.window.for_each_line(channels, [height, width], [out_height, out_width], |tap, position, pixel, count| {
            visit(tap * positions + position, pixel, count);
        });
    }
}
