//! `neartop presets`: what is bundled, and whether a preset is right.

use crate::cli::PresetsCommand;
use crate::run::Failure;
use crate::run::output::json;
use crate::run::streams::print;
use neartop_core::catalog::nearest;
use neartop_core::network::Fill;
use neartop_io::preset::{Preset, bundled, schema};
use neartop_study::space::{Space, bytes};

/// Lists, shows or checks presets.
///
/// # Errors
/// If a preset does not exist or is wrong.
pub fn run(command: &PresetsCommand) -> Result<(), Failure> {
    match command {
        PresetsCommand::List => list(),
        PresetsCommand::Show { name } => show(name),
        PresetsCommand::Check { file } => check(file),
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

fn check(file: &str) -> Result<(), Failure> {
    let preset = Preset::load(file)?;
    let space = Space::new(preset.into());
    let preset = &space.preset;
    let network = space.network();
    let of_each = format!("{} x {} initializations", activations(preset), preset.search.inits.len());
    let each = preset.search.activations.len().max(1) * preset.search.inits.len();
    let architectures = match space.has_architectures() {
        true => format!("{} architectures x ", space.candidates.len() / each.max(1)),
        false => String::new(),
    };
    let repetitions = match preset.auto {
        Some(auto) => format!("{} to {}", auto.least, preset.repetitions),
        None => preset.repetitions.to_string(),
    };
    let text = format!(
        "{}: right\n\
         network     {}\n\
         candidates  {} ({architectures}{of_each}), {repetitions} repetitions\n\
         parameters  {}\n\
         samples     {} a repetition\n\
         memory      about {} a score\n",
        preset.name,
        network.summary(),
        space.candidates.len(),
        parameters(&space),
        space.batch(),
        bytes(space.memory()),
    );
    let remarks: String = preset.remarks.iter().map(|remark| format!("note        {remark}\n")).collect();
    print(&(text + &remarks))
}

/// The number of activations, or of those for each slot.
fn activations(preset: &Preset) -> String {
    let fills = &preset.search.activations;
    if !fills.iter().any(|fill| matches!(fill, Fill::BySlot(_))) {
        return format!("{} activations", fills.len().max(1));
    }
    let of_slot = |(slot, activations): (String, Vec<_>)| format!("{} activations of slot {slot}", activations.len());
    Fill::choices(fills).into_iter().map(of_slot).collect::<Vec<_>>().join(" x ")
}

/// The number of trained parameters without those of activations, or from the least to the most.
fn parameters(space: &Space) -> String {
    let all = || space.candidates.iter().map(|candidate| candidate.parameters);
    match (all().min(), all().max()) {
        (Some(least), Some(most)) if space.has_architectures() && least < most => format!("{least} to {most}"),
        _ => space.network().parameters(None).to_string(),
    }
}
