//! Whether a network will train, from how signals pass through it before training.
//!
//! Samples pass through the network with its drawn weights, each with two twins: one is perturbed at the input, the other
//! at the output of one of the layers. The first shows how far differences between inputs grow on the way forward. The
//! second shows how far a gradient grows on the way back from the output to that layer: a random perturbation and a random
//! cotangent see the same Frobenius norm of the same Jacobian (Poole et al. 2016, arXiv 1606.05340; Schoenholz et al. 2017,
//! arXiv 1611.01232; Pennington et al. 2017, arXiv 1711.04735). So no backward pass is needed. How much of a layer's output
//! still differs between samples says whether it can tell them apart. No labels, no training.
//! The evidence for the limits below is in `docs/notes/trainability.md`.

mod amplification;
mod layer_signal;
mod measures;
mod paths;
mod strain;
mod verdict;

pub use layer_signal::LayerSignal;
pub use strain::{Measure, Strain};
pub use verdict::{Circumstances, Trainability, Verdict};

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use measures::{
    Parts, differences, ln_difference, ln_root, noise, noise_for, root_mean_square, saturated_share, signal,
};

use super::blocks::Blocks;
use super::error::ScoreError;
use crate::fill::Fill;
use crate::kernels::memory::{to_write, with_room};
use crate::kernels::{Source, is_one_zero, with_elements};
use crate::network::forward::Probe;
use crate::network::{Network, Node};
use crate::parameters::Parameters;
use crate::random::{Key, Purpose};
use crate::shape::{Form, Layout};

/// Only the first repetitions are looked at: what is looked for are orders of magnitude.
pub const REPETITIONS: u64 = 4;
/// Samples that are looked at, and have twins, at the most.
const SAMPLES: Watched = Watched { samples: 24, at_input: 24 };
/// The same where samples are images or tokens, whose positions give means enough. Layers take turns with the samples, so these
/// must be several.
const IMAGES: Watched = Watched { samples: 4, at_input: 1 };
/// Root mean square of the perturbation of an input relative to the inputs', large enough to be seen after it shrank.
const AT_INPUT: f64 = 1e-2;
/// The same at a layer, small enough to be still small after it grew: gradients are of infinitesimal perturbations.
const AT_LAYER: f64 = 1e-3;

/// ln of the size of an output that is nothing but zeros, or as good as that.
const NOTHING: f64 = -80.0;

/// How one repetition's signals, or their mean over repetitions, pass through a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Propagation {
    /// One for every node that NEAR counts, in the order of the forward pass. Where branches meet after the last of them, one
    /// more for the network's output. Where the last layer with weights starts at zero, what enters it stands for its output:
    /// it is where gradients come from once the layer has made its first step.
    pub layers: Vec<LayerSignal>,
    /// How the blocks of an architecture pass what comes in, of the first repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Blocks>,
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
                ln_gradient: mean_of_known(repetitions.clone().filter_map(|p| p.layers.get(at)?.ln_gradient)),
                saturated: first.layers[at].saturated.map(|_| mean(&|l| l.saturated.unwrap_or(0.0))),
            }
        });
        Some(Self { layers: layers.collect(), blocks: first.blocks.clone() })
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

    /// ln of the largest growth of a gradient on its way back from the last layer's output, 0 at the least.
    #[must_use]
    pub fn ln_gradient(&self) -> f64 {
        self.weighted().filter_map(|l| l.ln_gradient).fold(0.0, f64::max)
    }

    /// ln of what is left of a gradient from the last layer's output at the median of all layers that it reaches, 0 at the
    /// most.
    #[must_use]
    pub fn ln_median_gradient(&self) -> f64 {
        // What leads nowhere, as some edges of a cell, is no part of what is learnt. Its gradient is nothing, over noise.
        let gradients = self.layers.iter().filter_map(|l| l.ln_gradient);
        let mut reached: Vec<f64> = gradients.filter(|g| *g > 0.5 * NOTHING).collect();
        reached.sort_by(f64::total_cmp);
        let middle = |at: usize| reached.get(at).copied().unwrap_or(0.0);
        f64::midpoint(middle(reached.len().saturating_sub(1) / 2), middle(reached.len() / 2)).min(0.0)
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

/// The elements of an output that goes on changed.
fn taken(node: &Node, output: &Tensor) -> candle_core::Result<Vec<f32>> {
    let source = if node.operation.makes_anew() { Source::spare(output) } else { output.into() };
    source.elements()
}

fn mean_of_known(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), x| (sum + x, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// The first samples of a batch, whose signals are looked at. Each has a twin that is perturbed at a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    pub samples: usize,
    /// So many of them also have one that is perturbed at the input.
    pub at_input: usize,
}

impl Watched {
    /// Of a batch of at least two samples of this form. Samples and twins are not more than the batch.
    fn of(batch: usize, form: &Form) -> Self {
        let is_sequence = matches!(form.layout, Layout::Ids { .. }) || form.sequence_of_features().is_some();
        let most = if is_sequence || form.image().is_some() { IMAGES } else { SAMPLES };
        let samples = (batch / 3).clamp(2, most.samples);
        Self { samples, at_input: samples.min(most.at_input) }
    }
}

/// The twins of the first samples of a batch `[samples, ...]` of this form that are perturbed at the input. Numbers of tokens are
/// not perturbed: their embeddings are. None for a batch of fewer than two, which have no spread.
///
/// # Errors
/// If the tensor is not of single precision on the CPU.
pub fn twins(
    batch: &Tensor,
    form: &Form,
    seed: u64,
    repetition: u64,
) -> candle_core::Result<Option<(Watched, Tensor)>> {
    let samples = batch.dim(0)?;
    if samples < 2 {
        return Ok(None);
    }
    let watched = Watched::of(samples, form);
    let samples = batch.narrow(0, 0, watched.at_input)?;
    if matches!(form.layout, Layout::Ids { .. }) {
        return Ok(Some((watched, samples)));
    }
    let key = input_key(seed, repetition);
    let noise = with_elements(&samples, |x| noise(key, AT_INPUT, x))?;
    let perturbed = (&samples + Tensor::from_vec(noise, samples.shape(), samples.device())?)?;
    Ok(Some((watched, perturbed)))
}

/// Of the perturbation of the input.
fn input_key(seed: u64, repetition: u64) -> Key {
    Key { seed, repetition, layer: 0, purpose: Purpose::Perturbation }
}

/// Watches samples pass with their twins, and adds another twin of each at a layer, perturbed there: before it, that would be
/// nothing but the sample once more. The samples come first, their twins last; what is between does not matter.
#[derive(Clone)]
pub(super) struct PropagationProbe<'a> {
    fill: Option<&'a Fill>,
    cancelled: &'a dyn Fn() -> bool,
    seed: u64,
    repetition: u64,
    watched: Watched,
    /// What passes ahead of the twins that are added at layers: the samples and all that is between, and their other twins.
    ahead: usize,
    /// The counted node from which gradients come: the last that is no activation; beyond all where that is the network's
    /// output.
    last: usize,
    /// Counted nodes before it that are perturbed.
    places: Vec<usize>,
    saturated: Option<f64>,
    /// Whether branches meet after the last layer that is no activation: then the network's output is where gradients come
    /// from, and a signal of its own.
    ends_in_merge: bool,
    /// By counted node, as far as the pass has come.
    layers: Vec<Option<LayerSignal>>,
    /// The last input of a counted node, where that may be asked for.
    entered: Option<Tensor>,
    /// What enters the last layer with weights, where that gives nothing but zeros.
    before_zeros: Option<(Vec<f64>, LayerSignal)>,
    /// By sample, the size of the perturbation of its last twin where it was made, and at the last layer that is no
    /// activation: logarithms.
    made: Vec<f64>,
    arrived: Vec<f64>,
}

impl<'a> PropagationProbe<'a> {
    /// For a pass of `batch` that begins with the samples, followed by their [`twins`].
    pub fn new(
        network: &Network,
        [seed, repetition]: [u64; 2],
        watched: Watched,
        batch: usize,
        cancelled: &'a dyn Fn() -> bool,
    ) -> Self {
        let counted = network.counted();
        let last = counted.iter().rposition(|node| !node.is_activation()).unwrap_or(0);
        let ends_in_merge = counted.get(last).is_some_and(|node| paths::has_merge_after(network, node));
        let last = if ends_in_merge { counted.len() } else { last };
        let places = paths::open(network, last);
        let (layers, made, arrived) = (vec![None; counted.len()], Vec::new(), Vec::new());
        let (fill, saturated, entered, before_zeros) = (None, None, None, None);
        Self {
            fill,
            cancelled,
            seed,
            repetition,
            watched,
            ahead: batch + watched.at_input,
            last,
            places,
            saturated,
            ends_in_merge,
            layers,
            entered,
            before_zeros,
            made,
            arrived,
        }
    }

    /// The same probe, to go on with `fill` in the slots.
    pub fn with_fill(&self, fill: Option<&'a Fill>) -> Self {
        Self { fill, ..self.clone() }
    }

    /// Goes on with so many of the batch.
    pub fn set_batch(&mut self, batch: usize) {
        self.ahead = batch + self.watched.at_input;
    }

    pub fn watched(&self) -> Watched {
        self.watched
    }

    /// The counted node at which a sample's last twin is perturbed: repetitions take turns, and each spreads over all.
    fn place(&self, sample: usize) -> Option<usize> {
        let turn = (self.repetition % REPETITIONS) as usize;
        let turns = self.watched.samples * REPETITIONS as usize;
        let at = (sample * REPETITIONS as usize + turn) * self.places.len() / turns;
        self.places.get(at).copied()
    }

    /// The samples among all that pass, then their twins.
    fn parts<'y>(&self, values: &'y [f32], passing: usize) -> Parts<'y> {
        let (units, watched) = (values.len() / passing.max(1), self.watched);
        let (rest, at_layer) = values.split_at(units * self.ahead);
        let at_input = &rest[rest.len() - units * watched.at_input..];
        Parts { clean: &values[..units * watched.samples], at_input, at_layer, units }
    }

    /// After the pass, with the network's output for all that passed.
    pub fn finish(mut self, output: &Tensor) -> candle_core::Result<Propagation> {
        if self.ends_in_merge {
            let (arrived, signal) = self.arriving(output)?;
            self.arrived = arrived;
            self.layers.push(Some(signal));
        }
        self.end_before_zeros();
        Ok(self.finished())
    }

    /// By sample, the size of the last twin's perturbation in a value, and the value's signal.
    fn arriving(&self, value: &Tensor) -> candle_core::Result<(Vec<f64>, LayerSignal)> {
        let passing = value.dim(0)?;
        with_elements(value, |y| {
            let parts = self.parts(y, passing);
            (differences(&parts), signal(&parts, None))
        })
    }

    /// Where the last layer with weights starts at zero, what enters it stands for its output.
    fn end_before_zeros(&mut self) {
        let Some(Some(last)) = self.layers.get_mut(self.last) else { return };
        if last.ln_size <= NOTHING
            && let Some((arrived, signal)) = self.before_zeros.take()
        {
            (self.arrived, *last) = (arrived, signal);
        }
    }

    fn finished(self) -> Propagation {
        let mut squares = vec![(0.0, 0usize); self.last];
        for (sample, (made, arrived)) in self.made.iter().zip(&self.arrived).enumerate() {
            if let Some((sum, count)) = self.place(sample).and_then(|at| squares.get_mut(at)) {
                *sum += (2.0 * (arrived - made)).exp();
                *count += 1;
            }
        }
        let mut layers: Vec<_> = self.layers.into_iter().flatten().collect();
        for (layer, (sum, count)) in layers.iter_mut().zip(squares) {
            layer.ln_gradient = (count > 0).then(|| ln_root(sum / count as f64));
        }
        if let Some(last) = layers.get_mut(self.last) {
            last.ln_gradient = Some(0.0);
        }
        Propagation { layers, blocks: None }
    }
}

impl Probe for PropagationProbe<'_> {
    type Stop = ScoreError;

    /// Twins that were added on another way are here as their samples are.
    fn fill_up(&self, input: &Tensor, samples: usize) -> Result<Tensor, ScoreError> {
        let mut dims = input.dims().to_vec();
        dims[0] = samples;
        if is_one_zero(input) {
            return Ok(input.narrow(0, 0, 1)?.broadcast_as(dims)?);
        }
        let passing = input.dim(0)?;
        let filled = with_elements(input, |x| {
            let units = x.len() / passing.max(1);
            let mut filled = to_write(samples * units);
            let (present, missing) = filled.split_at_mut(x.len());
            present.copy_from_slice(x);
            missing.copy_from_slice(&x[(passing - self.ahead) * units..][..missing.len()]);
            filled
        })?;
        Ok(Tensor::from_vec(filled, dims, input.device())?)
    }

    /// The embeddings of tokens, which are perturbed in place of the tokens.
    fn receive(&mut self, node: &Node, output: Tensor) -> Result<Tensor, ScoreError> {
        if !node.place.inputs.iter().any(|form| matches!(form.layout, Layout::Ids { .. })) {
            return Ok(output);
        }
        let passing = output.dim(0)?;
        let mut values = taken(node, &output)?;
        let units = values.len() / passing.max(1);
        let from = (self.ahead - self.watched.at_input) * units;
        let perturbed = &mut values[from..self.ahead * units];
        let noise = noise(input_key(self.seed, self.repetition), AT_INPUT, perturbed);
        perturbed.iter_mut().zip(noise).for_each(|(y, e)| *y += e);
        Ok(Tensor::from_vec(values, output.shape(), output.device())?)
    }

    fn enter(&mut self, node: &Node, input: &Tensor, _: &Parameters) -> Result<(), ScoreError> {
        self.saturated = match node.activation(self.fill) {
            Some(activation) => {
                let passing = input.dim(0)?;
                Some(with_elements(input, |x| saturated_share(self.parts(x, passing).clean, activation))?)
            }
            None => node.is_activation().then_some(0.0),
        };
        self.entered = self.keeps_input(node).then(|| input.clone());
        Ok(())
    }

    fn keeps_input(&self, node: &Node) -> bool {
        let is_perturbed = |at| (0..self.watched.samples).any(|sample| self.place(sample) == Some(at));
        !node.is_activation() && (node.surroundings.is_output || node.counted.is_some_and(is_perturbed))
    }

    fn observe(&mut self, node: &Node, output: &Tensor) -> Result<(), ScoreError> {
        if (self.cancelled)() {
            return Err(ScoreError::Cancelled);
        }
        let passing = output.dim(0)?;
        let saturated = self.saturated.take();
        if node.counted == Some(self.last) {
            self.arrived = with_elements(output, |y| differences(&self.parts(y, passing)))?;
        }
        let signal = with_elements(output, |y| signal(&self.parts(y, passing), saturated))?;
        if let (true, true, Some(entered)) = (node.surroundings.is_output, signal.ln_size <= NOTHING, &self.entered) {
            self.before_zeros = Some(self.arriving(entered)?).filter(|(_, before)| before.ln_spread > NOTHING);
        }
        if let Some(layer) = node.counted.and_then(|at| self.layers.get_mut(at)) {
            *layer = Some(signal);
        }
        Ok(())
    }

    fn pass_on(&mut self, node: &Node, output: Tensor) -> Result<Tensor, ScoreError> {
        let (Some(at), entered) = (node.counted, self.entered.take()) else { return Ok(output) };
        let (samples, passing) = (self.watched.samples, output.dim(0)?);
        let here: Vec<usize> = (0..samples).filter(|s| self.place(*s) == Some(at)).collect();
        let Some(last) = here.last().copied() else { return Ok(output) };
        self.made.resize(samples, 0.0);
        let mut dims = output.dims().to_vec();
        dims[0] = self.ahead + last + 1;
        let values = taken(node, &output)?;
        let units = values.len() / passing;
        let mut values = with_room(values, units * dims[0]);
        // Twins that were added on another way are here as their samples are.
        values.extend_from_within(units * (passing - self.ahead)..units * (last + 1));
        let key = |sample: usize| Key {
            seed: self.seed,
            repetition: self.repetition,
            layer: (1 + at * samples + sample) as u64,
            purpose: Purpose::Perturbation,
        };
        for sample in here {
            let (before, twins) = values.split_at_mut(self.ahead * units);
            let (before, twin) = (&before[sample * units..][..units], &mut twins[sample * units..][..units]);
            let mut size = root_mean_square(before);
            // Weights that start at zero hide what comes in. What comes in as good as nothing is nothing without them too.
            if let (true, Some(entered)) = (size == 0.0, &entered) {
                let comes_in = with_elements(entered, |x| {
                    let units = x.len() / passing.max(1);
                    root_mean_square(&x[sample * units..][..units])
                })?;
                size = if comes_in > NOTHING.exp() { comes_in } else { size };
            }
            let noise = noise_for(units, key(sample), AT_LAYER, size);
            twin.iter_mut().zip(noise).for_each(|(y, e)| *y += e);
            self.made[sample] = ln_difference(before, twin);
        }
        Ok(Tensor::from_vec(values, dims, output.device())?)
    }
}

#[cfg(test)]
mod tests;
