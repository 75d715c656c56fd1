//! Convolutions of sequences.

use candle_core::{Result as Computed, Tensor};

use super::convolution::{Conv, Padding, params};
use super::images::needs_sequence;
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "conv1d",
    about: "A convolution along sequences. It takes channels x length.",
    params: &params(1),
    short: Short::Never,
    example: "conv1d: {out: 32, kernel: 3}",
    make: Make::Layer(|arguments| Conv1d::of(arguments).into()),
    trials: || {
        let strided = Conv1d { padding: Padding::Zeros(1), ..Conv1d::new(4, 3).strided(2) };
        let grouped = Conv1d { groups: 2, dilation: [2], bias: false, ..Conv1d::new(6, 2) };
        let even = Conv1d { padding: Padding::Same, ..Conv1d::new(3, 2) };
        let dilated = Conv1d { dilation: [2], padding: Padding::Zeros(2), ..Conv1d::new(5, 3).strided(3) };
        let trial = |conv: Conv1d| Trial::new(&[4, 9], vec![conv.into()]);
        vec![
            trial(strided),
            trial(grouped),
            trial(Conv1d::new(3, 1)),
            trial(even.clone().strided(2)),
            trial(even),
            trial(dilated),
        ]
    },
};

/// A convolution over sequences.
pub type Conv1d = Conv<1>;

impl Operation for Conv1d {
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
            Some([_, length]) => self.slide(&inputs[0], [length]),
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
