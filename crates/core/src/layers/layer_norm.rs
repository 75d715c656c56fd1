//! Layer norm.

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::{Statistics, normalize};
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "layer_norm",
    about: "Standardizes every sample over all its elements (Ba et al. 2016), then scales and shifts each element.",
    params: &[],
    short: Short::Never,
    example: "layer_norm",
    make: Make::Layer(|_| LayerNorm.into()),
    trials: || vec![Trial::new(&[4, 6, 5], vec![LayerNorm.into()]), Trial::new(&[6], vec![LayerNorm.into()])],
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerNorm;

impl Operation for LayerNorm {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        Vec::new()
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        Ok(inputs[0].clone())
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        Weight::affine(&inputs[0].shape.0)
    }

    fn counted<'a>(&'a self, _: Option<&'a Activation>) -> Counted<'a> {
        Counted::Weighted
    }

    fn is_by_sample(&self) -> bool {
        true
    }

    fn scaling(&self, _: Option<&Activation>) -> Scaling {
        Scaling::Changes
    }

    fn passes_units(&self) -> bool {
        true
    }

    fn cost(&self, place: &Place) -> Cost {
        Cost { workspace: 0, multiply_adds: place.output.shape.elements() as u128 }
    }

    fn forward(
        &self,
        _: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        normalize(&inputs[0], Statistics::Sample, parameters.get("weight"), parameters.get("bias"))
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        pass.scaled(&place.name, &differentiable::standardize(&inputs[0], Statistics::Sample)?, 1)
    }
}
