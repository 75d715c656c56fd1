//! A candidate in other people's formats: one module for each.

mod candle;
mod json;
mod keras;
mod model;
mod pytorch;
mod source;
mod yaml;

use std::sync::Arc;

use crate::network::ShapeError;
use crate::preset::Preset;
use crate::study::{Study, Trained};

/// What a format's module says about itself.
struct Writer {
    name: &'static str,
    extension: &'static str,
    /// File extensions that stand for this format rather than another.
    extensions: &'static [&'static str],
    write: fn(&Study, usize) -> Result<String, ExportError>,
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
    #[error(transparent)]
    Shape(#[from] ShapeError),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
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

/// Writes one candidate of a study.
///
/// # Errors
/// If the format cannot say what the candidate is.
pub fn render(study: &Study, candidate: usize, format: Format) -> Result<String, ExportError> {
    (format.writer().write)(study, candidate)
}

/// What was chosen and how it scored, in one line.
fn note(study: &Study, candidate: usize) -> String {
    let c = study.candidate(candidate);
    let near = match study.near(candidate) {
        Some(near) => {
            let error = near.standard_error.map(|e| format!(" +- {e:.2}")).unwrap_or_default();
            format!("NEAR {:.2}{error} over {} repetitions", near.mean, study.count(candidate))
        }
        None => "no NEAR score".to_owned(),
    };
    let near = match study.trained(candidate) {
        Some(Trained { quality, is_accuracy, epochs, .. }) => {
            let what = if is_accuracy { "accuracy" } else { "R^2" };
            format!("{near}, {what} {quality:.4} on samples held out after {epochs:.1} epochs")
        }
        None => near,
    };
    let seed = study.space.preset.seed;
    let version = env!("CARGO_PKG_VERSION");
    let architecture = c.architecture.as_ref().map(|a| format!("{a}, ")).unwrap_or_default();
    format!("{architecture}{} with {}: {near}, seed {seed}, neartop {version}", c.activation_label(), c.init)
}

/// The preset whose only candidate is the chosen one. Paths in it are absolute, since it can be written anywhere.
fn chosen(study: &Study, candidate: usize) -> Preset {
    let mut preset = Preset::clone(&Arc::clone(&study.space.preset));
    let candidate = study.candidate(candidate);
    preset.search.activations = candidate.activation.iter().cloned().collect();
    preset.search.inits = vec![candidate.init.clone()];
    if let Some(architecture) = &candidate.architecture {
        preset.choose_architecture(Arc::clone(architecture));
        // The batch was that of all architectures, and the score depends on it.
        preset.batch = Some(study.space.batch());
    }
    preset.data.from.make_absolute();
    preset
}
