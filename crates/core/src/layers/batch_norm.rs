//! Batch norm.

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::{self, Pass};
use crate::kernels::{Statistics, normalize, normalize_by, normalize_untrained};
use crate::layer::{Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::settings::BatchNorm as Mode;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "batch_norm",
    about: "Standardizes every channel over the batch (Ioffe & Szegedy 2015), then scales and shifts it.",
    params: &[],
    short: Short::Never,
    example: "batch_norm",
    make: Make::Layer(|_| BatchNorm.into()),
    trials: || vec![Trial::new(&[4, 6, 5], vec![BatchNorm.into()]), Trial::new(&[6], vec![BatchNorm.into()])],
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchNorm;

impl Operation for BatchNorm {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        Vec::new()
    }

    fn summary(&self) -> String {
        "bn".to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        Ok(inputs[0].clone())
    }

    fn weights(&self, inputs: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        Weight::affine(&[inputs[0].units()])
    }

    fn counted<'a>(&'a self, _: Option<&'a Activation>) -> Counted<'a> {
        Counted::Weighted
    }

    fn is_by_sample(&self) -> bool {
        false
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
        if parameters.batch_norm == Mode::Evaluation {
            let (mean, variance) = (parameters.get("running_mean"), parameters.get("running_var"));
            return match mean.zip(variance) {
                None => normalize_untrained(&inputs[0]),
                Some(running) => normalize_by(
                    parameters.source(&inputs[0]),
                    running,
                    parameters.get("weight"),
                    parameters.get("bias"),
                ),
            };
        }
        let statistics = Statistics::Channel(parameters.batch);
        normalize(parameters.source(&inputs[0]), statistics, parameters.get("weight"), parameters.get("bias"))
    }

    fn most_rank(&self, _: &Place, inputs: &[usize]) -> usize {
        // Every unit is scaled, and a vector is added.
        inputs[0] + 1
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        let (input, name) = (&inputs[0], &place.name);
        let standardized = if pass.is_training() {
            let batch = differentiable::batch_moments(input)?;
            if let Some(running) = pass.running(name) {
                running.follow(&batch);
            }
            differentiable::standardize(input, Statistics::Channel(None))?
        } else {
            match pass.running(name) {
                Some(running) => differentiable::standardize_by(input, running)?,
                None => candle_core::bail!("batch norm {name} has no running moments"),
            }
        };
        pass.scaled(name, &standardized, place.input().positions())
    }
}
