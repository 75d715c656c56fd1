//! From a list of layers to a graph.

use std::sync::Arc;

use super::graph::Network;
use super::node::{Node, ValueId};
use crate::layer::{Block, Counted, Layer, Merge, Operation, Place, Role, Weight};
use crate::layers::{Concat, Sum};
use crate::shape::{Form, Shape};

/// A layer that does not fit what comes in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("layer {module} ({kind}): {problem}")]
pub struct ShapeError {
    /// The name of the layer's node, or of the block.
    pub module: String,
    pub kind: String,
    pub problem: String,
}

/// The largest number of elements that one shape or weight may have; beyond it sums could overflow.
const MOST_ELEMENTS: u64 = 1 << 40;

impl Network {
    /// Infers all shapes.
    ///
    /// # Errors
    /// Names the first layer that does not fit, what comes in, and what it needs.
    pub fn build(input: &Shape, layers: &[Layer]) -> Result<Self, ShapeError> {
        let mut builder = Builder { input: Form::of_input(input.clone()), nodes: Vec::new(), drawn: 0, counted: 0 };
        builder.chain("", 0, layers)?;
        Ok(Self { input: input.clone(), nodes: builder.nodes, summary: summary(input, layers) })
    }
}

/// Adds nodes in the order of the forward pass, and numbers the weights that will be drawn and the outputs that count.
struct Builder {
    input: Form,
    nodes: Vec<Node>,
    drawn: usize,
    counted: usize,
}

impl Builder {
    fn form(&self, value: ValueId) -> &Form {
        match value.checked_sub(1).and_then(|node| self.nodes.get(node)) {
            Some(node) => &node.place.output,
            None => &self.input,
        }
    }

    /// Sends a value through layers whose names start with `prefix`.
    fn chain(&mut self, prefix: &str, input: ValueId, layers: &[Layer]) -> Result<ValueId, ShapeError> {
        let mut value = input;
        for (place, layer) in layers.iter().enumerate() {
            let name = format!("{prefix}{place}");
            value = match layer {
                Layer::Operation(operation) => self.node(name, Arc::clone(operation), vec![value])?,
                Layer::Block(block) => self.block(&name, value, block)?,
            };
        }
        Ok(value)
    }

    fn node(
        &mut self,
        name: String,
        operation: Arc<dyn Operation>,
        inputs: Vec<ValueId>,
    ) -> Result<ValueId, ShapeError> {
        let forms: Vec<_> = inputs.iter().map(|value| self.form(*value).clone()).collect();
        let fail = |problem| ShapeError { module: name.clone(), kind: operation.name().to_owned(), problem };
        let output = operation.output(&forms).map_err(fail)?;
        let weights = self.numbered(operation.weights(&forms, None));
        if is_too_large(&output.shape.0) || weights.iter().any(|weight| is_too_large(&weight.dims)) {
            return Err(fail("its output or its weight would have more than 2^40 elements".to_owned()));
        }
        let counted = match operation.counted(None) {
            Counted::No => None,
            Counted::Weighted | Counted::Activation(_) => {
                self.counted += 1;
                Some(self.counted - 1)
            }
        };
        let place = Place { name, inputs: forms, output };
        self.nodes.push(Node { place, operation, inputs, weights, counted });
        Ok(self.nodes.len())
    }

    fn numbered(&mut self, mut weights: Vec<Weight>) -> Vec<Weight> {
        for weight in &mut weights {
            match &mut weight.role {
                Role::Drawn(shape) => {
                    shape.index = self.drawn;
                    self.drawn += 1;
                }
                // That of the weight before it.
                Role::Bias(shape) => shape.index = self.drawn.saturating_sub(1),
                Role::Constant(_) => {}
            }
        }
        weights
    }

    fn block(&mut self, name: &str, input: ValueId, block: &Block) -> Result<ValueId, ShapeError> {
        let mut values = vec![input];
        for (place, vertex) in block.vertices.iter().enumerate() {
            let mut branches = Vec::with_capacity(vertex.edges.len());
            for edge in &vertex.edges {
                branches.push(self.chain(&format!("{name}.{}.", edge.name), values[edge.from], &edge.through)?);
            }
            let operation: Arc<dyn Operation> = match vertex.merge {
                Merge::Sum => Arc::new(Sum),
                Merge::Concat => Arc::new(Concat),
            };
            let fail = |problem| ShapeError { module: name.to_owned(), kind: block.name().to_owned(), problem };
            let merged = match branches.as_slice() {
                [] => return Err(fail(format!("nothing comes into vertex {}", place + 1))),
                [one] => *one,
                _ => {
                    let merged = self.node(format!("{name}.{}", place + 1), operation, branches);
                    merged.map_err(|error| fail(error.problem))?
                }
            };
            values.push(self.chain(&format!("{name}.{}.", place + 1), merged, &vertex.then)?);
        }
        Ok(values.pop().unwrap_or(input))
    }
}

fn is_too_large(dims: &[usize]) -> bool {
    dims.iter().try_fold(1u64, |n, d| n.checked_mul(*d as u64)).is_none_or(|n| n > MOST_ELEMENTS)
}

fn summary(input: &Shape, layers: &[Layer]) -> String {
    let input: Vec<_> = input.0.iter().map(usize::to_string).collect();
    let layers = layers.iter().map(|layer| match layer {
        Layer::Operation(operation) => operation.summary(),
        Layer::Block(_) => "residual".to_owned(),
    });
    let mut runs: Vec<(String, usize)> = Vec::new();
    for part in std::iter::once(input.join("x")).chain(layers) {
        match runs.last_mut() {
            Some((last, count)) if *last == part => *count += 1,
            _ => runs.push((part, 1)),
        }
    }
    let runs: Vec<_> = runs.into_iter().map(|(p, n)| if n > 1 { format!("{p} x{n}") } else { p }).collect();
    runs.join(" > ")
}
