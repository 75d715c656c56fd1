//! The bodies of a network's residuals.

use std::collections::{BTreeMap, HashMap};

use super::node::{Node, ValueId};
use super::surroundings::Branch;
use crate::layers::Sum;

/// The bodies that hold layers with matrices.
pub struct Bodies {
    count: usize,
    branches: HashMap<usize, Branch>,
}

impl Bodies {
    /// Those that a list of layers names, and those that the graph of a model shows.
    pub fn of(nodes: &[Node]) -> Self {
        let layers: Vec<_> = (0..nodes.len()).filter(|at| nodes[*at].has_matrices()).collect();
        let is_brought = nodes.iter().any(|node| node.origin.is_some());
        let bodies = if is_brought { shown(nodes, &layers) } else { named(nodes, &layers) };
        // By node, the smallest body that holds it.
        let mut innermost: HashMap<usize, usize> = HashMap::new();
        for (at, body) in bodies.iter().enumerate() {
            for node in body {
                let known = innermost.entry(*node).or_insert(at);
                if body.len() < bodies[*known].len() {
                    *known = at;
                }
            }
        }
        let is_last = |node: usize| bodies.iter().any(|body| body.last() == Some(&node));
        let layers = |body: usize| innermost.values().filter(|own| **own == body).count();
        let branch = |node: usize, body: usize| Branch { layers: layers(body), is_last: is_last(node) };
        let branches = innermost.iter().map(|(node, body)| (*node, branch(*node, *body))).collect();
        Self { count: bodies.len(), branches }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// The innermost body that a layer with matrices stands in.
    pub fn branch(&self, node: usize) -> Option<Branch> {
        self.branches.get(&node).copied()
    }
}

/// By what the names of a body's nodes have in common, from the outermost in: `4.body`, `4.body.2.body`.
fn named(nodes: &[Node], layers: &[usize]) -> Vec<Vec<usize>> {
    const BODY: &str = ".body.";
    let mut bodies: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for at in layers {
        let name = nodes[*at].name();
        let prefixes = name.match_indices(BODY).map(|(start, _)| &name[..start + BODY.len() - 1]);
        prefixes.for_each(|body| bodies.entry(body).or_default().push(*at));
    }
    bodies.into_values().collect()
}

/// Where two ways that part meet in a sum, the one with weights is a body if the other has none, or a single layer as a
/// shortcut has that changes the number of channels.
fn shown(nodes: &[Node], layers: &[usize]) -> Vec<Vec<usize>> {
    let sums = nodes.iter().filter(|node| node.operation.is::<Sum>());
    let bodies = sums.filter_map(|sum| {
        let [a, b] = sum.inputs[..] else { return None };
        let before = [a, b].map(|end| before(nodes, end));
        let parting = (0..=a.min(b)).rev().find(|value| before.iter().all(|before| before[*value]))?;
        let after = after(nodes, parting);
        let way = |before: &[bool]| layers.iter().copied().filter(|at| before[at + 1] && after[at + 1]).collect();
        let mut ways: [Vec<usize>; 2] = [way(&before[0]), way(&before[1])];
        ways.sort_by_key(Vec::len);
        let [shortcut, body] = ways;
        (shortcut.is_empty() && !body.is_empty() || shortcut.len() == 1 && body.len() > 1).then_some(body)
    });
    bodies.collect()
}

/// By value, whether another depends on it.
fn before(nodes: &[Node], end: ValueId) -> Vec<bool> {
    let mut needed = vec![false; nodes.len() + 1];
    needed[end] = true;
    for at in (0..end).rev() {
        if needed[at + 1] {
            nodes[at].inputs.iter().for_each(|value| needed[*value] = true);
        }
    }
    needed
}

/// By value, whether it depends on another, that one left out.
fn after(nodes: &[Node], start: ValueId) -> Vec<bool> {
    let mut reached = vec![false; nodes.len() + 1];
    reached[start] = true;
    for at in start..nodes.len() {
        reached[at + 1] = nodes[at].inputs.iter().any(|value| reached[*value]);
    }
    reached[start] = false;
    reached
}
