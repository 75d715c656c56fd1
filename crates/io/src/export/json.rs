//! The JSON of `rank` with the candidate alone.

use super::writer::{Chosen, ExportError, Writer};

pub const WRITER: Writer = Writer { name: "json", extension: "json", extensions: &["json"], write };

fn write(chosen: &Chosen<'_>) -> Result<String, ExportError> {
    let mut value = (chosen.report)()?;
    if let Some(object) = value.as_object_mut() {
        object.remove("elapsed_seconds");
        object.remove("recommended");
        object.insert("definition".to_owned(), serde_json::Value::String(chosen.preset.to_yaml()));
    }
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}
