//! What is measured of the samples that pass and of their twins.

use pulp::Arch;

use super::layer_signal::LayerSignal;
use crate::activation::Activation;
use crate::random::Key;

/// An activation is flat where the absolute value of its derivative is less,
const FLAT: f64 = 0.05;
/// ... and saturated where it is flat at x and at -x with |x| greater than this: rectifiers are not.
const AWAY_FROM_ZERO: f64 = 1.0;
/// Inputs of an activation that are looked at for saturation, about.
const SATURATION_INPUTS: usize = 4096;

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
    // An odd step does not stay with a few of 2^k units.
    let step = (inputs.len() / SATURATION_INPUTS) | 1;
    let count = inputs.iter().step_by(step).filter(|x| saturated(f64::from(**x))).count();
    count as f64 / inputs.len().div_ceil(step).max(1) as f64
}

/// The outputs of the samples that are looked at, and of the twins of the first of them.
pub(super) struct Parts<'y> {
    pub clean: &'y [f32],
    pub at_input: &'y [f32],
    pub at_layer: &'y [f32],
    /// Of each.
    pub units: usize,
}

/// The signals in the outputs.
pub(super) fn signal(parts: &Parts<'_>, saturated: Option<f64>) -> LayerSignal {
    Arch::new().dispatch(|| measured(parts, saturated))
}

#[inline(always)]
fn measured(parts: &Parts<'_>, saturated: Option<f64>) -> LayerSignal {
    let (clean, perturbed, units) = (parts.clean, parts.at_input, parts.units.max(1));
    let (samples, twins) = ((clean.len() / units).max(1), (perturbed.len() / units).max(1));
    let mut means = vec![0.0f64; units];
    for row in clean.chunks_exact(units) {
        means.iter_mut().zip(row).for_each(|(mean, y)| *mean += f64::from(*y));
    }
    let means: Vec<f32> = means.iter().map(|sum| (sum / samples as f64) as f32).collect();
    let zeros = vec![0.0; units];
    let (mut squares, mut deviations) = (0.0, 0.0);
    for row in clean.chunks_exact(units) {
        squares += squared_distance(&zeros, row);
        deviations += squared_distance(&means, row);
    }
    let mut changes = Vec::with_capacity(twins);
    for (a, b) in clean.chunks_exact(units).zip(perturbed.chunks_exact(units)) {
        changes.push(squared_distance(a, b));
    }
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

/// By twin that is perturbed at a layer, [`ln_difference`] to its sample.
pub(super) fn differences(parts: &Parts<'_>) -> Vec<f64> {
    let (samples, twins) =
        (parts.clean.chunks_exact(parts.units.max(1)), parts.at_layer.chunks_exact(parts.units.max(1)));
    samples.zip(twins).map(|(sample, twin)| ln_difference(sample, twin)).collect()
}

/// ln of the root mean square of a - b.
pub(super) fn ln_difference(a: &[f32], b: &[f32]) -> f64 {
    let squares = Arch::new().dispatch(|| squared_distance(a, b));
    ln_root(squares / a.len().max(1) as f64)
}

/// Sum of the squares of b - a, in lanes that a compiler can put side by side.
#[inline(always)]
fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 8;
    let square = |a: &f32, b: &f32| (f64::from(*b) - f64::from(*a)).powi(2);
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| square(a, b)).sum();
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += square(&a[lane], &b[lane]);
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Half the logarithm, kept within those of what single precision can hold, so that what vanished and what overflowed can
/// be averaged and written.
pub(super) fn ln_root(mean_square: f64) -> f64 {
    let limit = f64::from(f32::MAX).ln();
    let ln = 0.5 * mean_square.ln();
    if ln.is_nan() { limit } else { ln.clamp(-limit, limit) }
}
