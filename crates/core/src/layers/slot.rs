//! The slot that a search fills with an activation.

use candle_core::{Result as Computed, Tensor, bail};

use super::activations::{activate, differentiate, scaling, weights};
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "activation",
    about: "The slot that a search fills: every candidate has its activation here.",
    params: &[],
    short: Short::Never,
    example: "activation",
    make: Make::Layer(|_| Slot.into()),
    // What fills it has trials of its own.
    trials: Vec::<Trial>::new,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot;

impl Operation for Slot {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        Vec::new()
    }

    fn summary(&self) -> String {
        "*".to_owned()
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

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        match pass.slot().cloned() {
            Some(activation) => differentiate(&activation, place, &inputs[0], pass),
            None => bail!("layer {} is an activation that nothing fills", place.name),
        }
    }
}
