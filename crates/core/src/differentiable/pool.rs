//! Pooling.

use std::iter::StepBy;
use std::ops::Range;

use candle_core::{Result, Tensor};

use super::function::{Float, Function, apply1, real};
use crate::kernels::{Pooling, Window};

/// The largest or the mean element under a sliding window, of `[samples, channels, ...]`. The last two axes are `input`
/// and become `output`; a sequence is an image of height 1.
///
/// # Errors
/// If the tensor does not fit.
pub fn pool(tensor: &Tensor, input: [usize; 2], output: [usize; 2], window: &Window, how: Pooling) -> Result<Tensor> {
    apply1(Pool { window: *window, how, input, output }, tensor)
}

struct Pool {
    window: Window,
    how: Pooling,
    input: [usize; 2],
    output: [usize; 2],
}

impl Pool {
    /// The taps of a window within a side, and how many are within the padded side.
    fn within(&self, axis: usize, at: usize) -> (StepBy<Range<usize>>, usize) {
        let side = self.input[axis];
        let taps = self.window.taps(axis, at, side).step_by(self.window.dilation[axis]);
        (taps, self.window.padded_taps(axis, at, side))
    }

    /// Calls `visit` for every window: its place in the output, the pixels under it, and what a mean is divided by.
    fn for_each_window(&self, planes: usize, mut visit: impl FnMut(usize, &mut dyn Iterator<Item = usize>, usize)) {
        let ([height, width], [out_height, out_width]) = (self.input, self.output);
        for plane in 0..planes {
            for row in 0..out_height {
                let (rows, tall) = self.within(0, row);
                for column in 0..out_width {
                    let (columns, wide) = self.within(1, column);
                    let counts = self.how == (Pooling::Mean { count_include_pad: true });
                    let area = if counts { tall * wide } else { rows.len() * columns.len() };
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

impl Function<1> for Pool {
    const NAME: &'static str = "pool";

    fn dims(&self, first: &[usize]) -> Vec<usize> {
        let planes = first.iter().take(2).copied();
        match first.len() {
            3 => planes.chain([self.output[1]]).collect(),
            _ => planes.chain(self.output).collect(),
        }
    }

    fn forward<T: Float>(&self, [x]: [&[T]; 1]) -> Vec<T> {
        let planes = self.planes(x.len());
        let mut y = vec![T::zero(); planes * self.output[0] * self.output[1]];
        self.for_each_window(planes, |place, pixels, area| {
            y[place] = if self.how == Pooling::Largest {
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
            if self.how == Pooling::Largest {
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
