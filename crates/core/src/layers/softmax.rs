//! Activations over all features of a sample. They can be layers, but not be searched.

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

/// The kind of one of them.
const fn kind(name: &'static str, about: &'static str, trials: fn() -> Vec<Trial>) -> Kind {
    Kind {
        name,
        about,
        params: &[],
        short: Short::Never,
        example: name,
        make: Make::Layer(|arguments| Softmax::of(arguments.kind).into()),
        trials,
    }
}

pub static SOFTMAX: Kind =
    kind("softmax", "exp(x) over its sum over the features, or over the channels of an image.", || {
        trials(Softmax::Softmax)
    });
pub static LOG_SOFTMAX: Kind = kind("log_softmax", "The logarithm of softmax.", || trials(Softmax::LogSoftmax));
pub static SOFTMIN: Kind = kind("softmin", "The softmax of -x.", || trials(Softmax::Softmin));

fn trials(softmax: Softmax) -> Vec<Trial> {
    let tokens = Trial::of_tokens(Form::tokens(vec![3, 4]), vec![softmax.into()]);
    vec![Trial::new(&[6], vec![softmax.into()]), tokens]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Softmax {
    Softmax,
    LogSoftmax,
    Softmin,
}

impl Softmax {
    pub const ALL: [Self; 3] = [Self::Softmax, Self::LogSoftmax, Self::Softmin];

    fn of(kind: &Kind) -> Self {
        Self::ALL.into_iter().find(|softmax| softmax.kind() == kind).unwrap_or(Self::Softmax)
    }

    /// The logarithm of what it gives along an axis, from which a cross-entropy can follow.
    ///
    /// # Errors
    /// Those of tensors.
    pub fn log(self, input: &Tensor, axis: usize) -> Computed<Tensor> {
        match self {
            Self::Softmax | Self::LogSoftmax => candle_nn::ops::log_softmax(input, axis),
            Self::Softmin => candle_nn::ops::log_softmax(&input.neg()?, axis),
        }
    }

    fn apply(self, input: &Tensor, place: &Place) -> Computed<Tensor> {
        // That of the units.
        let axis = 1 + place.output.axis();
        match self {
            Self::Softmax => candle_nn::ops::softmax(input, axis),
            Self::LogSoftmax => candle_nn::ops::log_softmax(input, axis),
            Self::Softmin => candle_nn::ops::softmax(&input.neg()?, axis),
        }
    }
}

impl Operation for Softmax {
    fn kind(&self) -> &'static Kind {
        match self {
            Self::Softmax => &SOFTMAX,
            Self::LogSoftmax => &LOG_SOFTMAX,
            Self::Softmin => &SOFTMIN,
        }
    }

    fn values(&self) -> Vec<Value> {
        Vec::new()
    }

    fn summary(&self) -> String {
        self.kind().name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        Ok(inputs[0].clone())
    }

    fn weights(&self, _: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        Vec::new()
    }

    fn counted<'a>(&'a self, _: Option<&'a Activation>) -> Counted<'a> {
        Counted::Activation(None)
    }

    fn is_by_sample(&self) -> bool {
        true
    }

    fn scaling(&self, _: Option<&Activation>) -> Scaling {
        Scaling::Changes
    }

    fn passes_units(&self) -> bool {
        false
    }

    fn cost(&self, _: &Place) -> Cost {
        Cost::NOTHING
    }

    fn forward(&self, place: &Place, inputs: &[Tensor], _: &Parameters, _: Option<&Activation>) -> Computed<Tensor> {
        self.apply(&inputs[0], place)
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        self.apply(&inputs[0], place)
    }
}
