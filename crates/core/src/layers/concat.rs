//! Several values side by side.

use candle_core::{Result as Computed, Tensor};

use super::conv2d::Conv2d;
use super::convolution::Padding;
use super::sum::apart;
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::layer::{Block, Cost, Counted, Edge, Kind, Layer, Make, Merge, Operation, Place, Scaling, Short, Trial, Value, Vertex, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "concat",
    about: "The channels of several values, one after the other.",
    params: &[],
    short: Short::Never,
    example: "concat",
    make: Make::Layer(|_| Concat.into()),
    trials: || {
        let conv = |out| -> Layer { Conv2d { padding: Padding::Same, ..Conv2d::new(out, 3) }.into() };
        let edge = |name: &str, out| Edge { from: 0, name: name.to_owned(), through: vec![conv(out)] };
        let edges = vec![edge("a", 2), edge("b", 3)];
        let block = Block { vertices: vec![Vertex { edges, merge: Merge::Concat, then: vec![conv(2)] }] };
        vec![Trial::new(&[2, 6, 5], vec![block.into()])]
    },
};

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
        let mut form = inputs[0].clone();
        for other in &inputs[1..] {
            if form.shape.0.get(1..) != other.shape.0.get(1..) {
                return Err(apart(&form, other));
            }
            form.shape.0[0] += other.shape.width();
        }
        Ok(form)
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
        _: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        Tensor::cat(inputs, 1)
    }

    fn differentiable(&self, _: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        Tensor::cat(inputs, 1)
    }
}
