//! Transposed convolutions of images.

use candle_core::{Result as Computed, Tensor};

use super::images::needs_image;
use super::transposed::{Transposed, params};
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "conv_transpose2d",
    about: "A transposed convolution. It takes images: every element spreads over what a convolution would take it from.",
    params: &params(2),
    short: Short::Never,
    example: "conv_transpose2d: {out: 32, kernel: 4, stride: 2, padding: 1}",
    make: Make::Layer(|arguments| ConvTranspose2d::of(arguments).into()),
    trials: || {
        let doubled = ConvTranspose2d { stride: [2, 2], padding: [1, 1], ..ConvTranspose2d::new(3, 4) };
        let oblong = ConvTranspose2d {
            kernel: [3, 2],
            stride: [2, 1],
            output_padding: [1, 0],
            dilation: [1, 2],
            groups: 2,
            bias: false,
            ..ConvTranspose2d::new(4, 2)
        };
        let trial = |conv: ConvTranspose2d| Trial::new(&[4, 3, 4], vec![conv.into()]);
        vec![trial(ConvTranspose2d::new(2, 3)), trial(doubled), trial(oblong)]
    },
};

/// A transposed convolution over images.
pub type ConvTranspose2d = Transposed<2>;

impl Operation for ConvTranspose2d {
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
        match inputs[0].image() {
            Some([_, height, width]) => self.spread(&inputs[0], [height, width]),
            None => Err(needs_image(&inputs[0])),
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
