//! How large weights are, as the signal sees them.

use super::{LayerSignal, NOTHING, Propagation};
use crate::network::{Network, Node};

impl Propagation {
    /// ln of the largest ratio of a layer's output to what an activation before it gives, which is the size of the layer's
    /// weights as the signal sees it; 0 at the least. A layer whose activation gives nothing does not count. Layers are taken to
    /// stand in a row.
    #[must_use]
    pub fn ln_amplification(&self) -> f64 {
        self.amplification(|_, before| before.saturated.map(|_| Amplification::Size))
    }

    /// The same where the network is known: of layers that take what an activation or a norm gives.
    #[must_use]
    pub fn ln_amplification_in(&self, network: &Network) -> f64 {
        let known = amplifications(network);
        self.amplification(|at, _| known.get(at).copied().flatten())
    }

    /// `how` is told the place of a layer that is no activation, and the signals before it.
    fn amplification(&self, how: impl Fn(usize, &LayerSignal) -> Option<Amplification>) -> f64 {
        let pairs = self.layers.windows(2).zip(1..);
        let alive = pairs.filter(|(pair, _)| pair[1].saturated.is_none() && pair[0].ln_size > NOTHING);
        let ratios = alive.filter_map(|(pair, at)| {
            let made = match how(at, &pair[0])? {
                Amplification::Size => pair[1].ln_size,
                Amplification::Spread => pair[1].ln_spread,
            };
            Some(made - pair[0].ln_size)
        });
        ratios.fold(0.0, f64::max)
    }
}

/// How the size of a layer's weights shows in what it makes of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amplification {
    /// In the size of its output.
    Size,
    /// In what differs between samples, since its bias was chosen: nothing follows from the size of that.
    Spread,
}

/// By counted node: none unless it takes the output of the counted node before it, an activation or a norm, through nodes that
/// take nothing else.
pub(super) fn amplifications(network: &Network) -> Vec<Option<Amplification>> {
    let mut before: Option<&Node> = None;
    let counted = network.counted().into_iter().map(|node| {
        let source = before.replace(node).filter(|source| has_known_size(source) && node.first_drawn().is_some())?;
        let has_own_bias = node.operation.own_init().is_some_and(|own| own.bias.is_some());
        let how = if has_own_bias { Amplification::Spread } else { Amplification::Size };
        (source_of(network, node)?.counted == source.counted).then_some(how)
    });
    counted.collect()
}

/// Whether the size of its output does not depend on the weights before it, or hardly.
fn has_known_size(node: &Node) -> bool {
    node.is_activation() || node.operation.kind().name.ends_with("_norm")
}

/// The counted node whose output a node takes, but for nodes of a single input that are not counted.
fn source_of<'a>(network: &'a Network, node: &Node) -> Option<&'a Node> {
    let before = |node: &Node| match node.inputs[..] {
        [value] => network.nodes.get(value.checked_sub(1)?),
        _ => None,
    };
    let mut source = before(node)?;
    while source.counted.is_none() {
        source = before(source)?;
    }
    Some(source)
}
