//! What of a network lies on a path from its input to its output.

use super::graph::Network;
use super::node::Node;
use crate::fill::Fill;
use crate::layers::Zero;

impl Network {
    /// By node, whether it lies on a path from the input to the output that no zeros cut.
    #[must_use]
    pub fn live(&self) -> Vec<bool> {
        let mut reached = vec![true; self.nodes.len() + 1];
        for (at, node) in self.nodes.iter().enumerate() {
            reached[at + 1] = !node.operation.is::<Zero>() && node.inputs.iter().any(|value| reached[*value]);
        }
        let mut live = vec![false; self.nodes.len() + 1];
        live[self.output_value()] = reached[self.output_value()];
        for (at, node) in self.nodes.iter().enumerate().rev().filter(|(at, _)| reached[at + 1]) {
            let leads = live[at + 1];
            node.inputs.iter().for_each(|value| live[*value] |= leads && reached[*value]);
        }
        live.split_off(1)
    }

    fn live_nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().zip(self.live()).filter_map(|(node, live)| live.then_some(node))
    }

    /// Number of trained parameters of nodes that are [live](Self::live), with `fill` in the slots.
    #[must_use]
    pub fn live_parameters(&self, fill: Option<&Fill>) -> u64 {
        self.live_nodes().map(|node| node.parameters(fill)).sum()
    }

    /// Sum over the layers with drawn weights that are [live](Self::live) of ln of their units.
    #[must_use]
    pub fn ln_width(&self) -> f64 {
        let drawn = self.live_nodes().filter(|node| node.first_drawn().is_some());
        drawn.map(|node| (node.units() as f64).ln()).sum()
    }
}
