//! Convolutions.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use super::direct::Convolution;
use super::memory::to_write;
use super::window::Window;
use super::winograd::Winograd;
use crate::dispatch::dispatch;
use crate::idle::in_parts;

/// Images `[channels, height, width]` before and after a convolution whose channels are split into groups.
#[derive(Debug, Clone, Copy)]
pub struct Groups {
    pub groups: usize,
    pub input: [usize; 3],
    pub output: [usize; 3],
}

/// Cross-correlation of `x` `[samples, channels, height, width]` with `w` `[out, in/groups, kernel height, kernel width]`,
/// one group at a time: by tiles, directly, or as a matrix product over unfolded patches.
#[must_use]
pub fn convolve(
    x: &[f32],
    samples: usize,
    sizes: Groups,
    window: &Window,
    w: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let [image, result] = [sizes.input, sizes.output].map(|sides| sides.iter().product::<usize>());
    let mut y = to_write(samples * result);
    let work = y.len().saturating_mul(w.len() / sizes.output[0].max(1));
    in_parts(&mut y, result, 1, work, |first, y| {
        let samples = y.len() / result.max(1);
        convolve_some(&x[first * image..][..samples * image], y, sizes, window, w);
        add_to_planes(y, sizes.output[1] * sizes.output[2], bias);
    });
    y
}

/// As many samples as there are in `x` and `y`.
fn convolve_some(x: &[f32], y: &mut [f32], sizes: Groups, window: &Window, w: &[f32]) {
    let [ins, height, width] = sizes.input;
    let [outs, out_height, out_width] = sizes.output;
    let (ins, outs) = (ins / sizes.groups, outs / sizes.groups);
    let (patch, positions) = (ins * window.area(), out_height * out_width);
    let weights = w.chunks_exact(outs * patch);
    if Winograd::suits(ins, outs, window, [out_height, out_width]) {
        let samples = x.len() / (sizes.groups * ins * height * width);
        let mut convolution = Winograd::new(samples, [ins, height, width], outs, window);
        for (group, w) in weights.enumerate() {
            let (x, y) = (&x[group * ins * height * width..], &mut y[group * outs * positions..]);
            convolution.apply(x, w, y, sizes.groups);
        }
        return;
    }
    let images = x.chunks_exact(ins * height * width);
    let results = y.chunks_exact_mut(outs * positions);
    if window.stride == [1, 1] && window.area() > 1 {
        let mut convolution = Convolution::new([ins, height, width], outs, window);
        let arranged: Vec<_> = weights.map(|w| convolution.arrange(w)).collect();
        for ((image, w), y) in images.zip(arranged.iter().cycle()).zip(results) {
            convolution.apply(image, w, y);
        }
        return;
    }
    let mut unfolded = vec![0.0; if window.is_point() { 0 } else { patch * positions }];
    for ((image, w), y) in images.zip(weights.cycle()).zip(results) {
        let columns = if window.is_point() {
            image
        } else {
            let out = [out_height, out_width];
            dispatch(
                #[inline(always)]
                || unfold(image, [height, width], window, out, &mut unfolded),
            );
            &unfolded
        };
        let y = MatMut::from_row_major_slice_mut(y, outs, positions);
        let w = MatRef::from_row_major_slice(w, outs, patch);
        matmul(y, Accum::Replace, w, MatRef::from_row_major_slice(columns, patch, positions), 1.0f32, Par::Seq);
    }
}

/// Numbers that [`convolve`] holds at the most, but for its inputs, weights and outputs.
#[must_use]
pub fn workspace(sizes: Groups, window: &Window) -> u128 {
    let ([ins, ..], [outs, height, width]) = (sizes.input, sizes.output);
    let (ins, outs) = (ins / sizes.groups, outs / sizes.groups);
    if Winograd::suits(ins, outs, window, [height, width]) {
        return Winograd::workspace(ins as u128, outs as u128);
    }
    [ins, window.area(), height, width].iter().fold(1, |product: u128, n| product.saturating_mul(*n as u128))
}

pub(super) fn add_to_planes(y: &mut [f32], positions: usize, bias: Option<&[f32]>) {
    if let Some(bias) = bias {
        for (plane, b) in y.chunks_exact_mut(positions).zip(bias.iter().cycle()) {
            plane.iter_mut().for_each(|y| *y += b);
        }
    }
}

/// The elements 0, 2, 4 and so on.
#[inline(always)]
fn every_second(from: &[f32], to: &mut [f32]) {
    let (pairs, last) = from.as_chunks::<2>();
    let whole = to.len().min(pairs.len());
    for (to, pair) in to.iter_mut().zip(pairs) {
        *to = pair[0];
    }
    for (to, from) in to[whole..].iter_mut().zip(last) {
        *to = *from;
    }
}

/// The patches under the window as a `[in x kernel height x kernel width, positions]` matrix, zeros outside the image.
#[inline(always)]
fn unfold(image: &[f32], sides: [usize; 2], window: &Window, out: [usize; 2], unfolded: &mut [f32]) {
    let [height, width] = sides;
    let ([above, left], [down, step]) = (window.pads.map(|pads| pads.0), window.stride);
    for (at, rows) in unfolded.chunks_exact_mut(out[0] * out[1]).enumerate() {
        let plane = &image[at / window.area() * height * width..][..height * width];
        let tap = at % window.area();
        let dy = tap / window.kernel[1] * window.dilation[0];
        let dx = tap % window.kernel[1] * window.dilation[1];
        // Output columns whose tap falls into the image.
        let first = left.saturating_sub(dx).div_ceil(step).min(out[1]);
        let end = (width + left).saturating_sub(dx).div_ceil(step).clamp(first, out[1]);
        for (row, line) in rows.chunks_exact_mut(out[1]).enumerate() {
            let y = row * down + dy;
            if y < above || y - above >= height {
                line.fill(0.0);
                continue;
            }
            line[..first].fill(0.0);
            line[end..].fill(0.0);
            if first == end {
                continue;
            }
            let source = &plane[(y - above) * width..][first * step + dx - left..width];
            match step {
                1 => line[first..end].copy_from_slice(&source[..end - first]),
                2 => every_second(source, &mut line[first..end]),
                _ => line[first..end].iter_mut().zip(source.iter().step_by(step)).for_each(|(to, from)| *to = *from),
            }
        }
    }
}
