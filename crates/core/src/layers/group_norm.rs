//! Group norm.

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::{Statistics, normalize};
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "group_norm",
    about: "Standardizes every sample over groups of channels (Wu & He 2018), then scales and shifts every channel.",
    params: &[Param {
        name: "groups",
        label: "groups",
        domain: Domain::Size,
        default: Default::Needed,
        about: "groups of channels that are standardized together",
    }],
    short: Short::Read { param: "groups", label: "groups" },
    example: "group_norm: {groups: 8}",
    make: Make::Layer(|arguments| GroupNorm { groups: arguments.whole("groups") }.into()),
    trials: || {
        let groups = |groups| vec![GroupNorm { groups }.into()];
        vec![Trial::new(&[4, 6, 5], groups(2)), Trial::new(&[6], groups(3))]
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupNorm {
    pub groups: usize,
}

impl Operation for GroupNorm {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Whole(self.groups as u64)]
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        let (channels, groups) = (inputs[0].units(), self.groups);
        match channels.is_multiple_of(groups) {
            true => Ok(inputs[0].clone()),
            false => Err(format!("{channels} channels cannot be split into {groups} groups")),
        }
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        Weight::affine(&[inputs[0].units()])
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
        true
    }

    fn cost(&self, _: &Place) -> Cost {
        Cost::NOTHING
    }

    fn forward(
        &self,
        _: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        normalize(
            parameters.source(&inputs[0]),
            Statistics::Groups(self.groups),
            parameters.get("weight"),
            parameters.get("bias"),
        )
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        let standardized = differentiable::standardize(&inputs[0], Statistics::Groups(self.groups))?;
        pass.scaled(&place.name, &standardized, place.input().positions())
    }
}
