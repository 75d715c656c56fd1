//! Pooling by the mean.

use candle_core::{Result as Computed, Tensor};

use super::images::{CEIL_MODE, Frame, KERNEL, PADDING, STRIDE, sides, sides_in_short};
use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::{Pooling, batch, pool, with_elements};
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static PARAMS: &[Param] = &[
    KERNEL,
    STRIDE,
    PADDING,
    Param {
        name: "count_include_pad",
        label: "count_include_pad",
        domain: Domain::Flag,
        default: Default::Flag(true),
        about: "whether padding counts in the mean, as in PyTorch",
    },
    CEIL_MODE,
];

pub static KIND: Kind = Kind {
    name: "avg_pool",
    about: "The mean of the elements under a sliding window. It takes images and sequences of channels.",
    params: PARAMS,
    short: Short::Read { param: "kernel", label: "the window of avg_pool" },
    example: "avg_pool: 2",
    make: Make::Layer(|arguments| {
        AvgPool { frame: Frame::of(arguments), count_include_pad: arguments.flag("count_include_pad") }.into()
    }),
    trials: || {
        let pooled = |frame, count_include_pad| vec![AvgPool { frame, count_include_pad }.into()];
        let frame = Frame::square(3, 2, 1);
        let oblong = Frame { kernel: [3, 2], stride: [2, 3], padding: [1, 1], ceil_mode: true };
        vec![
            Trial::new(&[4, 6, 5], pooled(frame, true)),
            Trial::new(&[4, 6, 5], pooled(frame, false)),
            Trial::new(&[4, 6, 5], pooled(oblong, true)),
            Trial::new(&[4, 6, 5], pooled(oblong, false)),
            Trial::new(&[4, 7], pooled(Frame { ceil_mode: true, ..Frame::new(2) }, true)),
        ]
    },
};

/// Pooling by the mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvgPool {
    pub frame: Frame,
    /// Whether padding counts, as it does in PyTorch unless told otherwise.
    pub count_include_pad: bool,
}

impl AvgPool {
    /// Windows that lie side by side.
    #[must_use]
    pub fn new(kernel: usize) -> Self {
        Self { frame: Frame::new(kernel), count_include_pad: true }
    }

    fn how(&self) -> Pooling {
        Pooling::Mean { count_include_pad: self.count_include_pad }
    }
}

impl Operation for AvgPool {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        let mut values = self.frame.values();
        values.extend([self.count_include_pad, self.frame.ceil_mode].map(Value::Flag));
        values
    }

    fn summary(&self) -> String {
        format!("{} {}", KIND.name, sides_in_short(&self.frame.kernel))
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        self.frame.output(&inputs[0])
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
        let (window, from, to) = (self.frame.window(&place.inputs[0]), sides(&place.inputs[0]), sides(&place.output));
        let output = with_elements(&inputs[0], |x| pool(x, from, to, &window, self.how()))?;
        batch(output, inputs[0].dim(0)?, &place.output.shape)
    }

    fn most_rank(&self, _: &Place, inputs: &[usize]) -> usize {
        inputs[0]
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        let (from, to) = (sides(&place.inputs[0]), sides(&place.output));
        differentiable::pool(&inputs[0], from, to, &self.frame.window(&place.inputs[0]), self.how())
    }
}
