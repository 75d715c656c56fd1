//! Images moved by a few positions.

use candle_core::{Result as Computed, Tensor};

use super::images::{MOST, needs_image};
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "shift",
    about: "Moves an image up and to the left and fills what becomes free with zeros, as cells of TransNAS-Bench-101 do.",
    params: &[Param {
        name: "by",
        label: "by",
        domain: Domain::Whole { least: 1, most: MOST },
        default: Default::Needed,
        about: "positions along the height and along the width",
    }],
    short: Short::Read { param: "by", label: "by" },
    example: "shift: {by: 1}",
    make: Make::Layer(|arguments| Shift { by: arguments.whole("by") }.into()),
    trials: || {
        let by = |by| Trial::new(&[4, 6, 5], vec![Shift { by }.into()]);
        vec![by(1), by(5)]
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    pub by: usize,
}

impl Shift {
    fn moved(&self, input: &Tensor) -> Computed<Tensor> {
        let (.., height, width) = input.dims4()?;
        let padded = input.pad_with_zeros(2, 0, self.by)?.pad_with_zeros(3, 0, self.by)?;
        padded.narrow(2, self.by, height)?.narrow(3, self.by, width)?.contiguous()
    }
}

impl Operation for Shift {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Whole(self.by as u64)]
    }

    fn summary(&self) -> String {
        format!("by {}", self.by)
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        match inputs[0].image() {
            Some(_) => Ok(inputs[0].clone()),
            None => Err(needs_image(&inputs[0])),
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
        true
    }

    fn cost(&self, _: &Place) -> Cost {
        Cost::NOTHING
    }

    fn forward(&self, _: &Place, inputs: &[Tensor], _: &Parameters, _: Option<&Activation>) -> Computed<Tensor> {
        self.moved(&inputs[0])
    }

    fn differentiable(&self, _: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        self.moved(&inputs[0])
    }
}
