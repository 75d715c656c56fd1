//! Normalizations.

use candle_core::{Device, Result, Tensor};

use super::tensors::with_elements;

/// PyTorch's epsilon of all normalizations.
pub const EPSILON: f64 = 1e-5;

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

/// (x - mean)/sqrt(variance + 1e-5) weight + bias, with a mean and a variance of every channel.
///
/// # Errors
/// If the tensors do not fit.
pub fn normalize_by(
    input: &Tensor,
    (mean, variance): (&Tensor, &Tensor),
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let mut channels = vec![1; input.rank()];
    channels[1] = input.dim(1)?;
    let along = |tensor: &Tensor| tensor.reshape(channels.as_slice());
    let centred = input.broadcast_sub(&along(mean)?)?;
    let mut output = centred.broadcast_div(&(along(variance)? + EPSILON)?.sqrt()?)?;
    if let Some(weight) = weight {
        output = output.broadcast_mul(&along(weight)?)?;
    }
    match bias {
        Some(bias) => output.broadcast_add(&along(bias)?),
        None => Ok(output),
    }
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
