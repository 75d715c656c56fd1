//! The candidate that `--export` writes.

use std::path::Path;

use super::failure::Failure;
use super::files::{probe, write_file};
use super::target::Inputs;
use crate::cli::RunOptions;
use neartop_io::export::Format;
use neartop_io::preset::Preset;
use neartop_study::export;
use neartop_study::study::Study;

/// Refuses a target of `--export` that could not be written after a run, before the run.
///
/// # Errors
/// If its format is not known, it cannot be written, or it is a file that the run reads.
pub fn check_export(preset: &Preset, options: &RunOptions) -> Result<(), Failure> {
    let Some(path) = &options.export else { return Ok(()) };
    export_format(path, options.export_as)?;
    probe(path)?;
    Inputs::new(preset, &options.study).spared_by(path, "the result would replace it")
}

/// Writes the recommended candidate where `--export` says.
///
/// # Errors
/// If there is none, or the file cannot be written.
pub fn export_recommended(study: &Study, options: &RunOptions) -> Result<(), Failure> {
    if options.export.is_none() {
        return Ok(());
    }
    let Some((candidate, _)) = study.recommended() else {
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
    let format = export_format(path, options.export_as)?;
    let text = export::render(study, candidate, format).map_err(|e| Failure::Run(e.to_string()))?;
    write_file(path, &text)
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
