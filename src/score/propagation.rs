//! Whether a network will train, from how signals pass through it before training.
//!
//! Pairs of samples that differ by a small perturbation go through the network together with its drawn weights. How far
//! the perturbation grows between the first and the last layer is, in the mean over directions, how far a gradient grows
//! on the way back: both are the mean square of the same Jacobian (Poole et al. 2016, arXiv 1606.05340; Schoenholz et
//! al. 2017, arXiv 1611.01232; Pennington et al. 2017, arXiv 1711.04735). So no backward pass is needed. How much of a
//! layer's output still differs between samples says whether it can tell them apart. No labels, no training.
//! The evidence for the limits below is in `docs/trainability.md`.

mod verdict;

pub use verdict::{Trainability, Verdict};

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use crate::network::forward::Probe;
use crate::network::ops::with_elements;
use crate::network::{Activation, Module, Op};
use crate::random::{Key, Purpose};
use crate::score::ScoreError;

/// Only the first repetitions are looked at: what is looked for are orders of magnitude.
pub const REPETITIONS: u64 = 4;
/// Pairs of samples that pass through the network at the most; not more than half of the batch, so that they cost no
/// more than its own pass.
const SAMPLES: usize = 32;
/// Root mean square of the perturbation relative to that of the inputs.
const PERTURBATION: f64 = 1e-2;
/// An activation is flat where the absolute value of its derivative is less,
const FLAT: f64 = 0.05;
/// ... and saturated where it is flat at x and at -x with |x| greater than this: rectifiers are not.
const AWAY_FROM_ZERO: f64 = 1.0;

/// How one repetition's signals, or their mean over repetitions, pass through a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Propagation {
    /// One for every module that NEAR counts, in the order of the forward pass.
    pub layers: Vec<LayerSignal>,
}

/// The signals at the output of one module. Logarithms are natural, of root mean squares over all elements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerSignal {
    /// Of the output itself.
    pub ln_size: f64,
    /// Of the output less its mean over the samples: what tells samples apart.
    pub ln_spread: f64,
    /// Of the difference that the perturbation of the input makes here.
    pub ln_perturbation: f64,
    /// The same for a typical sample: the mean over samples of each one's logarithm. It is less where few samples carry
    /// all of the signal.
    pub ln_typical_perturbation: f64,
    /// Share of an activation's inputs where it is flat on both sides of 0; none for other modules.
    pub saturated: Option<f64>,
}

impl LayerSignal {
    /// Mean cosine between two samples' outputs, in the limit of many samples: 1 where all inputs look the same.
    #[must_use]
    pub fn correlation(&self) -> f64 {
        1.0 - (2.0 * (self.ln_spread - self.ln_size)).exp().min(1.0)
    }
}

impl Propagation {
    /// The mean of every number over repetitions, in the order given; none without any.
    #[must_use]
    pub fn mean<'a>(repetitions: impl Iterator<Item = &'a Self> + Clone) -> Option<Self> {
        let n = repetitions.clone().count() as f64;
        let first = repetitions.clone().next()?;
        let layers = (0..first.layers.len()).map(|at| {
            let mean = |f: &dyn Fn(&LayerSignal) -> f64| {
                repetitions.clone().filter_map(|p| p.layers.get(at)).map(f).sum::<f64>() / n
            };
            LayerSignal {
                ln_size: mean(&|l| l.ln_size),
                ln_spread: mean(&|l| l.ln_spread),
                ln_perturbation: mean(&|l| l.ln_perturbation),
                ln_typical_perturbation: mean(&|l| l.ln_typical_perturbation),
                saturated: first.layers[at].saturated.map(|_| mean(&|l| l.saturated.unwrap_or(0.0))),
            }
        });
        Some(Self { layers: layers.collect() })
    }

    /// Layers that are no activations, of which the last is the network's output but for a final softmax.
    fn weighted(&self) -> impl DoubleEndedIterator<Item = &LayerSignal> {
        self.layers.iter().filter(|l| l.saturated.is_none())
    }

    /// ln of the growth of a perturbation from the first layer's output to the last one's; the gradient's on the way
    /// back.
    #[must_use]
    pub fn ln_gain(&self) -> f64 {
        self.growth(|layer| layer.ln_perturbation)
    }

    /// The same for a typical sample.
    #[must_use]
    pub fn ln_typical_gain(&self) -> f64 {
        self.growth(|layer| layer.ln_typical_perturbation)
    }

    fn growth(&self, ln: impl Fn(&LayerSignal) -> f64) -> f64 {
        match (self.weighted().next(), self.weighted().next_back()) {
            (Some(first), Some(last)) => ln(last) - ln(first),
            _ => 0.0,
        }
    }

    /// ln of the share of the last layer's output that differs between samples, 0 at the most.
    #[must_use]
    pub fn ln_distinct(&self) -> f64 {
        self.weighted().next_back().map_or(0.0, |last| (last.ln_spread - last.ln_size).min(0.0))
    }

    /// ln of the size of the network's outputs.
    #[must_use]
    pub fn ln_output(&self) -> f64 {
        self.weighted().next_back().map_or(0.0, |last| last.ln_size)
    }

    /// Mean over the activations of the share of saturated inputs.
    #[must_use]
    pub fn saturated(&self) -> f64 {
        let shares = self.layers.iter().filter_map(|l| l.saturated);
        shares.clone().sum::<f64>() / shares.count().max(1) as f64
    }
}

/// The first samples of a batch, followed by the same samples perturbed; none if there are fewer than two, which have
/// no spread.
///
/// # Errors
/// If the tensor is not of single precision on the CPU.
pub fn pairs(inputs: &Tensor, seed: u64, repetition: u64) -> candle_core::Result<Option<Tensor>> {
    let batch = inputs.dim(0)?;
    if batch < 2 {
        return Ok(None);
    }
    let samples = (batch / 2).clamp(2, SAMPLES);
    let clean = inputs.narrow(0, 0, samples)?;
    let size = with_elements(&clean, |x| ln_root_mean_square(x.iter().map(|x| f64::from(*x)), x.len()).exp())?;
    let key = Key { seed, repetition, layer: 0, purpose: Purpose::Perturbation };
    // The variance of U(-1, 1) is 1/3.
    let scale = PERTURBATION * 3f64.sqrt() * size.max(f64::from(f32::MIN_POSITIVE));
    let noise = key.symmetric_uniforms(clean.elem_count());
    let perturbed = (&clean + (Tensor::from_vec(noise, clean.shape(), clean.device())? * scale)?)?;
    Tensor::cat(&[&clean, &perturbed], 0).map(Some)
}

/// Watches pairs pass.
#[derive(Clone)]
pub(super) struct PropagationProbe<'a> {
    slot: Option<&'a Activation>,
    cancelled: &'a dyn Fn() -> bool,
    saturated: Option<f64>,
    layers: Vec<LayerSignal>,
}

impl<'a> PropagationProbe<'a> {
    pub fn new(cancelled: &'a dyn Fn() -> bool) -> Self {
        Self { slot: None, cancelled, saturated: None, layers: Vec::new() }
    }

    /// The same probe, to go on with an activation in the slots.
    pub fn with_slot(&self, slot: Option<&'a Activation>) -> Self {
        Self { slot, ..self.clone() }
    }

    pub fn finish(self) -> Propagation {
        Propagation { layers: self.layers }
    }
}

impl Probe for PropagationProbe<'_> {
    type Stop = ScoreError;

    fn enter(&mut self, module: &Module, input: &Tensor) -> Result<(), ScoreError> {
        let activation = match &module.op {
            Op::Slot => self.slot,
            Op::Activation(activation) => Some(activation),
            _ => None,
        };
        self.saturated = match activation {
            Some(activation) => Some(with_elements(input, |x| saturated_share(&x[..x.len() / 2], activation))?),
            None => module.is_activation().then_some(0.0),
        };
        Ok(())
    }

    fn observe(&mut self, _: &Module, output: &Tensor) -> Result<(), ScoreError> {
        if (self.cancelled)() {
            return Err(ScoreError::Cancelled);
        }
        let samples = output.dim(0)? / 2;
        let saturated = self.saturated.take();
        self.layers.push(with_elements(output, |y| signal(y, samples, saturated))?);
        Ok(())
    }
}

fn saturated_share(inputs: &[f32], activation: &Activation) -> f64 {
    let flat = |x: f64| activation.derivative(x).abs() < FLAT;
    let saturated = |x: f64| x.abs() > AWAY_FROM_ZERO && flat(x) && flat(-x);
    let count = inputs.iter().filter(|x| saturated(f64::from(**x))).count();
    count as f64 / inputs.len().max(1) as f64
}

/// The signals in `samples` clean outputs followed by as many perturbed ones.
fn signal(outputs: &[f32], samples: usize, saturated: Option<f64>) -> LayerSignal {
    let (clean, perturbed) = outputs.split_at(outputs.len() / 2);
    let units = clean.len() / samples.max(1);
    let mut means = vec![0.0; units];
    for row in clean.chunks_exact(units.max(1)) {
        means.iter_mut().zip(row).for_each(|(mean, y)| *mean += f64::from(*y) / samples as f64);
    }
    let all = clean.len();
    let differences: Vec<f64> = clean.iter().zip(perturbed).map(|(a, b)| f64::from(*b) - f64::from(*a)).collect();
    let typical = differences.chunks_exact(units.max(1)).map(|d| ln_root_mean_square(d.iter().copied(), units));
    let deviations = clean.iter().zip(means.iter().cycle()).map(|(y, mean)| f64::from(*y) - mean);
    LayerSignal {
        ln_size: ln_root_mean_square(clean.iter().map(|y| f64::from(*y)), all),
        ln_spread: ln_root_mean_square(deviations, all),
        ln_perturbation: ln_root_mean_square(differences.iter().copied(), all),
        ln_typical_perturbation: typical.sum::<f64>() / samples.max(1) as f64,
        saturated,
    }
}

/// Kept within the logarithms of what single precision can hold, so that what vanished and what overflowed can be
/// averaged and written.
fn ln_root_mean_square(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    let mean = values.map(|x| x * x).sum::<f64>() / count.max(1) as f64;
    let ln = 0.5 * mean.ln();
    let limit = f64::from(f32::MAX).ln();
    if ln.is_nan() { limit } else { ln.clamp(-limit, limit) }
}

#[cfg(test)]
mod tests;
