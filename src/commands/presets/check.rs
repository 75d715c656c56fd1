//! `neartop presets check`: what a preset would run, and on what data.

use super::{data, facts};
use crate::cli::{MOST_MEMORY, ReportFormat};
use crate::commands::new::model::place;
use crate::run::output::json;
use crate::run::streams::print;
use crate::run::{Failure, LESS_MEMORY, cores};
use neartop_core::network::Fill;
use neartop_io::model::Found;
use neartop_io::preset::Preset;
use neartop_study::space::{Space, bytes};

/// Reads a preset and its data, and says what it would run.
///
/// # Errors
/// What is wrong with the preset or its data.
pub fn run(file: &str, format: ReportFormat) -> Result<(), Failure> {
    let preset = Preset::load(file)?;
    let space = Space::new(preset.into());
    if format == ReportFormat::Json {
        data::describe(&space)?;
        return print(&json(&facts::Facts::new(&space, remarks(&space)))?);
    }
    let preset = &space.preset;
    let network = space.network();
    let of_each = format!("{} x {} initializations", activations(preset), preset.search.inits.len());
    let each = preset.search.activations.len().max(1) * preset.search.inits.len();
    let of_each = if preset.model.is_some() { format!("{of_each}, and the model as given") } else { of_each };
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
    let mut slots: Vec<_> = preset.model.iter().flat_map(|model| &model.activations).map(slot).collect();
    // A module that is called several times stands once.
    slots.dedup();
    let slots = slots.concat();
    let data = data::describe(&space)?;
    let remarks: String = remarks(&space).iter().map(|remark| format!("note        {remark}\n")).collect();
    print(&(text + &slots + &data + &remarks))
}

/// What is to be said of the preset, and whether it takes too much memory here.
fn remarks(space: &Space) -> Vec<String> {
    let too_large = space.check_memory(cores(), (MOST_MEMORY * 1024f64.powi(3)) as u64).err();
    let refused = too_large.map(|error| format!("`rank` refuses it here: {error}; {LESS_MEMORY}"));
    space.preset.remarks.iter().cloned().chain(refused).collect()
}

/// An activation of a model: whether it is searched, and where it stands.
fn slot(found: &Found) -> String {
    let title = if found.slot.is_some() { "slot" } else { "stays" };
    format!("{title:<11} {}\n", place(found))
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
