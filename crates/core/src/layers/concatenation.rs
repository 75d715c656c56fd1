//! Several values side by side.

use candle_core::{Result as Computed, Tensor};

use super::conv2d::Conv2d;
use super::convolution::Padding;
use super::sum::apart;
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{
    Block, Cost, Counted, Edge, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Vertex, Weight,
};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "concatenation",
    about: "The units of several values, one after the other.",
    params: &[],
    short: Short::Never,
    example: "concatenation",
    make: Make::Layer(|_| Concat.into()),
    trials: || {
        let conv = |name, out| Edge::one(0, name, Conv2d { padding: Padding::Same, ..Conv2d::new(out, 3) });
        let merged = Block::graph(vec![Vertex::new(vec![conv("a", 3), conv("b", 2)], Concat)]);
        vec![Trial::new(&[2, 6, 5], vec![merged.into()])]
    },
};

/// Puts the units of values side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concat;

impl Operation for Concat {
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
        let mut units = 0;
        for input in inputs {
            if input.layout != inputs[0].layout || input.with_units(1) != inputs[0].with_units(1) {
                return Err(apart(&inputs[0], input));
            }
            units += input.units();
        }
        Ok(inputs[0].with_units(units))
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

    fn forward(&self, place: &Place, inputs: &[Tensor], _: &Parameters, _: Option<&Activation>) -> Computed<Tensor> {
        Tensor::cat(inputs, 1 + place.output.axis())
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        Tensor::cat(inputs, 1 + place.output.axis())
    }
}
