//! The preset of a model that comes without one.

use std::path::Path;

use super::choices::{USUAL_ACTIVATIONS, USUAL_INITS};
use super::values::value;
use super::yaml::{self, printable};
use super::{Preset, PresetError};

impl Preset {
    /// The preset of a model with nothing said: the usual activations and initializations. Samples are those of a file, with its
    /// labels, or drawn.
    ///
    /// # Errors
    /// If the file is no model, or what in it is not known.
    pub fn of_model(path: &Path, data: Option<&Path>, labels: Option<&str>) -> Result<Self, PresetError> {
        let quoted = |text: &str| value(text).map(|text| yaml::print(&text)).unwrap_or_default().trim().to_owned();
        let mut text = format!("network:\n  model: {}\n", quoted(&path.to_string_lossy()));
        if let Some(data) = data {
            text += &format!("data:\n  path: {}\n", quoted(&data.to_string_lossy()));
        }
        if let Some(labels) = labels {
            text += &format!("  labels: {}\n", quoted(labels));
        }
        let shown = path.to_string_lossy();
        let mut preset = Self::parse(&text, &shown, Path::new("")).map_err(|error| match error {
            // Nobody wrote this text.
            PresetError::Invalid(invalid) => {
                PresetError::Unreadable { path: printable(&shown), reason: invalid.message, help: invalid.help }
            }
            unreadable @ PresetError::Unreadable { .. } => unreadable,
        })?;
        preset.name = path.file_stem().map_or_else(String::new, |stem| printable(&stem.to_string_lossy()));
        preset.search.activations.retain(|fill| USUAL_ACTIVATIONS.contains(&fill.to_string().as_str()));
        preset.search.inits.retain(|init| USUAL_INITS.contains(&init.to_string().as_str()));
        Ok(preset)
    }
}
