//! Where the weights of a forward pass come from: drawn for a repetition, or read from a file.

use std::cell::RefCell;
use std::collections::HashMap;

use candle_core::{Device, Tensor};

use super::init::Law;
use super::{Activation, BiasInit, Init, Module, Op, ops};
use crate::random::{Draws, Key, Purpose};

/// The weights of one module. Absent ones are the neutral element: a weight of ones, a bias of zeros.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    pub weight: Option<Tensor>,
    pub bias: Option<Tensor>,
    /// Of a batch norm: whose statistics it takes.
    pub batch_norm: BatchNorm,
}

/// Whose statistics batch norm takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchNorm {
    /// Those of the batch, as in training.
    #[default]
    Training,
    /// The running statistics, which are a mean of 0 and a variance of 1 in an untrained network: it does next to nothing.
    Evaluation,
}

/// Gives every module its weights.
pub trait Weights {
    /// The weights of `module`, whose input is at hand for initializations that look at the data.
    ///
    /// # Errors
    /// When tensors cannot be made or do not fit.
    fn parameters(&self, module: &Module, input: &Tensor) -> candle_core::Result<Parameters>;
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
    /// By layer, in place of those of `init`; then there are no biases.
    laws: Option<Vec<Law>>,
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

    /// The same with weights by other laws, by layer, and without biases.
    #[must_use]
    pub fn with_laws(self, laws: Vec<Law>) -> Self {
        Self { laws: Some(laws), ..self }
    }

    fn draw(&self, module: &Module, input: &Tensor) -> candle_core::Result<Parameters> {
        let Some(shape) = &module.weight else { return Ok(Parameters::default()) };
        let key = |purpose| Key { seed: self.seed, repetition: self.repetition, layer: shape.index as u64, purpose };
        let law = self.laws.as_ref().and_then(|laws| laws.get(shape.index).copied());
        let law = law.unwrap_or_else(|| self.init.law(shape, self.gain));
        let weight = match self.draws {
            Some(draws) => law.draw_from(draws, shape, key(Purpose::Weights)),
            None => law.draw(shape, key(Purpose::Weights)),
        };
        let mut weight = Tensor::from_vec(weight, shape.dims.as_slice(), &Device::Cpu)?;
        if let Law::UnitVariance { target_std, tolerance } = law {
            weight = unit_variance(module, input, weight, target_std, tolerance)?;
        }
        let has_bias = match &module.op {
            _ if self.laws.is_some() => false,
            Op::Linear { bias } => *bias,
            Op::Conv2d(conv) => conv.bias,
            _ => false,
        };
        let bias = match self.init.bias_law(shape, self.bias) {
            Law::Uniform { high, .. } if has_bias => {
                let values = key(Purpose::Biases).symmetric_uniforms(shape.dims[0]);
                Some((Tensor::from_vec(values, shape.dims[0], &Device::Cpu)? * high)?)
            }
            _ => None,
        };
        Ok(Parameters { weight: Some(weight), bias, ..Parameters::default() })
    }
}

impl Weights for DrawnWeights<'_> {
    fn parameters(&self, module: &Module, input: &Tensor) -> candle_core::Result<Parameters> {
        let Some(shape) = &module.weight else {
            return Ok(Parameters { batch_norm: self.batch_norm, ..Parameters::default() });
        };
        if let Some(drawn) = self.drawn.borrow().get(&shape.index) {
            return Ok(drawn.clone());
        }
        let drawn = self.draw(module, input)?;
        self.drawn.borrow_mut().insert(shape.index, drawn.clone());
        Ok(drawn)
    }
}

/// Mishkin & Matas 2016 (arXiv 1511.06422): divides the weight by the standard deviation of the layer's output on the
/// data until that is the target. A layer without a bias is linear, so one step all but does it; ten are the limit.
fn unit_variance(
    module: &Module,
    input: &Tensor,
    mut weight: Tensor,
    target: f64,
    tolerance: f64,
) -> candle_core::Result<Tensor> {
    for _ in 0..10 {
        let output = ops::weighted(module, input, &weight, None)?;
        let std = ops::standard_deviation(&output)?;
        if (std - target).abs() < tolerance || std == 0.0 || !std.is_finite() {
            break;
        }
        weight = (weight * (target / std))?;
    }
    Ok(weight)
}

/// The names and shapes of a module's trained parameters.
#[must_use]
pub fn parameter_shapes(module: &Module) -> Vec<(String, Vec<usize>)> {
    let named = |what: &str, dims: &[usize]| (format!("{}.{what}", module.name), dims.to_vec());
    match (&module.op, &module.weight) {
        (Op::Linear { bias } | Op::Conv2d(super::Conv2d { bias, .. }), Some(shape)) => {
            let mut shapes = vec![named("weight", &shape.dims)];
            if *bias {
                shapes.push(named("bias", &shape.dims[..1]));
            }
            shapes
        }
        (Op::BatchNorm | Op::GroupNorm { .. }, _) => {
            let channels = [module.input.width()];
            vec![named("weight", &channels), named("bias", &channels)]
        }
        (Op::LayerNorm, _) => vec![named("weight", &module.input.0), named("bias", &module.input.0)],
        (Op::Activation(a), _) if a.has_weight() => vec![named("weight", &[1])],
        _ => Vec::new(),
    }
}
