//! A preset with the candidate alone, which scores it again to the last bit.

use super::{ExportError, Writer, chosen, note};
use crate::study::Study;

pub const WRITER: Writer = Writer { name: "yaml", extension: "yaml", extensions: &["yaml", "yml"], write };

#[allow(clippy::unnecessary_wraps, reason = "the signature of all writers")]
fn write(study: &Study, candidate: usize) -> Result<String, ExportError> {
    Ok(format!("# {}\n{}", note(study, candidate), chosen(study, candidate).to_yaml()))
}
