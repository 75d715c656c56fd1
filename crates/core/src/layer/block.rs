//! Blocks of layers.

use std::sync::Arc;

use super::{Block, Edge, Kind, Layer, Make, Operation, Short, Through, Trial, Value, Vertex};

/// A graph that stands for no kind of presets, as the cells of benchmarks.
static GRAPH: Kind = Kind {
    name: "graph",
    about: "Layers along the edges of a graph.",
    params: &[],
    short: Short::Never,
    example: "graph",
    make: Make::Layer(|_| Block::graph(Vec::new()).into()),
    trials: Vec::<Trial>::new,
};

impl Block {
    /// A block of the kind `graph`.
    #[must_use]
    pub fn graph(vertices: Vec<Vertex>) -> Self {
        Self { kind: &GRAPH, values: Vec::new(), vertices }
    }

    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind.name
    }

    /// The same with `f` applied to every list of layers.
    #[must_use]
    pub fn map(&self, f: &dyn Fn(&[Layer]) -> Vec<Layer>) -> Self {
        let edge = |edge: &Edge| Edge { through: edge.through.map(f), ..edge.clone() };
        let vertex = |vertex: &Vertex| Vertex {
            edges: vertex.edges.iter().map(edge).collect(),
            merge: Arc::clone(&vertex.merge),
            then: f(&vertex.then),
        };
        let value = |value: &Value| match value {
            Value::Layers(layers) => Value::Layers(f(layers)),
            Value::Branches(branches) => Value::Branches(branches.iter().map(|layers| f(layers)).collect()),
            other => other.clone(),
        };
        Self {
            kind: self.kind,
            values: self.values.iter().map(value).collect(),
            vertices: self.vertices.iter().map(vertex).collect(),
        }
    }
}

impl Vertex {
    /// What comes along the edges, merged, and nothing after it.
    #[must_use]
    pub fn new(edges: Vec<Edge>, merge: impl Operation) -> Self {
        Self { edges, merge: Arc::new(merge), then: Vec::new() }
    }

    /// The same with layers after it.
    #[must_use]
    pub fn then(self, then: Vec<Layer>) -> Self {
        Self { then, ..self }
    }
}

impl Edge {
    /// An edge through layers that are numbered.
    #[must_use]
    pub fn new(from: usize, name: &str, through: Vec<Layer>) -> Self {
        Self { from, name: name.to_owned(), through: Through::Chain(through) }
    }

    /// An edge through one layer, which has its name.
    #[must_use]
    pub fn one(from: usize, name: &str, layer: impl Into<Layer>) -> Self {
        Self { from, name: name.to_owned(), through: Through::One(layer.into()) }
    }
}

impl Through {
    fn map(&self, f: &dyn Fn(&[Layer]) -> Vec<Layer>) -> Self {
        match self {
            Self::Chain(layers) => Self::Chain(f(layers)),
            Self::One(layer) => match f(std::slice::from_ref(layer)).pop() {
                Some(layer) => Self::One(layer),
                None => Self::Chain(Vec::new()),
            },
        }
    }
}
