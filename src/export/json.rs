//! The JSON of `rank` with the candidate alone.

use super::{ExportError, Writer, chosen};
use crate::report::{CandidateReport, Report};
use crate::study::Study;

pub const WRITER: Writer = Writer { name: "json", extension: "json", extensions: &["json"], write };

fn write(study: &Study, candidate: usize) -> Result<String, ExportError> {
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
