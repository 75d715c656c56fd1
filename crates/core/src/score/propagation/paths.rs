//! The ways that signals take through a network's graph.

use crate::layers::{Concat, Product, Scale};
use crate::network::{Network, Node, ValueId};

/// A factor that starts smaller than this lets the gradient of its branch in only as training goes on, as one of 0 does.
const SMALL_SCALE: f64 = 1e-2;

/// Whether branches with layers of their own are put together after a node, by concatenation or multiplication.
pub(super) fn has_merge_after(network: &Network, node: &Node) -> bool {
    let after = network.nodes.iter().skip_while(|other| other.name() != node.name());
    after.skip(1).any(|other| other.operation.is::<Concat>() || other.operation.is::<Product>())
}

/// Of the counted nodes before one of them, or of all where `last` is beyond them, those from which it, or else the network's
/// output, is reached by some way without a small factor, or not at all.
pub(super) fn open(network: &Network, last: usize) -> Vec<usize> {
    let end = network.nodes.iter().position(|node| node.counted == Some(last));
    let end = end.map_or(network.output_value(), |at| at + 1);
    let by_any = reaching(network, end, |_| true);
    let by_open = reaching(network, end, |node| !is_small_scale(node));
    let is_open = |at: usize| by_open[at + 1] || !by_any[at + 1];
    let nodes = network.nodes.iter().enumerate().filter(|(at, _)| is_open(*at));
    nodes.filter_map(|(_, node)| node.counted).filter(|counted| *counted < last).collect()
}

/// By value, whether it reaches `end` through nodes that let it pass.
fn reaching(network: &Network, end: ValueId, passes: impl Fn(&Node) -> bool) -> Vec<bool> {
    let mut reaches = vec![false; network.nodes.len() + 1];
    reaches[end] = true;
    for (at, node) in network.nodes.iter().enumerate().rev() {
        if reaches[at + 1] && passes(node) {
            node.inputs.iter().for_each(|value| reaches[*value] = true);
        }
    }
    reaches
}

fn is_small_scale(node: &Node) -> bool {
    node.operation.as_kind::<Scale>().is_some_and(|scale| scale.init.abs() < SMALL_SCALE)
}
