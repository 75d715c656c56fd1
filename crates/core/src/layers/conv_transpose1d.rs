//! Transposed convolutions of sequences.

use candle_core::{Result as Computed, Tensor};

use super::images::needs_sequence;
use super::transposed::{Transposed, params};
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "conv_transpose1d",
    about: "A transposed convolution along sequences. It takes channels x length: every element spreads over what a convolution would take it from.",
    params: &params(1),
    short: Short::Never,
    example: "conv_transpose1d: {out: 32, kernel: 4, stride: 2, padding: 1}",
    make: Make::Layer(|arguments| ConvTranspose1d::of(arguments).into()),
    trials: || {
        let doubled = ConvTranspose1d { stride: [2], padding: [1], ..ConvTranspose1d::new(3, 4) };
        let grouped =
            ConvTranspose1d { stride: [3], output_padding: [1], groups: 2, bias: false, ..ConvTranspose1d::new(4, 2) };
        let trial = |conv: ConvTranspose1d| Trial::new(&[4, 5], vec![conv.into()]);
        vec![trial(ConvTranspose1d::new(2, 3)), trial(doubled), trial(grouped)]
    },
};

/// A transposed convolution over sequences.
pub type ConvTranspose1d = Transposed<1>;

impl Operation for ConvTranspose1d {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        self.arguments()
    }

    fn summary(&self) -> String {
        self.in_short()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        match inputs[0].sequence_of_channels() {
            Some([_, length]) => self.spread(&inputs[0], [length]),
            None => Err(needs_sequence(&inputs[0])),
        }
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        self.drawn(&inputs[0])
    }

    fn counted<'a>(&'a self, _: Option<&'a Activation>) -> Counted<'a> {
        Counted::Weighted
    }

    fn is_by_sample(&self) -> bool {
        true
    }

    fn scaling(&self, _: Option<&Activation>) -> Scaling {
        Scaling::Weighted
    }

    fn passes_units(&self) -> bool {
        false
    }

    fn cost(&self, place: &Place) -> Cost {
        self.costs(place)
    }

    fn forward(
        &self,
        place: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        self.apply(place, &inputs[0], parameters)
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        self.differentiate(place, &inputs[0], pass)
    }
}
