//! A network whose weights are candle variables, started from the project's own draws.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor, Var, bail};
use rand_chacha::ChaCha8Rng;

use super::ops::{self, Moments};
use super::stream;
use neartop_core::network::forward::{Probe, forward};
use neartop_core::network::ops::Statistics;
use neartop_core::network::weights::{DrawnWeights, Weights, parameter_shapes};
use neartop_core::network::{Activation, BiasInit, Init, Module, Network, Op, Softmax};
use neartop_core::random::uniform;

/// How much of a new batch's moments goes into the running ones, as in PyTorch.
const MOMENTUM: f64 = 0.1;

/// What a model starts from.
#[derive(Debug, Clone)]
pub struct Start<'a> {
    pub network: Arc<Network>,
    pub slot: Option<Activation>,
    pub init: &'a Init,
    pub bias: BiasInit,
    pub seed: u64,
}

/// Whether batch norm takes the batch's moments, and dropout drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A step of training, whose number keys what is drawn in it.
    Training {
        step: u64,
    },
    Evaluation,
}

/// A network being trained.
pub struct Model {
    network: Arc<Network>,
    slot: Option<Activation>,
    seed: u64,
    /// In the order of the forward pass, named as in PyTorch's `nn.Sequential.state_dict()`.
    parameters: Vec<(String, Var)>,
    places: HashMap<String, usize>,
    /// Of batch norms, by the module's name.
    running: HashMap<String, Moments>,
}

impl Model {
    /// Draws the weights as repetition 0 of the scores does; `batch` `[samples, ...]` is what initializations that look at
    /// data see.
    ///
    /// # Errors
    /// If the batch does not fit the network.
    pub fn new(start: &Start<'_>, batch: &Tensor, precision: DType) -> Result<Self> {
        let network = Arc::clone(&start.network);
        let drawn = DrawnWeights::new(start.seed, 0, start.init, start.bias, start.slot.as_ref());
        // A pass through the network shows every layer its input.
        forward(&network.modules, batch.clone(), &drawn, start.slot.as_ref(), &mut Nothing)?;
        let (mut parameters, mut running) = (Vec::new(), HashMap::new());
        for module in network.all_modules() {
            let known = drawn.parameters(module, batch)?;
            for (name, dims) in shapes(module, start.slot.as_ref()) {
                let is_bias = name.ends_with(".bias");
                let value = match if is_bias { &known.bias } else { &known.weight } {
                    Some(value) => value.clone(),
                    None => Tensor::full(neutral(module, start.slot.as_ref(), is_bias), dims, &Device::Cpu)?,
                };
                parameters.push((name, Var::from_tensor(&value.to_dtype(precision)?)?));
            }
            if module.op == Op::BatchNorm {
                let channels = module.input.width();
                let moments = Moments { mean: vec![0.0; channels], variance: vec![1.0; channels], count: 0 };
                running.insert(module.name.clone(), moments);
            }
        }
        let places = parameters.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
        Ok(Self { network, slot: start.slot.clone(), seed: start.seed, parameters, places, running })
    }

    /// The trained parameters with their names, in the order of the forward pass.
    #[must_use]
    pub fn parameters(&self) -> &[(String, Var)] {
        &self.parameters
    }

    /// The running moments of a batch norm, by the module's name.
    #[must_use]
    pub fn running(&self, module: &str) -> Option<&Moments> {
        self.running.get(module)
    }

    /// What the network gives for `input` `[samples, ...]`: `[samples, outputs]`. A final softmax gives its logarithm, so
    /// that cross-entropy can follow.
    ///
    /// # Errors
    /// If the input does not fit.
    pub fn forward(&mut self, input: &Tensor, mode: Mode) -> Result<Tensor> {
        let network = Arc::clone(&self.network);
        let (modules, last) = match network.modules.split_last() {
            Some((last, modules)) if matches!(last.op, Op::Softmax(_)) => (modules, Some(last)),
            _ => (network.modules.as_slice(), None),
        };
        let mut pass = Pass { model: self, mode, draws: 0 };
        let output = pass.chain(modules, input.clone())?;
        let output = match last.map(|module| &module.op) {
            Some(Op::Softmax(Softmax::Softmin)) => candle_nn::ops::log_softmax(&output.neg()?, 1)?,
            Some(_) => candle_nn::ops::log_softmax(&output, 1)?,
            None => output,
        };
        output.flatten_from(1)
    }
}

/// The names and shapes of a module's trained parameters, with `slot` in the slots.
fn shapes(module: &Module, slot: Option<&Activation>) -> Vec<(String, Vec<usize>)> {
    match (&module.op, slot) {
        (Op::Slot, Some(activation)) if activation.has_weight() => vec![(format!("{}.weight", module.name), vec![1])],
        _ => parameter_shapes(module),
    }
}

/// Where parameters start that are not drawn.
fn neutral(module: &Module, slot: Option<&Activation>, is_bias: bool) -> f32 {
    match (&module.op, slot) {
        (Op::Activation(activation), _) | (Op::Slot, Some(activation)) => activation.number("init") as f32,
        _ if is_bias => 0.0,
        _ => 1.0,
    }
}

/// A probe that only lets pass.
struct Nothing;

impl Probe for Nothing {
    type Stop = candle_core::Error;

    fn observe(&mut self, _: &Module, _: &Tensor) -> Result<()> {
        Ok(())
    }
}

/// One forward pass.
struct Pass<'a> {
    model: &'a mut Model,
    mode: Mode,
    /// Modules so far that drew numbers.
    draws: u64,
}

impl Pass<'_> {
    fn chain(&mut self, modules: &[Module], input: Tensor) -> Result<Tensor> {
        modules.iter().try_fold(input, |input, module| self.module(module, &input))
    }

    fn module(&mut self, module: &Module, input: &Tensor) -> Result<Tensor> {
        match &module.op {
            Op::Linear { .. } | Op::Conv2d(_) => {
                let (weight, bias) = (self.need(module, "weight")?, self.parameter(module, "bias"));
                ops::weighted(module, input, &weight, bias.as_ref())
            }
            Op::BatchNorm => self.batch_norm(module, input),
            Op::LayerNorm => self.scaled(module, &ops::standardize(input, Statistics::Sample)?, 1),
            Op::GroupNorm { groups } => {
                let run = module.input.elements() / module.input.width().max(1);
                self.scaled(module, &ops::standardize(input, Statistics::Groups(*groups))?, run)
            }
            Op::MaxPool(_) | Op::AvgPool(_) => ops::pool(module, input),
            Op::GlobalAvgPool => {
                let samples = input.dim(0)?;
                input.flatten_from(2)?.mean(2)?.reshape((samples, module.output.width(), 1, 1))
            }
            Op::Flatten => input.flatten_from(1),
            Op::Dropout { p } => self.dropout(input, *p),
            Op::Activation(activation) => self.activation(module, input, activation),
            Op::Slot => match self.model.slot.clone() {
                Some(activation) => self.activation(module, input, &activation),
                None => bail!("layer {} is an activation that nothing fills", module.name),
            },
            Op::Softmax(kind) => neartop_core::network::ops::softmax(input, *kind),
            Op::Zero => input.zeros_like(),
            Op::FirstChannels { keep } => input.narrow(1, 0, *keep)?.contiguous(),
            Op::Graph(graph) => {
                let mut values = vec![input.clone()];
                for vertex in &graph.vertices {
                    let mut branches = Vec::with_capacity(vertex.edges.len());
                    for edge in &vertex.edges {
                        branches.push(self.chain(&edge.through, values[edge.from].clone())?);
                    }
                    let merged = neartop_core::network::ops::merge(vertex.merge, &branches)?;
                    values.push(self.chain(&vertex.then, merged)?);
                }
                values.pop().ok_or_else(|| candle_core::Error::Msg("an empty graph".to_owned()))
            }
        }
    }

    fn parameter(&self, module: &Module, what: &str) -> Option<Tensor> {
        let place = *self.model.places.get(&format!("{}.{what}", module.name))?;
        let var = &self.model.parameters.get(place)?.1;
        Some(match self.mode {
            Mode::Training { .. } => var.as_tensor().clone(),
            // Without a graph nothing is kept for a backward pass.
            Mode::Evaluation => var.as_detached_tensor(),
        })
    }

    fn need(&self, module: &Module, what: &str) -> Result<Tensor> {
        let missing = || candle_core::Error::Msg(format!("layer {} has no {what}", module.name));
        self.parameter(module, what).ok_or_else(missing)
    }

    fn scaled(&self, module: &Module, input: &Tensor, run: usize) -> Result<Tensor> {
        ops::affine(input, &self.need(module, "weight")?, &self.need(module, "bias")?, run)
    }

    fn batch_norm(&mut self, module: &Module, input: &Tensor) -> Result<Tensor> {
        let run = module.input.elements() / module.input.width().max(1);
        let standardized = match self.mode {
            Mode::Training { .. } => {
                let batch = ops::batch_moments(input)?;
                if let Some(running) = self.model.running.get_mut(&module.name) {
                    update(running, &batch);
                }
                ops::standardize(input, Statistics::Channel)?
            }
            Mode::Evaluation => match self.model.running.get(&module.name) {
                Some(running) => ops::standardize_by(input, running)?,
                None => bail!("batch norm {} has no running moments", module.name),
            },
        };
        self.scaled(module, &standardized, run)
    }

    /// Zeros with probability p, and the rest divided by 1 - p.
    fn dropout(&mut self, input: &Tensor, p: f64) -> Result<Tensor> {
        let Some(mut rng) = self.draw() else { return Ok(input.clone()) };
        let kept = if p < 1.0 { (1.0 - p).recip() } else { 0.0 };
        let mask = (0..input.elem_count()).map(|_| if uniform(&mut rng) < p { 0.0 } else { kept }).collect();
        self.multiplied(input, mask)
    }

    fn activation(&mut self, module: &Module, input: &Tensor, activation: &Activation) -> Result<Tensor> {
        if activation.has_weight() {
            return ops::learned_slope(input, &self.need(module, "weight")?);
        }
        match (activation.name(), self.mode) {
            ("rrelu", Mode::Training { .. }) => self.random_slopes(input, activation),
            _ => ops::activate(input, activation),
        }
    }

    /// RReLU in training: a slope from U(lower, upper) for every negative element.
    fn random_slopes(&mut self, input: &Tensor, activation: &Activation) -> Result<Tensor> {
        let Some(mut rng) = self.draw() else { return ops::activate(input, activation) };
        let (lower, upper) = (activation.number("lower"), activation.number("upper"));
        let values = input.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        let slope = |x: f64| {
            let slope = lower + (upper - lower) * uniform(&mut rng);
            if x > 0.0 { 1.0 } else { slope }
        };
        self.multiplied(input, values.into_iter().map(slope).collect())
    }

    fn multiplied(&self, input: &Tensor, factors: Vec<f64>) -> Result<Tensor> {
        input * Tensor::from_vec(factors, input.dims(), input.device())?.to_dtype(input.dtype())?
    }

    /// The generator of the next module that draws; none where nothing is drawn.
    fn draw(&mut self) -> Option<ChaCha8Rng> {
        let Mode::Training { step } = self.mode else { return None };
        self.draws += 1;
        let mut rng = stream(self.model.seed, super::Stream::Modules, step);
        // A stream of its own for every module of a step.
        rng.set_stream(self.draws);
        Some(rng)
    }
}

/// Moves running moments towards those of a batch; the running variance is unbiased, as in PyTorch.
fn update(running: &mut Moments, batch: &Moments) {
    let n = batch.count as f64;
    let unbiased = if n > 1.0 { n / (n - 1.0) } else { 1.0 };
    let blend = |old: &mut Vec<f64>, new: &[f64], factor: f64| {
        old.iter_mut().zip(new).for_each(|(old, new)| *old += MOMENTUM * (factor * new - *old));
    };
    blend(&mut running.mean, &batch.mean, 1.0);
    blend(&mut running.variance, &batch.variance, unbiased);
    running.count += 1;
}
