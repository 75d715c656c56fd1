//! A token of the network's own.

use candle_core::{Result as Computed, Tensor};

use super::positions::Positions;
use super::tokens::needs_tokens;
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::init::Law;
use crate::layer::own;
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "class_token",
    about: "Puts a learned token before a sequence, for a class to be read from; it starts at zeros. It takes tokens x features.",
    params: &[],
    short: Short::Never,
    example: "class_token",
    make: Make::Layer(|_| ClassToken.into()),
    trials: || vec![Trial::of_tokens(Form::tokens(vec![4, 3]), vec![ClassToken.into(), Positions.into()])],
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassToken;

impl Operation for ClassToken {
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
            Some([tokens, features]) => Ok(Form::tokens(vec![tokens + 1, features])),
            None => Err(needs_tokens(&inputs[0])),
        }
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        own("weight", &[1, inputs[0].units()], Law::Constant { value: 0.0 })
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

    fn forward(
        &self,
        place: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        put_before(&inputs[0], parameters.need("weight", &place.name)?)
    }

    fn most_rank(&self, _: &Place, inputs: &[usize]) -> usize {
        inputs[0] + 1
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        put_before(&inputs[0], &pass.need(&place.name, "weight")?)
    }
}

/// `[samples, 1 + tokens, features]`, the token `[1, features]` first.
fn put_before(input: &Tensor, token: &Tensor) -> Computed<Tensor> {
    let (samples, _, features) = input.dims3()?;
    let token = token.reshape((1, 1, features))?.broadcast_as((samples, 1, features))?;
    Tensor::cat(&[&token.contiguous()?, input], 1)
}
