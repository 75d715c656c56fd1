//! NAS-Bench-101: a cell is a directed acyclic graph of at most seven vertices and nine edges.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;

use super::error::ArchitectureError;
use super::parts::{classifier, conv};
use super::space::{About, Cell, Members};
use crate::layer::{Block, Edge, Layer, Vertex};
use crate::layers::{BatchNorm, Concat, FirstChannels, Frame, MaxPool, Sum};
use crate::random::below;

const MOST_VERTICES: usize = 7;
const MOST_EDGES: usize = 9;

pub static SPACE: About = About {
    name: "nasbench101",
    example: EXAMPLE,
    members: Members::Drawn {
        // Counted by its authors.
        size: 423_624,
        draw: |rng| {
            let graph = Bench101::draw(rng)?;
            let canonical = graph.canonical();
            Some((Arc::new(graph), canonical))
        },
    },
    parse: |text| Ok(Arc::new(text.parse::<Bench101>()?)),
};

/// A cell as it is written.
const EXAMPLE: &str = "0110/0011/0001/0000 conv3x3,maxpool3x3";

/// Channels of the stem and of the first stack.
const STEM: usize = 128;
const STACKS: usize = 3;
const CELLS: usize = 3;

/// What an inner vertex does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Operation {
    Conv3,
    Conv1,
    MaxPool,
}

impl Operation {
    const ALL: [Self; 3] = [Self::Conv3, Self::Conv1, Self::MaxPool];
    const NAMES: [&'static str; 3] = ["conv3x3", "conv1x1", "maxpool3x3"];

    fn layers(self, out: usize, activation: &Layer) -> Vec<Layer> {
        match self {
            Self::Conv3 => conv_bn(out, 3, activation),
            Self::Conv1 => conv_bn(out, 1, activation),
            Self::MaxPool => vec![MaxPool(Frame::square(3, 1, 1)).into()],
        }
    }
}

fn conv_bn(out: usize, kernel: usize, activation: &Layer) -> Vec<Layer> {
    vec![conv(out, kernel, 1), BatchNorm.into(), activation.clone()]
}

/// A cell: vertex 0 is its input, the last vertex its output.
#[derive(Debug, Clone, PartialEq)]
struct Bench101 {
    /// `edges[a][b]`: whether a vertex a feeds a later vertex b.
    edges: Vec<Vec<bool>>,
    operations: Vec<Operation>,
}

impl Bench101 {
    /// The graph without the vertices that lie on no path from the input to the output; none if there is no path.
    fn pruned(&self) -> Option<Self> {
        let count = self.edges.len();
        let mut from_input = vec![false; count];
        let mut to_output = vec![false; count];
        from_input[0] = true;
        to_output[count - 1] = true;
        for to in 1..count {
            from_input[to] = (0..to).any(|from| from_input[from] && self.edges[from][to]);
        }
        for from in (0..count - 1).rev() {
            to_output[from] = (from + 1..count).any(|to| to_output[to] && self.edges[from][to]);
        }
        if !to_output[0] {
            return None;
        }
        let kept: Vec<_> = (0..count).filter(|v| from_input[*v] && to_output[*v]).collect();
        Some(self.reordered(&kept))
    }

    /// The graph of these vertices in this order.
    fn reordered(&self, vertices: &[usize]) -> Self {
        let inner = &vertices[1..vertices.len() - 1];
        Self {
            edges: vertices.iter().map(|a| vertices.iter().map(|b| self.edges[*a][*b]).collect()).collect(),
            operations: inner.iter().map(|v| self.operations[v - 1]).collect(),
        }
    }

    fn edge_count(&self) -> usize {
        self.edges.iter().flatten().filter(|edge| **edge).count()
    }

    /// The text of the first among all orders of the same graph.
    fn canonical(&self) -> String {
        let last = self.edges.len() - 1;
        let mut orders = vec![vec![0]];
        for _ in 1..last {
            let grow = |order: &Vec<usize>| {
                let free = (1..last).filter(|v| !order.contains(v)).collect::<Vec<_>>();
                free.into_iter().map(|v| order.iter().copied().chain([v]).collect()).collect::<Vec<Vec<usize>>>()
            };
            orders = orders.iter().flat_map(grow).collect();
        }
        let texts = orders.into_iter().map(|mut order| {
            order.push(last);
            self.reordered(&order).to_string()
        });
        texts.min().unwrap_or_default()
    }

    /// A draw, if it belongs to the space.
    fn draw(rng: &mut ChaCha8Rng) -> Option<Self> {
        let edges: Vec<Vec<_>> =
            (0..MOST_VERTICES).map(|a| (0..MOST_VERTICES).map(|b| a < b && below(rng, 2) == 1).collect()).collect();
        let operations = (2..MOST_VERTICES).map(|_| Operation::ALL[below(rng, Operation::ALL.len())]).collect();
        Self { edges, operations }.pruned().filter(|graph| graph.edge_count() <= MOST_EDGES)
    }

    /// The channels of every vertex. Those that feed the output share its channels, the first ones getting what is left
    /// over; every other vertex has as many as the widest that it feeds.
    fn channels(&self, ins: usize, outs: usize) -> Vec<usize> {
        let last = self.edges.len() - 1;
        let mut channels = vec![0; last + 1];
        (channels[0], channels[last]) = (ins, outs);
        let feeding: Vec<_> = (1..last).filter(|v| self.edges[*v][last]).collect();
        for (place, vertex) in feeding.iter().enumerate() {
            channels[*vertex] = outs / feeding.len() + usize::from(place < outs % feeding.len());
        }
        for vertex in (1..last).rev().filter(|v| !self.edges[*v][last]) {
            let fed = (vertex + 1..last).filter(|to| self.edges[vertex][*to]);
            channels[vertex] = fed.map(|to| channels[to]).max().unwrap_or(outs);
        }
        channels
    }

    fn cell(&self, ins: usize, outs: usize, activation: &Layer) -> Layer {
        let last = self.edges.len() - 1;
        let channels = self.channels(ins, outs);
        let sources = |to: usize| (0..to).filter(move |from| self.edges[*from][to]);
        let edge = |from: usize, to: usize, through| Edge::new(from, &format!("{from}to{to}"), through);
        let projected = |to: usize| edge(0, to, conv_bn(channels[to], 1, activation));
        let mut vertices = Vec::with_capacity(last + 1);
        for to in 1..last {
            let incoming = |from| match from {
                0 => projected(to),
                _ if channels[from] == channels[to] => edge(from, to, Vec::new()),
                _ => edge(from, to, vec![FirstChannels { keep: channels[to] }.into()]),
            };
            let vertex = Vertex::new(sources(to).map(incoming).collect(), Sum);
            vertices.push(vertex.then(self.operations[to - 1].layers(channels[to], activation)));
        }
        let joined: Vec<_> = sources(last).filter(|from| *from > 0).map(|from| edge(from, last, Vec::new())).collect();
        let mut added = Vec::new();
        if !joined.is_empty() {
            vertices.push(Vertex::new(joined, Concat));
            added.push(Edge::new(last, "joined", Vec::new()));
        }
        if self.edges[0][last] {
            added.push(projected(last));
            vertices.push(Vertex::new(added, Sum));
        }
        Block::graph(vertices).into()
    }
}

impl Cell for Bench101 {
    fn layers(&self, classes: usize, activation: &Layer) -> Vec<Layer> {
        // What is left out would have no effect on the output.
        let cell = self.pruned().unwrap_or_else(|| self.clone());
        let mut layers = conv_bn(STEM, 3, activation);
        let mut ins = STEM;
        for stack in 0..STACKS {
            let outs = STEM << stack;
            if stack > 0 {
                layers.push(MaxPool::new(2).into());
            }
            for _ in 0..CELLS {
                layers.push(cell.cell(ins, outs, activation));
                ins = outs;
            }
        }
        layers.extend(classifier(classes));
        layers
    }
}

impl fmt::Display for Bench101 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |row: &Vec<bool>| row.iter().map(|edge| if *edge { '1' } else { '0' }).collect::<String>();
        let rows: Vec<_> = self.edges.iter().map(row).collect();
        f.write_str(&rows.join("/"))?;
        let names: Vec<_> = self.operations.iter().map(|operation| Operation::NAMES[*operation as usize]).collect();
        if names.is_empty() { Ok(()) } else { write!(f, " {}", names.join(",")) }
    }
}

impl FromStr for Bench101 {
    type Err = ArchitectureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |message: String| {
            let help = format!(
                "an architecture of nasbench101 is the rows of its adjacency matrix and the operations of its inner \
                 vertices, like {}",
                EXAMPLE
            );
            Err(ArchitectureError::new(message, help))
        };
        let (matrix, operations) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rows: Vec<_> = matrix.split('/').collect();
        let count = rows.len();
        if !(2..=MOST_VERTICES).contains(&count) {
            return fail(format!("a graph has 2 to {MOST_VERTICES} vertices, and here are {count}"));
        }
        let mut edges = Vec::with_capacity(count);
        for (from, row) in rows.iter().enumerate() {
            if row.len() != count || row.chars().any(|c| !matches!(c, '0' | '1')) {
                return fail(format!("row {} of the matrix is not {count} digits 0 or 1", from + 1));
            }
            let row: Vec<_> = row.chars().map(|c| c == '1').collect();
            if row[..=from].contains(&true) {
                return fail(format!("row {} of the matrix has an edge that leads to no later vertex", from + 1));
            }
            edges.push(row);
        }
        let names = operations.split(',').map(str::trim).filter(|name| !name.is_empty());
        let operation = |name: &str| {
            // The benchmark's own names say that batch norm and ReLU follow.
            let short = name.strip_suffix("-bn-relu").unwrap_or(name);
            let place = Operation::NAMES.iter().position(|known| *known == short);
            place.map(|i| Operation::ALL[i]).ok_or_else(|| ArchitectureError::operation(name, &Operation::NAMES))
        };
        let operations = names.map(operation).collect::<Result<Vec<_>, _>>()?;
        if operations.len() != count - 2 {
            return fail(format!(
                "{count} vertices have {} operations in between, not {}",
                count - 2,
                operations.len()
            ));
        }
        let graph = Self { edges, operations };
        match graph.pruned() {
            None => fail("no path leads from the input, the first vertex, to the output, the last".to_owned()),
            Some(pruned) if pruned.edge_count() > MOST_EDGES => {
                fail(format!("a graph has at most {MOST_EDGES} edges, and here are {}", pruned.edge_count()))
            }
            Some(_) => Ok(graph),
        }
    }
}
