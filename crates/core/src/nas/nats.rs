//! NATS-Bench: a cell of four nodes whose six edges carry operations, stacked with residual blocks in between.
//!
//! In the topology space the operations vary, in the size space the channels of the five parts.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::error::ArchitectureError;
use super::parts::{classifier, conv};
use super::space::{About, Cell, Members};
use crate::layer::{Block, Edge, Layer, Vertex};
use crate::layers::{AvgPool, BatchNorm, Frame, Sum, Zero};

pub static TSS: About = About {
    name: "nats_tss",
    example: TOPOLOGY,
    // 5 operations on 6 edges.
    members: Members::Numbered { size: 15_625, nth: |index| Arc::new(Topology::nth(index)) },
    parse: |text| Ok(Arc::new(text.parse::<Topology>()?)),
};

pub static SSS: About = About {
    name: "nats_sss",
    example: SIZING,
    // 8 numbers of channels for 5 parts.
    members: Members::Numbered { size: 32_768, nth: |index| Arc::new(Sizes::nth(index)) },
    parse: |text| Ok(Arc::new(text.parse::<Sizes>()?)),
};

/// A topology and sizes as they are written.
const TOPOLOGY: &str = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|nor_conv_1x1~1|avg_pool_3x3~2|";
const SIZING: &str = "8:16:32:48:64";

/// Cells of a stage in the topology space.
const CELLS: usize = 5;

/// What an edge does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    None,
    Skip,
    Conv1,
    Conv3,
    AvgPool,
}

impl Operation {
    const ALL: [Self; 5] = [Self::None, Self::Skip, Self::Conv1, Self::Conv3, Self::AvgPool];
    const NAMES: [&'static str; 5] = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"];

    fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    fn layers(self, ins: usize, outs: usize, activation: &Layer) -> Vec<Layer> {
        let frame = Frame::square(3, 1, 1);
        match self {
            Self::None => vec![Zero.into()],
            Self::Skip if ins == outs => Vec::new(),
            // Where the channels change, skipping takes a projection.
            Self::Skip => vec![conv(outs, 1, 1), BatchNorm.into()],
            Self::Conv1 => vec![activation.clone(), conv(outs, 1, 1), BatchNorm.into()],
            Self::Conv3 => vec![activation.clone(), conv(outs, 3, 1), BatchNorm.into()],
            Self::AvgPool => vec![AvgPool { frame, count_include_pad: false }.into()],
        }
    }
}

/// The operations of a cell: node 1 from 0, node 2 from 0 and 1, node 3 from 0, 1 and 2.
#[derive(Debug, Clone, PartialEq)]
struct Topology([Operation; 6]);

/// The edges of a cell, node by node.
pub(super) const EDGES: [(usize, usize); 6] = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)];

impl Topology {
    fn nth(index: usize) -> Self {
        let count = Operation::ALL.len();
        Self(std::array::from_fn(|edge| Operation::ALL[index / count.pow(edge as u32) % count]))
    }

    /// The sum of what comes in along the edges, at every node.
    fn cell(&self, ins: usize, outs: usize, activation: &Layer) -> Layer {
        let edge = |((from, to), operation): (&(usize, usize), &Operation)| {
            let through = operation.layers(if *from == 0 { ins } else { outs }, outs, activation);
            Edge::new(*from, &format!("{from}to{to}"), through)
        };
        let into = |node| EDGES.iter().zip(&self.0).filter(move |((_, to), _)| *to == node);
        let node = |node| Vertex::new(into(node).map(edge).collect(), Sum);
        Block::graph((1..=3).map(node).collect()).into()
    }
}

impl Cell for Topology {
    fn layers(&self, classes: usize, activation: &Layer) -> Vec<Layer> {
        let mut layers = stem(16);
        for (stage, width) in [16, 32, 64].into_iter().enumerate() {
            if stage > 0 {
                layers.push(residual(width, activation));
            }
            layers.extend((0..CELLS).map(|_| self.cell(width, width, activation)));
        }
        finish(layers, classes, activation)
    }
}

fn stem(width: usize) -> Vec<Layer> {
    vec![conv(width, 3, 1), BatchNorm.into()]
}

/// Halves height and width.
fn residual(width: usize, activation: &Layer) -> Layer {
    let step = |stride| [activation.clone(), conv(width, 3, stride), BatchNorm.into()];
    let body = step(2).into_iter().chain(step(1)).collect();
    Block::residual(body, vec![AvgPool::new(2).into(), conv(width, 1, 1)]).into()
}

fn finish(mut layers: Vec<Layer>, classes: usize, activation: &Layer) -> Vec<Layer> {
    layers.extend([BatchNorm.into(), activation.clone()]);
    layers.extend(classifier(classes));
    layers
}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, ((from, _), operation)) in EDGES.iter().zip(&self.0).enumerate() {
            let start = match (i, from) {
                (0, _) => "|",
                (_, 0) => "+|",
                _ => "",
            };
            write!(f, "{start}{}~{from}|", operation.name())?;
        }
        Ok(())
    }
}

impl FromStr for Topology {
    type Err = ArchitectureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let help = || format!("an architecture of nats_tss is like {}", TOPOLOGY);
        let nodes: Vec<_> = text.split('+').collect();
        if nodes.len() != 3 {
            let message = format!("a cell has 3 nodes joined by `+`, and here are {}", nodes.len());
            return Err(ArchitectureError::new(message, help()));
        }
        let mut operations = Vec::with_capacity(EDGES.len());
        for (node, inputs) in nodes.iter().enumerate() {
            let inner = inputs.trim().strip_prefix('|').and_then(|t| t.strip_suffix('|')).ok_or_else(|| {
                ArchitectureError::new(format!("node {} does not begin and end with `|`", node + 1), help())
            })?;
            let inputs: Vec<_> = inner.split('|').collect();
            if inputs.len() != node + 1 {
                let message = format!("node {} has {} inputs, but needs {}", node + 1, inputs.len(), node + 1);
                return Err(ArchitectureError::new(message, help()));
            }
            for (from, input) in inputs.iter().enumerate() {
                let (name, source) = input.split_once('~').unwrap_or((input, ""));
                let place = Operation::NAMES.iter().position(|known| *known == name);
                let place = place.ok_or_else(|| ArchitectureError::operation(name, &Operation::NAMES))?;
                if source != from.to_string() {
                    let message = format!("input {} of node {} must end in `~{from}`", from + 1, node + 1);
                    return Err(ArchitectureError::new(message, help()));
                }
                operations.push(Operation::ALL[place]);
            }
        }
        operations.try_into().map(Self).map_err(|_| ArchitectureError::new("a cell has 6 operations", help()))
    }
}

/// The channels of the stem with the first cell, of the residual block after it, and so on to the third cell.
#[derive(Debug, Clone, PartialEq)]
struct Sizes([usize; 5]);

/// The cell of the size space.
const SIZED: Topology = Topology([
    Operation::Conv3,
    Operation::Conv3,
    Operation::Conv3,
    Operation::Skip,
    Operation::Conv3,
    Operation::Conv3,
]);

const STEP: usize = 8;
const MOST: usize = 64;

impl Sizes {
    fn nth(index: usize) -> Self {
        let choices = MOST / STEP;
        Self(std::array::from_fn(|part| (index / choices.pow(part as u32) % choices + 1) * STEP))
    }
}

impl Cell for Sizes {
    fn layers(&self, classes: usize, activation: &Layer) -> Vec<Layer> {
        let [first, halved, second, halved_again, third] = self.0;
        let mut layers = stem(first);
        layers.push(SIZED.cell(first, first, activation));
        layers.push(residual(halved, activation));
        layers.push(SIZED.cell(halved, second, activation));
        layers.push(residual(halved_again, activation));
        layers.push(SIZED.cell(halved_again, third, activation));
        finish(layers, classes, activation)
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.map(|size| size.to_string()).join(":"))
    }
}

impl FromStr for Sizes {
    type Err = ArchitectureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let help = || format!("an architecture of nats_sss is like {}", SIZING);
        let read = |part: &str| match part.trim().parse::<usize>() {
            Ok(size) if (STEP..=MOST).contains(&size) && size.is_multiple_of(STEP) => Ok(size),
            _ => {
                let message = format!("`{}` is no number of channels of nats_sss", part.escape_debug());
                Err(ArchitectureError::new(message, "they are 8, 16, 24, 32, 40, 48, 56 or 64"))
            }
        };
        let sizes = text.split(':').map(read).collect::<Result<Vec<_>, _>>()?;
        let count = sizes.len();
        sizes
            .try_into()
            .map(Self)
            .map_err(|_| ArchitectureError::new(format!("there are 5 numbers of channels, not {count}"), help()))
    }
}
