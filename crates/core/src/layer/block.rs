//! Blocks of layers.

use super::{Block, Edge, Layer, Merge, Vertex};

impl Block {
    /// The sum of a body and a shortcut; an empty list passes on what comes in.
    #[must_use]
    pub fn residual(body: Vec<Layer>, shortcut: Vec<Layer>) -> Self {
        let edge = |name: &str, through| Edge { from: 0, name: name.to_owned(), through };
        let edges = vec![edge("body", body), edge("shortcut", shortcut)];
        Self { vertices: vec![Vertex { edges, merge: Merge::Sum, then: Vec::new() }] }
    }

    /// Body and shortcut, where it is a residual.
    #[must_use]
    pub fn as_residual(&self) -> Option<(&[Layer], &[Layer])> {
        let [Vertex { edges, merge: Merge::Sum, then }] = self.vertices.as_slice() else { return None };
        match edges.as_slice() {
            [body, shortcut] if then.is_empty() && body.name == "body" && shortcut.name == "shortcut" => {
                Some((&body.through, &shortcut.through))
            }
            _ => None,
        }
    }

    #[must_use]
    pub fn name(&self) -> &'static str {
        if self.as_residual().is_some() { "residual" } else { "graph" }
    }

    /// The same with `f` applied to every list of layers.
    #[must_use]
    pub fn map(&self, f: &dyn Fn(&[Layer]) -> Vec<Layer>) -> Self {
        let edge = |edge: &Edge| Edge { through: f(&edge.through), ..edge.clone() };
        let vertex = |vertex: &Vertex| Vertex {
            edges: vertex.edges.iter().map(edge).collect(),
            merge: vertex.merge,
            then: f(&vertex.then),
        };
        Self { vertices: self.vertices.iter().map(vertex).collect() }
    }
}
