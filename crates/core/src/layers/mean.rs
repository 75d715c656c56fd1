//! The mean over positions or over units.

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "mean",
    about: "The mean over all positions of a sequence or an image, a vector of the units; or the mean over the units, a vector of the positions.",
    params: &[Param {
        name: "over",
        label: "over",
        domain: Domain::Word(&["positions", "units"]),
        default: Default::Word("positions"),
        about: "`positions` or `units`",
    }],
    short: Short::Written { param: "over", label: "what the mean is over" },
    example: "mean: {over: positions}",
    make: Make::Layer(|arguments| Mean { over_units: arguments.word("over") == Some("units") }.into()),
    trials: || {
        let mean = |over_units| vec![Mean { over_units }.into()];
        let tokens = || Form::tokens(vec![3, 4]);
        vec![
            Trial::of_tokens(tokens(), mean(false)),
            Trial::of_tokens(tokens(), mean(true)),
            Trial::new(&[2, 3, 4], mean(false)),
            Trial::new(&[2, 5], mean(true)),
            Trial::new(&[2, 3, 4], mean(true)),
            Trial::of_tokens(Form::tokens(vec![2, 3, 4]), mean(false)),
            Trial::of_tokens(Form::tokens(vec![2, 3, 4]), mean(true)),
        ]
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mean {
    pub over_units: bool,
}

impl Mean {
    fn take(&self, place: &Place, input: &Tensor) -> Computed<Tensor> {
        let axis = 1 + place.inputs[0].axis();
        match (self.over_units, axis) {
            (true, _) => input.mean(axis)?.flatten_from(1),
            (false, 1) => input.flatten_from(2)?.mean(2),
            (false, _) => input.flatten(1, input.rank() - 2)?.mean(1),
        }
    }
}

impl Operation for Mean {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Word(if self.over_units { "units" } else { "positions" })]
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        let (units, rows) = (inputs[0].units(), inputs[0].rows());
        match inputs[0].shape.0.len() {
            2.. => Ok(Form::features(if self.over_units { rows } else { units })),
            _ => Err(format!("{} come in, but it needs a sequence or an image", inputs[0])),
        }
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

    fn forward(&self, place: &Place, inputs: &[Tensor], _: &Parameters, _: Option<&Activation>) -> Computed<Tensor> {
        self.take(place, &inputs[0])
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        self.take(place, &inputs[0])
    }
}
