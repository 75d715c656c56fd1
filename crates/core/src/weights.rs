//! Where the weights of a forward pass come from.

use std::cell::RefCell;
use std::collections::HashMap;

use candle_core::{Device, Tensor};

use crate::activation::Activation;
use crate::init::{BiasInit, Init, Law, WeightShape};
use crate::kernels::standard_deviation;
use crate::layer::Role;
use crate::network::Node;
use crate::parameters::Parameters;
use crate::random::{Draws, Key, Purpose};
use crate::settings::BatchNorm;

/// Gives every node its weights.
pub trait Weights {
    /// The weights of `node`, whose inputs are at hand for initializations that look at the data.
    ///
    /// # Errors
    /// When tensors cannot be made or do not fit.
    fn parameters(&self, node: &Node, inputs: &[Tensor]) -> candle_core::Result<Parameters>;
}

/// Weights drawn for one repetition of one initialization, each drawn once.
pub struct DrawnWeights<'a> {
    seed: u64,
    repetition: u64,
    init: &'a Init,
    bias: BiasInit,
    gain: f64,
    batch_norm: BatchNorm,
    draws: Option<&'a Draws>,
    /// By drawn weight, in place of those of `init`; then there are no biases.
    laws: Option<Vec<Law>>,
    /// By the first drawn weight of a node.
    drawn: RefCell<HashMap<usize, Parameters>>,
}

impl<'a> DrawnWeights<'a> {
    /// `activation` matters only where [`Init::depends_on_activation`] says so.
    #[must_use]
    pub fn new(seed: u64, repetition: u64, init: &'a Init, bias: BiasInit, activation: Option<&Activation>) -> Self {
        let gain = if init.depends_on_activation() { activation.map_or(1.0, Activation::gain) } else { 1.0 };
        let batch_norm = BatchNorm::default();
        Self { seed, repetition, init, bias, gain, batch_norm, draws: None, laws: None, drawn: RefCell::default() }
    }

    /// The same with other statistics for batch norm.
    #[must_use]
    pub fn with_batch_norm(self, batch_norm: BatchNorm) -> Self {
        Self { batch_norm, ..self }
    }

    /// The same with underlying draws that are shared.
    #[must_use]
    pub fn sharing(self, draws: Option<&'a Draws>) -> Self {
        Self { draws, ..self }
    }

    /// The same with weights by other laws, one for each drawn weight, and without biases.
    #[must_use]
    pub fn with_laws(self, laws: Vec<Law>) -> Self {
        Self { laws: Some(laws), ..self }
    }

    fn key(&self, shape: &WeightShape, purpose: Purpose) -> Key {
        Key { seed: self.seed, repetition: self.repetition, layer: shape.index as u64, purpose }
    }

    fn draw(&self, node: &Node, inputs: &[Tensor]) -> candle_core::Result<Parameters> {
        let mut drawn = Parameters::new(self.batch_norm);
        for weight in &node.weights {
            let tensor = match &weight.role {
                Role::Drawn(shape) => Some(self.weight(node, inputs, weight.name, shape)?),
                Role::Own(shape, law) => Some(self.by_law(*law, shape)?),
                Role::Bias(shape) => self.bias(shape, weight.dims[0])?,
                Role::Constant(_) => None,
            };
            if let Some(tensor) = tensor {
                drawn = drawn.with(weight.name, tensor);
            }
        }
        Ok(drawn)
    }

    fn weight(
        &self,
        node: &Node,
        inputs: &[Tensor],
        name: &'static str,
        shape: &WeightShape,
    ) -> candle_core::Result<Tensor> {
        let law = self.laws.as_ref().and_then(|laws| laws.get(shape.index).copied());
        let law = law.unwrap_or_else(|| self.init.law(shape, self.gain));
        let weight = self.by_law(law, shape)?;
        match law {
            // The output of a recurrent layer is not linear in its weights.
            Law::UnitVariance { target_std, tolerance } if shape.gates == 0 => {
                unit_variance(node, inputs, name, weight, target_std, tolerance)
            }
            _ => Ok(weight),
        }
    }

    /// A weight by this law, its matrices apart.
    fn by_law(&self, law: Law, shape: &WeightShape) -> candle_core::Result<Tensor> {
        let draw = |shape: &WeightShape| match self.draws {
            Some(draws) => law.draw_from(draws, shape, self.key(shape, Purpose::Weights)),
            None => law.draw(shape, self.key(shape, Purpose::Weights)),
        };
        let values = match shape.matrices() {
            1 => draw(shape),
            matrices => (0..matrices).flat_map(|gate| draw(&shape.gate(gate))).collect(),
        };
        Tensor::from_vec(values, shape.dims.as_slice(), &Device::Cpu)
    }

    /// The bias of a weight; none where it is zero.
    fn bias(&self, shape: &WeightShape, length: usize) -> candle_core::Result<Option<Tensor>> {
        match self.init.bias_law(shape, self.bias) {
            Law::Uniform { high, .. } if self.laws.is_none() => {
                let values = self.key(shape, Purpose::Biases).symmetric_uniforms(length);
                Ok(Some((Tensor::from_vec(values, length, &Device::Cpu)? * high)?))
            }
            _ => Ok(None),
        }
    }
}

impl Weights for DrawnWeights<'_> {
    fn parameters(&self, node: &Node, inputs: &[Tensor]) -> candle_core::Result<Parameters> {
        let Some(first) = node.first_drawn() else { return Ok(Parameters::new(self.batch_norm)) };
        if let Some(drawn) = self.drawn.borrow().get(&first) {
            return Ok(drawn.clone());
        }
        let drawn = self.draw(node, inputs)?;
        self.drawn.borrow_mut().insert(first, drawn.clone());
        Ok(drawn)
    }
}

/// Mishkin & Matas 2016 (arXiv 1511.06422): divides the weight by the standard deviation of the layer's output on the
/// data until that is the target. A layer without a bias is linear, so one step all but does it; ten are the limit.
fn unit_variance(
    node: &Node,
    inputs: &[Tensor],
    name: &'static str,
    mut weight: Tensor,
    target: f64,
    tolerance: f64,
) -> candle_core::Result<Tensor> {
    for _ in 0..10 {
        let alone = Parameters::default().with(name, weight.clone());
        let std = standard_deviation(&node.operation.forward(&node.place, inputs, &alone, None)?)?;
        if (std - target).abs() < tolerance || std == 0.0 || !std.is_finite() {
            break;
        }
        weight = (weight * (target / std))?;
    }
    Ok(weight)
}
