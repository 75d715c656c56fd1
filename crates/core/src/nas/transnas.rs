//! The cell-level space of TransNAS-Bench-101: cells as those of NATS-Bench, with fewer operations, that halve images
//! themselves.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::error::ArchitectureError;
use super::nats::EDGES;
use super::parts::{classifier, conv};
use super::space::{About, Cell, Members};
use crate::layer::{Block, Edge, Layer, Vertex};
use crate::layers::{AvgPool, BatchNorm, Concat, Frame, Shift, Sum, Zero};

pub static SPACE: About = About {
    name: "transnas_micro",
    example: "64-41414-3_12_310",
    // 4 operations on 6 edges.
    members: Members::Numbered { size: 4_096, nth: |index| Arc::new(Micro::nth(index)) },
    parse: |text| Ok(Arc::new(text.parse::<Micro>()?)),
};

/// What all names of the space begin with: the channels of the stem and the kinds of the modules.
const MACRO: &str = "64-41414-";
const STEM: usize = 64;
/// Whether a module halves the image and doubles the channels.
const MODULES: [bool; 5] = [true, false, true, false, true];
/// Cells of a module.
const CELLS: usize = 2;

/// What an edge does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    None,
    Skip,
    Conv1,
    Conv3,
}

impl Operation {
    const ALL: [Self; 4] = [Self::None, Self::Skip, Self::Conv1, Self::Conv3];

    fn layers(self, step: &Step, activation: &Layer) -> Vec<Layer> {
        let halved = AvgPool { frame: Frame::square(1, 2, 0), count_include_pad: true };
        match self {
            Self::None if step.halves => vec![Zero.into(), halved.into(), twice()],
            Self::None => vec![Zero.into()],
            Self::Skip if step.halves => vec![activation.clone(), factorized(step.outs), BatchNorm.into()],
            Self::Skip => Vec::new(),
            Self::Conv1 => vec![activation.clone(), conv(step.outs, 1, step.stride()), BatchNorm.into()],
            Self::Conv3 => vec![activation.clone(), conv(step.outs, 3, step.stride()), BatchNorm.into()],
        }
    }
}

/// What an edge has to do beside its operation.
struct Step {
    outs: usize,
    /// And doubles the channels.
    halves: bool,
}

impl Step {
    fn stride(&self) -> usize {
        if self.halves { 2 } else { 1 }
    }
}

/// The channels two times.
fn twice() -> Layer {
    let copy = |name| Edge::new(0, name, Vec::new());
    Block::graph(vec![Vertex::new(vec![copy("once"), copy("again")], Concat)]).into()
}

/// One half of the channels from the even positions, the other from the odd ones.
fn factorized(outs: usize) -> Layer {
    let even = Edge::new(0, "even", vec![conv(outs / 2, 1, 2)]);
    let odd = Edge::new(0, "odd", vec![Shift { by: 1 }.into(), conv(outs - outs / 2, 1, 2)]);
    Block::graph(vec![Vertex::new(vec![even, odd], Concat)]).into()
}

/// The operations of a cell, node by node.
#[derive(Debug, Clone, PartialEq)]
struct Micro([Operation; 6]);

impl Micro {
    fn nth(index: usize) -> Self {
        let count = Operation::ALL.len();
        Self(std::array::from_fn(|edge| Operation::ALL[index / count.pow(edge as u32) % count]))
    }

    /// The sum of what comes in along the edges, at every node. What comes from the cell's input is halved.
    fn cell(&self, outs: usize, halves: bool, activation: &Layer) -> Layer {
        let edge = |((from, to), operation): (&(usize, usize), &Operation)| {
            let step = Step { outs, halves: halves && *from == 0 };
            Edge::new(*from, &format!("{from}to{to}"), operation.layers(&step, activation))
        };
        let into = |node| EDGES.iter().zip(&self.0).filter(move |((_, to), _)| *to == node);
        let node = |node| Vertex::new(into(node).map(edge).collect(), Sum);
        Block::graph((1..=3).map(node).collect()).into()
    }
}

impl Cell for Micro {
    fn layers(&self, classes: usize, activation: &Layer) -> Vec<Layer> {
        let mut layers = vec![conv(STEM / 2, 3, 2), BatchNorm.into(), activation.clone()];
        layers.extend([conv(STEM, 3, 2), BatchNorm.into()]);
        let mut outs = STEM;
        for halves in MODULES {
            outs = if halves { 2 * outs } else { outs };
            layers.extend((0..CELLS).map(|cell| self.cell(outs, halves && cell == 0, activation)));
        }
        layers.extend(classifier(classes));
        layers
    }
}

impl fmt::Display for Micro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MACRO)?;
        for (operation, (from, to)) in self.0.iter().zip(EDGES) {
            let joint = if from == 0 && to > 1 { "_" } else { "" };
            write!(f, "{joint}{}", *operation as usize)?;
        }
        Ok(())
    }
}

impl FromStr for Micro {
    type Err = ArchitectureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |message: String| {
            let help = format!("an architecture of {} is like {}", SPACE.name, SPACE.example);
            Err(ArchitectureError::new(message, help))
        };
        let Some(nodes) = text.strip_prefix(MACRO) else {
            return fail(format!("an architecture of this space begins with `{MACRO}`"));
        };
        let nodes: Vec<_> = nodes.split('_').collect();
        if nodes.len() != 3 {
            return fail(format!("a cell has 3 nodes joined by `_`, and here are {}", nodes.len()));
        }
        for (node, inputs) in (1..).zip(&nodes) {
            let count = inputs.chars().count();
            if count != node {
                return fail(format!("node {node} takes {node} operations, not {count}"));
            }
        }
        let mut operations = [Operation::None; 6];
        for (operation, digit) in operations.iter_mut().zip(nodes.concat().chars()) {
            let known = digit.to_digit(10).and_then(|place| Operation::ALL.get(place as usize));
            let Some(known) = known else {
                let digit = digit.escape_debug();
                return fail(format!("`{digit}` is no operation; 0 is none, 1 a skip, 2 conv1x1 and 3 conv3x3"));
            };
            *operation = *known;
        }
        Ok(Self(operations))
    }
}
