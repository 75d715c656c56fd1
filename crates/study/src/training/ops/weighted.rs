//! Linear layers and convolutions.

use candle_core::{Result, Tensor, bail};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use super::{Float, Function, apply2, apply3, real};
use neartop_core::network::{Conv2d, Module, Op, Shape};

/// A linear or convolution module: input `[samples, ...]`, weight as PyTorch shapes it.
///
/// # Errors
/// If the module is of another kind or the tensors do not fit it.
pub fn weighted(module: &Module, input: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let kind = match &module.op {
        Op::Linear { .. } => Kind::Linear { out: module.output.width(), features: module.input.width() },
        Op::Conv2d(conv) => {
            Kind::Conv(Geometry { conv: conv.clone(), input: sides(&module.input), output: sides(&module.output) })
        }
        _ => bail!("layer {} has no weight of its own", module.name),
    };
    let function = Weighted { kind, output: module.output.clone() };
    match bias {
        Some(bias) => apply3(function, input, weight, bias),
        None => apply2(function, input, weight),
    }
}

fn sides(shape: &Shape) -> [usize; 3] {
    [0, 1, 2].map(|i| shape.0.get(i).copied().unwrap_or(1))
}

struct Weighted {
    kind: Kind,
    output: Shape,
}

enum Kind {
    Linear { out: usize, features: usize },
    Conv(Geometry),
}

impl Weighted {
    fn product<T: Float>(&self, x: &[T], w: &[T]) -> Vec<T> {
        match &self.kind {
            Kind::Linear { out, features } => {
                let samples = x.len() / features;
                multiply(matrix(x, samples, *features), matrix(w, *out, *features).transpose())
            }
            Kind::Conv(geometry) => geometry.forward(x, w),
        }
    }

    fn gradients<T: Float>(&self, x: &[T], w: &[T], g: &[T], by_input: bool) -> (Option<Vec<T>>, Vec<T>) {
        match &self.kind {
            Kind::Linear { out, features } => {
                let samples = x.len() / features;
                let g = matrix(g, samples, *out);
                let by_weight = multiply(g.transpose(), matrix(x, samples, *features));
                (by_input.then(|| multiply(g, matrix(w, *out, *features))), by_weight)
            }
            Kind::Conv(geometry) => geometry.backward(x, w, g, by_input),
        }
    }

    /// Elements of the output that share a bias.
    fn run(&self) -> usize {
        (self.output.elements() / self.output.width().max(1)).max(1)
    }

    fn result_dims(&self, first: &[usize]) -> Vec<usize> {
        first.iter().take(1).copied().chain(self.output.0.iter().copied()).collect()
    }
}

impl Function<2> for Weighted {
    const NAME: &'static str = "weighted";

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

impl Function<3> for Weighted {
    const NAME: &'static str = "weighted with bias";

    fn dims(&self, first: &[usize]) -> Vec<usize> {
        self.result_dims(first)
    }

    fn forward<T: Float>(&self, [x, w, b]: [&[T]; 3]) -> Vec<T> {
        let mut y = self.product(x, w);
        for (run, b) in y.chunks_exact_mut(self.run()).zip(b.iter().cycle()) {
            run.iter_mut().for_each(|y| *y += *b);
        }
        y
    }

    fn backward<T: Float>(&self, [x, w, b]: [&[T]; 3], _: &[T], g: &[T], wanted: [bool; 3]) -> [Option<Vec<T>>; 3] {
        let (by_input, by_weight) = self.gradients(x, w, g, wanted[0]);
        let mut by_bias = vec![T::zero(); b.len()];
        for sample in g.chunks_exact(self.run() * b.len()) {
            for (sum, run) in by_bias.iter_mut().zip(sample.chunks_exact(self.run())) {
                run.iter().for_each(|g| *sum += *g);
            }
        }
        [by_input, Some(by_weight), Some(by_bias)]
    }
}

fn matrix<T>(data: &[T], rows: usize, columns: usize) -> MatRef<'_, T> {
    MatRef::from_row_major_slice(data, rows, columns)
}

fn multiply<T: Float>(a: MatRef<'_, T>, b: MatRef<'_, T>) -> Vec<T> {
    let mut product = vec![T::zero(); a.nrows() * b.ncols()];
    let into = MatMut::from_row_major_slice_mut(&mut product, a.nrows(), b.ncols());
    matmul(into, Accum::Replace, a, b, real(1.0), Par::Seq);
    product
}

struct Geometry {
    conv: Conv2d,
    input: [usize; 3],
    output: [usize; 3],
}

impl Geometry {
    /// Elements of a patch, and positions of the kernel.
    fn sizes(&self) -> (usize, usize) {
        let patch = self.input[0] / self.conv.groups * self.conv.kernel * self.conv.kernel;
        (patch, self.output[1] * self.output[2])
    }

    /// Input and output elements of one group of one sample.
    fn group(&self) -> (usize, usize) {
        let groups = self.conv.groups;
        let elements = |[channels, height, width]: [usize; 3]| channels / groups * height * width;
        (elements(self.input), elements(self.output))
    }

    fn forward<T: Float>(&self, x: &[T], w: &[T]) -> Vec<T> {
        let (patch, positions) = self.sizes();
        let (ins, outs) = self.group();
        let channels = outs / positions;
        let mut y = vec![T::zero(); x.len() / ins * outs];
        let mut patches = vec![T::zero(); patch * positions];
        let weights = w.chunks_exact(channels * patch).cycle();
        for ((x, w), y) in x.chunks_exact(ins).zip(weights).zip(y.chunks_exact_mut(outs)) {
            self.unfold(x, &mut patches);
            let into = MatMut::from_row_major_slice_mut(y, channels, positions);
            let patches = matrix(&patches, patch, positions);
            matmul(into, Accum::Replace, matrix(w, channels, patch), patches, real(1.0), Par::Seq);
        }
        y
    }

    fn backward<T: Float>(&self, x: &[T], w: &[T], g: &[T], by_input: bool) -> (Option<Vec<T>>, Vec<T>) {
        let (patch, positions) = self.sizes();
        let (ins, outs) = self.group();
        let channels = outs / positions;
        let mut by_weight = vec![T::zero(); w.len()];
        let mut into_x = if by_input { vec![T::zero(); x.len()] } else { Vec::new() };
        let mut patches = vec![T::zero(); patch * positions];
        for (at, (x, g)) in x.chunks_exact(ins).zip(g.chunks_exact(outs)).enumerate() {
            let group = at % self.conv.groups * channels * patch;
            let g = matrix(g, channels, positions);
            self.unfold(x, &mut patches);
            let sum = &mut by_weight[group..group + channels * patch];
            let sum = MatMut::from_row_major_slice_mut(sum, channels, patch);
            matmul(sum, Accum::Add, g, matrix(&patches, patch, positions).transpose(), real(1.0), Par::Seq);
            if by_input {
                let w = matrix(&w[group..group + channels * patch], channels, patch);
                let into = MatMut::from_row_major_slice_mut(&mut patches, patch, positions);
                matmul(into, Accum::Replace, w.transpose(), g, real(1.0), Par::Seq);
                self.fold(&patches, &mut into_x[at * ins..(at + 1) * ins]);
            }
        }
        (by_input.then_some(into_x), by_weight)
    }

    /// The patches under the kernel as a `[patch, positions]` matrix, zeros outside the image.
    fn unfold<T: Float>(&self, image: &[T], patches: &mut [T]) {
        patches.fill(T::zero());
        self.for_each_line(|line, pixel, count| {
            let (stride, line) = (self.conv.stride, &mut patches[line..line + count]);
            line.iter_mut().zip(image[pixel..].iter().step_by(stride)).for_each(|(to, from)| *to = *from);
        });
    }

    /// Adds up the patches where they lie in the image.
    fn fold<T: Float>(&self, patches: &[T], image: &mut [T]) {
        self.for_each_line(|line, pixel, count| {
            let (stride, line) = (self.conv.stride, &patches[line..line + count]);
            image[pixel..].iter_mut().step_by(stride).zip(line).for_each(|(to, from)| *to += *from);
        });
    }

    /// Calls `visit` for every line of positions that one tap of the kernel sees within the image: where the line starts
    /// among the patches, where its first pixel is, and how many there are.
    fn for_each_line(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let (conv, [_, height, width], [_, out_height, out_width]) = (&self.conv, self.input, self.output);
        let (before, taps) = (conv.pads().0, conv.kernel * conv.kernel);
        for tap in 0..self.sizes().0 {
            let (dy, dx) = (tap % taps / conv.kernel * conv.dilation, tap % conv.kernel * conv.dilation);
            let first = before.saturating_sub(dx).div_ceil(conv.stride).min(out_width);
            let end = (width + before).saturating_sub(dx).div_ceil(conv.stride).clamp(first, out_width);
            for row in 0..out_height {
                let y = row * conv.stride + dy;
                if first == end || y < before || y - before >= height {
                    continue;
                }
                let pixel = (tap / taps * height + y - before) * width + first * conv.stride + dx - before;
                visit((tap * out_height + row) * out_width + first, pixel, end - first);
            }
        }
    }
}
