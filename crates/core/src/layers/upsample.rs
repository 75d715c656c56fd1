//! Larger images and sequences.

use candle_core::{Result as Computed, Tensor};

use super::images::{MOST, needs_channels};
use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::{Upsampling, upsample};
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "upsample",
    about: "Makes images and sequences of channels larger, as PyTorch does without aligned corners.",
    params: &[
        Param {
            name: "scale",
            label: "the scale",
            domain: Domain::Whole { least: 1, most: MOST },
            default: Default::Needed,
            about: "times as many elements along every axis",
        },
        Param {
            name: "mode",
            label: "mode",
            domain: Domain::Word(&["nearest", "linear"]),
            default: Default::Word("nearest"),
            about: "`nearest` repeats elements; `linear` interpolates, for images along both axes",
        },
    ],
    short: Short::Written { param: "scale", label: "the scale" },
    example: "upsample: {scale: 2}",
    make: Make::Layer(|arguments| {
        let mode = if arguments.word("mode") == Some("linear") { Upsampling::Linear } else { Upsampling::Nearest };
        Upsample { scale: arguments.whole("scale"), mode }.into()
    }),
    trials: || {
        let upsample = |scale, mode| vec![Upsample { scale, mode }.into()];
        vec![
            Trial::new(&[2, 3, 2], upsample(2, Upsampling::Nearest)),
            Trial::new(&[2, 3, 2], upsample(3, Upsampling::Linear)),
            Trial::new(&[2, 3], upsample(2, Upsampling::Linear)),
        ]
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upsample {
    pub scale: usize,
    pub mode: Upsampling,
}

impl Operation for Upsample {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        let mode = if self.mode == Upsampling::Linear { "linear" } else { "nearest" };
        vec![Value::Whole(self.scale as u64), Value::Word(mode)]
    }

    fn summary(&self) -> String {
        format!("up {}", self.scale)
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        if inputs[0].image().is_none() && inputs[0].sequence_of_channels().is_none() {
            return Err(needs_channels(&inputs[0]));
        }
        let mut sides = inputs[0].shape.0.clone();
        sides.iter_mut().skip(1).for_each(|side| *side = side.saturating_mul(self.scale));
        Ok(Form::channels(sides))
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
        upsample(&inputs[0], self.scale, self.mode)
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, _: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        differentiable::upsample(&inputs[0], self.scale, self.mode)
    }
}
