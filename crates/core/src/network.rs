//! A network: a graph of nodes in topological order, with every shape inferred and checked from the input on.
//!
//! A list of layers, a cell of a benchmark and whatever else describes a network build the same graph. Nodes are named as
//! in PyTorch's `nn.Sequential.state_dict()`.

mod attention;
mod blocks;
mod bodies;
mod build;
pub mod forward;
mod graph;
mod live;
mod node;
pub mod scale;
mod sized;
mod surroundings;
mod survey;

pub use build::{Builder, ShapeError};
pub use graph::{Network, Part};
pub use node::{Node, Origin, Stored, ValueId};
pub use sized::Sizeable;
pub use surroundings::{Branch, Following, Surroundings};

pub use crate::activation::Activation;
pub use crate::fill::{Choices, Fill};
pub use crate::init::BiasInit;
pub use crate::layer::{Block, Edge, Layer, Through, Vertex};
pub use crate::recipe::Init;
pub use crate::shape::{Form, Shape};

#[cfg(test)]
mod tests;
