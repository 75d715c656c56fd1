//! A learned factor.

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::scaled;
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Role, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "scale",
    about: "Multiplies each channel or feature by a learned factor, as layer scale does (Touvron et al. 2021), or everything by one, as ReZero does (Bachlechner et al. 2020).",
    params: &[
        Param {
            name: "init",
            label: "the start",
            domain: Domain::Number { least: -1e6, most: 1e6 },
            default: Default::Number(1.0),
            about: "where the factors start",
        },
        Param {
            name: "per",
            label: "per",
            domain: Domain::Word(&["unit", "layer"]),
            default: Default::Word("unit"),
            about: "a factor for each channel or feature, or one for the layer",
        },
    ],
    short: Short::Written { param: "init", label: "the start of scale" },
    example: "scale: {init: 0.1}",
    make: Make::Layer(|arguments| {
        Scale { init: arguments.number("init"), is_single: arguments.word("per") == Some("layer") }.into()
    }),
    trials: || {
        let scale = |is_single| vec![Scale { init: 0.3, is_single }.into()];
        let tokens = || Form::tokens(vec![3, 4]);
        vec![
            Trial::new(&[3, 4, 2], scale(false)),
            Trial::of_tokens(tokens(), scale(false)),
            Trial::of_tokens(tokens(), scale(true)),
        ]
    },
};

#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Where the factors start.
    pub init: f64,
    /// Whether there is one factor for the layer.
    pub is_single: bool,
}

impl Scale {
    /// How many elements in a row share a factor.
    fn run(&self, place: &Place) -> usize {
        if self.is_single { place.output.shape.elements() } else { place.output.run() }
    }
}

impl Operation for Scale {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Number(self.init), Value::Word(if self.is_single { "layer" } else { "unit" })]
    }

    fn summary(&self) -> String {
        format!("scale {}", self.init)
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        Ok(inputs[0].clone())
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        let factors = if self.is_single { 1 } else { inputs[0].units() };
        vec![Weight { name: "weight", dims: vec![factors], role: Role::Constant(self.init) }]
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
        match parameters.get("weight") {
            Some(factors) => scaled(parameters.source(&inputs[0]), factors, self.run(place)),
            None => &inputs[0] * self.init,
        }
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        differentiable::scaled(&inputs[0], &pass.need(&place.name, "weight")?, self.run(place))
    }
}
