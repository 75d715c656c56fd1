//! Pooling.

use candle_core::{Result, Tensor, bail};

use super::{Float, Function, apply1, real};
use neartop_core::network::{self, Module, Op};

/// The largest or the mean element under a sliding window.
///
/// # Errors
/// If the module is no pooling or the tensor does not fit it.
pub fn pool(module: &Module, input: &Tensor) -> Result<Tensor> {
    let (pool, largest) = match &module.op {
        Op::MaxPool(pool) => (pool, true),
        Op::AvgPool(pool) => (pool, false),
        _ => bail!("layer {} is no pooling", module.name),
    };
    let ([_, height, width], [_, out_height, out_width]) = (module.input.0.as_slice(), module.output.0.as_slice())
    else {
        bail!("layer {} pools no images", module.name)
    };
    let function = Pooling { pool: pool.clone(), largest, input: [*height, *width], output: [*out_height, *out_width] };
    apply1(function, input)
}

struct Pooling {
    pool: network::Pool,
    largest: bool,
    input: [usize; 2],
    output: [usize; 2],
}

impl Pooling {
    /// The part of a window within a side, and the window's length within the padded side.
    fn window(&self, at: usize, side: usize) -> (std::ops::Range<usize>, usize) {
        let (start, padding) = (at * self.pool.stride, self.pool.padding);
        let end = start + self.pool.kernel;
        let within = start.saturating_sub(padding)..end.saturating_sub(padding).min(side);
        (within, end.min(side + 2 * padding) - start)
    }

    /// Calls `visit` for every window: its place in the output, the pixels under it, and what a mean is divided by.
    fn for_each_window(&self, planes: usize, mut visit: impl FnMut(usize, &mut dyn Iterator<Item = usize>, usize)) {
        let ([height, width], [out_height, out_width]) = (self.input, self.output);
        for plane in 0..planes {
            for row in 0..out_height {
                let (rows, tall) = self.window(row, height);
                for column in 0..out_width {
                    let (columns, wide) = self.window(column, width);
                    let area = if self.pool.count_include_pad { tall * wide } else { rows.len() * columns.len() };
                    let first = plane * height * width;
                    let mut pixels = rows.clone().flat_map(|y| columns.clone().map(move |x| first + y * width + x));
                    visit((plane * out_height + row) * out_width + column, &mut pixels, area);
                }
            }
        }
    }

    fn planes(&self, elements: usize) -> usize {
        elements / (self.input[0] * self.input[1])
    }
}

/// The first of the largest values; a value that is not a number is larger than all.
fn largest<T: Float>(x: &[T], pixels: &mut dyn Iterator<Item = usize>) -> Option<usize> {
    let is_number = |i: usize| x[i].partial_cmp(&x[i]).is_some();
    pixels.reduce(|a, b| if x[a] >= x[b] || !is_number(a) { a } else { b })
}

impl Function<1> for Pooling {
    const NAME: &'static str = "pool";

    fn dims(&self, first: &[usize]) -> Vec<usize> {
        first.iter().take(2).copied().chain(self.output).collect()
    }

    fn forward<T: Float>(&self, [x]: [&[T]; 1]) -> Vec<T> {
        let planes = self.planes(x.len());
        let mut y = vec![T::zero(); planes * self.output[0] * self.output[1]];
        self.for_each_window(planes, |place, pixels, area| {
            y[place] = if self.largest {
                largest(x, pixels).map_or(T::zero(), |i| x[i])
            } else {
                pixels.fold(T::zero(), |sum, i| sum + x[i]) / real::<T>(area as f64)
            };
        });
        y
    }

    fn backward<T: Float>(&self, [x]: [&[T]; 1], _: &[T], g: &[T], _: [bool; 1]) -> [Option<Vec<T>>; 1] {
        let mut by_input = vec![T::zero(); x.len()];
        self.for_each_window(self.planes(x.len()), |place, pixels, area| {
            if self.largest {
                if let Some(i) = largest(x, pixels) {
                    by_input[i] += g[place];
                }
            } else {
                let share = g[place] / real::<T>(area as f64);
                pixels.for_each(|i| by_input[i] += share);
            }
        });
        [Some(by_input)]
    }
}
