//! Measuring the effective rank of one layer over its size.

mod measure;
mod sizes;

use candle_core::Tensor;
use neartop_core::init::Initializer;
use neartop_core::layer::Counted;
use neartop_core::network::forward::{Probe, forward};
use neartop_core::network::{BiasInit, Fill, Init, Layer, Network, Node, ShapeError, Sizeable};
use neartop_core::score::{Repetition, ScoreError};
use neartop_core::settings::{BatchNorm, Rows};
use neartop_core::weights::DrawnWeights;
use neartop_io::data::{DataError, Samples};
use neartop_io::preset::{Definition, Preset};

pub use measure::{Advance, Measured, Ranks, measure};
pub use neartop_core::width::*;
pub use sizes::Sizes;

/// The sizes that are measured unless others are asked for, or the layer takes others.
pub const SIZES: [usize; 6] = [10, 20, 40, 80, 160, 320];

/// A layer whose size can be chosen: a linear layer or a convolution that stands in no residual; of a model, one whose output
/// meets no other value that must be as wide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its place among the layers whose size can be chosen, from 0.
    pub index: usize,
    /// Its place in the list of layers; of a model, among the nodes of its network.
    pub place: usize,
    /// The place of the layer or node whose output is ranked: the activation that follows, or itself where none does.
    pub ranked: usize,
    /// The name of its module: its place in the list as a text, or the path in the model.
    pub module: String,
    pub kind: &'static str,
    /// Its size in the preset or model: units, or output channels.
    pub width: usize,
    /// Whether it gives the network's output.
    pub is_output: bool,
}

/// Why there is no curve.
#[derive(Debug, thiserror::Error)]
pub enum WidthError {
    #[error("the sizes must be whole numbers from 1 to {MOST_UNITS}, and {0} is none")]
    Size(usize),
    #[error("the sizes must ascend, but {1} follows {0}")]
    NotAscending(usize, usize),
    #[error("there are no sizes")]
    NoSizes,
    #[error("with {size} units in layer {layer} the network does not fit together: {error}")]
    Shape { size: usize, layer: usize, error: ShapeError },
    #[error(
        "the size of layer {layer} cannot be chosen by itself, since with another the network does not fit together: {error}"
    )]
    Fixed { layer: usize, error: ShapeError },
    #[error("layer {layer} takes sizes in multiples of {step}, and {size} is none")]
    NoMultiple { size: usize, layer: usize, step: usize },
    #[error("size {size}, repetition {repetition}: {reason}")]
    Score { size: usize, repetition: usize, reason: String },
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("a defect of the program: a worker panicked")]
    Panic,
}

/// The layers of a list whose size can be chosen, in the order of the forward pass.
#[must_use]
pub fn targets(layers: &[Layer]) -> Vec<Target> {
    let sized = layers.iter().enumerate().filter_map(|(place, layer)| {
        let kind = layer.operation()?.name();
        Some((place, kind, layer.size()?))
    });
    let target = |(index, (place, kind, width))| {
        let (ranked, module) = (ranked(layers, place), place.to_string());
        Target { index, place, ranked, module, kind, width, is_output: false }
    };
    let mut targets: Vec<_> = sized.enumerate().map(target).collect();
    targets.last_mut().into_iter().for_each(|last| last.is_output = true);
    targets
}

/// The layers of a preset whose size can be chosen, also where its network is a model.
#[must_use]
pub fn targets_of(preset: &Preset) -> Vec<Target> {
    if preset.model.is_none() {
        return targets(&preset.layers);
    }
    let target = |(index, layer): (usize, Sizeable)| {
        let node = &preset.network.nodes[layer.node];
        let (place, ranked, width, is_output) = (layer.node, layer.ranked, layer.units, layer.is_output);
        Target { index, place, ranked, module: node.module().to_owned(), kind: node.kind(), width, is_output }
    };
    preset.network.sizeable().into_iter().enumerate().map(target).collect()
}

/// The first activation after `place` that only layers which keep the units stand before.
fn ranked(layers: &[Layer], place: usize) -> usize {
    for (later, layer) in layers.iter().enumerate().skip(place + 1) {
        let Some(operation) = layer.operation() else { break };
        match operation.counted(None) {
            Counted::Activation(_) => return later,
            Counted::Weighted | Counted::No if operation.passes_units() => {}
            Counted::Weighted | Counted::No => break,
        }
    }
    place
}

/// Whether layers behind the ranked one decide how it, or one before it, starts: which is the output, and which activation a
/// gain is that of.
fn depends_on_what_follows(part: &Preset, ranked: usize, init: &Init) -> bool {
    let own = part.layers.iter().take(ranked + 1).filter_map(Layer::own_init);
    let has_own_gain = own.into_iter().any(|own| own.given().any(Initializer::takes_gain));
    let Some(init) = init.one() else { return true };
    has_own_gain || (part.network.slots().len() > 1 && init.takes_gain())
}

/// The preset with another size of one layer.
///
/// # Errors
/// If the network does not fit together with that size.
pub fn resized(preset: &Preset, target: &Target, units: usize) -> Result<Preset, WidthError> {
    let mut preset = preset.clone();
    if let Some(layer) = preset.layers.get_mut(target.place)
        && let Some(resized) = layer.resized(units)
    {
        *layer = resized;
    }
    preset.network = Network::build(&preset.network.input, &preset.layers).map_err(|error| WidthError::Shape {
        size: units,
        layer: target.index,
        error,
    })?;
    Ok(preset)
}

/// The network up to the output that is ranked, with another size of one layer, and what of the preset decides the rank.
fn part(preset: &Preset, target: &Target, size: usize, init: &Init) -> Result<(Network, Definition), WidthError> {
    if let Some(model) = &preset.model {
        // As it is, it has its own activations, and the same nodes.
        let network = if matches!(init, Init::AsGiven) { &model.as_given } else { &preset.network };
        let fail = |error| WidthError::Shape { size, layer: target.index, error };
        let Target { place: node, ranked, width: units, is_output, .. } = *target;
        let network = network.sized(Sizeable { node, ranked, units, is_output }, size).map_err(fail)?;
        return Ok((network, preset.definition().ranking(ranked).sizing(node, size)));
    }
    let mut part = resized(preset, target, size)?;
    let whole = part.network.up_to(&target.ranked.to_string());
    let definition = if depends_on_what_follows(&part, target.ranked, init) {
        part.definition().ranking(target.ranked)
    } else {
        part.layers.truncate(target.ranked + 1);
        part.definition()
    };
    Ok((whole, definition))
}

/// Checks that sizes are whole numbers from 1 that ascend.
///
/// # Errors
/// Names the first that does not.
pub fn check_sizes(sizes: &[usize]) -> Result<(), WidthError> {
    if let Some(size) = sizes.iter().find(|s| !(1..=MOST_UNITS).contains(*s)) {
        return Err(WidthError::Size(*size));
    }
    match sizes.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(pair) => Err(WidthError::NotAscending(pair[0], pair[1])),
        None if sizes.is_empty() => Err(WidthError::NoSizes),
        None => Ok(()),
    }
}

/// One size of the layer: the network up to the output that is ranked.
#[derive(Debug)]
pub struct Stage {
    pub size: usize,
    /// What of the preset decides the effective rank, which is that of the last layer.
    pub definition: Definition,
    /// Number of trained parameters.
    pub parameters: u64,
    /// The layers before the one that is ranked.
    before: Network,
    /// The layer that is ranked, alone.
    last: Network,
    /// Samples that fill the rank matrix.
    pub samples: usize,
    /// Bytes that one repetition holds, roughly.
    memory: u64,
}

/// What is measured: one layer at several sizes, with one choice of activations and one initialization.
#[derive(Debug)]
pub struct Measurement {
    pub target: Target,
    pub fill: Option<Fill>,
    pub init: Init,
    pub bias: BiasInit,
    pub rows: Rows,
    pub batch_norm: BatchNorm,
    pub seed: u64,
    pub repetitions: usize,
    stages: Vec<Stage>,
}

impl Measurement {
    /// Builds the network at every size. `fill` fills the slots; `init` draws the weights.
    ///
    /// # Errors
    /// If the sizes are wrong, or the network does not fit together with one of them.
    pub fn new(
        preset: &Preset,
        target: &Target,
        sizes: &[usize],
        fill: Option<Fill>,
        init: Init,
    ) -> Result<Self, WidthError> {
        check_sizes(sizes)?;
        let stage = |size: &usize| -> Result<Stage, WidthError> {
            let (whole, definition) = part(preset, target, *size, &init)?;
            let parameters = whole.parameters(fill.as_ref());
            let (before, last) = (whole.without_last(), whole.last_alone());
            let samples = last.samples_needed();
            Ok(Stage { size: *size, definition, parameters, before, samples, memory: whole.memory(samples), last })
        };
        let stages = sizes.iter().map(stage).collect::<Result<_, _>>()?;
        let (target, bias) = (target.clone(), preset.search.bias);
        Ok(Self {
            target,
            fill,
            init,
            bias,
            rows: preset.rows,
            batch_norm: preset.batch_norm,
            seed: preset.seed,
            repetitions: preset.repetitions,
            stages,
        })
    }

    /// Every size, in ascending order.
    #[must_use]
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// Effective ranks to compute: one for every size and repetition.
    #[must_use]
    pub fn total(&self) -> usize {
        self.stages.len() * self.repetitions
    }

    /// Samples that the largest size takes.
    #[must_use]
    pub fn samples_needed(&self) -> usize {
        self.stages.iter().map(|s| s.samples).max().unwrap_or(1)
    }

    /// Bytes that one repetition of the largest size holds, roughly.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.stages.iter().map(|s| s.memory).max().unwrap_or(0)
    }

    /// The sizes whose rank matrix `available` samples cannot fill.
    #[must_use]
    pub fn short_of_samples(&self, available: usize) -> Vec<usize> {
        self.stages.iter().filter(|s| s.samples > available).map(|s| s.size).collect()
    }

    /// The effective rank of the layer at one size in one repetition. All sizes of a repetition take the first of the
    /// same inputs and the same underlying draws, so that what is common to them does not blur the curve's shape.
    fn effective_rank(
        &self,
        stage: usize,
        repetition: u64,
        samples: &Samples,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<f64, ScoreError> {
        let stage = &self.stages[stage];
        let inputs: Tensor = samples.batch(repetition).map_err(|e| candle_core::Error::Msg(e.to_string()))?;
        let inputs = inputs.narrow(0, 0, stage.samples.min(inputs.dim(0)?))?;
        let fill = self.fill.as_ref();
        let weights = DrawnWeights::new(self.seed, repetition, &self.init, self.bias, fill);
        let weights = weights.with_batch_norm(self.batch_norm);
        let inputs = forward(&stage.before, inputs, &weights, fill, &mut Watch { cancelled })?;
        let (network, init, bias, rows, seed) = (&stage.last, &self.init, self.bias, self.rows, self.seed);
        let last = Repetition {
            network,
            inputs,
            init,
            bias,
            rows,
            batch_norm: self.batch_norm,
            trainability: false,
            blocks: false,
            seed,
            repetition,
            draws: None,
            common: None,
        };
        let mut rank = Err(ScoreError::Cancelled);
        last.score(std::slice::from_ref(&self.fill), cancelled, &mut |_, score| rank = score.map(|s| s.near));
        rank
    }
}

/// Lets a forward pass end early.
struct Watch<'a> {
    cancelled: &'a dyn Fn() -> bool,
}

impl Probe for Watch<'_> {
    type Stop = ScoreError;

    fn observe(&mut self, _: &Node, _: &Tensor) -> Result<(), ScoreError> {
        if (self.cancelled)() { Err(ScoreError::Cancelled) } else { Ok(()) }
    }
}

impl Target {
    /// The layer in words: `layer 0 (linear 64, after its activation)`.
    #[must_use]
    pub fn describe(&self, preset: &Preset) -> String {
        let network = &preset.network;
        let ranked = match &preset.model {
            Some(_) => network.nodes.get(self.ranked),
            None => network.node(&self.ranked.to_string()),
        };
        let after = match ranked {
            Some(node) if self.ranked != self.place && node.is_slot() => ", after its activation".to_owned(),
            Some(node) if self.ranked != self.place => format!(", after {}", node.kind()),
            _ => String::new(),
        };
        let path = preset.model.as_ref().map(|_| format!("{}, ", self.module)).unwrap_or_default();
        format!("layer {} ({path}{} {}{after})", self.index, self.kind, self.width)
    }
}
