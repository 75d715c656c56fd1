//! From a list of layers to a graph.

use std::sync::Arc;

use super::graph::Network;
use super::node::{Node, Origin, ValueId};
use super::surroundings::Surroundings;
use super::survey::survey;
use crate::layer::{Block, Counted, Edge, Layer, Operation, Place, Role, Through, Vertex, Weight};
use crate::layers::{Calculation, Embedding, Lookup, Save, Use};
use crate::parameters::Parameters;
use crate::shape::{Form, Layout};

/// A layer that does not fit what comes in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("layer {module} ({kind}): {problem}")]
pub struct ShapeError {
    /// The name of the layer's node, or of the block.
    pub module: String,
    pub kind: String,
    pub problem: String,
}

/// The most nodes.
const MOST_NODES: usize = 100_000;
/// The largest number of elements that one shape or weight may have; beyond it sums could overflow.
const MOST_ELEMENTS: u64 = 1 << 40;

impl Network {
    /// Infers all shapes.
    ///
    /// # Errors
    /// Names the first layer that does not fit, what comes in, and what it needs.
    pub fn build(input: impl Into<Form>, layers: &[Layer]) -> Result<Self, ShapeError> {
        let input = input.into();
        let summary = summary(&input, layers);
        let mut builder = Builder::new(input);
        builder.chain("", 0, layers)?;
        Ok(builder.finish(summary))
    }
}

/// Adds nodes in the order of the forward pass, and numbers the weights that will be drawn and the outputs that count.
#[derive(Debug)]
pub struct Builder {
    input: Form,
    nodes: Vec<Node>,
    /// Values by the name that they were saved under, the latest last.
    saved: Vec<(String, ValueId)>,
    drawn: usize,
    /// Whether initializations draw one of the weights so far.
    has_drawn: bool,
    constants: usize,
    counted: usize,
}

impl Builder {
    /// A network without nodes.
    #[must_use]
    pub fn new(input: Form) -> Self {
        Self { input, nodes: Vec::new(), saved: Vec::new(), drawn: 0, has_drawn: false, constants: 0, counted: 0 }
    }

    /// The network, whose output is that of the last node; `summary` is the network in one line.
    #[must_use]
    pub fn finish(mut self, summary: String) -> Network {
        survey(&mut self.nodes);
        Network { input: self.input, nodes: self.nodes, summary }
    }

    /// The value of the last node.
    #[must_use]
    pub fn last(&self) -> ValueId {
        self.nodes.len()
    }

    /// The form of a value; that of the input where there is no such value.
    #[must_use]
    pub fn form(&self, value: ValueId) -> &Form {
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
                Layer::Operation(operation) => self.operation(name, operation, value)?,
                Layer::Block(block) => self.block(&name, value, block)?,
            };
        }
        Ok(value)
    }

    /// A layer of one node, whose input may be a saved value instead of the last one.
    fn operation(
        &mut self,
        name: String,
        operation: &Arc<dyn Operation>,
        last: ValueId,
    ) -> Result<ValueId, ShapeError> {
        let input = match operation.as_kind() {
            Some(Use(saved)) => self.find_saved(&name, saved)?,
            None => last,
        };
        let value = self.node(name, Arc::clone(operation), vec![input])?;
        if let Some(Save(saved)) = operation.as_kind() {
            self.saved.push((saved.clone(), value));
        }
        Ok(value)
    }

    fn find_saved(&self, module: &str, name: &str) -> Result<ValueId, ShapeError> {
        if let Some((_, value)) = self.saved.iter().rev().find(|(known, _)| known == name) {
            return Ok(*value);
        }
        let mut known: Vec<_> = self.saved.iter().map(|(name, _)| format!("`{name}`")).collect();
        known.sort_unstable();
        known.dedup();
        let there = match known.as_slice() {
            [] => "there is nothing else".to_owned(),
            [one] => format!("there is {one}"),
            _ => format!("there are {}", known.join(", ")),
        };
        let problem = format!("nothing was saved as `{name}` before it: {there}");
        Err(ShapeError { module: module.to_owned(), kind: "use".to_owned(), problem })
    }

    /// Adds a node, whose name no other has. Its weights are those of the earlier node `owner` as far as that has them.
    ///
    /// # Errors
    /// If the operation does not fit its inputs.
    pub fn add(
        &mut self,
        name: String,
        operation: Arc<dyn Operation>,
        inputs: Vec<ValueId>,
        owner: Option<ValueId>,
    ) -> Result<ValueId, ShapeError> {
        let numbers = (self.drawn, self.has_drawn, self.constants);
        let value = self.node(name, operation, inputs)?;
        let Some(owner) = owner.and_then(|owner| self.nodes.get(owner.checked_sub(1)?)).cloned() else {
            return Ok(value);
        };
        let node = &mut self.nodes[value - 1];
        for weight in &mut node.weights {
            if let Some(own) = owner.weights.iter().find(|own| own.name == weight.name && own.dims == weight.dims) {
                weight.role = own.role.clone();
                node.shared.push((weight.name, owner.owner(own.name).unwrap_or(owner.name()).to_owned()));
            }
        }
        if node.shared.len() == node.weights.len() {
            node.constants = owner.constants;
            (self.drawn, self.has_drawn, self.constants) = numbers;
        }
        Ok(value)
    }

    /// Says where the node that gives `value` comes from, and which weights and moments it has there.
    pub fn describe(&mut self, value: ValueId, origin: Origin, given: Option<Parameters>) {
        if let Some(node) = value.checked_sub(1).and_then(|at| self.nodes.get_mut(at)) {
            (node.origin, node.given) = (Some(Arc::new(origin)), given);
        }
    }

    /// Keeps weights of the node that gives `value` as the model has them, for they are frozen there.
    pub fn freeze(&mut self, value: ValueId, names: &[&'static str]) {
        let Some(node) = value.checked_sub(1).and_then(|at| self.nodes.get_mut(at)) else { return };
        let given = node.given.iter().flat_map(Parameters::iter).filter(|(name, _)| names.contains(name));
        node.frozen = given.fold(Parameters::default(), |frozen, (name, own)| frozen.with(name, own.clone()));
        node.weights.retain(|weight| !names.contains(&weight.name));
        node.shared.retain(|(name, _)| !names.contains(name));
    }

    fn node(
        &mut self,
        name: String,
        operation: Arc<dyn Operation>,
        inputs: Vec<ValueId>,
    ) -> Result<ValueId, ShapeError> {
        let forms: Vec<_> = inputs.iter().map(|value| self.form(*value).clone()).collect();
        let fail = |problem| ShapeError { module: name.clone(), kind: operation.name().to_owned(), problem };
        let takes_ids = operation.is::<Embedding>() || operation.is::<Calculation>() || operation.is::<Lookup>();
        if !takes_ids && forms.iter().any(|form| matches!(form.layout, Layout::Ids { .. })) {
            return Err(fail(format!("{} come in: put `embedding` before it", forms[0])));
        }
        if self.nodes.len() == MOST_NODES {
            return Err(fail(format!("the network would have more than {MOST_NODES} nodes")));
        }
        let output = operation.output(&forms).map_err(fail)?;
        let weights = self.numbered(operation.weights(&forms, None));
        if is_too_large(&output.shape.0) || weights.iter().any(|weight| is_too_large(&weight.dims)) {
            return Err(fail("its output or its weight would have more than 2^40 elements".to_owned()));
        }
        operation.own_init().map_or(Ok(()), |own| own.check(&weights)).map_err(fail)?;
        let counted = match operation.counted(None) {
            Counted::No => None,
            Counted::Weighted | Counted::Activation(_) => {
                self.counted += 1;
                Some(self.counted - 1)
            }
        };
        let place = Place { name, inputs: forms, output };
        let constants = self.constants;
        self.constants += weights.iter().filter(|weight| matches!(weight.role, Role::Constant(_))).count();
        let surroundings = Surroundings::default();
        let (shared, lenders, frozen) = (Vec::new(), Vec::new(), Parameters::default());
        let (given, origin) = (None, None);
        self.nodes.push(Node {
            place,
            operation,
            inputs,
            weights,
            counted,
            constants,
            surroundings,
            shared,
            lenders,
            frozen,
            given,
            origin,
        });
        Ok(self.nodes.len())
    }

    fn numbered(&mut self, mut weights: Vec<Weight>) -> Vec<Weight> {
        for weight in &mut weights {
            let is_drawn = matches!(weight.role, Role::Drawn(_));
            match &mut weight.role {
                Role::Drawn(shape) | Role::Own(shape, _) => {
                    shape.index = self.drawn;
                    self.drawn += shape.matrices();
                    shape.is_first = !self.has_drawn;
                    self.has_drawn |= is_drawn;
                }
                // That of the weight before it.
                Role::Bias(shape) => shape.index = self.drawn.saturating_sub(shape.matrices()),
                Role::Constant(_) | Role::Kept => {}
            }
        }
        weights
    }

    fn block(&mut self, name: &str, input: ValueId, block: &Block) -> Result<ValueId, ShapeError> {
        let mut values = vec![input];
        for (place, vertex) in block.vertices.iter().enumerate() {
            let fail = |problem| ShapeError { module: name.to_owned(), kind: block.name().to_owned(), problem };
            let merged = self.merged(&format!("{name}.{}", place + 1), name, &values, vertex, &fail)?;
            values.push(self.chain(&format!("{name}.{}.", place + 1), merged, &vertex.then)?);
        }
        Ok(values.pop().unwrap_or(input))
    }

    /// What comes into a vertex of the block `name`; `fail` makes errors of the block.
    fn merged(
        &mut self,
        vertex_name: &str,
        name: &str,
        values: &[ValueId],
        vertex: &Vertex,
        fail: &dyn Fn(String) -> ShapeError,
    ) -> Result<ValueId, ShapeError> {
        let branches = vertex.edges.iter().map(|edge| match edge.through {
            Through::Chain(_) => self.edge(name, values[edge.from], edge),
            // What the user wrote is the block.
            Through::One(_) => self.edge(name, values[edge.from], edge).map_err(|error| fail(error.problem)),
        });
        let branches = branches.collect::<Result<Vec<_>, _>>()?;
        match branches.as_slice() {
            [] => Err(fail(format!("nothing comes into {vertex_name}"))),
            [one] => Ok(*one),
            _ => {
                let merged = self.node(vertex_name.to_owned(), Arc::clone(&vertex.merge), branches);
                merged.map_err(|error| fail(error.problem))
            }
        }
    }

    fn edge(&mut self, block: &str, input: ValueId, edge: &Edge) -> Result<ValueId, ShapeError> {
        let name = format!("{block}.{}", edge.name);
        match &edge.through {
            Through::Chain(layers) => self.chain(&format!("{name}."), input, layers),
            Through::One(Layer::Operation(operation)) => self.operation(name, operation, input),
            Through::One(Layer::Block(block)) => self.block(&name, input, block),
        }
    }
}

/// Whether a shape or a weight has more elements than sums can hold.
pub(super) fn is_too_large(dims: &[usize]) -> bool {
    dims.iter().try_fold(1u64, |n, d| n.checked_mul(*d as u64)).is_none_or(|n| n > MOST_ELEMENTS)
}

fn summary(input: &Form, layers: &[Layer]) -> String {
    let input: Vec<_> = input.shape.0.iter().map(usize::to_string).collect();
    let layers = layers.iter().map(|layer| match layer {
        Layer::Operation(operation) => operation.summary(),
        Layer::Block(block) if block.kind.params.is_empty() => "residual".to_owned(),
        Layer::Block(block) => block.name().to_owned(),
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
