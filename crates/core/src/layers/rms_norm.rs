//! Normalization by the root mean square.

use candle_core::{Result as Computed, Tensor};

use super::tokens::needs_tokens;
use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::{RMS_EPSILON, normalize_rms};
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Role, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::{Form, Layout};

pub static KIND: Kind = Kind {
    name: "rms_norm",
    about: "Divides the features of every position by their root mean square (Zhang & Sennrich 2019), then scales each feature.",
    params: &[],
    short: Short::Never,
    example: "rms_norm",
    make: Make::Layer(|_| RmsNorm.into()),
    trials: || {
        vec![Trial::of_tokens(Form::tokens(vec![3, 4]), vec![RmsNorm.into()]), Trial::new(&[6], vec![RmsNorm.into()])]
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RmsNorm;

impl Operation for RmsNorm {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        Vec::new()
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        match inputs[0].layout {
            Layout::Features => Ok(inputs[0].clone()),
            Layout::Channels | Layout::Ids { .. } => Err(needs_tokens(&inputs[0])),
        }
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        vec![Weight { name: "weight", dims: vec![inputs[0].units()], role: Role::Constant(1.0) }]
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
        _: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        normalize_rms(parameters.source(&inputs[0]), parameters.get("weight"), RMS_EPSILON)
    }

    fn most_rank(&self, _: &Place, inputs: &[usize]) -> usize {
        inputs[0]
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        let standardized = differentiable::standardize_rms(&inputs[0], RMS_EPSILON)?;
        differentiable::scaled(&standardized, &pass.need(&place.name, "weight")?, 1)
    }
}
