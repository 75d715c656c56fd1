//! A vector for every position.

use candle_core::{Result as Computed, Tensor};

use super::tokens::needs_tokens;
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::init::Law;
use crate::layer::own;
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "positions",
    about: "Adds a learned vector for every position of a sequence, drawn from N(0, 0.02^2). It takes tokens x features.",
    params: &[],
    short: Short::Never,
    example: "positions",
    make: Make::Layer(|_| Positions.into()),
    trials: || vec![Trial::of_tokens(Form::tokens(vec![4, 3]), vec![Positions.into()])],
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Positions;

impl Operation for Positions {
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
        match inputs[0].sequence_of_features() {
            Some(_) => Ok(inputs[0].clone()),
            None => Err(needs_tokens(&inputs[0])),
        }
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        own("weight", &inputs[0].shape.0, Law::Normal { mean: 0.0, std: 0.02 })
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
        true
    }

    fn cost(&self, _: &Place) -> Cost {
        Cost::NOTHING
    }

    fn forward(
        &self,
        place: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        inputs[0].broadcast_add(parameters.need("weight", &place.name)?)
    }

    fn most_rank(&self, place: &Place, inputs: &[usize]) -> usize {
        // Positions have the same vectors in all samples.
        inputs[0] + place.rows_in()
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        inputs[0].broadcast_add(&pass.need(&place.name, "weight")?)
    }
}
