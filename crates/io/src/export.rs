//! A candidate in other people's formats: one module for each.

mod by_kind;
mod candle;
mod json;
mod keras;
mod model;
mod pytorch;
mod source;
mod yaml;

use neartop_core::network::{Activation, Init, Layer, Node, ShapeError};

use crate::preset::Preset;

/// A candidate with all that any format says of it.
pub struct Chosen<'a> {
    /// The preset whose only candidate it is.
    pub preset: Preset,
    /// The layers of its network, with open slots.
    pub layers: Vec<Layer>,
    /// What fills the slots.
    pub activation: Option<Activation>,
    pub init: Init,
    /// What was chosen and how it scored, in one line.
    pub note: String,
    /// The JSON of `rank` with this candidate alone.
    pub report: &'a dyn Fn() -> Result<serde_json::Value, serde_json::Error>,
}

/// What a format's module says about itself.
struct Writer {
    name: &'static str,
    extension: &'static str,
    /// File extensions that stand for this format rather than another.
    extensions: &'static [&'static str],
    write: fn(&Chosen<'_>) -> Result<String, ExportError>,
}

/// The one list of formats: a name for the program, and the module that writes it.
macro_rules! formats {
    ($($(#[$doc:meta])* $format:ident => $writer:path),* $(,)?) => {
        /// What a candidate can be written as.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Format {
            $($(#[$doc])* $format),*
        }

        impl Format {
            pub const ALL: [Self; [$(Self::$format),*].len()] = [$(Self::$format),*];

            fn writer(self) -> &'static Writer {
                match self {
                    $(Self::$format => &$writer),*
                }
            }
        }
    };
}

formats! {
    /// A preset that reproduces the candidate's score.
    Yaml => yaml::WRITER,
    /// The JSON of `rank` with this candidate alone.
    Json => json::WRITER,
    /// A Python module with the network as `nn.Sequential`, and its initialization.
    Pytorch => pytorch::WRITER,
    /// A Python module with the network as a functional Keras 3 model.
    Keras => keras::WRITER,
    /// A Rust module for candle.
    Candle => candle::WRITER,
}

/// A candidate that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("{0} of this candidate is not a finite number")]
    NotFinite(String),
    #[error("{format} code cannot be written for layer {layer} ({kind}) yet")]
    UnknownLayer { format: &'static str, layer: String, kind: &'static str },
    #[error(transparent)]
    Shape(#[from] ShapeError),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl ExportError {
    /// That a writer has no arm for the kind of a node.
    fn unknown(format: &'static str, node: &Node) -> Self {
        Self::UnknownLayer { format, layer: node.name().to_owned(), kind: node.kind() }
    }
}

impl Format {
    #[must_use]
    pub fn name(self) -> &'static str {
        self.writer().name
    }

    #[must_use]
    pub fn extension(self) -> &'static str {
        self.writer().extension
    }

    /// The format that a file's extension stands for.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        let extension = extension.to_ascii_lowercase();
        Self::ALL.into_iter().find(|format| format.writer().extensions.contains(&extension.as_str()))
    }
}

/// Writes one candidate.
///
/// # Errors
/// If the format cannot say what the candidate is.
pub fn render(chosen: &Chosen<'_>, format: Format) -> Result<String, ExportError> {
    (format.writer().write)(chosen)
}
