//! A value that was kept.

use candle_core::{Result as Computed, Tensor};

use super::concat;
use super::linear::Linear;
use super::save::Save;
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{
    Arguments, Cost, Counted, Default, Domain, Kind, Layer, Make, Operation, Param, Place, Scaling, Short, Trial,
    Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "use",
    about: "What was saved under a name, in place of what comes in.",
    params: &[Param {
        name: "name",
        label: "the name",
        domain: Domain::Name,
        default: Default::Needed,
        about: "the name of an earlier `save`",
    }],
    short: Short::Written { param: "name", label: "the name of use" },
    example: "use: skip",
    make: Make::Layer(|arguments| Use(arguments.given_name("name").to_owned()).into()),
    trials: || {
        let block = Arguments {
            kind: &concat::KIND,
            values: vec![Value::Branches(vec![Vec::new(), vec![Use("skip".to_owned()).into()]])],
        };
        let Make::Layer(joined) = concat::KIND.make else { return Vec::new() };
        let linear = |out| -> Layer { Linear::new(out).into() };
        vec![Trial::new(&[4], vec![linear(3), Save("skip".to_owned()).into(), linear(5), joined(&block), linear(2)])]
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use(pub String);

impl Operation for Use {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Name(self.0.clone())]
    }

    fn summary(&self) -> String {
        format!("use {}", self.0)
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
        Ok(inputs[0].clone())
    }

    fn differentiable(&self, _: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        Ok(inputs[0].clone())
    }
}
