//! Dense layers within others.

use candle_core::{Result as Computed, Tensor};

use super::linear::Linear;
use super::tokens::needs_tokens;
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "projection",
    about: "A dense layer within another, as wide as what comes in or a part of that.",
    params: &[
        Param {
            name: "parts",
            label: "parts",
            domain: Domain::Size,
            default: Default::Needed,
            about: "parts of the width that it has",
        },
        Param {
            name: "of",
            label: "of",
            domain: Domain::Size,
            default: Default::Needed,
            about: "parts that the width is split into",
        },
        Param {
            name: "bias",
            label: "bias",
            domain: Domain::Flag,
            default: Default::Flag(true),
            about: "whether it adds a bias",
        },
    ],
    short: Short::Never,
    example: "projection",
    make: Make::Layer(|arguments| {
        let [parts, of] = ["parts", "of"].map(|name| arguments.whole(name));
        Projection { parts, of, bias: arguments.flag("bias") }.into()
    }),
    trials: || {
        vec![Trial::of_tokens(Form::tokens(vec![3, 6]), vec![Projection { parts: 2, of: 3, bias: true }.into()])]
    },
};

/// A dense layer of `parts` / `of` times the features that come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    pub parts: usize,
    pub of: usize,
    pub bias: bool,
}

impl Projection {
    /// The dense layer that it is for such an input.
    #[must_use]
    pub fn linear(&self, input: &Form) -> Linear {
        Linear { out: (input.units() / self.of.max(1)).saturating_mul(self.parts), bias: self.bias }
    }

    fn at(&self, place: &Place) -> Linear {
        Linear { out: place.output.units(), bias: self.bias }
    }
}

impl Operation for Projection {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Whole(self.parts as u64), Value::Whole(self.of as u64), Value::Flag(self.bias)]
    }

    /// What it is to people.
    fn name(&self) -> &'static str {
        "linear"
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        if inputs[0].sequence_of_features().is_none() {
            return Err(needs_tokens(&inputs[0]));
        }
        match inputs[0].units() % self.of.max(1) {
            0 => self.linear(&inputs[0]).output(inputs),
            _ => Err(format!("{} features cannot be split among {} heads", inputs[0].units(), self.of)),
        }
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        self.linear(&inputs[0]).weights(inputs, None)
    }

    fn counted<'a>(&'a self, _: Option<&'a Activation>) -> Counted<'a> {
        Counted::Weighted
    }

    fn is_by_sample(&self) -> bool {
        true
    }

    fn scaling(&self, _: Option<&Activation>) -> Scaling {
        Scaling::Weighted
    }

    fn passes_units(&self) -> bool {
        false
    }

    fn cost(&self, place: &Place) -> Cost {
        self.at(place).cost(place)
    }

    fn forward(
        &self,
        place: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        self.at(place).forward(place, inputs, parameters, None)
    }

    fn is_dense(&self, _: &Place) -> bool {
        true
    }

    fn most_rank(&self, _: &Place, inputs: &[usize]) -> usize {
        inputs[0] + usize::from(self.bias)
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        self.at(place).differentiable(place, inputs, pass)
    }
}
