//! A network whose weights are candle variables, started from the project's own draws.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor, Var};
use neartop_core::differentiable::{Moments, Pass};
use neartop_core::layer::Role;
use neartop_core::layers::{BatchNorm, Normalization, Softmax};
use neartop_core::network::forward::{Filling, Probe, Values, forward_part};
use neartop_core::network::{Activation, BiasInit, Fill, Init, Network, Node};
use neartop_core::weights::{DrawnWeights, Weights};
use rand_chacha::ChaCha8Rng;

use super::stream;

/// What a model starts from.
#[derive(Debug, Clone)]
pub struct Start<'a> {
    pub network: Arc<Network>,
    pub fill: Option<Fill>,
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
    fill: Option<Fill>,
    seed: u64,
    /// In the order of the forward pass, named as in PyTorch's `nn.Sequential.state_dict()`.
    parameters: Vec<(String, Var)>,
    places: HashMap<String, usize>,
    /// What no training changes, by the same names.
    frozen: HashMap<String, Tensor>,
    /// Of batch norms, by the node's name.
    running: HashMap<String, Moments>,
    /// A last sigmoid is left out.
    gives_log_odds: bool,
}

impl Model {
    /// Draws the weights as repetition 0 of the scores does; `batch` `[samples, ...]` is what initializations that look at
    /// data see.
    ///
    /// # Errors
    /// If the batch does not fit the network.
    pub fn new(start: &Start<'_>, batch: &Tensor, precision: DType) -> Result<Self> {
        let network = Arc::clone(&start.network);
        let fill = start.fill.as_ref();
        let drawn = DrawnWeights::new(start.seed, 0, start.init, start.bias, fill);
        // A pass through the network shows every layer its inputs.
        let mut values = Values::of_input(&network, batch.clone());
        forward_part(
            &network,
            &network.whole(),
            &mut values,
            Filling { weights: &drawn, fill, batch: None },
            &mut Nothing,
        )?;
        let (mut parameters, mut running, mut frozen) = (Vec::new(), HashMap::new(), HashMap::new());
        for node in &network.nodes {
            for (weight, tensor) in node.frozen.iter() {
                frozen.insert(format!("{}.{weight}", node.name()), tensor.to_dtype(precision)?);
            }
            let known = drawn.parameters(node, std::slice::from_ref(batch))?;
            for weight in node.weights_with(fill) {
                if node.owner(weight.name).is_some() {
                    continue;
                }
                let start = match weight.role {
                    Role::Drawn(_) | Role::Own(..) | Role::Bias(_) | Role::Kept => 0.0,
                    Role::Constant(value) => value as f32,
                };
                let value = match known.get(weight.name) {
                    Some(value) => value.clone(),
                    None => Tensor::full(start, weight.dims, &Device::Cpu)?,
                };
                let var = Var::from_tensor(&value.to_dtype(precision)?)?;
                parameters.push((format!("{}.{}", node.name(), weight.name), var));
            }
            if keeps_moments(node) {
                running.insert(node.name().to_owned(), Moments::untrained(node.input().width()));
            }
        }
        let mut places: HashMap<_, _> =
            parameters.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
        for node in &network.nodes {
            for (weight, owner) in &node.shared {
                if let Some(place) = places.get(&format!("{owner}.{weight}")).copied() {
                    places.insert(format!("{}.{weight}", node.name()), place);
                }
            }
        }
        Ok(Self {
            network,
            fill: start.fill.clone(),
            seed: start.seed,
            parameters,
            places,
            frozen,
            running,
            gives_log_odds: false,
        })
    }

    /// The same network, giving what a last sigmoid takes, or as it is.
    #[must_use]
    pub fn giving_log_odds(self, gives_log_odds: bool) -> Self {
        Self { gives_log_odds, ..self }
    }

    /// The trained parameters with their names, in the order of the forward pass.
    #[must_use]
    pub fn parameters(&self) -> &[(String, Var)] {
        &self.parameters
    }

    /// The running moments of a batch norm, by the node's name.
    #[must_use]
    pub fn running(&self, name: &str) -> Option<&Moments> {
        self.running.get(name)
    }

    /// What the network gives for `input` `[samples, ...]`: `[samples, outputs]`. A final softmax gives its logarithm, so
    /// that cross-entropy can follow.
    ///
    /// # Errors
    /// If the input does not fit.
    pub fn forward(&mut self, input: &Tensor, mode: Mode) -> Result<Tensor> {
        let network = Arc::clone(&self.network);
        let mut nodes = network.nodes.as_slice();
        let mut softmax = None;
        if let [before @ .., last] = nodes
            && let axis = 1 + last.place.output.axis()
            && let Some(last) = last.operation.as_kind::<Softmax>()
        {
            (nodes, softmax) = (before, Some((*last, axis)));
        }
        if let [before @ .., last] = nodes
            && self.gives_log_odds
            && last.activation(self.fill.as_ref()).is_some_and(|activation| activation.name() == "sigmoid")
        {
            nodes = before;
        }
        let mut pass = ModelPass { model: self, mode, draws: 0 };
        let output = pass.through(nodes, input)?;
        let output = softmax.map_or(Ok(output.clone()), |(softmax, axis)| softmax.log(&output, axis))?;
        output.flatten_from(1)
    }
}

/// Whether a node keeps running moments of what passes.
fn keeps_moments(node: &Node) -> bool {
    let imported = node.operation.as_kind().is_some_and(Normalization::keeps_moments);
    imported || node.operation.is::<BatchNorm>()
}

/// A probe that only lets pass.
struct Nothing;

impl Probe for Nothing {
    type Stop = candle_core::Error;

    fn observe(&mut self, _: &Node, _: &Tensor) -> Result<()> {
        Ok(())
    }
}

/// One forward pass.
struct ModelPass<'a> {
    model: &'a mut Model,
    mode: Mode,
    /// Layers so far that drew numbers.
    draws: u64,
}

impl ModelPass<'_> {
    /// What the last of the nodes gives.
    fn through(&mut self, nodes: &[Node], input: &Tensor) -> Result<Tensor> {
        let mut uses = vec![0usize; nodes.len() + 1];
        nodes.iter().flat_map(|node| &node.inputs).for_each(|value| uses[*value] += 1);
        let mut values = vec![Some(input.clone())];
        for node in nodes {
            let inputs: Vec<_> = node.inputs.iter().filter_map(|value| values[*value].clone()).collect();
            for value in &node.inputs {
                uses[*value] -= 1;
                if uses[*value] == 0 {
                    values[*value] = None;
                }
            }
            values.push(Some(node.operation.differentiable(&node.place, &inputs, self)?));
        }
        Ok(values.pop().flatten().unwrap_or_else(|| input.clone()))
    }
}

impl Pass for ModelPass<'_> {
    fn is_training(&self) -> bool {
        matches!(self.mode, Mode::Training { .. })
    }

    fn slot(&self, name: &str) -> Option<&Activation> {
        self.model.fill.as_ref()?.of(name)
    }

    fn parameter(&self, place: &str, name: &str) -> Option<Tensor> {
        let name = format!("{place}.{name}");
        if let Some(frozen) = self.model.frozen.get(&name) {
            return Some(frozen.clone());
        }
        let place = *self.model.places.get(&name)?;
        let var = &self.model.parameters.get(place)?.1;
        Some(match self.mode {
            Mode::Training { .. } => var.as_tensor().clone(),
            // Without a graph nothing is kept for a backward pass.
            Mode::Evaluation => var.as_detached_tensor(),
        })
    }

    fn running(&mut self, place: &str) -> Option<&mut Moments> {
        self.model.running.get_mut(place)
    }

    fn draw(&mut self) -> Option<ChaCha8Rng> {
        let Mode::Training { step } = self.mode else { return None };
        self.draws += 1;
        let mut rng = stream(self.model.seed, super::Stream::Modules, step);
        // A stream of its own for every layer of a step that draws.
        rng.set_stream(self.draws);
        Some(rng)
    }
}
