//! Pooling.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::direct::copy;
use super::memory::to_write;
use super::window::Window;
use crate::dispatch::dispatch;

/// What is taken of the elements under a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    Largest,
    /// The mean, in which padding may count.
    Mean {
        count_include_pad: bool,
    },
}

/// The largest or the mean element under a sliding window, of planes `input` that become planes `output`.
#[must_use]
pub fn pool(x: &[f32], [height, width]: [usize; 2], output: [usize; 2], window: &Window, how: Pooling) -> Vec<f32> {
    let [out_height, out_width] = output;
    let mut y = to_write(x.len() / (height * width) * out_height * out_width);
    if let (Pooling::Mean { count_include_pad }, 1, [1, 1]) = (how, window.stride[1], window.dilation) {
        dispatch(Means { x, sides: [height, width], output, window, count_include_pad, y: &mut y });
        return y;
    }
    let fits = 2 * out_height <= height && 2 * out_width <= width;
    let inside = if how == Pooling::Largest { inside(window, width, out_width) } else { 0..0 };
    let halves = fits && *window == Window::square(2, 2, 1, (0, 0));
    for (plane, out) in x.chunks_exact(height * width).zip(y.chunks_exact_mut(out_height * out_width)) {
        if halves {
            dispatch(Halves { plane, width, out, out_width, how });
            continue;
        }
        for (row, line) in out.chunks_exact_mut(out_width).enumerate() {
            let (rows, tall) = (window.taps(0, row, height), window.padded_taps(0, row, height));
            let lines = &plane[rows.start * width..rows.end * width];
            let first = (inside.start * window.stride[1]).saturating_sub(window.pads[1].0);
            largest_inside(lines, width, first, &mut line[inside.clone()], window);
            for (column, y) in line.iter_mut().enumerate().filter(|(column, _)| !inside.contains(column)) {
                let (columns, wide) = (window.taps(1, column, width), window.padded_taps(1, column, width));
                let lines = lines.chunks_exact(width);
                *y = if window.dilation == [1, 1] {
                    joined(lines.flat_map(|line| &line[columns.clone()]), how, tall * wide)
                } else {
                    let lines = lines.step_by(window.dilation[0]);
                    let under = lines.flat_map(|line| line[columns.clone()].iter().step_by(window.dilation[1]));
                    joined(under, how, tall * wide)
                };
            }
        }
    }
    y
}

/// The columns of outputs whose windows lie within the width, which are worked out together.
fn inside(window: &Window, width: usize, out_width: usize) -> Range<usize> {
    let (kernel, before, stride) = (window.kernel[1], window.pads[1].0, window.stride[1]);
    if window.dilation != [1, 1] || kernel > width {
        return 0..0;
    }
    let first = before.div_ceil(stride).min(out_width);
    first..((before + width - kernel) / stride + 1).clamp(first, out_width)
}

/// The largest of such columns, the first of which sees the lines from `first` on, in the order of [`joined`].
fn largest_inside(lines: &[f32], width: usize, first: usize, y: &mut [f32], window: &Window) {
    if y.is_empty() {
        return;
    }
    y.fill(f32::NEG_INFINITY);
    for line in lines.chunks_exact(width) {
        for line in (first..first + window.kernel[1]).map(|from| &line[from..]) {
            match window.stride[1] {
                1 => y.iter_mut().zip(line).for_each(|(a, b)| *a = larger(*a, *b)),
                stride => y.iter_mut().zip(line.iter().step_by(stride)).for_each(|(a, b)| *a = larger(*a, *b)),
            }
        }
    }
}

/// The means of windows that lie side by side, summed in the order of [`joined`].
struct Means<'a> {
    x: &'a [f32],
    sides: [usize; 2],
    output: [usize; 2],
    window: &'a Window,
    count_include_pad: bool,
    y: &'a mut [f32],
}

/// Columns are a multiple of this, of which the positions of a vector are a divisor.
const LANES: usize = 16;
/// Changes nothing that it is added to. A sum of floats starts so.
const NOTHING: f32 = -0.0;

impl WithSimd for Means<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // The usual kernel is known when this is compiled.
        match self.window.kernel[1] {
            3 => self.by_columns::<S, 3>(simd),
            _ => self.by_columns::<S, 0>(simd),
        }
    }
}

impl Means<'_> {
    #[inline(always)]
    fn by_columns<S: Simd, const KERNEL: usize>(self, simd: S) {
        let Self { x, sides: [height, width], output: [out_height, out_width], window, count_include_pad, y } = self;
        let (before, kernel) = (window.pads[1].0, if KERNEL == 0 { window.kernel[1] } else { KERNEL });
        let under = |axis: usize, at: usize, side: usize| match count_include_pad {
            true => window.padded_taps(axis, at, side),
            false => window.taps(axis, at, side).len(),
        };
        let wide: Vec<_> = (0..out_width).map(|column| under(1, column, width)).collect();
        let rows: Vec<_> = (0..out_height).map(|row| (window.taps(0, row, height), under(0, row, height))).collect();
        let columns = out_width.next_multiple_of(LANES);
        let (mut divisors, mut divisors_of) = (vec![1.0; columns], 0);
        // Every line between what changes nothing.
        let stride = (before + width).max(columns + kernel - 1);
        let mut lines = vec![NOTHING; height * stride];
        for (plane, out) in x.chunks_exact(height * width).zip(y.chunks_exact_mut(out_height * out_width)) {
            for (line, to) in plane.chunks_exact(width).zip(lines.chunks_exact_mut(stride)) {
                copy::<S>(line, &mut to[before..before + width]);
            }
            for ((rows, tall), to) in rows.iter().zip(out.chunks_exact_mut(out_width)) {
                if divisors_of != *tall {
                    divisors.iter_mut().zip(&wide).for_each(|(divisor, wide)| *divisor = (tall * wide) as f32);
                    divisors_of = *tall;
                }
                let lines = &lines[rows.start * stride..rows.end * stride];
                for (first, to) in (0..).step_by(S::F32_LANES).zip(to.chunks_mut(S::F32_LANES)) {
                    let sums = sums_of_columns(simd, lines, stride, first, kernel);
                    let means = simd.div_f32s(sums, vector::<S>(&divisors[first..]));
                    if let [whole] = S::as_mut_simd_f32s(to).0 {
                        *whole = means;
                    } else {
                        let mut all = [0.0; LANES];
                        S::as_mut_simd_f32s(&mut all).0[0] = means;
                        to.copy_from_slice(&all[..to.len()]);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn vector<S: Simd>(elements: &[f32]) -> S::f32s {
    S::as_simd_f32s(&elements[..S::F32_LANES]).0[0]
}

/// The sums of so many elements of every line from each column on.
#[inline(always)]
fn sums_of_columns<S: Simd>(simd: S, lines: &[f32], stride: usize, first: usize, kernel: usize) -> S::f32s {
    let mut sums = simd.splat_f32s(NOTHING);
    for line in lines.chunks_exact(stride) {
        let line = &line[first..first + kernel - 1 + S::F32_LANES];
        for from in 0..kernel {
            sums = simd.add_f32s(sums, vector::<S>(&line[from..]));
        }
    }
    sums
}

/// `padded` is how many elements are under the window with padding.
fn joined<'a>(under: impl Iterator<Item = &'a f32> + Clone, how: Pooling, padded: usize) -> f32 {
    match how {
        Pooling::Largest => under.fold(f32::NEG_INFINITY, |a, b| larger(a, *b)),
        Pooling::Mean { count_include_pad: true } => under.sum::<f32>() / padded as f32,
        Pooling::Mean { count_include_pad: false } => {
            let count = under.clone().count();
            under.sum::<f32>() / count as f32
        }
    }
}

/// Windows of 2 x 2 side by side, each in the order of [`joined`].
struct Halves<'a> {
    plane: &'a [f32],
    width: usize,
    out: &'a mut [f32],
    out_width: usize,
    how: Pooling,
}

impl WithSimd for Halves<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { plane, width, out, out_width, how } = self;
        for (line, rows) in out.chunks_exact_mut(out_width).zip(plane.chunks_exact(2 * width)) {
            let (top, bottom) = rows.split_at(width);
            let windows = top.as_chunks::<2>().0.iter().zip(bottom.as_chunks::<2>().0);
            if how == Pooling::Largest {
                for (y, ([a, b], [c, d])) in line.iter_mut().zip(windows) {
                    *y = larger(larger(larger(*a, *b), *c), *d);
                }
            } else {
                for (y, ([a, b], [c, d])) in line.iter_mut().zip(windows) {
                    *y = (a + b + c + d) / 4.0;
                }
            }
        }
    }
}

/// Not f32::max, which would hide a NaN.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The mean of every plane of `area` elements.
#[must_use]
pub fn global_mean(x: &[f32], area: usize) -> Vec<f32> {
    x.chunks_exact(area).map(|p| (p.iter().map(|x| f64::from(*x)).sum::<f64>() / area as f64) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Key, Purpose};

    /// One window after the other.
    fn one_by_one(x: &[f32], sides: [usize; 2], output: [usize; 2], window: &Window, how: Pooling) -> Vec<f32> {
        let mut y = Vec::new();
        for plane in x.chunks_exact(sides[0] * sides[1]) {
            for (row, column) in (0..output[0]).flat_map(|row| (0..output[1]).map(move |column| (row, column))) {
                let (rows, columns) = (window.taps(0, row, sides[0]), window.taps(1, column, sides[1]));
                let under: Vec<_> =
                    rows.flat_map(|row| columns.clone().map(move |column| plane[row * sides[1] + column])).collect();
                let padded = window.padded_taps(0, row, sides[0]) * window.padded_taps(1, column, sides[1]);
                y.push(joined(under.iter(), how, padded));
            }
        }
        y
    }

    #[test]
    fn windows_side_by_side_are_those_one_by_one() {
        let key = Key { seed: 0, repetition: 0, layer: 0, purpose: Purpose::Inputs };
        let ways =
            [Pooling::Largest, Pooling::Mean { count_include_pad: true }, Pooling::Mean { count_include_pad: false }];
        for sides in [[7, 9], [1, 5], [3, 3], [2, 40]] {
            let mut x = key.standard_normals(3 * sides[0] * sides[1]);
            (x[0], x[1], x[2]) = (-0.0, -0.0, f32::NAN);
            let kernels = [(3, (1, 1)), (2, (0, 1)), (2, (0, 0)), (5, (2, 2)), (1, (0, 0))];
            let strided = kernels.iter().flat_map(|(kernel, pads)| [1, 2, 3].map(|stride| (*kernel, stride, *pads)));
            for (kernel, stride, pads) in strided {
                let window = Window::square(kernel, stride, 1, pads);
                let Some(output) = window.slide(sides) else { continue };
                for how in ways {
                    let bits = |y: Vec<f32>| y.into_iter().map(f32::to_bits).collect::<Vec<_>>();
                    let wanted = bits(one_by_one(&x, sides, output, &window, how));
                    assert_eq!(bits(pool(&x, sides, output, &window, how)), wanted, "{sides:?} {window:?} {how:?}");
                }
            }
        }
    }
}
