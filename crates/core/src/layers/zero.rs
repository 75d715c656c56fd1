//! Zeros.

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{Block, Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "zero",
    about: "Zeros of the input's shape: the operation `none` of NATS-Bench.",
    params: &[],
    short: Short::Never,
    example: "zero",
    make: Make::Layer(|_| Zero.into()),
    trials: || vec![Trial::new(&[4, 6, 5], vec![Block::residual(vec![Zero.into()], Vec::new()).into()])],
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zero;

impl Operation for Zero {
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

    fn weights(&self, _: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        Vec::new()
    }

    fn counted<'a>(&'a self, _: Option<&'a Activation>) -> Counted<'a> {
        Counted::No
    }

    fn is_by_sample(&self) -> bool {
        true
    }

    fn scaling(&self, _: Option<&Activation>) -> Scaling {
        Scaling::Changes
    }

    fn passes_units(&self) -> bool {
        false
    }

    fn cost(&self, _: &Place) -> Cost {
        Cost::NOTHING
    }

    fn forward(&self, _: &Place, inputs: &[Tensor], _: &Parameters, _: Option<&Activation>) -> Computed<Tensor> {
        // One zero seen everywhere, which sums leave out.
        Tensor::zeros(1, inputs[0].dtype(), inputs[0].device())?.broadcast_as(inputs[0].shape())
    }

    fn differentiable(&self, _: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        inputs[0].zeros_like()
    }
}
