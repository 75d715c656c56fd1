//! `neartop export`: a candidate that is chosen by name, written as `rank --export` writes the recommended one.

use std::sync::Arc;

use super::width::{choice, for_each_slot};
use crate::cli::{ExportArgs, RunOptions};
use crate::run::Failure;
use crate::run::export::{check_export, export_candidate};
use crate::run::streams::tell;
use neartop_core::network::Init;
use neartop_io::preset::Preset;
use neartop_study::space::Space;
use neartop_study::study::Study;

/// Writes the candidate.
///
/// # Errors
/// If the preset is wrong, has no such candidate, or the file cannot be written.
pub fn run(args: &ExportArgs) -> Result<(), Failure> {
    let mut preset = Preset::load(&args.preset)?;
    preset.seed = args.seed.unwrap_or(preset.seed);
    let options = RunOptions { export: Some(args.output.clone()), export_as: args.export_as, ..RunOptions::default() };
    check_export(&preset, &options)?;
    preset.remarks.iter().for_each(tell);
    let is_as_given = args.init.as_deref().is_some_and(|init| init.trim() == Init::AsGiven.to_string());
    match (is_as_given, &preset.model) {
        (false, _) => narrow(&mut preset, args)?,
        (true, Some(_)) => {}
        (true, None) => {
            return Err(Failure::usage("`as_given` stands for the weights of a model, and the network is none"));
        }
    }
    let study = Study::new(Arc::new(Space::new(Arc::new(preset))));
    export_candidate(&study, candidate(&study.space, args, is_as_given)?, &options)
}

/// Leaves one activation and one initialization: those that are asked for, or the preset's first.
fn narrow(preset: &mut Preset, args: &ExportArgs) -> Result<(), Failure> {
    if args.activation.is_some() && !preset.network.has_slot() {
        return Err(Failure::usage("the network has no slot that --activation could fill"));
    }
    let mut notes = Vec::new();
    let fill = choice(args.activation.as_deref(), "--activation", &preset.search.activations, &mut notes)?;
    let fill = fill.map(|fill| for_each_slot(&fill, preset)).transpose()?;
    let init = choice(args.init.as_deref(), "--init", &preset.search.inits, &mut notes)?;
    notes.iter().for_each(tell);
    preset.search.activations = fill.into_iter().collect();
    preset.search.inits = init.into_iter().collect();
    Ok(())
}

/// The candidate of that architecture; the model as it is stands before those of the search.
fn candidate(space: &Space, args: &ExportArgs, is_as_given: bool) -> Result<usize, Failure> {
    let asked = args.architecture.as_deref().map(str::trim);
    let is_asked = |architecture: Option<String>| asked.is_none() || architecture.as_deref() == asked;
    let found = space.candidates.iter().find(|candidate| {
        let architecture = candidate.architecture.as_ref().map(ToString::to_string);
        (candidate.init == Init::AsGiven) == is_as_given && is_asked(architecture)
    });
    found.map(|candidate| candidate.id).ok_or_else(|| match asked {
        Some(name) => Failure::usage(format!("the preset has no architecture {}", name.escape_debug())),
        None => Failure::usage("the preset has no such candidate"),
    })
}
