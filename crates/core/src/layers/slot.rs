//! The slot that a search fills with an activation.

use candle_core::{Result as Computed, Tensor, bail};

use super::activations::{activate, differentiate, scaling, weights};
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::fill::PLAIN;
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "activation",
    about: "The slot that a search fills: every candidate has its activation here.",
    params: &[SLOT],
    short: Short::Read { param: "slot", label: "the name of the slot" },
    example: "activation",
    make: Make::Layer(|arguments| Slot(arguments.given_name("slot").to_owned()).into()),
    // What fills it has trials of its own.
    trials: Vec::<Trial>::new,
};

/// The parameter of layers that have a slot.
pub(super) const SLOT: Param = Param {
    name: "slot",
    label: "the name of the slot",
    domain: Domain::Slot,
    default: Default::Name(PLAIN),
    about: "a name of your choice; slots of one name are filled alike, those of other names apart",
};

/// A slot of this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot(pub String);

/// The slot that has no name of its own.
impl std::default::Default for Slot {
    fn default() -> Self {
        Self(PLAIN.to_owned())
    }
}

impl Operation for Slot {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Name(self.0.clone())]
    }

    fn summary(&self) -> String {
        let name = if self.0 == PLAIN { "" } else { &self.0 };
        format!("*{name}")
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        Ok(inputs[0].clone())
    }

    fn weights(&self, inputs: &[Form], slot: Option<&Activation>) -> Vec<Weight> {
        slot.map_or_else(Vec::new, |activation| weights(activation, inputs))
    }

    fn counted<'a>(&'a self, slot: Option<&'a Activation>) -> Counted<'a> {
        Counted::Activation(slot)
    }

    fn is_by_sample(&self) -> bool {
        true
    }

    fn scaling(&self, slot: Option<&Activation>) -> Scaling {
        slot.map_or(Scaling::Changes, scaling)
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
        slot: Option<&Activation>,
    ) -> Computed<Tensor> {
        match slot {
            Some(activation) => activate(activation, place, &inputs[0], parameters),
            None => bail!("layer {} is an activation that nothing fills", place.name),
        }
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        match pass.slot(&self.0).cloned() {
            Some(activation) => differentiate(&activation, place, &inputs[0], pass),
            None => bail!("layer {} is an activation that nothing fills", place.name),
        }
    }
}
