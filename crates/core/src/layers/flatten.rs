//! All elements as one vector.

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "flatten",
    about: "Makes a vector of all elements.",
    params: &[],
    short: Short::Never,
    example: "flatten",
    make: Make::Layer(|_| Flatten.into()),
    trials: || vec![Trial::new(&[2, 4, 3], vec![Flatten.into()])],
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flatten;

impl Operation for Flatten {
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
        Ok(Form::features(inputs[0].shape.elements()))
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
        Scaling::Passes
    }

    fn passes_units(&self) -> bool {
        false
    }

    fn cost(&self, _: &Place) -> Cost {
        Cost::NOTHING
    }

    fn forward(&self, _: &Place, inputs: &[Tensor], _: &Parameters, _: Option<&Activation>) -> Computed<Tensor> {
        inputs[0].flatten_from(1)
    }

    fn differentiable(&self, _: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        inputs[0].flatten_from(1)
    }
}
