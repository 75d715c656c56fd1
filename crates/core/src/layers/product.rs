//! The product of several values.

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
    name: "product",
    about: "The product of values, element by element. An axis of one element is spread.",
    params: &[],
    short: Short::Never,
    example: "product",
    make: Make::Layer(|_| Product.into()),
    trials: || {
        let conv = |name, out| Edge::one(0, name, Conv2d { padding: Padding::Same, ..Conv2d::new(out, 3) });
        let merged = Block::graph(vec![Vertex::new(vec![conv("a", 3), conv("b", 3)], Product)]);
        vec![Trial::new(&[2, 6, 5], vec![merged.into()])]
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product;

impl Operation for Product {
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
        same(inputs)
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

    fn forward(&self, _: &Place, inputs: &[Tensor], _: &Parameters, _: Option<&Activation>) -> Computed<Tensor> {
        multiply(inputs)
    }

    fn differentiable(&self, _: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        multiply(inputs)
    }
}

/// An axis of one element, as the positions of a squeeze, is spread over that of the others.
fn same(inputs: &[Form]) -> Result<Form, String> {
    let largest = inputs.iter().max_by_key(|form| form.shape.elements()).unwrap_or(&inputs[0]);
    match inputs.iter().find(|form| !spreads(form, largest)) {
        None => Ok(largest.clone()),
        Some(other) => Err(apart(largest, other)),
    }
}

/// Whether a value is of the other's shape, but for axes of one element.
fn spreads(form: &Form, over: &Form) -> bool {
    let (dims, wanted) = (&form.shape.0, &over.shape.0);
    form.layout == over.layout
        && dims.len() == wanted.len()
        && dims.iter().zip(wanted).all(|(side, wanted)| side == wanted || *side == 1)
}

fn multiply(inputs: &[Tensor]) -> Computed<Tensor> {
    match inputs {
        [first, rest @ ..] => rest.iter().try_fold(first.clone(), |product, factor| product.broadcast_mul(factor)),
        [] => candle_core::bail!("there is nothing to multiply"),
    }
}
