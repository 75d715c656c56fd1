//! Layers of a graph with another number of units.

use std::sync::Arc;

use super::build::{ShapeError, is_too_large};
use super::graph::Network;
use super::node::{Node, ValueId};
use crate::arithmetic::Arithmetic;
use crate::layer::{Counted, Layer, Operation, Place, Role, Weight};
use crate::layers::{Calculation, Concat, Operand};
use crate::parameters::Parameters;
use crate::shape::Form;

/// A layer of a graph whose number of units can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizeable {
    /// Its place among the nodes.
    pub node: usize,
    /// The place of the node whose output tells how many it needs: the activation that follows, or itself where none does.
    pub ranked: usize,
    pub units: usize,
    /// Whether it gives the network's output.
    pub is_output: bool,
}

impl Network {
    /// The layers whose number of units can be chosen by itself, in the order of the forward pass.
    #[must_use]
    pub fn sizeable(&self) -> Vec<Sizeable> {
        (0..self.nodes.len()).filter_map(|at| self.size_of(at).filter(|_| self.meets(at).is_none())).collect()
    }

    fn size_of(&self, at: usize) -> Option<Sizeable> {
        let node = self.nodes.get(at)?;
        let is_drawn = node.drawn().is_some() && node.shared.is_empty() && node.frozen.is_empty();
        let units = Layer::Operation(Arc::clone(&node.operation)).size().filter(|_| is_drawn)?;
        Some(Sizeable { node: at, ranked: self.ranked(at), units, is_output: self.gives_output(at) })
    }

    /// The node, if there is one, that joins what a layer makes with something else, for which both must have as many units.
    #[must_use]
    pub fn meets(&self, layer: usize) -> Option<&Node> {
        let mut carries = vec![false; self.nodes.len() + 1];
        carries[layer + 1] = true;
        for (at, node) in self.nodes.iter().enumerate().skip(layer + 1) {
            let comes = node.inputs.iter().filter(|value| carries[**value]).count();
            // A layer with weights takes whatever comes in.
            if comes == 0 || node.has_matrices() {
                continue;
            }
            if joins(node) {
                return Some(node);
            }
            carries[at + 1] = true;
        }
        None
    }

    fn gives_output(&self, layer: usize) -> bool {
        let mut carries = vec![false; self.nodes.len() + 1];
        carries[layer + 1] = true;
        for (at, node) in self.nodes.iter().enumerate().skip(layer + 1) {
            carries[at + 1] = !node.has_matrices() && node.inputs.iter().any(|value| carries[*value]);
        }
        carries[self.output_value()]
    }

    /// The first activation after a layer that only nodes which keep the units stand before.
    fn ranked(&self, layer: usize) -> usize {
        let mut value = layer + 1;
        loop {
            let mut users = self.nodes.iter().enumerate().filter(|(_, node)| node.inputs.contains(&value));
            let (Some((at, node)), None) = (users.next(), users.next()) else { return layer };
            match node.operation.counted(None) {
                Counted::Activation(_) => return at,
                _ if node.inputs.len() == 1 && keeps_units(&*node.operation) => value = at + 1,
                _ => return layer,
            }
        }
    }

    /// The nodes that lead to the one that is ranked, as a network of their own that ends in it, with so many units.
    ///
    /// # Errors
    /// If a node does not take as many.
    pub fn sized(&self, layer: Sizeable, units: usize) -> Result<Self, ShapeError> {
        let needed = self.leading_to(layer.ranked);
        let mut sized = Self { input: self.input.clone(), nodes: Vec::new(), summary: String::new() };
        let mut values: Vec<ValueId> = vec![0; self.nodes.len() + 1];
        for at in (0..=layer.ranked).filter(|at| needed[*at]) {
            let mut node = self.nodes[at].clone();
            node.inputs.iter_mut().for_each(|value| *value = values[*value]);
            if at >= layer.node {
                let forms: Vec<_> = node.inputs.iter().map(|value| sized.form(*value)).collect();
                let units = (at == layer.node).then_some(units);
                node = refitted(node, forms, units)?;
            }
            sized.nodes.push(node);
            values[at + 1] = sized.nodes.len();
        }
        Ok(sized)
    }

    fn leading_to(&self, last: usize) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        needed[last] = true;
        for at in (0..=last).rev() {
            if needed[at] {
                self.nodes[at]
                    .inputs
                    .iter()
                    .filter_map(|value| value.checked_sub(1))
                    .for_each(|one| needed[one] = true);
            }
        }
        needed
    }
}

/// Whether a node works on several values, or on numbers that stand for each unit.
fn joins(node: &Node) -> bool {
    let is_single = |operand: &Operand| match operand {
        Operand::Input => true,
        Operand::Constant(tensor) | Operand::Kept(tensor) => tensor.elem_count() == 1,
    };
    let has_own = node.operation.as_kind::<Calculation>().is_some_and(|one| !one.operands().iter().all(is_single));
    has_own || node.inputs.len() > 1 && !node.operation.is::<Concat>()
}

fn keeps_units(operation: &dyn Operation) -> bool {
    match operation.as_kind::<Calculation>() {
        Some(calculation) => matches!(calculation.arithmetic(), Arithmetic::Identity),
        None => operation.passes_units(),
    }
}

/// A node where other forms come in, with another number of units where one is given. What initializations draw for it is what
/// they would have drawn.
fn refitted(node: Node, forms: Vec<Form>, units: Option<usize>) -> Result<Node, ShapeError> {
    let (name, kind) = (node.place.name.clone(), node.kind().to_owned());
    let fail = |problem: &str| ShapeError { module: name.clone(), kind: kind.clone(), problem: problem.to_owned() };
    let resized = units.map(|units| match Layer::Operation(Arc::clone(&node.operation)).resized(units) {
        Some(Layer::Operation(operation)) => Ok(operation),
        _ => Err(fail("its number of units cannot be chosen")),
    });
    let mut operation = resized.transpose()?.unwrap_or_else(|| Arc::clone(&node.operation));
    if let (Some(_), [form]) = (operation.as_kind::<Calculation>(), forms.as_slice()) {
        let form = Form { layout: node.place.output.layout, ..form.clone() };
        operation = Arc::new(Calculation::new(Arithmetic::Identity, vec![Operand::Input], form));
    }
    let output = operation.output(&forms).map_err(|problem| fail(&problem))?;
    let weights = operation.weights(&forms, None);
    if is_too_large(&output.shape.0) || weights.iter().any(|weight| is_too_large(&weight.dims)) {
        return Err(fail("its output or its weight would have more than 2^40 elements"));
    }
    let weights = weights.into_iter().map(|weight| numbered_as(weight, &node.weights)).collect();
    let place = Place { name: node.place.name.clone(), inputs: forms, output };
    Ok(Node { place, operation, weights, frozen: Parameters::default(), given: None, ..node })
}

/// A weight with the number among those that are drawn that the earlier one of its name has.
fn numbered_as(mut weight: Weight, earlier: &[Weight]) -> Weight {
    let Some(before) = earlier.iter().find(|before| before.name == weight.name) else { return weight };
    if let (
        Role::Drawn(shape) | Role::Own(shape, _) | Role::Bias(shape),
        Role::Drawn(own) | Role::Own(own, _) | Role::Bias(own),
    ) = (&mut weight.role, &before.role)
    {
        (shape.index, shape.is_first) = (own.index, own.is_first);
    }
    weight
}
