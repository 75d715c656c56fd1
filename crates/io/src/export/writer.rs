//! What writers of formats have in common.

use neartop_core::network::{Fill, Init, Layer, Node, ShapeError};

use crate::preset::Preset;

/// A candidate with all that any format says of it.
pub struct Chosen<'a> {
    /// The preset whose only candidate it is.
    pub preset: Preset,
    /// The layers of its network, with open slots.
    pub layers: Vec<Layer>,
    /// What fills the slots.
    pub fill: Option<Fill>,
    pub init: Init,
    /// What was chosen and how it scored, in one line.
    pub note: String,
    /// The JSON of `rank` with this candidate alone.
    pub report: &'a dyn Fn() -> Result<serde_json::Value, serde_json::Error>,
}

/// What a format's module says about itself.
pub struct Writer {
    pub name: &'static str,
    pub extension: &'static str,
    /// File extensions that stand for this format rather than another.
    pub extensions: &'static [&'static str],
    pub write: fn(&Chosen<'_>) -> Result<String, ExportError>,
}

/// A candidate that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("{0} of this candidate is not a finite number")]
    NotFinite(String),
    #[error("{format} code cannot be written for layer {layer} ({kind}) yet")]
    UnknownLayer { format: &'static str, layer: String, kind: &'static str },
    #[error("{format} code cannot be written for layer {layer} ({kind}) with {what} yet")]
    Unsupported { format: &'static str, layer: String, kind: &'static str, what: &'static str },
    #[error("layer {0} has another target of lsuv than an earlier layer, and code is written for one target")]
    Targets(String),
    #[error(
        "the network is a model of a file: its choice is written as a PyTorch module that changes it, or as yaml or json"
    )]
    Brought,
    #[error(transparent)]
    Shape(#[from] ShapeError),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl ExportError {
    /// That a writer has no arm for the kind of a node.
    pub(super) fn unknown(format: &'static str, node: &Node) -> Self {
        Self::UnknownLayer { format, layer: node.name().to_owned(), kind: node.kind() }
    }

    /// That a writer cannot write a node with something that its kind may have.
    pub(super) fn unsupported(format: &'static str, node: &Node, what: &'static str) -> Self {
        Self::Unsupported { format, layer: node.name().to_owned(), kind: node.kind(), what }
    }
}
