//! Keeps a value for later.

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "save",
    about: "Keeps what comes in under a name, for a later `use`, and passes it on.",
    params: &[Param {
        name: "name",
        label: "the name",
        domain: Domain::Name,
        default: Default::Needed,
        about: "a name of your choice",
    }],
    short: Short::Written { param: "name", label: "the name of save" },
    example: "save: skip",
    make: Make::Layer(|arguments| Save(arguments.given_name("name").to_owned()).into()),
    trials: || vec![Trial::new(&[4], vec![Save("skip".to_owned()).into()])],
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Save(pub String);

impl Operation for Save {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Name(self.0.clone())]
    }

    fn summary(&self) -> String {
        format!("save {}", self.0)
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
        Scaling::Passes
    }

    fn passes_units(&self) -> bool {
        true
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
