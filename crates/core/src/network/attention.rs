//! Attention in a network, also where a model of other origin writes it out.

use super::graph::Network;
use super::node::{Node, ValueId};
use crate::arithmetic::{Arithmetic, Binary};
use crate::layers::{Attend, Calculation, Product, Softmax};

impl Network {
    /// Whether it has attention: a softmax over products of two values (queries and keys), by whose result a third value is
    /// multiplied.
    #[must_use]
    pub fn has_attention(&self) -> bool {
        let attends = |(at, node): (usize, &Node)| {
            node.operation.is::<Attend>()
                || is_softmax(node) && self.is_of_products(&node.inputs) && self.multiplies(at + 1)
        };
        self.nodes.iter().enumerate().any(attends)
    }

    /// Whether one of these values is made of the matrix product of two values, with nothing but arithmetic between.
    fn is_of_products(&self, values: &[ValueId]) -> bool {
        let mut open = values.to_vec();
        let mut seen = vec![false; self.nodes.len() + 1];
        while let Some(value) = open.pop() {
            let Some(at) = value.checked_sub(1).filter(|_| !std::mem::replace(&mut seen[value], true)) else {
                continue;
            };
            let node = &self.nodes[at];
            if is_matrix_product(node) {
                return true;
            }
            if is_arithmetic(node) {
                open.extend(&node.inputs);
            }
        }
        false
    }

    /// Whether another value is multiplied by this one, with nothing but arithmetic before.
    fn multiplies(&self, value: ValueId) -> bool {
        let mut carries = vec![false; self.nodes.len() + 1];
        carries[value] = true;
        for (at, node) in self.nodes.iter().enumerate().skip(value) {
            if !node.inputs.iter().any(|value| carries[*value]) {
                continue;
            }
            let by_another = node.inputs.iter().any(|value| !carries[*value]);
            if by_another && (is_matrix_product(node) || is_product(node)) {
                return true;
            }
            carries[at + 1] = is_arithmetic(node);
        }
        false
    }
}

fn arithmetic(node: &Node) -> Option<&Arithmetic> {
    node.operation.as_kind::<Calculation>().map(Calculation::arithmetic)
}

fn is_arithmetic(node: &Node) -> bool {
    node.counted.is_none() && !is_softmax(node)
}

fn is_softmax(node: &Node) -> bool {
    matches!(arithmetic(node), Some(Arithmetic::Softmax { is_log: false, .. }))
        || node.operation.as_kind::<Softmax>().is_some_and(|softmax| *softmax != Softmax::LogSoftmax)
}

fn is_matrix_product(node: &Node) -> bool {
    node.inputs.len() > 1 && matches!(arithmetic(node), Some(Arithmetic::MatMul))
}

fn is_product(node: &Node) -> bool {
    let multiplies = matches!(arithmetic(node), Some(Arithmetic::Binary(Binary::Multiply)));
    node.inputs.len() > 1 && (multiplies || node.operation.is::<Product>())
}
