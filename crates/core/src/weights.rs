//! Where the weights of a forward pass come from.

use std::cell::RefCell;
use std::collections::HashMap;

use candle_core::{Device, Tensor};

use crate::fill::Fill;
use crate::init::{BiasInit, Law, WeightShape};
use crate::kernels::standard_deviation;
use crate::layer::{Role, Weight};
use crate::network::Node;
use crate::parameters::Parameters;
use crate::random::{Draws, Key, Purpose};
use crate::recipe::Init;
use crate::settings::BatchNorm;
use crate::start::Drawing;

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
    drawing: Drawing<'a>,
    batch_norm: BatchNorm,
    draws: Option<&'a Draws>,
    /// By drawn weight, in place of those of the candidate; then there are no biases.
    laws: Option<Vec<Law>>,
    /// By the first drawn weight of a node, or else by its first weight, and by the number of its weights: nodes that share
    /// weights may have others besides.
    drawn: RefCell<HashMap<(Purpose, usize, usize), Parameters>>,
}

impl<'a> DrawnWeights<'a> {
    /// `fill` matters only where [`Drawing::depends_on_activation`] says so.
    #[must_use]
    pub fn new(seed: u64, repetition: u64, init: &'a Init, bias: BiasInit, fill: Option<&'a Fill>) -> Self {
        let (drawing, batch_norm) = (Drawing::new(init, bias, fill), BatchNorm::default());
        Self { seed, repetition, drawing, batch_norm, draws: None, laws: None, drawn: RefCell::default() }
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

    fn key(&self, purpose: Purpose, place: usize) -> Key {
        Key { seed: self.seed, repetition: self.repetition, layer: place as u64, purpose }
    }

    fn draw(&self, node: &Node, inputs: &[Tensor]) -> candle_core::Result<Parameters> {
        let mut drawn = Parameters::new(self.batch_norm);
        for weight in &node.weights {
            let tensor = match &weight.role {
                Role::Drawn(shape) => {
                    let law = self.laws.as_ref().and_then(|laws| laws.get(shape.index).copied());
                    let law = law.unwrap_or_else(|| self.drawing.law(node, weight));
                    Some(self.weight(node, inputs, weight.name, law, shape)?)
                }
                Role::Own(shape, _) => {
                    let law = self.drawing.law(node, weight);
                    let drawn = self.weight(node, inputs, weight.name, law, shape)?;
                    let owner = node.lender(weight.name).map_or(node, |(owner, _)| owner);
                    Some(owner.operation.blank_row().map_or(Ok(drawn.clone()), |row| blank(&drawn, row))?)
                }
                Role::Kept => node.operation.kept(weight.name).cloned(),
                Role::Bias(_) if self.laws.is_some() => None,
                Role::Bias(shape) => self.vector(node, weight, 0.0, self.key(Purpose::Biases, shape.index))?,
                Role::Constant(usual) => {
                    let place = node.place_among_constants(weight).unwrap_or_default();
                    self.vector(node, weight, *usual, self.key(Purpose::Constants, place))?
                }
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
        law: Law,
        shape: &WeightShape,
    ) -> candle_core::Result<Tensor> {
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
        let draw = |shape: &WeightShape| {
            let key = self.key(Purpose::Weights, shape.index);
            match self.draws {
                Some(draws) => law.draw_from(draws, shape, key),
                None => law.draw(shape, key),
            }
        };
        let values = match shape.matrices() {
            1 => draw(shape),
            matrices => (0..matrices).flat_map(|gate| draw(&shape.gate(gate))).collect(),
        };
        Tensor::from_vec(values, shape.dims.as_slice(), &Device::Cpu)
    }

    /// A bias or another weight that may keep its neutral value; none where it does.
    fn vector(&self, node: &Node, weight: &Weight, neutral: f64, key: Key) -> candle_core::Result<Option<Tensor>> {
        let law = self.drawing.law(node, weight);
        if law == (Law::Constant { value: neutral }) {
            return Ok(None);
        }
        let shape = WeightShape::new(weight.dims.clone(), 1);
        Tensor::from_vec(law.draw(&shape, key), weight.dims.as_slice(), &Device::Cpu).map(Some)
    }
}

impl Weights for DrawnWeights<'_> {
    fn parameters(&self, node: &Node, inputs: &[Tensor]) -> candle_core::Result<Parameters> {
        if let (true, Some(given)) = (self.drawing.is_as_given(), &node.given) {
            return Ok(given.clone().with_batch_norm(self.batch_norm));
        }
        Ok(self.drawn_once(node, inputs)?.with_all(&node.frozen))
    }
}

impl DrawnWeights<'_> {
    /// What is drawn of a node, once for all nodes that share it.
    fn drawn_once(&self, node: &Node, inputs: &[Tensor]) -> candle_core::Result<Parameters> {
        let constant = || node.weights.first().and_then(|weight| node.place_among_constants(weight));
        let place = match node.first_drawn() {
            Some(first) => (Purpose::Weights, first, node.weights.len()),
            None => match constant() {
                Some(place) => (Purpose::Constants, place, node.weights.len()),
                None => return self.draw(node, inputs),
            },
        };
        if let Some(drawn) = self.drawn.borrow().get(&place) {
            return Ok(drawn.clone());
        }
        let drawn = self.draw(node, inputs)?;
        self.drawn.borrow_mut().insert(place, drawn.clone());
        Ok(drawn)
    }
}

/// The weights that a model brings.
#[derive(Debug, Clone, Copy)]
pub struct GivenWeights {
    pub batch_norm: BatchNorm,
}

impl Weights for GivenWeights {
    fn parameters(&self, node: &Node, _: &[Tensor]) -> candle_core::Result<Parameters> {
        let given = node.given.clone().unwrap_or_default();
        let given = node.weights.iter().fold(given, |given, weight| match node.operation.kept(weight.name) {
            Some(own) if given.get(weight.name).is_none() => given.with(weight.name, own.clone()),
            _ => given,
        });
        Ok(given.with_batch_norm(self.batch_norm))
    }
}

/// A table with zeros in one row.
fn blank(table: &Tensor, row: usize) -> candle_core::Result<Tensor> {
    let (_, features) = table.dims2()?;
    let zeros = Tensor::zeros((1, features), table.dtype(), table.device())?;
    table.slice_assign(&[row..row + 1, 0..features], &zeros)
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
