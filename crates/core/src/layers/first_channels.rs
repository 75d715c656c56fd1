//! The first channels.

use candle_core::{Result as Computed, Tensor};

use super::images::needs_image;
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "first_channels",
    about: "Leaves out all channels but the first, as cells of NAS-Bench-101 do.",
    params: &[Param {
        name: "keep",
        label: "keep",
        domain: Domain::Size,
        default: Default::Needed,
        about: "channels that stay",
    }],
    short: Short::Read { param: "keep", label: "keep" },
    example: "first_channels: {keep: 8}",
    make: Make::Layer(|arguments| FirstChannels { keep: arguments.whole("keep") }.into()),
    trials: || vec![Trial::new(&[4, 6, 5], vec![FirstChannels { keep: 3 }.into()])],
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstChannels {
    pub keep: usize,
}

impl Operation for FirstChannels {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Whole(self.keep as u64)]
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        match inputs[0].image() {
            Some([channels, ..]) if self.keep > channels => {
                Err(format!("{channels} channels come in, fewer than {}", self.keep))
            }
            Some([_, height, width]) => Ok(Form::channels(vec![self.keep, height, width])),
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
        false
    }

    fn cost(&self, _: &Place) -> Cost {
        Cost::NOTHING
    }

    fn forward(&self, _: &Place, inputs: &[Tensor], _: &Parameters, _: Option<&Activation>) -> Computed<Tensor> {
        inputs[0].narrow(1, 0, self.keep)
    }

    fn differentiable(&self, _: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        inputs[0].narrow(1, 0, self.keep)?.contiguous()
    }
}
