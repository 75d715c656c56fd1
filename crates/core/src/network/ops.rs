//! The arithmetic of layers on one core, in single precision.
//!
//! Everything here runs on the calling thread: scores run side by side, so a layer must not spread over cores, and its
//! sums must not depend on how many there are.

mod convolution;

use candle_core::{Device, Result, Storage, Tensor, bail};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use convolution::Convolution;

use super::{Activation, Conv2d, Module, Op, Pool, Shape, Softmax};

/// PyTorch's epsilon of all normalizations.
const EPSILON: f64 = 1e-5;

/// Calls `f` with the elements of a tensor in row-major order.
///
/// # Errors
/// If the tensor is not of single precision or does not live on the CPU.
pub fn with_elements<R>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { bail!("the tensor is not on the CPU") };
    let (start, end) = layout.contiguous_offsets().unwrap_or((0, 0));
    Ok(f(&storage.as_slice::<f32>()?[start..end]))
}

/// A tensor of `samples` samples of `shape`.
fn batch(data: Vec<f32>, samples: usize, shape: &Shape) -> Result<Tensor> {
    let dims: Vec<_> = std::iter::once(samples).chain(shape.0.iter().copied()).collect();
    Tensor::from_vec(data, dims, &Device::Cpu)
}

/// A linear or convolution module: input `[samples, ...]`, weight as PyTorch shapes it.
///
/// # Errors
/// If the module is of another kind or the tensors do not fit it.
pub fn weighted(module: &Module, input: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let samples = input.dim(0)?;
    let bias = bias.map(Tensor::to_vec1::<f32>).transpose()?;
    let output = with_elements(input, |x| {
        with_elements(weight, |w| match &module.op {
            Op::Linear { .. } => Ok(linear(x, samples, w, bias.as_deref(), module.output.width())),
            Op::Conv2d(conv) => Ok(conv2d(x, samples, module, conv, w, bias.as_deref())),
            _ => bail!("layer {} has no drawn weight", module.name),
        })
    })???;
    batch(output, samples, &module.output)
}

/// x W^T + b for x `[samples x in]` and W `[out x in]`.
fn linear(x: &[f32], samples: usize, w: &[f32], bias: Option<&[f32]>, out: usize) -> Vec<f32> {
    let features = w.len() / out;
    let mut y = vec![0.0; samples * out];
    let x = MatRef::from_row_major_slice(x, samples, features);
    let w = MatRef::from_row_major_slice(w, out, features);
    let product = MatMut::from_row_major_slice_mut(&mut y, samples, out);
    matmul(product, Accum::Replace, x, w.transpose(), 1.0f32, Par::Seq);
    if let Some(bias) = bias {
        for row in y.chunks_exact_mut(out) {
            for (y, b) in row.iter_mut().zip(bias) {
                *y += b;
            }
        }
    }
    y
}

/// Cross-correlation, one sample and one group at a time: directly, or as a matrix product over unfolded patches.
fn conv2d(x: &[f32], samples: usize, module: &Module, conv: &Conv2d, w: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let [ins, height, width] = dims3(&module.input);
    let [outs, out_height, out_width] = dims3(&module.output);
    let (ins, outs_per_group) = (ins / conv.groups, outs / conv.groups);
    let (patch, positions) = (ins * conv.kernel * conv.kernel, out_height * out_width);
    let plain = conv.kernel == 1 && conv.stride == 1 && conv.pads() == (0, 0);
    let mut y = vec![0.0; samples * outs * positions];
    if conv.stride == 1 && conv.kernel > 1 {
        let dims = [ins, height, width];
        let mut convolution = Convolution::new(dims, outs_per_group, conv.kernel, conv.dilation, conv.pads());
        let arranged: Vec<_> = w.chunks_exact(outs_per_group * patch).map(|w| convolution.arrange(w)).collect();
        let images = x.chunks_exact(ins * height * width).zip(arranged.iter().cycle());
        for ((image, w), y) in images.zip(y.chunks_exact_mut(outs_per_group * positions)) {
            convolution.apply(image, w, y);
        }
        add_to_planes(&mut y, positions, bias);
        return y;
    }
    let mut unfolded = vec![0.0; if plain { 0 } else { patch * positions }];
    let images = x.chunks_exact(ins * height * width);
    let weights = w.chunks_exact(outs_per_group * patch).cycle();
    for ((image, w), y) in images.zip(weights).zip(y.chunks_exact_mut(outs_per_group * positions)) {
        let columns = if plain {
            image
        } else {
            unfold(image, [ins, height, width], conv, [out_height, out_width], &mut unfolded);
            &unfolded
        };
        matmul(
            MatMut::from_row_major_slice_mut(y, outs_per_group, positions),
            Accum::Replace,
            MatRef::from_row_major_slice(w, outs_per_group, patch),
            MatRef::from_row_major_slice(columns, patch, positions),
            1.0f32,
            Par::Seq,
        );
    }
    add_to_planes(&mut y, positions, bias);
    y
}

fn add_to_planes(y: &mut [f32], positions: usize, bias: Option<&[f32]>) {
    if let Some(bias) = bias {
        for (plane, b) in y.chunks_exact_mut(positions).zip(bias.iter().cycle()) {
            plane.iter_mut().for_each(|y| *y += b);
        }
    }
}

/// The patches under the kernel as a `[in x kernel x kernel, positions]` matrix, zeros outside the image.
fn unfold(image: &[f32], dims: [usize; 3], conv: &Conv2d, out: [usize; 2], unfolded: &mut [f32]) {
    let [_, height, width] = dims;
    let before = conv.pads().0;
    let taps = conv.kernel * conv.kernel;
    for (at, rows) in unfolded.chunks_exact_mut(out[0] * out[1]).enumerate() {
        let plane = &image[at / taps * height * width..][..height * width];
        let (dy, dx) = (at % taps / conv.kernel * conv.dilation, at % conv.kernel * conv.dilation);
        // Output columns whose tap falls into the image.
        let first = before.saturating_sub(dx).div_ceil(conv.stride).min(out[1]);
        let end = (width + before).saturating_sub(dx).div_ceil(conv.stride).clamp(first, out[1]);
        for (row, line) in rows.chunks_exact_mut(out[1]).enumerate() {
            let y = row * conv.stride + dy;
            if y < before || y - before >= height {
                line.fill(0.0);
                continue;
            }
            line[..first].fill(0.0);
            line[end..].fill(0.0);
            if first == end {
                continue;
            }
            let source = &plane[(y - before) * width..][first * conv.stride + dx - before..width];
            if conv.stride == 1 {
                line[first..end].copy_from_slice(&source[..end - first]);
            } else {
                for (to, from) in line[first..end].iter_mut().zip(source.iter().step_by(conv.stride)) {
                    *to = *from;
                }
            }
        }
    }
}

fn dims3(shape: &Shape) -> [usize; 3] {
    [0, 1, 2].map(|i| shape.0.get(i).copied().unwrap_or(1))
}

/// Applies an activation to every element; `slope` stands for the learned slope of PReLU.
///
/// # Errors
/// If the tensor is not of single precision on the CPU.
pub fn activate(input: &Tensor, activation: &Activation, slope: Option<f32>) -> Result<Tensor> {
    let apply = |block: &mut [f32]| match slope {
        Some(a) => block.iter_mut().for_each(|x| *x *= if *x < 0.0 { a } else { 1.0 }),
        None => activation.apply(block),
    };
    // Copied and applied block by block, while a block is in the nearest cache.
    let data = with_elements(input, |x| {
        let mut data = Vec::with_capacity(x.len());
        for block in x.chunks(4096) {
            let start = data.len();
            data.extend_from_slice(block);
            apply(&mut data[start..]);
        }
        data
    })?;
    Tensor::from_vec(data, input.dims(), &Device::Cpu)
}

/// Softmax, its logarithm or softmin over the features, or over the channels of an image.
///
/// # Errors
/// If the tensor is not of single precision on the CPU.
pub fn softmax(input: &Tensor, kind: Softmax) -> Result<Tensor> {
    match kind {
        Softmax::Softmax => candle_nn::ops::softmax(input, 1),
        Softmax::LogSoftmax => candle_nn::ops::log_softmax(input, 1),
        Softmax::Softmin => candle_nn::ops::softmax(&input.neg()?, 1),
    }
}

/// Over which elements a normalization takes its statistics.
#[derive(Debug, Clone, Copy)]
pub enum Statistics {
    /// One channel over the whole batch: batch norm in training mode.
    Channel,
    /// One sample, its channels in this many groups; weight and bias by channel.
    Groups(usize),
    /// One sample; weight and bias by element.
    Sample,
}

/// Batch norm with the running statistics of an untrained network: x/sqrt(1 + 1e-5).
///
/// # Errors
/// Those of tensors.
pub fn normalize_untrained(input: &Tensor) -> Result<Tensor> {
    input / (1.0 + EPSILON).sqrt()
}

/// (x - mean)/sqrt(variance + 1e-5) weight + bias, with the biased variance.
///
/// # Errors
/// If the tensors do not fit.
pub fn normalize(
    input: &Tensor,
    statistics: Statistics,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let (samples, channels) = (input.dim(0)?, input.dim(1)?);
    let mut data = with_elements(input, <[f32]>::to_vec)?;
    let per_sample = data.len() / samples.max(1);
    let per_channel = per_sample / channels.max(1);
    match statistics {
        Statistics::Channel => {
            for channel in 0..channels {
                let planes = (0..samples).map(|s| s * per_sample + channel * per_channel);
                standardize(&mut data, planes, per_channel);
            }
        }
        Statistics::Groups(groups) => {
            let size = per_sample / groups;
            (0..samples * groups).for_each(|g| standardize(&mut data, std::iter::once(g * size), size));
        }
        Statistics::Sample => {
            (0..samples).for_each(|s| standardize(&mut data, std::iter::once(s * per_sample), per_sample));
        }
    }
    let run = if matches!(statistics, Statistics::Sample) { 1 } else { per_channel };
    let affine = |parameter: Option<&Tensor>, data: &mut [f32], f: fn(&mut f32, f32)| -> Result<()> {
        let Some(parameter) = parameter else { return Ok(()) };
        with_elements(parameter, |p| {
            for (run, p) in data.chunks_exact_mut(run.max(1)).zip(p.iter().cycle()) {
                run.iter_mut().for_each(|x| f(x, *p));
            }
        })
    };
    affine(weight, &mut data, |x, w| *x *= w)?;
    affine(bias, &mut data, |x, b| *x += b)?;
    Tensor::from_vec(data, input.dims(), &Device::Cpu)
}

/// Standardizes the runs of `length` elements that start at `starts`, together.
fn standardize(data: &mut [f32], starts: impl Iterator<Item = usize> + Clone, length: usize) {
    let (mut count, mut sum) = (0.0, 0.0);
    for start in starts.clone() {
        sum += data[start..start + length].iter().map(|x| f64::from(*x)).sum::<f64>();
        count += length as f64;
    }
    let mean = sum / count;
    let squares = |run: &[f32]| run.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>();
    let variance = starts.clone().map(|s| squares(&data[s..s + length])).sum::<f64>() / count;
    let (mean, scale) = (mean as f32, (variance + EPSILON).sqrt().recip() as f32);
    for start in starts {
        data[start..start + length].iter_mut().for_each(|x| *x = (*x - mean) * scale);
    }
}

/// The largest or the mean element under a sliding window.
///
/// # Errors
/// If the module is no pooling or the tensor does not fit it.
pub fn pool(module: &Module, input: &Tensor) -> Result<Tensor> {
    let (pool, is_max) = match &module.op {
        Op::MaxPool(pool) => (pool, true),
        Op::AvgPool(pool) => (pool, false),
        _ => bail!("layer {} is no pooling", module.name),
    };
    let samples = input.dim(0)?;
    let [_, height, width] = dims3(&module.input);
    let [_, out_height, out_width] = dims3(&module.output);
    let mut y = vec![0.0; samples * module.output.elements()];
    with_elements(input, |x| {
        let planes = x.chunks_exact(height * width).zip(y.chunks_exact_mut(out_height * out_width));
        let halves = is_max && pool.kernel == 2 && pool.stride == 2 && pool.padding == 0;
        for (plane, out) in planes {
            if halves {
                for (line, rows) in out.chunks_exact_mut(out_width).zip(plane.chunks_exact(2 * width)) {
                    largest_of_four(rows, width, line);
                }
                continue;
            }
            for (row, line) in out.chunks_exact_mut(out_width).enumerate() {
                let (top, bottom) = window(row, pool, height);
                for (column, y) in line.iter_mut().enumerate() {
                    let (left, right) = window(column, pool, width);
                    let rows = plane[top * width..bottom * width].chunks_exact(width);
                    let under = rows.flat_map(|row| &row[left..right]);
                    *y = if is_max {
                        // Not f32::max, which would hide a NaN.
                        under.fold(f32::NEG_INFINITY, |a, b| if a > *b { a } else { *b })
                    } else {
                        let area = if pool.count_include_pad {
                            padded_side(row, pool, height) * padded_side(column, pool, width)
                        } else {
                            (bottom - top) * (right - left)
                        };
                        under.sum::<f32>() / area as f32
                    };
                }
            }
        }
    })?;
    batch(y, samples, &module.output)
}

/// The largest under every window of 2 x 2 along two rows.
fn largest_of_four(rows: &[f32], width: usize, line: &mut [f32]) {
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let (top, bottom) = rows.split_at(width);
    for ((y, top), bottom) in line.iter_mut().zip(top.as_chunks::<2>().0).zip(bottom.as_chunks::<2>().0) {
        *y = larger(larger(larger(top[0], top[1]), bottom[0]), bottom[1]);
    }
}

/// The part of a window that lies within the side.
fn window(at: usize, pool: &Pool, side: usize) -> (usize, usize) {
    let start = at * pool.stride;
    (start.saturating_sub(pool.padding), (start + pool.kernel).saturating_sub(pool.padding).min(side))
}

/// The length of a window that lies within the padded side.
fn padded_side(at: usize, pool: &Pool, side: usize) -> usize {
    let start = at * pool.stride;
    (start + pool.kernel).min(side + 2 * pool.padding) - start
}

/// The mean of every channel: `[samples, channels, 1, 1]`.
///
/// # Errors
/// If the tensor is not of single precision on the CPU.
pub fn global_avg_pool(module: &Module, input: &Tensor) -> Result<Tensor> {
    let area = module.input.elements() / module.input.width().max(1);
    let means = with_elements(input, |x| {
        x.chunks_exact(area).map(|p| (p.iter().map(|x| f64::from(*x)).sum::<f64>() / area as f64) as f32).collect()
    })?;
    batch(means, input.dim(0)?, &module.output)
}

/// The standard deviation over all elements.
///
/// # Errors
/// If the tensor is not of single precision on the CPU.
pub fn standard_deviation(tensor: &Tensor) -> Result<f64> {
    with_elements(tensor, |x| {
        let n = x.len() as f64;
        let mean = x.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
        (x.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / n).sqrt()
    })
}

/// Concatenation along the channels, or the sum.
///
/// # Errors
/// If the shapes do not fit.
pub fn merge(how: super::Merge, branches: &[Tensor]) -> Result<Tensor> {
    match (how, branches) {
        (_, [one]) => Ok(one.clone()),
        (super::Merge::Concat, _) => Tensor::cat(branches, 1),
        (super::Merge::Sum, [first, rest @ ..]) => rest.iter().try_fold(first.clone(), |sum, t| sum + t),
        (super::Merge::Sum, []) => bail!("nothing to merge"),
    }
}

#[cfg(test)]
mod tests;
