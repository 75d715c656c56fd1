//! Normalization of every channel of every sample.

use candle_core::{Result as Computed, Tensor};

use super::images::needs_channels;
use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::{Statistics, normalize};
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::{Form, Layout};

pub static KIND: Kind = Kind {
    name: "instance_norm",
    about: "Standardizes every channel of every sample (Ulyanov et al. 2016), then scales and shifts each channel. It takes images and sequences of channels.",
    params: &[],
    short: Short::Never,
    example: "instance_norm",
    make: Make::Layer(|_| InstanceNorm.into()),
    trials: || [&[3, 4, 5][..], &[3, 6]].map(|input| Trial::new(input, vec![InstanceNorm.into()])).to_vec(),
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceNorm;

impl Operation for InstanceNorm {
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
            Layout::Channels if inputs[0].rows() > 1 => Ok(inputs[0].clone()),
            Layout::Channels => Err(format!("{} come in, and a channel of one position has no spread", inputs[0])),
            Layout::Features | Layout::Ids { .. } => Err(needs_channels(&inputs[0])),
        }
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        Weight::affine(&[inputs[0].units()])
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
        let statistics = Statistics::Groups(place.output.units());
        normalize(parameters.source(&inputs[0]), statistics, parameters.get("weight"), parameters.get("bias"))
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        let statistics = Statistics::Groups(place.output.units());
        pass.scaled(&place.name, &differentiable::standardize(&inputs[0], statistics)?, place.output.run())
    }
}
