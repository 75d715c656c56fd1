//! The graph of nodes, and what can be said of it.

use crate::fill::Fill;
use crate::shape::{Form, Shape};

use super::node::{Node, ValueId};

/// A checked network.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    pub input: Form,
    /// In topological order, which is the order of the forward pass. The last gives the network's output.
    pub nodes: Vec<Node>,
    /// The network in one line: `784 > 128 > * > 10`, the slot as a star with its name, if it has one.
    pub(super) summary: String,
}

/// Bytes that the values of a batch may take for the sake of layers that get one row a sample.
const AFFORDABLE: u128 = 3 << 29;
/// Samples that are taken whatever they cost.
const FEWEST: usize = 64;

/// Some nodes of a network, to be passed in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// In their order.
    pub nodes: Vec<usize>,
    /// The values that are still needed afterwards.
    pub kept: Vec<ValueId>,
}

impl Network {
    #[must_use]
    pub fn output(&self) -> &Shape {
        self.nodes.last().map_or(&self.input.shape, Node::output)
    }

    /// The value that is the output.
    #[must_use]
    pub fn output_value(&self) -> ValueId {
        self.nodes.len()
    }

    /// The form of a value.
    #[must_use]
    pub fn form(&self, value: ValueId) -> Form {
        match value.checked_sub(1).and_then(|node| self.nodes.get(node)) {
            Some(node) => node.place.output.clone(),
            None => self.input.clone(),
        }
    }

    /// The same with another line that sums it up.
    #[must_use]
    pub fn with_summary(self, summary: String) -> Self {
        Self { summary, ..self }
    }

    /// The network in one line, see the field.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// The node of this name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name() == name)
    }

    /// The nodes whose effective ranks make up NEAR, in the order of the forward pass.
    #[must_use]
    pub fn counted(&self) -> Vec<&Node> {
        self.nodes.iter().filter(|node| node.counted.is_some()).collect()
    }

    #[must_use]
    pub fn has_slot(&self) -> bool {
        self.nodes.iter().any(Node::is_slot)
    }

    /// The names of the slots, each once, in the order of the forward pass.
    #[must_use]
    pub fn slots(&self) -> Vec<&str> {
        let mut slots = Vec::new();
        for slot in self.nodes.iter().filter_map(Node::slot) {
            if !slots.contains(&slot) {
                slots.push(slot);
            }
        }
        slots
    }

    /// Number of trained parameters with `fill` in the slots.
    #[must_use]
    pub fn parameters(&self, fill: Option<&Fill>) -> u64 {
        self.nodes.iter().map(|node| node.parameters(fill)).sum()
    }

    /// Multiply-adds of a forward pass of one sample: products of weights, and of values in attention and matrix products. Norms,
    /// activations, pooling, lookups and biases have none.
    #[must_use]
    pub fn multiply_adds(&self) -> u64 {
        let all = self.nodes.iter().map(|node| node.operation.cost(&node.place).multiply_adds);
        u64::try_from(all.fold(0u128, u128::saturating_add)).unwrap_or(u64::MAX)
    }

    /// What scoring so many samples takes, roughly, in multiply-adds: that of the nodes that depend on no slot, and that of the
    /// rest.
    #[must_use]
    pub fn effort(&self, samples: usize) -> [u64; 2] {
        self.around_slots().map(|part| {
            let all = part.nodes.iter().map(|at| self.nodes[*at].effort(samples));
            u64::try_from(all.fold(0u128, u128::saturating_add)).unwrap_or(u64::MAX)
        })
    }

    /// The number of samples whose rows fill the largest rank matrix: a dense layer of width n takes n samples, a
    /// convolution with C channels takes C of its positions. Layers that get one row a sample have to do with fewer where a
    /// batch of as many would take more than 1.5 GiB, see [`Self::short_of_rows`].
    #[must_use]
    pub fn samples_needed(&self) -> usize {
        let needed = self.samples_by(|_| true);
        // What has positions fills its matrix from few samples.
        let least = self.samples_by(|rows| rows > 1).max(FEWEST).min(needed);
        let affordable = AFFORDABLE / self.held(|live, _| live).saturating_mul(4).max(1);
        usize::try_from(affordable).unwrap_or(usize::MAX).clamp(least, needed)
    }

    /// The most samples that a counted node needs, of those whose number of rows a sample is as asked.
    fn samples_by(&self, what: impl Fn(usize) -> bool) -> usize {
        let counted = self.nodes.iter().filter(|node| node.counted.is_some() && what(node.place.output.rows()));
        counted.map(|node| node.units().div_ceil(node.place.output.rows())).max().unwrap_or(1)
    }

    /// The counted nodes whose units are more than the rows that so many samples give, which bound their effective ranks.
    #[must_use]
    pub fn short_of_rows(&self, samples: usize) -> Vec<&Node> {
        let is_short = |node: &&Node| node.units() > samples.saturating_mul(node.place.output.rows());
        self.counted().into_iter().filter(is_short).collect()
    }

    /// All nodes.
    #[must_use]
    pub fn whole(&self) -> Part {
        Part { nodes: (0..self.nodes.len()).collect(), kept: vec![self.output_value()] }
    }

    /// The nodes that depend on no slot, which are the same for all activations, and the rest.
    #[must_use]
    pub fn around_slots(&self) -> [Part; 2] {
        let mut depends = vec![false; self.nodes.len() + 1];
        for (at, node) in self.nodes.iter().enumerate() {
            depends[at + 1] = node.is_slot() || node.inputs.iter().any(|value| depends[*value]);
        }
        let (rest, shared): (Vec<_>, Vec<_>) = (0..self.nodes.len()).partition(|node| depends[node + 1]);
        let kept = self.needed_by(&rest);
        [Part { nodes: shared, kept }, Part { nodes: rest, kept: vec![self.output_value()] }]
    }

    /// The values that these nodes, or else the output, take from elsewhere.
    #[must_use]
    pub fn needed_by(&self, nodes: &[usize]) -> Vec<ValueId> {
        let mut needed: Vec<_> = nodes.iter().flat_map(|node| &self.nodes[*node].inputs).copied().collect();
        needed.push(self.output_value());
        needed.sort_unstable();
        needed.dedup();
        needed.retain(|value| value.checked_sub(1).is_none_or(|node| nodes.binary_search(&node).is_err()));
        needed
    }

    /// All nodes but the last, as a network of their own.
    #[must_use]
    pub fn without_last(&self) -> Self {
        let count = self.nodes.len().saturating_sub(1);
        Self { input: self.input.clone(), nodes: self.nodes[..count].to_vec(), summary: String::new() }
    }

    /// The nodes up to the one of this name, as a network of their own; all where there is none.
    #[must_use]
    pub fn up_to(&self, name: &str) -> Self {
        let count = self.nodes.iter().position(|node| node.name() == name).map_or(self.nodes.len(), |at| at + 1);
        Self { input: self.input.clone(), nodes: self.nodes[..count].to_vec(), summary: String::new() }
    }

    /// The last node as a network of its own, with the weights that are drawn for it here.
    #[must_use]
    pub fn last_alone(&self) -> Self {
        let mut nodes: Vec<_> = self.nodes.last().cloned().into_iter().collect();
        for node in &mut nodes {
            (node.inputs, node.counted) = (vec![0], node.counted.map(|_| 0));
        }
        let input = nodes.first().and_then(|node| node.place.inputs.first()).unwrap_or(&self.input).clone();
        Self { input, nodes, summary: String::new() }
    }

    /// Bytes of the rank matrices that wait on a thread to be worked on side by side, at the most and roughly: of every
    /// width a matrix, its Gram matrix and the workspace, for as many as there are lanes.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        const LANES: u128 = 16;
        const MOST_ELEMENTS: u128 = 1 << 22;
        const BYTES: u128 = 3 * 4;
        let mut widths: Vec<_> = self.counted().iter().map(|node| node.units() as u128).collect();
        widths.sort_unstable();
        widths.dedup();
        let bytes = |width: u128| {
            let one = width.saturating_mul(width);
            one.saturating_mul(LANES).min(MOST_ELEMENTS.max(one)).saturating_mul(BYTES)
        };
        let all = widths.into_iter().map(bytes).fold(0, u128::saturating_add);
        u64::try_from(all).unwrap_or(u64::MAX)
    }

    /// Bytes that one repetition holds at the most, roughly: all weights and their draws, the values that are live while
    /// a batch passes, and the largest rank matrix with the workspace of its decomposition.
    #[must_use]
    pub fn memory(&self, samples: usize) -> u64 {
        let most = self.held(|live, workspace| live.saturating_mul(samples as u128).saturating_add(workspace));
        let units = self.counted().iter().map(|node| node.units() as u128).max().unwrap_or(0);
        let values = (2 * u128::from(self.parameters(None)) + 6 * units * units).saturating_add(most);
        u64::try_from(values.saturating_mul(4)).unwrap_or(u64::MAX)
    }

    /// The most of what `sum` makes of the elements that are live at a node and of its workspace.
    fn held(&self, sum: impl Fn(u128, u128) -> u128) -> u128 {
        // Sizes may be as large as 2^40 each, so their products need more than 64 bits.
        let elements = |value: ValueId| self.form(value).shape.elements() as u128;
        let mut done = vec![0u128; self.nodes.len()];
        for (value, last) in self.last_uses().into_iter().enumerate() {
            if let Some(last) = last {
                done[last] = done[last].saturating_add(elements(value));
            }
        }
        let (mut live, mut most) = (elements(0), 0u128);
        for (node, done) in self.nodes.iter().zip(done) {
            live = live.saturating_add(node.output().elements() as u128);
            most = most.max(sum(live, node.operation.cost(&node.place).workspace));
            live = live.saturating_sub(done);
        }
        most
    }

    /// By value, the node that uses it last; none where no node does.
    fn last_uses(&self) -> Vec<Option<usize>> {
        let mut last = vec![None; self.nodes.len() + 1];
        for (at, node) in self.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|value| last[*value] = Some(at));
        }
        last
    }
}
