//! The candidate that `--export` writes.

use std::path::Path;

use super::failure::Failure;
use super::files::{probe, write_bytes, write_file};
use super::target::Inputs;
use crate::cli::RunOptions;
use neartop_io::export::Format;
use neartop_io::preset::Preset;
use neartop_study::export;
use neartop_study::study::Study;
use neartop_study::weights::weights;

/// Refuses a target of `--export` that could not be written after a run, before the run.
///
/// # Errors
/// If its format is not known, it cannot be written, or it is a file that the run reads.
pub fn check_export(preset: &Preset, options: &RunOptions) -> Result<(), Failure> {
    let Some(path) = &options.export else { return Ok(()) };
    if !is_weights(path, options) {
        export_format(path, options.export_as)?;
    }
    probe(path)?;
    Inputs::new(preset, &options.study).spared_by(path, "the result would replace it")
}

/// Writes the recommended candidate where `--export` says; where none is, the best of those that were repaired.
///
/// # Errors
/// If there is none, or the file cannot be written.
pub fn export_recommended(study: &Study, options: &RunOptions) -> Result<(), Failure> {
    if options.export.is_none() {
        return Ok(());
    }
    let Some((candidate, _)) = study.recommended() else {
        if let Some((id, repair)) = study.repairs().first() {
            return export_candidate(&study.of_repaired(*id, repair), *id, options);
        }
        let why = study.no_recommendation().unwrap_or_else(|| "no candidate has a score".to_owned());
        return Err(Failure::Run(format!("there is nothing to export: {why}")));
    };
    export_candidate(study, candidate, options)
}

/// Writes a candidate where `--export` says, if it does.
///
/// # Errors
/// If the file cannot be written.
pub fn export_candidate(study: &Study, candidate: usize, options: &RunOptions) -> Result<(), Failure> {
    let Some(path) = &options.export else { return Ok(()) };
    if is_weights(path, options) {
        return write_weights(study, candidate, path);
    }
    let format = export_format(path, options.export_as)?;
    let text = export::render(study, candidate, format).map_err(|e| Failure::Run(e.to_string()))?;
    write_file(path, &text)
}

/// Whether the file is to hold weights rather than code.
fn is_weights(path: &Path, options: &RunOptions) -> bool {
    options.export_as.is_none() && path.extension().is_some_and(|extension| extension == "safetensors")
}

/// Writes the weights that the first repetition draws for a candidate.
fn write_weights(study: &Study, candidate: usize, path: &Path) -> Result<(), Failure> {
    let fail = |error: &dyn std::fmt::Display| Failure::Run(error.to_string());
    let weights = weights(&study.space, candidate).map_err(|error| fail(&error))?;
    let whole = tempfile::NamedTempFile::new().map_err(|error| fail(&error))?;
    candle_core::safetensors::save(&weights, whole.path()).map_err(|error| fail(&error))?;
    write_bytes(path, &std::fs::read(whole.path()).map_err(|error| fail(&error))?)
}

fn export_format(path: &Path, asked: Option<Format>) -> Result<Format, Failure> {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    asked.or_else(|| Format::of_extension(&extension)).ok_or_else(|| {
        let names: Vec<_> = Format::ALL.iter().map(|f| f.name()).collect();
        Failure::Usage {
            message: format!("the extension of {} stands for no format", path.display().to_string().escape_debug()),
            help: Some(format!("say which with --as {}", names.join("|"))),
        }
    })
}
