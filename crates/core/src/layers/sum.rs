//! The sum of several values.

use super::conv2d::Conv2d;
use super::convolution::Padding;
use candle_core::{Device, Error, Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::kernels::with_elements;
use crate::layer::{Block, Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "sum",
    about: "The sum of values of one shape.",
    params: &[],
    short: Short::Never,
    example: "sum",
    make: Make::Layer(|_| Sum.into()),
    trials: || {
        let conv = Conv2d { padding: Padding::Same, ..Conv2d::new(4, 3) };
        vec![Trial::new(&[4, 6, 5], vec![Block::residual(vec![conv.into()], Vec::new()).into()])]
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum;

impl Operation for Sum {
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
        let other = inputs.iter().find(|form| **form != inputs[0]);
        match other {
            None => Ok(inputs[0].clone()),
            Some(other) => Err(apart(&inputs[0], other)),
        }
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
        Scaling::Changes
    }

    fn passes_units(&self) -> bool {
        false
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
        add(inputs, parameters)
    }

    fn most_rank(&self, _: &Place, inputs: &[usize]) -> usize {
        inputs.iter().sum()
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, _: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        match inputs {
            [first, rest @ ..] => rest.iter().try_fold(first.clone(), |sum, term| sum + term),
            [] => Err(nothing()),
        }
    }
}

/// On the calling thread: candle would ask all cores.
fn add(inputs: &[Tensor], parameters: &Parameters) -> Computed<Tensor> {
    let [first, rest @ ..] = inputs else { return Err(nothing()) };
    let mut sum = parameters.source(first).elements()?;
    for term in rest {
        with_elements(term, |term| sum.iter_mut().zip(term).for_each(|(sum, x)| *sum += x))?;
    }
    Tensor::from_vec(sum, first.dims(), &Device::Cpu)
}

fn nothing() -> Error {
    Error::Msg("there is nothing to add".to_owned())
}

/// That values cannot be merged.
pub(super) fn apart(a: &Form, b: &Form) -> String {
    format!("its branches give {a} and {b}, which cannot be put together")
}
