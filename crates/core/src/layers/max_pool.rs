//! Pooling by the largest element.

use candle_core::{Result as Computed, Tensor};

use super::images::{CEIL_MODE, Frame, KERNEL, PADDING, STRIDE, sides, sides_in_short};
use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::{Pooling, batch, pool, with_elements};
use crate::layer::{Cost, Counted, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static PARAMS: &[Param] = &[KERNEL, STRIDE, PADDING, CEIL_MODE];

pub static KIND: Kind = Kind {
    name: "max_pool",
    about: "The largest element under a sliding window. It takes images and sequences of channels.",
    params: PARAMS,
    short: Short::Read { param: "kernel", label: "the window of max_pool" },
    example: "max_pool: 2",
    make: Make::Layer(|arguments| MaxPool(Frame::of(arguments)).into()),
    trials: || {
        let framed = |frame| vec![MaxPool(frame).into()];
        let oblong = Frame { kernel: [3, 2], stride: [2, 1], padding: [1, 0], ceil_mode: true };
        vec![
            Trial::new(&[4, 6, 5], framed(Frame::square(3, 2, 1))),
            Trial::new(&[4, 6, 5], framed(oblong)),
            Trial::new(&[4, 7], framed(Frame { ceil_mode: true, ..Frame::new(2) })),
        ]
    },
};

/// Pooling by the largest element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaxPool(pub Frame);

impl MaxPool {
    /// Windows that lie side by side.
    #[must_use]
    pub fn new(kernel: usize) -> Self {
        Self(Frame::new(kernel))
    }
}

impl Operation for MaxPool {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        let mut values = self.0.values();
        values.push(Value::Flag(self.0.ceil_mode));
        values
    }

    fn summary(&self) -> String {
        format!("{} {}", KIND.name, sides_in_short(&self.0.kernel))
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        self.0.output(&inputs[0])
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

    fn forward(&self, place: &Place, inputs: &[Tensor], _: &Parameters, _: Option<&Activation>) -> Computed<Tensor> {
        let (window, from, to) = (self.0.window(&place.inputs[0]), sides(&place.inputs[0]), sides(&place.output));
        let output = with_elements(&inputs[0], |x| pool(x, from, to, &window, Pooling::Largest))?;
        batch(output, inputs[0].dim(0)?, &place.output.shape)
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        let (from, to) = (sides(&place.inputs[0]), sides(&place.output));
        differentiable::pool(&inputs[0], from, to, &self.0.window(&place.inputs[0]), Pooling::Largest)
    }
}
