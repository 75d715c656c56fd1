//! Normalization of every sample or of every position.

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::{Statistics, normalize};
use crate::layer::{
    Arguments, Cost, Counted, Default, Domain, Kind, Make, Operation, Param, Place, Scaling, Short, Trial, Value,
    Weight,
};
use crate::parameters::Parameters;
use crate::shape::{Form, Layout};

pub static KIND: Kind = Kind {
    name: "layer_norm",
    about: "Standardizes every sample over all its elements, or the units of every position (Ba et al. 2016), then scales and shifts what it standardized.",
    params: &[Param {
        name: "over",
        label: "what layer_norm is over",
        domain: Domain::Word(&["auto", "all", "channels"]),
        default: Default::Word("auto"),
        about: "`all` elements of a sample; the `channels` or features of each position; or `auto`: all, but for tokens x features the features of each token",
    }],
    short: Short::Written { param: "over", label: "what layer_norm is over" },
    example: "layer_norm",
    make: Make::Layer(|arguments| LayerNorm { over: Over::of(arguments) }.into()),
    trials: || {
        let norm = |over| vec![LayerNorm { over }.into()];
        let tokens = || Form::tokens(vec![3, 4]);
        vec![
            Trial::new(&[4, 6, 5], norm(Over::Auto)),
            Trial::new(&[6], norm(Over::Auto)),
            Trial::new(&[4, 6, 5], norm(Over::Channels)),
            Trial::of_tokens(tokens(), norm(Over::Auto)),
            Trial::of_tokens(tokens(), norm(Over::All)),
        ]
    },
};

/// What is standardized together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, std::default::Default)]
pub enum Over {
    /// All elements of a sample; of tokens, the features of each.
    #[default]
    Auto,
    All,
    Channels,
}

impl Over {
    fn of(arguments: &Arguments) -> Self {
        match arguments.word("over") {
            Some("all") => Self::All,
            Some("channels") => Self::Channels,
            _ => Self::Auto,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::All => "all",
            Self::Channels => "channels",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, std::default::Default)]
pub struct LayerNorm {
    pub over: Over,
}

impl LayerNorm {
    /// What it standardizes in such a value.
    #[must_use]
    pub fn statistics(&self, input: &Form) -> Statistics {
        let has_positions = input.shape.0.len() > 1;
        match (self.over, input.layout) {
            (Over::Auto | Over::Channels, Layout::Features) if has_positions => Statistics::Features,
            (Over::Channels, Layout::Channels) if has_positions => Statistics::Position,
            _ => Statistics::Sample,
        }
    }
}

impl Operation for LayerNorm {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        vec![Value::Word(self.over.name())]
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        Ok(inputs[0].clone())
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        match self.statistics(&inputs[0]) {
            Statistics::Features | Statistics::Position => Weight::affine(&[inputs[0].units()]),
            Statistics::Sample | Statistics::Channel(_) | Statistics::Groups(_) => Weight::affine(&inputs[0].shape.0),
        }
    }

    fn counted<'a>(&'a self, _: Option<&'a Activation>) -> Counted<'a> {
        Counted::Weighted
    }

    fn is_by_sample(&self) -> bool {
        true
    }

    fn scaling(&self, _: Option<&Activation>) -> Scaling {
        Scaling::Changes
    }

    fn passes_units(&self) -> bool {
        true
    }

    fn cost(&self, _: &Place) -> Cost {
        Cost::NOTHING
    }

    fn forward(
        &self,
        place: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        let statistics = self.statistics(&place.output);
        normalize(parameters.source(&inputs[0]), statistics, parameters.get("weight"), parameters.get("bias"))
    }

    fn most_rank(&self, place: &Place, inputs: &[usize]) -> usize {
        match self.statistics(&place.inputs[0]) {
            // Rows and units are scaled, and two vectors are added: each row's mean for all units, and the bias.
            Statistics::Features | Statistics::Position => inputs[0] + 2,
            Statistics::Sample | Statistics::Channel(_) | Statistics::Groups(_) => place.output.units(),
        }
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        let statistics = self.statistics(&place.output);
        let run = if matches!(statistics, Statistics::Position) { place.output.run() } else { 1 };
        pass.scaled(&place.name, &differentiable::standardize(&inputs[0], statistics)?, run)
    }
}
