//! A candidate of a study, written in other people's formats.

use std::sync::Arc;

use neartop_io::export::{self, Chosen, ExportError, Format};
use neartop_io::preset::{Brought, Preset};

use crate::report::{CandidateReport, Report};
use crate::study::{Study, Trained};

/// Writes one candidate of a study.
///
/// # Errors
/// If the format cannot say what the candidate is.
pub fn render(study: &Study, candidate: usize, format: Format) -> Result<String, ExportError> {
    let c = study.candidate(candidate);
    let chosen = Chosen {
        preset: preset_of(study, candidate),
        layers: study.space.layers_of(candidate),
        fill: c.fill.clone(),
        init: c.init.clone(),
        note: note(study, candidate),
        report: &|| serde_json::to_value(report_of(study, candidate)),
    };
    export::render(&chosen, format)
}

fn report_of(study: &Study, candidate: usize) -> Report<'_> {
    let mut report = Report::new(study, 0.0, Some(0));
    let ranking = study.ranking();
    let alone = ranking.iter().filter(|ranked| ranked.candidate == candidate);
    report.candidates = alone.map(|ranked| CandidateReport::new(study, ranked)).collect();
    report
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
fn preset_of(study: &Study, candidate: usize) -> Preset {
    let mut preset = Preset::clone(&Arc::clone(&study.space.preset));
    let candidate = study.candidate(candidate);
    preset.search.activations = candidate.fill.iter().cloned().collect();
    preset.search.inits = vec![candidate.init.clone()];
    if let Some(architecture) = &candidate.architecture {
        preset.choose_architecture(Arc::clone(architecture));
        // The batch was that of all architectures, and the score depends on it.
        preset.batch = Some(study.space.batch());
    }
    preset.model.iter_mut().for_each(Brought::make_absolute);
    preset.data.from.make_absolute();
    preset
}
