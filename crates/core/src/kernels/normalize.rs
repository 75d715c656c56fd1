//! Normalizations.

use candle_core::{Device, Result, Tensor, bail};

use pulp::{Simd, WithSimd};

use super::lanes::{squares_about, sum};
use super::tensors::{Source, for_each_run};
use crate::dispatch::dispatch;

/// PyTorch's epsilon of all normalizations.
pub const EPSILON: f64 = 1e-5;

/// PyTorch's epsilon of `nn.RMSNorm`: that of single precision.
pub const RMS_EPSILON: f64 = f32::EPSILON as f64;

/// Over which elements a normalization takes its statistics.
#[derive(Debug, Clone, Copy)]
pub enum Statistics {
    /// One channel over the first samples, as many as given or all: batch norm in training mode.
    Channel(Option<usize>),
    /// One sample, its channels in this many groups; weight and bias by channel.
    Groups(usize),
    /// One sample; weight and bias by element.
    Sample,
    /// The last axis of `[..., features]`; weight and bias by feature.
    Features,
    /// The channels of `[samples, channels, ...]` at one position; weight and bias by channel.
    Position,
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
pub fn normalize_by<'a>(
    input: impl Into<Source<'a>>,
    moments: (&Tensor, &Tensor),
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    normalize_by_with(EPSILON, input, moments, weight, bias)
}

/// [`normalize_by`] with another epsilon.
///
/// # Errors
/// If the tensors do not fit.
pub fn normalize_by_with<'a>(
    epsilon: f64,
    input: impl Into<Source<'a>>,
    (mean, variance): (&Tensor, &Tensor),
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let input = input.into();
    let (samples, channels) = samples_and_channels(input)?;
    let by_channel = |tensor: &Tensor| {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        if values.len() == channels { Ok(values) } else { bail!("{} numbers for {channels} channels", values.len()) }
    };
    let deviation = |variance: &f32| (variance + epsilon as f32).sqrt();
    let (mean, deviations) = (by_channel(mean)?, by_channel(variance)?.iter().map(deviation).collect::<Vec<_>>());
    let (weight, bias) = (weight.map(by_channel).transpose()?, bias.map(by_channel).transpose()?);
    let mut data = input.elements()?;
    let positions = data.len() / (samples * channels).max(1);
    for (channel, run) in (0..channels).cycle().zip(data.chunks_exact_mut(positions.max(1))) {
        let (mean, deviation) = (mean[channel], deviations[channel]);
        let weight = weight.as_ref().map_or(1.0, |weight| weight[channel]);
        let bias = bias.as_ref().map_or(0.0, |bias| bias[channel]);
        run.iter_mut().for_each(|x| *x = (*x - mean) / deviation * weight + bias);
    }
    Tensor::from_vec(data, input.dims(), &Device::Cpu)
}

/// (x - mean)/sqrt(variance + 1e-5) weight + bias, with the biased variance.
///
/// # Errors
/// If the tensors do not fit.
pub fn normalize<'a>(
    input: impl Into<Source<'a>>,
    statistics: Statistics,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    normalize_with(EPSILON, input, statistics, weight, bias)
}

/// [`normalize`] with another epsilon.
///
/// # Errors
/// If the tensors do not fit.
pub fn normalize_with<'a>(
    epsilon: f64,
    input: impl Into<Source<'a>>,
    statistics: Statistics,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let input = input.into();
    let (samples, channels) = samples_and_channels(input)?;
    let mut data = input.elements()?;
    let per_sample = data.len() / samples.max(1);
    let per_channel = per_sample / channels.max(1);
    match statistics {
        Statistics::Channel(batch) => {
            let batch = batch.map_or(samples, |batch| batch.min(samples));
            for channel in 0..channels {
                let planes = (0..samples).map(|s| s * per_sample + channel * per_channel);
                let of_batch = planes.clone().take(batch);
                dispatch(Runs { data: &mut data, of: of_batch, starts: planes, length: per_channel, epsilon });
            }
        }
        Statistics::Groups(groups) => {
            let size = per_sample / groups;
            (0..samples * groups).for_each(|g| standardize(&mut data, g * size, size, epsilon));
        }
        Statistics::Sample => {
            (0..samples).for_each(|s| standardize(&mut data, s * per_sample, per_sample, epsilon));
        }
        Statistics::Features => {
            let features = input.dims().last().copied().unwrap_or(1);
            dispatch(Rows { data: &mut data, features, epsilon, is_rms: false });
        }
        Statistics::Position => {
            data.chunks_exact_mut(per_sample.max(1))
                .for_each(|sample| standardize_positions(sample, per_channel.max(1), epsilon));
        }
    }
    let run = match statistics {
        Statistics::Sample | Statistics::Features => 1,
        Statistics::Channel(_) | Statistics::Groups(_) | Statistics::Position => per_channel,
    };
    if let Some(weight) = weight {
        for_each_run(&mut data, weight, run, |x, w| *x *= w)?;
    }
    if let Some(bias) = bias {
        for_each_run(&mut data, bias, run, |x, b| *x += b)?;
    }
    Tensor::from_vec(data, input.dims(), &Device::Cpu)
}

/// x/sqrt(mean(x^2) + eps) over the last axis, times a weight by feature.
///
/// # Errors
/// If the tensors do not fit.
pub fn normalize_rms<'a>(input: impl Into<Source<'a>>, weight: Option<&Tensor>, eps: f64) -> Result<Tensor> {
    let input = input.into();
    let mut data = input.elements()?;
    dispatch(Rows { data: &mut data, features: input.dims().last().copied().unwrap_or(1), epsilon: eps, is_rms: true });
    if let Some(weight) = weight {
        for_each_run(&mut data, weight, 1, |x, w| *x *= w)?;
    }
    Tensor::from_vec(data, input.dims(), &Device::Cpu)
}

fn samples_and_channels(input: Source<'_>) -> Result<(usize, usize)> {
    match input.dims() {
        [samples, channels, ..] => Ok((*samples, *channels)),
        dims => bail!("{dims:?} are not samples of channels"),
    }
}

/// Rows that are each standardized.
struct Rows<'a> {
    data: &'a mut [f32],
    features: usize,
    epsilon: f64,
    /// Whether no mean is taken off.
    is_rms: bool,
}

impl WithSimd for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let size = self.features as f64;
        for row in self.data.chunks_exact_mut(self.features.max(1)) {
            let mean = if self.is_rms { 0.0 } else { sum(simd, row) / size };
            let variance = squares_about(simd, row, mean) / size;
            let scale = (variance + self.epsilon).sqrt().recip() as f32;
            shift_and_scale(simd, row, mean as f32, scale);
        }
    }
}

/// Standardizes the channels at every position of a sample, `positions` elements apart.
fn standardize_positions(sample: &mut [f32], positions: usize, epsilon: f64) {
    let zeros = vec![0.0; positions];
    let means = position_means(sample, &zeros, |x, _| x);
    let variances = position_means(sample, &means, |x, mean| (x - mean).powi(2));
    let scales: Vec<_> =
        means.iter().zip(variances).map(|(m, v)| (*m as f32, (v + epsilon).sqrt().recip() as f32)).collect();
    for plane in sample.chunks_exact_mut(positions) {
        plane.iter_mut().zip(&scales).for_each(|(x, (mean, scale))| *x = (*x - mean) * scale);
    }
}

/// Over the channels at every position, the mean of `value` of an element and what `given` has for its position.
fn position_means(sample: &[f32], given: &[f64], value: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let mut sums = vec![0.0; given.len()];
    for plane in sample.chunks_exact(given.len()) {
        for ((sum, given), x) in sums.iter_mut().zip(given).zip(plane) {
            *sum += value(f64::from(*x), *given);
        }
    }
    let channels = (sample.len() / given.len()) as f64;
    sums.iter_mut().for_each(|sum| *sum /= channels);
    sums
}

/// Standardizes the run of `length` elements that starts at `start`.
fn standardize(data: &mut [f32], start: usize, length: usize, epsilon: f64) {
    let starts = std::iter::once(start);
    dispatch(Runs { data, of: starts.clone(), starts, length, epsilon });
}

/// Runs that are standardized together.
struct Runs<'a, Of, I> {
    data: &'a mut [f32],
    /// Where those start whose mean and variance count.
    of: Of,
    starts: I,
    length: usize,
    epsilon: f64,
}

impl<Of: Iterator<Item = usize> + Clone, I: Iterator<Item = usize>> WithSimd for Runs<'_, Of, I> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { data, of, starts, length, epsilon } = self;
        let (mut count, mut total) = (0.0, 0.0);
        for start in of.clone() {
            total += sum(simd, &data[start..start + length]);
            count += length as f64;
        }
        let mean = total / count;
        let mut squares = 0.0;
        for start in of {
            squares += squares_about(simd, &data[start..start + length], mean);
        }
        let (mean, scale) = (mean as f32, (squares / count + epsilon).sqrt().recip() as f32);
        for start in starts {
            shift_and_scale(simd, &mut data[start..start + length], mean, scale);
        }
    }
}

/// (x - mean) scale
#[inline(always)]
fn shift_and_scale<S: Simd>(simd: S, run: &mut [f32], mean: f32, scale: f32) {
    let (vectors, rest) = S::as_mut_simd_f32s(run);
    let (means, scales) = (simd.splat_f32s(mean), simd.splat_f32s(scale));
    for x in vectors {
        *x = simd.mul_f32s(simd.sub_f32s(*x, means), scales);
    }
    for x in rest {
        *x = (*x - mean) * scale;
    }
}
