//! Normalizations.

use candle_core::{Result, Tensor, WithDType, bail};

use super::function::{Float, Function, apply1, apply3, real, with_elements};
use crate::kernels::{EPSILON, Statistics};

/// (x - mean)/sqrt(variance + 1e-5), with the biased variance of each group of elements.
///
/// # Errors
/// Those of candle.
pub fn standardize(input: &Tensor, statistics: Statistics) -> Result<Tensor> {
    standardize_with(EPSILON, input, statistics)
}

/// [`standardize`] with another epsilon.
///
/// # Errors
/// Those of candle.
pub fn standardize_with(epsilon: f64, input: &Tensor, statistics: Statistics) -> Result<Tensor> {
    apply1(Standardize { groups: Groups::of(input.dims(), statistics), epsilon, is_rms: false }, input)
}

/// x/sqrt(mean(x^2) + eps) over the last axis.
///
/// # Errors
/// Those of candle.
pub fn standardize_rms(input: &Tensor, eps: f64) -> Result<Tensor> {
    apply1(Standardize { groups: Groups::of(input.dims(), Statistics::Features), epsilon: eps, is_rms: true }, input)
}

/// x weight + bias, where `run` elements in a row share a weight.
///
/// # Errors
/// Those of candle.
pub fn affine(input: &Tensor, weight: &Tensor, bias: &Tensor, run: usize) -> Result<Tensor> {
    apply3(Affine { run: run.max(1) }, input, weight, bias)
}

/// Mean and biased variance of every channel, and how many elements it has.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    pub mean: Vec<f64>,
    pub variance: Vec<f64>,
    pub count: usize,
}

/// The moments of the channels of `[samples, channels, ...]` over the whole batch.
///
/// # Errors
/// If the tensor is not of single or double precision.
pub fn batch_moments(input: &Tensor) -> Result<Moments> {
    let groups = Groups::of(input.dims(), Statistics::Channel(None));
    match input.dtype() {
        candle_core::DType::F32 => with_elements::<f32, _>(input, |x| groups.moments(x)),
        candle_core::DType::F64 => with_elements::<f64, _>(input, |x| groups.moments(x)),
        other => bail!("no moments of {other:?}"),
    }
}

/// (x - mean)/sqrt(variance + 1e-5) by given moments of the channels; not differentiable.
///
/// # Errors
/// Those of candle.
pub fn standardize_by(input: &Tensor, moments: &Moments) -> Result<Tensor> {
    standardize_by_with(EPSILON, input, moments)
}

/// [`standardize_by`] with another epsilon.
///
/// # Errors
/// Those of candle.
pub fn standardize_by_with(epsilon: f64, input: &Tensor, moments: &Moments) -> Result<Tensor> {
    let dims: Vec<_> = input.dims().iter().enumerate().map(|(i, d)| if i == 1 { *d } else { 1 }).collect();
    let column = |values: Vec<f64>| {
        Tensor::from_vec(values, dims.as_slice(), input.device())?.to_dtype(input.dtype())?.broadcast_as(input.shape())
    };
    let scale = moments.variance.iter().map(|v| (v + epsilon).sqrt().recip()).collect();
    (input - column(moments.mean.clone())?)? * column(scale)?
}

/// The elements that are standardized together.
struct Groups {
    count: usize,
    /// Runs of elements that a group has, and their length.
    runs: usize,
    length: usize,
    /// From a group's first run to the next.
    stride: usize,
    /// Groups whose runs take turns, and from their first to the first of the next such groups.
    together: usize,
    block: usize,
}

impl Groups {
    fn of(dims: &[usize], statistics: Statistics) -> Self {
        let samples = dims.first().copied().unwrap_or(1);
        let channels = dims.get(1).copied().unwrap_or(1);
        let per_sample: usize = dims.iter().skip(1).product();
        let positions = per_sample / channels.max(1);
        let single = |count: usize, length| Self { count, runs: 1, length, stride: length, together: 1, block: length };
        match statistics {
            Statistics::Channel(_) => Self {
                count: channels,
                runs: samples,
                length: positions,
                stride: per_sample,
                together: channels.max(1),
                block: 0,
            },
            Statistics::Groups(groups) => single(samples * groups, per_sample / groups.max(1)),
            Statistics::Sample => single(samples, per_sample),
            Statistics::Features => {
                let features = dims.last().copied().unwrap_or(1);
                single(samples * per_sample / features.max(1), features)
            }
            Statistics::Position => Self {
                count: samples * positions,
                runs: channels,
                length: 1,
                stride: positions,
                together: positions.max(1),
                block: per_sample,
            },
        }
    }

    fn size(&self) -> f64 {
        (self.runs * self.length) as f64
    }

    /// The ranges of a group's elements.
    fn ranges(&self, group: usize) -> impl Iterator<Item = std::ops::Range<usize>> + Clone {
        let (length, stride) = (self.length, self.stride);
        let first = group / self.together * self.block + group % self.together * length;
        (0..self.runs).map(move |run| first + run * stride..first + run * stride + length)
    }

    fn mean(&self, group: usize, value: impl Fn(usize) -> f64) -> f64 {
        self.ranges(group).flatten().map(value).sum::<f64>() / self.size()
    }

    fn moments_of<T: Float>(&self, group: usize, x: &[T]) -> (f64, f64) {
        let mean = self.mean(group, |i| WithDType::to_f64(x[i]));
        (mean, self.mean(group, |i| (WithDType::to_f64(x[i]) - mean).powi(2)))
    }

    fn moments<T: Float>(&self, x: &[T]) -> Moments {
        let (mean, variance) = (0..self.count).map(|group| self.moments_of(group, x)).unzip();
        Moments { mean, variance, count: self.runs * self.length }
    }
}

struct Standardize {
    groups: Groups,
    epsilon: f64,
    /// Whether the mean of the squares takes the place of mean and variance.
    is_rms: bool,
}

impl Standardize {
    /// The mean that is taken off, and what is multiplied with.
    fn moves<T: Float>(&self, group: usize, x: &[T]) -> (f64, f64) {
        let (mean, variance) = match self.is_rms {
            true => (0.0, self.groups.mean(group, |i| WithDType::to_f64(x[i]).powi(2))),
            false => self.groups.moments_of(group, x),
        };
        (mean, (variance + self.epsilon).sqrt().recip())
    }
}

impl Function<1> for Standardize {
    const NAME: &'static str = "standardize";

    fn forward<T: Float>(&self, [x]: [&[T]; 1]) -> Vec<T> {
        let mut y = x.to_vec();
        for group in 0..self.groups.count {
            let (mean, scale) = self.moves(group, x);
            for range in self.groups.ranges(group) {
                y[range].iter_mut().for_each(|y| *y = real((WithDType::to_f64(*y) - mean) * scale));
            }
        }
        y
    }

    /// With y the result and s its scale: s (g - mean(g) - y mean(g y)), and without mean(g) where no mean is taken off.
    fn backward<T: Float>(&self, [x]: [&[T]; 1], y: &[T], g: &[T], _: [bool; 1]) -> [Option<Vec<T>>; 1] {
        let mut by_input = vec![T::zero(); x.len()];
        for group in 0..self.groups.count {
            let scale = self.moves(group, x).1;
            let mean = match self.is_rms {
                true => 0.0,
                false => self.groups.mean(group, |i| WithDType::to_f64(g[i])),
            };
            let along = self.groups.mean(group, |i| WithDType::to_f64(g[i]) * WithDType::to_f64(y[i]));
            for i in self.groups.ranges(group).flatten() {
                by_input[i] = real(scale * (WithDType::to_f64(g[i]) - mean - WithDType::to_f64(y[i]) * along));
            }
        }
        [Some(by_input)]
    }
}

struct Affine {
    run: usize,
}

impl Function<3> for Affine {
    const NAME: &'static str = "affine";

    fn forward<T: Float>(&self, [x, w, b]: [&[T]; 3]) -> Vec<T> {
        let mut y = x.to_vec();
        for (run, (w, b)) in y.chunks_exact_mut(self.run).zip(w.iter().zip(b).cycle()) {
            run.iter_mut().for_each(|y| *y = *y * *w + *b);
        }
        y
    }

    fn backward<T: Float>(&self, [x, w, _]: [&[T]; 3], _: &[T], g: &[T], _: [bool; 3]) -> [Option<Vec<T>>; 3] {
        let mut by_input = g.to_vec();
        let (mut by_weight, mut by_bias) = (vec![T::zero(); w.len()], vec![T::zero(); w.len()]);
        let runs = by_input.chunks_exact_mut(self.run).zip(x.chunks_exact(self.run));
        for (place, (run, x)) in runs.enumerate() {
            let at = place % w.len();
            for (g, x) in run.iter_mut().zip(x) {
                by_weight[at] += *g * *x;
                by_bias[at] += *g;
                *g *= w[at];
            }
        }
        [Some(by_input), Some(by_weight), Some(by_bias)]
    }
}

/// How much of a new batch's moments goes into the running ones, as in PyTorch.
const MOMENTUM: f64 = 0.1;

impl Moments {
    /// Those that PyTorch starts from.
    #[must_use]
    pub fn untrained(channels: usize) -> Self {
        Self { mean: vec![0.0; channels], variance: vec![1.0; channels], count: 0 }
    }

    /// Moves running moments towards those of a batch; the running variance is unbiased, as in PyTorch.
    pub fn follow(&mut self, batch: &Self) {
        let n = batch.count as f64;
        let unbiased = if n > 1.0 { n / (n - 1.0) } else { 1.0 };
        let blend = |old: &mut Vec<f64>, new: &[f64], factor: f64| {
            old.iter_mut().zip(new).for_each(|(old, new)| *old += MOMENTUM * (factor * new - *old));
        };
        blend(&mut self.mean, &batch.mean, 1.0);
        blend(&mut self.variance, &batch.variance, unbiased);
        self.count += 1;
    }
}
