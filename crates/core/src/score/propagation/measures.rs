//! What is measured of the samples that pass and of their twins.

use pulp::{Simd, WithSimd};

use super::layer_signal::LayerSignal;
use crate::activation::Activation;
use crate::dispatch::dispatch;
use crate::kernels::lanes::{Doubles, SIDE_BY_SIDE, doubles, first, in_order, nothing, total, vectors};
use crate::random::Key;

/// An activation is flat where the absolute value of its derivative is less,
const FLAT: f64 = 0.05;
/// ... and saturated where it is flat at x and at -x with |x| greater than this: rectifiers are not.
const AWAY_FROM_ZERO: f64 = 1.0;
/// Inputs of an activation that are looked at for saturation, about.
const SATURATION_INPUTS: usize = 1024;

/// Uniform noise for every value, `relative` to their root mean square.
pub(super) fn noise(key: Key, relative: f64, values: &[f32]) -> Vec<f32> {
    noise_for(values.len(), key, relative, root_mean_square(values))
}

/// Uniform noise for as many values, `relative` to a root mean square.
pub(super) fn noise_for(values: usize, key: Key, relative: f64, size: f64) -> Vec<f32> {
    // The variance of U(-1, 1) is 1/3.
    let scale = (relative * 3f64.sqrt() * size).max(f64::from(f32::MIN_POSITIVE)) as f32;
    key.symmetric_uniforms(values).into_iter().map(|u| u * scale).collect()
}

pub(super) fn root_mean_square(values: &[f32]) -> f64 {
    (values.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / values.len().max(1) as f64).sqrt()
}

/// The share among evenly spread inputs: their number is bounded, since derivatives are dear.
pub(super) fn saturated_share(inputs: &[f32], activation: &Activation) -> f64 {
    let derivative = activation.derivatives();
    let flat = |x: f64| derivative(x).abs() < FLAT;
    // First where rectifiers are not.
    let saturated = |x: f64| x.abs() > AWAY_FROM_ZERO && flat(x.abs()) && flat(-x.abs());
    // Of rectifiers, one derivative stands for all on its side.
    if activation.entry().homogeneity == Some(1) && !saturated(2.0 * AWAY_FROM_ZERO) {
        return 0.0;
    }
    // An odd step does not stay with a few of 2^k units.
    let step = (inputs.len() / SATURATION_INPUTS) | 1;
    let count = inputs.iter().step_by(step).filter(|x| saturated(f64::from(**x))).count();
    count as f64 / inputs.len().div_ceil(step).max(1) as f64
}

/// The outputs of the samples that are looked at, and of the twins of the first of them, as far as these are there.
pub(super) struct Parts<'y> {
    pub clean: &'y [f32],
    pub at_input: &'y [f32],
    pub at_layer: &'y [f32],
    /// Of each.
    pub units: usize,
}

/// The signals in the outputs.
pub(super) fn signal(parts: &Parts<'_>, saturated: Option<f64>) -> LayerSignal {
    let (clean, perturbed, units) = (parts.clean, parts.at_input, parts.units.max(1));
    let twins = (perturbed.len() / units).max(1);
    let (squares, deviations, changes) = if let Some(four) = Four::of(parts) {
        let [squares, deviations, change] = dispatch(four);
        (squares, deviations, vec![change])
    } else {
        let [squares, deviations] = dispatch(Moments { clean, units });
        let pairs = clean.chunks_exact(units).zip(perturbed.chunks_exact(units));
        (squares, deviations, pairs.map(|(a, b)| squared_distance(a, b)).collect())
    };
    let typical = changes.iter().map(|change| ln_root(change / units as f64)).sum::<f64>();
    LayerSignal {
        ln_size: ln_root(squares / clean.len() as f64),
        ln_spread: ln_root(deviations / clean.len() as f64),
        ln_perturbation: ln_root(changes.iter().sum::<f64>() / perturbed.len() as f64),
        ln_typical_perturbation: typical / twins as f64,
        ln_gradient: None,
        saturated,
    }
}

/// The sum of the squares of samples, and that of what is left without their mean.
struct Moments<'y> {
    clean: &'y [f32],
    /// Of each sample.
    units: usize,
}

impl WithSimd for Moments<'_> {
    type Output = [f64; 2];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f64; 2] {
        let samples = simd.splat_f64s((self.clean.len() / self.units).max(1) as f64);
        let (mut squares, mut deviations) = (nothing(simd), nothing(simd));
        // All samples of a few units, while these are near.
        for from in (0..self.units).step_by(SIDE_BY_SIDE) {
            let count = SIDE_BY_SIDE.min(self.units - from);
            let mut means = nothing(simd);
            let mut start = from;
            while start < self.clean.len() {
                let y = doubles(simd, &first(&self.clean[start..start + count]));
                for v in 0..vectors::<S>() {
                    means[v] = simd.add_f64s(means[v], y[v]);
                    squares[v] = simd.mul_add_e_f64s(y[v], y[v], squares[v]);
                }
                start += self.units;
            }
            for mean in &mut means[..vectors::<S>()] {
                *mean = simd.div_f64s(*mean, samples);
            }
            let means = rounded(simd, &means);
            let mut start = from;
            while start < self.clean.len() {
                let y = doubles(simd, &first(&self.clean[start..start + count]));
                for v in 0..vectors::<S>() {
                    let deviation = simd.sub_f64s(y[v], means[v]);
                    deviations[v] = simd.mul_add_e_f64s(deviation, deviation, deviations[v]);
                }
                start += self.units;
            }
        }
        [total::<S>(&squares), total::<S>(&deviations)]
    }
}

/// As many samples as are looked at of images and tokens, the first with a twin: read once, they are all measured.
struct Four<'y> {
    clean: [&'y [f32]; 4],
    twin: &'y [f32],
}

impl<'y> Four<'y> {
    fn of(parts: &Parts<'y>) -> Option<Self> {
        let units = parts.units.max(1);
        let mut clean = parts.clean.chunks_exact(units);
        let four = [clean.next()?, clean.next()?, clean.next()?, clean.next()?];
        (clean.next().is_none() && parts.at_input.len() == units).then_some(Self { clean: four, twin: parts.at_input })
    }
}

/// The sums of [`Moments`], and [`squared_distance`] of the twin, to the last bit.
impl WithSimd for Four<'_> {
    type Output = [f64; 3];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f64; 3] {
        let count = simd.splat_f64s(4.0);
        let (mut squares, mut deviations, mut changes) = (nothing(simd), nothing(simd), nothing(simd));
        for from in (0..self.twin.len()).step_by(SIDE_BY_SIDE) {
            let mut samples = [nothing(simd); 4];
            for (sample, clean) in samples.iter_mut().zip(self.clean) {
                *sample = doubles(simd, &first(&clean[from..]));
            }
            let twin = doubles(simd, &first(&self.twin[from..]));
            let mut means = nothing(simd);
            for v in 0..vectors::<S>() {
                for sample in &samples {
                    means[v] = simd.add_f64s(means[v], sample[v]);
                    squares[v] = simd.mul_add_e_f64s(sample[v], sample[v], squares[v]);
                }
                means[v] = simd.div_f64s(means[v], count);
            }
            let means = rounded(simd, &means);
            for v in 0..vectors::<S>() {
                for sample in &samples {
                    let deviation = simd.sub_f64s(sample[v], means[v]);
                    deviations[v] = simd.mul_add_e_f64s(deviation, deviation, deviations[v]);
                }
                let change = simd.sub_f64s(twin[v], samples[0][v]);
                changes[v] = simd.mul_add_e_f64s(change, change, changes[v]);
            }
        }
        [total::<S>(&squares), total::<S>(&deviations), total::<S>(&changes)]
    }
}

/// To single precision, as samples are, so that what is the same in all differs from its mean by nothing.
#[inline(always)]
fn rounded<S: Simd>(simd: S, means: &Doubles<S>) -> Doubles<S> {
    let means = in_order::<S>(means);
    let mut single = [0.0; SIDE_BY_SIDE];
    for lane in 0..SIDE_BY_SIDE {
        single[lane] = means[lane] as f32;
    }
    doubles(simd, &single)
}

/// By sample, [`ln_difference`] of its twin that is perturbed at a layer; of one that is not there, that of none.
pub(super) fn differences(parts: &Parts<'_>) -> Vec<f64> {
    let units = parts.units.max(1);
    let mut twins = parts.at_layer.chunks_exact(units);
    parts.clean.chunks_exact(units).map(|sample| ln_difference(sample, twins.next().unwrap_or(sample))).collect()
}

/// ln of the root mean square of a - b.
pub(super) fn ln_difference(a: &[f32], b: &[f32]) -> f64 {
    ln_root(squared_distance(a, b) / a.len().max(1) as f64)
}

/// Sum of the squares of b - a.
fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    dispatch(SquaredDistance { a, b })
}

struct SquaredDistance<'y> {
    a: &'y [f32],
    b: &'y [f32],
}

impl WithSimd for SquaredDistance<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let Self { a, b } = self;
        let mut sums = nothing(simd);
        for from in (0..a.len()).step_by(SIDE_BY_SIDE) {
            let (a, b) = (doubles(simd, &first(&a[from..])), doubles(simd, &first(&b[from..])));
            for v in 0..vectors::<S>() {
                let difference = simd.sub_f64s(b[v], a[v]);
                sums[v] = simd.mul_add_e_f64s(difference, difference, sums[v]);
            }
        }
        total::<S>(&sums)
    }
}

/// Half the logarithm, kept within those of what single precision can hold, so that what vanished and what overflowed can
/// be averaged and written.
pub(super) fn ln_root(mean_square: f64) -> f64 {
    let limit = f64::from(f32::MAX).ln();
    let ln = 0.5 * mean_square.ln();
    if ln.is_nan() { limit } else { ln.clamp(-limit, limit) }
}
