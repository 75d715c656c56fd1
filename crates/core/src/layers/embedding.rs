//! A vector for every token.

use candle_core::{Result as Computed, Tensor};

use super::flatten::Flatten;
use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::init::Law;
use crate::kernels::gather;
use crate::layer::own;
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::{Form, Layout};

pub static KIND: Kind = Kind {
    name: "embedding",
    about: "A learned vector for every token of the vocabulary, drawn from N(0, 1). It takes numbers of tokens.",
    params: &[Param {
        name: "out",
        label: "out",
        domain: Domain::Size,
        default: Default::Needed,
        about: "features of a token",
    }],
    short: Short::Written { param: "out", label: "the width of embedding" },
    example: "embedding: 128",
    make: Make::Layer(|arguments| Embedding { out: arguments.whole("out") }.into()),
    trials: || vec![Trial::of_tokens(Form::ids(4, 7), vec![Embedding { out: 3 }.into(), Flatten.into()])],
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedding {
    pub out: usize,
}

impl Embedding {
    fn vocab(input: &Form) -> usize {
        match input.layout {
            Layout::Ids { vocab } => vocab,
            Layout::Channels | Layout::Features => 0,
        }
    }
}

impl Operation for Embedding {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Whole(self.out as u64)]
    }

    fn summary(&self) -> String {
        format!("embedding {}", self.out)
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        match inputs[0].layout {
            Layout::Ids { .. } => Ok(Form::tokens(inputs[0].shape.0.iter().copied().chain([self.out]).collect())),
            Layout::Channels | Layout::Features => Err(format!(
                "{} come in, but it needs numbers of tokens: `input: {{tokens: 64, vocab: 1000}}`",
                inputs[0]
            )),
        }
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        own("weight", &[Self::vocab(&inputs[0]), self.out], Law::Normal { mean: 0.0, std: 1.0 })
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
        gather(&inputs[0], parameters.need("weight", &place.name)?)
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        differentiable::embed(&inputs[0], &pass.need(&place.name, "weight")?)
    }
}
