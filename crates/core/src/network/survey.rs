//! Tells every node where it stands among the others.

use std::sync::{Arc, OnceLock};

use super::bodies::Bodies;
use super::node::{Node, ValueId};
use super::surroundings::{Following, Surroundings};
use crate::layer::Counted;
use crate::layers::{Calculation, Lookup, Sum};
use crate::shape::Form;

/// Fills in the surroundings of the nodes of a network.
pub fn survey(nodes: &mut [Node]) {
    let output = output(nodes);
    let following = following(nodes);
    let bodies = Bodies::of(nodes);
    let slots = slots(nodes);
    let same = same_for_all(nodes);
    let ranks = most_ranks(nodes);
    for (at, (following, slot)) in following.into_iter().zip(slots).enumerate() {
        nodes[at].surroundings = Surroundings {
            is_output: output == Some(at),
            is_same_for_all: same[at + 1] || nodes[at].operation.is::<Lookup>(),
            branch: bodies.branch(at),
            branches: bodies.count(),
            following,
            most_rank: ranks[at],
            slot,
        };
    }
    lend(nodes);
}

/// By node, the most that the rank of its output can be.
fn most_ranks(nodes: &[Node]) -> Vec<usize> {
    let mut ranks: Vec<usize> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let of = |(value, form): (&ValueId, &Form)| value.checked_sub(1).map_or(form.units(), |from| ranks[from]);
        let inputs: Vec<_> = node.inputs.iter().zip(&node.place.inputs).map(of).collect();
        ranks.push(node.operation.most_rank(&node.place, &inputs).min(node.units()));
    }
    ranks
}

/// Tells nodes that share weights of the nodes that have them first.
fn lend(nodes: &mut [Node]) {
    for at in 0..nodes.len() {
        let (before, [node, ..]) = nodes.split_at_mut(at) else { return };
        let lender = |name: &str| before.iter().find(|node| node.name() == name).cloned().map(Arc::new);
        let shared = node.shared.iter();
        node.lenders = shared.filter_map(|(weight, owner)| Some((*weight, lender(owner)?))).collect();
    }
}

/// The last layer with matrices that the output depends on.
fn output(nodes: &[Node]) -> Option<usize> {
    let mut needed = vec![false; nodes.len() + 1];
    needed[nodes.len()] = true;
    for (at, node) in nodes.iter().enumerate().rev() {
        if !needed[at + 1] {
            continue;
        }
        if node.has_matrices() {
            return Some(at);
        }
        node.inputs.iter().for_each(|value| needed[*value] = true);
    }
    None
}

/// By value, whether it is made of nothing but what is the same for all samples.
fn same_for_all(nodes: &[Node]) -> Vec<bool> {
    let mut same = vec![false; nodes.len() + 1];
    for (at, node) in nodes.iter().enumerate() {
        let starts = |calculation: &Calculation| calculation.is_same_for_all();
        same[at + 1] = node.operation.as_kind().is_some_and(starts)
            || !node.inputs.is_empty() && node.inputs.iter().all(|value| same[*value]);
    }
    same
}

/// By node, the activation that follows it.
fn following(nodes: &[Node]) -> Vec<Following> {
    // By value, the node of the first activation that follows it.
    let mut first: Vec<Option<usize>> = vec![None; nodes.len() + 1];
    for (at, node) in nodes.iter().enumerate().rev() {
        let found = match node.operation.counted(None) {
            Counted::Activation(Some(_)) => Some(at),
            Counted::Activation(None) => node.is_slot().then_some(at),
            Counted::Weighted | Counted::No => {
                let passes = node.operation.passes_units() || node.operation.is::<Sum>();
                if passes { first[at + 1] } else { None }
            }
        };
        // Nodes come in topological order, so an earlier one overrules.
        node.inputs.iter().filter(|_| found.is_some()).for_each(|value| first[*value] = found);
    }
    first.into_iter().skip(1).map(|node| node.map_or(Following::Nothing, |at| describe(&nodes[at]))).collect()
}

/// By node, the first slot that its output reaches, or else the last of all.
fn slots(nodes: &[Node]) -> Vec<Option<String>> {
    // By value, the node of the first slot after it.
    let mut first: Vec<Option<usize>> = vec![None; nodes.len() + 1];
    for (at, node) in nodes.iter().enumerate().rev() {
        let found = if node.is_slot() { Some(at) } else { first[at + 1] };
        // Nodes come in topological order, so an earlier one overrules.
        node.inputs.iter().filter(|_| found.is_some()).for_each(|value| first[*value] = found);
    }
    let last = nodes.iter().rposition(Node::is_slot);
    let name = |slot: Option<usize>| nodes[slot.or(last)?].slot().map(str::to_owned);
    first.into_iter().skip(1).map(name).collect()
}

fn describe(activation: &Node) -> Following {
    match activation.slot() {
        Some(slot) => Following::Slot(slot.to_owned()),
        None => Following::Fixed { operation: activation.operation.clone(), gain: OnceLock::new() },
    }
}
