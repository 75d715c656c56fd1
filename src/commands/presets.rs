//! `neartop presets`: what is bundled, and whether a preset is right.

mod check;
mod data;
mod facts;

use crate::cli::PresetsCommand;
use crate::run::Failure;
use crate::run::output::json;
use crate::run::streams::print;
use neartop_core::catalog::nearest;
use neartop_io::preset::{Preset, bundled, schema};

/// Lists, shows or checks presets.
///
/// # Errors
/// If a preset does not exist or is wrong.
pub fn run(command: &PresetsCommand) -> Result<(), Failure> {
    match command {
        PresetsCommand::List => list(),
        PresetsCommand::Show { name } => show(name),
        PresetsCommand::Check { file, format } => check::run(file, *format),
        PresetsCommand::Schema => print(&json(&schema())?),
    }
}

fn list() -> Result<(), Failure> {
    let width = bundled().iter().map(|b| b.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for preset in bundled() {
        let description = Preset::load(preset.name)?.description.unwrap_or_default();
        text += &format!("{:<width$}  {description}\n", preset.name);
    }
    print(&text)
}

fn show(name: &str) -> Result<(), Failure> {
    if let Some(preset) = bundled().iter().find(|b| b.name == name) {
        return print(preset.text);
    }
    let names: Vec<_> = bundled().iter().map(|b| b.name).collect();
    Err(Failure::Usage {
        message: format!("no bundled preset is called `{}`", name.escape_debug()),
        help: Some(match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", names.join(", ")),
        }),
    })
}
