//! Convolutions of images.

use candle_core::{Result as Computed, Tensor};

use super::convolution::{Conv, Padding, params};
use super::images::needs_image;
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "conv2d",
    about: "A convolution. It takes images.",
    params: &params(2),
    short: Short::Never,
    example: "conv2d: {out: 32, kernel: 3}",
    make: Make::Layer(|arguments| Conv2d::of(arguments).into()),
    trials: || {
        let strided = Conv2d { padding: Padding::Zeros(1), ..Conv2d::new(4, 3).strided(2) };
        let grouped = Conv2d { groups: 2, dilation: [2, 2], bias: false, ..Conv2d::new(6, 2) };
        let even = Conv2d { padding: Padding::Same, ..Conv2d::new(3, 2) };
        let dilated = Conv2d { dilation: [2, 2], padding: Padding::Zeros(2), ..Conv2d::new(5, 3).strided(3) };
        let oblong = Conv2d { kernel: [3, 2], stride: [1, 2], padding: Padding::Oblong([1, 0]), ..Conv2d::new(3, 1) };
        let halved = Conv2d { padding: Padding::Same, ..Conv2d::new(3, 3).strided(2) };
        let trial = |conv: Conv2d| Trial::new(&[4, 7, 6], vec![conv.into()]);
        vec![
            trial(strided),
            trial(grouped),
            trial(Conv2d::new(3, 1)),
            trial(even),
            trial(dilated),
            trial(oblong),
            trial(halved),
        ]
    },
};

/// A convolution over images.
pub type Conv2d = Conv<2>;

impl Operation for Conv2d {
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
            Some([_, height, width]) => self.slide(&inputs[0], [height, width]),
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

    fn is_dense(&self, place: &Place) -> bool {
        self.is_of_points(place)
    }

    fn most_rank(&self, _: &Place, inputs: &[usize]) -> usize {
        self.most_rank_of(inputs[0])
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        self.differentiate(place, &inputs[0], pass)
    }
}
