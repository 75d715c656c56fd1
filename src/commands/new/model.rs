//! What a preset says of a model.

use std::path::Path;

use super::lines::{Line, choice, item, key, quoted};
use crate::run::Failure;
use neartop_core::shape::Layout;
use neartop_io::model::Found;
use neartop_io::preset::{Brought, Preset, printable};

/// A model with what was found in it.
pub struct Model {
    preset: Preset,
    brought: Brought,
}

/// Reads the model.
///
/// # Errors
/// If the file is no model, or what in it is not known.
pub fn look(path: &Path) -> Result<Model, Failure> {
    let preset = Preset::of_model(path, None, None)?;
    match preset.model.clone() {
        Some(brought) => Ok(Model { preset, brought }),
        None => Err(Failure::usage(format!("{} is no model", printable(&path.display().to_string())))),
    }
}

/// The section `network`.
pub fn network(model: &Model) -> Vec<Line> {
    let what = format!("{} parameters", model.brought.as_given.parameters(None));
    vec![
        key(1, "model", &quoted(&model.brought.path.to_string_lossy()), &what),
        item(1, &format!("# it takes {}", model.preset.network.input), ""),
    ]
}

/// The section `data` where no data are given.
pub fn data(model: &Model) -> Vec<Line> {
    let source = match model.preset.network.input.layout {
        Layout::Ids { .. } => "tokens",
        Layout::Channels | Layout::Features => "gaussian",
    };
    vec![
        key(1, "source", source, "drawn; samples of your own rank better"),
        choice(1, "path", "data.npy", "in place of `source`; relative to this preset"),
    ]
}

/// Whether activations of the model can be searched.
pub fn has_slots(model: &Model) -> bool {
    model.preset.network.has_slot()
}

/// The keys of `search` that a model has besides.
pub fn slots(model: &Model) -> Vec<Line> {
    const MOST: usize = 12;
    let of = |is_slot: bool| {
        let found = model.brought.activations.iter().filter(move |found| found.slot.is_some() == is_slot);
        let mut places: Vec<_> = found.map(|found| (found.module.as_str(), place(found))).collect();
        // A module that is called several times stands once.
        places.dedup();
        places
    };
    let (slots, others) = (of(true), of(false));
    let names: Vec<_> = slots.iter().take(3).map(|(module, _)| *module).collect();
    let mut lines =
        vec![choice(1, "slots", &format!("[{}]", names.join(", ")), "paths or kinds, all, or none; searched now:")];
    let listed = |places: Vec<(&str, String)>| {
        let more = (places.len() > MOST).then(|| item(1, &format!("#   and {} more", places.len() - MOST), ""));
        let lines: Vec<_> = places.iter().take(MOST).map(|(_, place)| item(1, &format!("#   {place}"), "")).collect();
        lines.into_iter().chain(more).collect::<Vec<_>>()
    };
    lines.extend(listed(slots));
    if !others.is_empty() {
        lines.push(item(1, "# what stays as it is:", ""));
        lines.extend(listed(others));
    }
    lines
}

/// An activation and where it stands.
pub fn place(found: &Found) -> String {
    let why = match (found.is_gate, found.is_last) {
        _ if found.is_frozen => ", the layers before it are frozen",
        (true, _) => ", a gate",
        (false, true) => ", nothing with weights comes after it",
        (false, false) => "",
    };
    printable(&format!("{} at {} ({}){why}", found.activation, found.module, found.source))
}
