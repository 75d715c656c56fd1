//! Dense layers.

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::{batch, linear, with_elements};
use crate::layer::{
    Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value, Weight,
};
use crate::parameters::Parameters;
use crate::shape::{Form, Layout};

pub static KIND: Kind = Kind {
    name: "linear",
    about: "A dense layer: x W^T + b. It takes features, of a vector or of every token.",
    params: &[
        Param {
            name: "out",
            label: "out",
            domain: Domain::Outputs,
            default: Default::Needed,
            about: "units, which are its outputs; `auto` for as many as the labels have classes, or one for numbers",
        },
        Param {
            name: "bias",
            label: "bias",
            domain: Domain::Flag,
            default: Default::Flag(true),
            about: "whether it adds a bias",
        },
    ],
    short: Short::Written { param: "out", label: "the width of linear" },
    example: "linear: 128",
    make: Make::Layer(|arguments| Linear { out: arguments.whole("out"), bias: arguments.flag("bias") }.into()),
    trials: || {
        let linear = |bias| vec![Linear { out: 4, bias }.into()];
        let tokens = Form::tokens(vec![3, 5]);
        vec![Trial::new(&[5], linear(false)), Trial::new(&[5], linear(true)), Trial::of_tokens(tokens, linear(true))]
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linear {
    pub out: usize,
    pub bias: bool,
}

impl Linear {
    /// A dense layer with a bias.
    #[must_use]
    pub fn new(out: usize) -> Self {
        Self { out, bias: true }
    }
}

impl Operation for Linear {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Whole(self.out as u64), Value::Flag(self.bias)]
    }

    fn summary(&self) -> String {
        self.out.to_string()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        match inputs[0].layout {
            Layout::Features => Ok(inputs[0].with_units(self.out)),
            Layout::Channels | Layout::Ids { .. } => Err(needs_features(&inputs[0])),
        }
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        Weight::drawn(vec![self.out, inputs[0].units()], 1, self.bias)
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
        Cost { workspace: 0, multiply_adds: (self.out as u128).saturating_mul(place.input().elements() as u128) }
    }

    fn forward(
        &self,
        place: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        let (input, weight) = (&inputs[0], parameters.need("weight", &place.name)?);
        let bias = parameters.get("bias").map(Tensor::to_vec1::<f32>).transpose()?;
        let samples = input.dim(0)?;
        let rows = samples * place.rows_in();
        let output =
            with_elements(input, |x| with_elements(weight, |w| linear(x, rows, w, bias.as_deref(), self.out)))??;
        batch(output, samples, &place.output.shape)
    }

    fn is_dense(&self, _: &Place) -> bool {
        true
    }

    fn most_rank(&self, _: &Place, inputs: &[usize]) -> usize {
        inputs[0] + usize::from(self.bias)
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        let bias = pass.parameter(&place.name, "bias");
        differentiable::linear(&inputs[0], &pass.need(&place.name, "weight")?, bias.as_ref())
    }
}

/// That channels come in where features are needed.
pub(super) fn needs_features(input: &Form) -> String {
    match input.sequence_of_channels() {
        Some(_) => format!(
            "{input} come in, but it needs features: put `flatten` before it, or `permute: [1, 0]` for features of every position"
        ),
        None => format!("{input} come in, but it needs a vector of features: put `flatten` before it"),
    }
}
