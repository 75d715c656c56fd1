//! A preset with the candidate alone, which scores it again to the last bit.

use super::writer::{Chosen, ExportError, Writer};

pub const WRITER: Writer = Writer { name: "yaml", extension: "yaml", extensions: &["yaml", "yml"], write };

#[allow(clippy::unnecessary_wraps, reason = "the signature of all writers")]
fn write(chosen: &Chosen<'_>) -> Result<String, ExportError> {
    Ok(format!("# {}\n{}", chosen.note, chosen.preset.to_yaml()))
}
