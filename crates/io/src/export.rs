//! A candidate in other people's formats: one module for each.

mod apply;
mod by_kind;
mod candle;
mod json;
mod keras;
mod model;
mod pytorch;
mod sliding;
mod source;
mod writer;
mod yaml;

use writer::Writer;
pub use writer::{Chosen, ExportError};

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
    match (&chosen.preset.model, format) {
        (Some(brought), Format::Pytorch) => apply::write(chosen, brought),
        _ => (format.writer().write)(chosen),
    }
}
