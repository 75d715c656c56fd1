//! A candidate in other people's formats.

use std::sync::Arc;

use crate::data::{DataFrom, labels_are_a_file};
use crate::preset::Preset;
use crate::report::{CandidateReport, Report};
use crate::study::Study;

/// What a candidate can be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A preset that reproduces the candidate's score.
    Yaml,
    Json,
    Pytorch,
    Keras,
    Candle,
}

/// A candidate that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("{0} has no equivalent of {1}")]
    NoEquivalent(&'static str, String),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Format {
    pub const ALL: [Self; 5] = [Self::Yaml, Self::Json, Self::Pytorch, Self::Keras, Self::Candle];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Pytorch => "pytorch",
            Self::Keras => "keras",
            Self::Candle => "candle",
        }
    }

    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Pytorch | Self::Keras => "py",
            Self::Candle => "rs",
        }
    }

    /// The format that a file's extension stands for.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            "py" => Some(Self::Pytorch),
            "rs" => Some(Self::Candle),
            _ => None,
        }
    }
}

/// Writes one candidate of a study.
///
/// # Errors
/// If the format cannot say what the candidate is.
pub fn render(study: &Study, candidate: usize, format: Format) -> Result<String, ExportError> {
    match format {
        Format::Yaml => Ok(format!("# {}\n{}", note(study, candidate), chosen(study, candidate).to_yaml())),
        Format::Json => json(study, candidate),
        Format::Pytorch | Format::Keras | Format::Candle => {
            Err(ExportError::NoEquivalent(format.name(), "code".to_owned()))
        }
    }
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
    let seed = study.space.preset.seed;
    let version = env!("CARGO_PKG_VERSION");
    format!("{} with {}: {near}, seed {seed}, neartop {version}", c.activation_label(), c.init)
}

/// The preset whose only candidate is the chosen one. Paths in it are absolute, since it can be written anywhere.
fn chosen(study: &Study, candidate: usize) -> Preset {
    let mut preset = Preset::clone(&Arc::clone(&study.space.preset));
    let candidate = study.candidate(candidate);
    preset.search.activations = candidate.activation.iter().cloned().collect();
    preset.search.inits = vec![candidate.init.clone()];
    if let DataFrom::File { path, labels } = &mut preset.data.from {
        if let Some(labels) = labels.as_mut().filter(|_| labels_are_a_file(path))
            && let Ok(absolute) = std::path::absolute(&*labels)
        {
            *labels = absolute.to_string_lossy().into_owned();
        }
        if let Ok(absolute) = std::path::absolute(&*path) {
            *path = absolute;
        }
    }
    preset
}

/// The JSON of `rank` with this candidate alone.
fn json(study: &Study, candidate: usize) -> Result<String, ExportError> {
    let mut report = Report::new(study, 0.0, Some(0));
    let ranking = study.ranking();
    report.candidates = ranking
        .iter()
        .filter(|ranked| ranked.candidate == candidate)
        .map(|ranked| CandidateReport::new(study, ranked))
        .collect();
    let mut value = serde_json::to_value(report)?;
    if let Some(object) = value.as_object_mut() {
        object.remove("elapsed_seconds");
        object.remove("recommended");
        object.insert("definition".to_owned(), serde_json::Value::String(chosen(study, candidate).to_yaml()));
    }
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}
