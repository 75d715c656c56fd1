//! Layers of several branches that take the same value and are merged.

use crate::layer::{Arguments, Block, Default, Domain, Edge, Layer, Operation, Param, Vertex};

pub static PARAMS: &[Param] = &[Param {
    name: "branches",
    label: "the branches",
    domain: Domain::Branches,
    default: Default::Needed,
    about: "lists of layers, each of which takes what comes in; an empty one passes it on",
}];

/// The branches of these arguments, merged.
pub fn merged(arguments: &Arguments, merge: impl Operation) -> Layer {
    let branches = arguments.branches("branches").iter().enumerate();
    let edges = branches.map(|(at, layers)| Edge::new(0, &format!("branches.{at}"), layers.clone())).collect();
    let vertices = vec![Vertex::new(edges, merge)];
    Block { kind: arguments.kind, values: arguments.values.clone(), vertices }.into()
}
