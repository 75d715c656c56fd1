//! A preset and options become a run that can start.

use std::path::Path;
use std::sync::Arc;

use super::export::check_export;
use super::failure::Failure;
use super::streams::tell;
use crate::cli::{Repetitions, RunOptions};
use neartop_core::settings::Auto;
use neartop_io::data::{DataError, Samples, looks_channels_last};
use neartop_io::model::is_model;
use neartop_io::preset::Preset;
use neartop_study::scheduler::NearScorer;
use neartop_study::space::Space;

/// A run that was checked and can start.
pub struct Prepared {
    pub space: Arc<Space>,
    pub scorer: Arc<NearScorer>,
    pub jobs: usize,
}

/// A preset, or a model in place of one with these samples and labels.
///
/// # Errors
/// What is wrong with it, or that samples are given to a preset.
pub fn loaded(name: &str, data: Option<&Path>, labels: Option<&str>) -> Result<Preset, Failure> {
    let Some(data) = data else { return Ok(Preset::load(name)?) };
    if is_model(Path::new(name)) {
        return Ok(Preset::of_model(Path::new(name), Some(data), labels)?);
    }
    Err(Failure::Usage {
        message: "--data gives samples to a model, and a preset names its own".to_owned(),
        help: Some("write `data: {path: ...}` into the preset".to_owned()),
    })
}

/// Loads a preset, puts the options in, checks memory and loads the data.
///
/// # Errors
/// What is wrong with the preset, its data or its size.
pub fn prepare(name: &str, options: &RunOptions) -> Result<Prepared, Failure> {
    let preset = loaded(name, options.data.as_deref(), options.labels.as_deref())?;
    preset.remarks.iter().for_each(tell);
    if is_model(Path::new(name)) {
        let activations =
            preset.network.has_slot().then(|| format!("{} activations and ", preset.search.activations.len()));
        let (activations, inits) = (activations.unwrap_or_default(), preset.search.inits.len());
        let tried = "initializations are tried; `neartop new --model` writes a preset that says which";
        tell(format_args!("{activations}{inits} {tried}"));
    }
    prepare_loaded(preset, options).inspect(|prepared| tell_assumptions(prepared.scorer.samples()))
}

/// What helps where a run takes too much memory.
pub const LESS_MEMORY: &str = "make the layers smaller, lower --jobs, or raise --max-memory";

/// Threads that run at the same time here.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The same with a preset that was loaded, which says nothing on standard error.
///
/// # Errors
/// What is wrong with its data or its size.
pub fn prepare_loaded(mut preset: Preset, options: &RunOptions) -> Result<Prepared, Failure> {
    preset.seed = options.seed.unwrap_or(preset.seed);
    match options.repetitions {
        Some(Repetitions::Fixed(n)) => (preset.repetitions, preset.auto) = (n as usize, None),
        Some(Repetitions::Auto) if preset.auto.is_none() => {
            (preset.repetitions, preset.auto) = (Auto::MOST, Some(Auto::default()));
        }
        Some(Repetitions::Auto) | None => {}
    }
    let jobs = options.jobs.map_or_else(cores, usize::from);
    check_export(&preset, options)?;
    let space = Arc::new(Space::new(Arc::new(preset)));
    let limit = (options.max_memory * 1024f64.powi(3)) as u64;
    space
        .check_memory(jobs, limit)
        .map_err(|error| space.preset.error_at(&["network"], &error.to_string(), Some(LESS_MEMORY)))?;
    let scorer = NearScorer::new(Arc::clone(&space)).map_err(|error| data_failure(&space.preset, &error))?;
    Ok(Prepared { space, scorer: Arc::new(scorer), jobs })
}

/// Says on standard error how data were read that could have been meant otherwise.
pub fn tell_assumptions(samples: &Samples) {
    samples.assumptions().iter().for_each(|assumption| tell(format_args!("data: {assumption}")));
}

/// What is wrong with the data of a preset, at its place there.
#[must_use]
pub fn data_failure(preset: &Preset, error: &DataError) -> Failure {
    let at: &[&str] = match error {
        DataError::Shape { .. } => &["network", "input"],
        _ => &["data", "path"],
    };
    let help = match error {
        DataError::Shape { .. } if preset.model.is_some() => {
            Some("name data whose samples are what the model takes".to_owned())
        }
        DataError::Shape { given, .. } => Some(format!(
            "for these data write {}",
            match given.0.as_slice() {
                [features] => format!("`input: {features}`"),
                sizes @ [height, width, channels] if looks_channels_last(sizes) => format!(
                    "`input: [{channels}, {height}, {width}]` if the last size counts the channels, or \
                     `input: {sizes:?}` with `layout: channels_first`"
                ),
                sizes => format!("`input: {sizes:?}`"),
            }
        )),
        _ => None,
    };
    preset.error_at(at, &error.to_string(), help.as_deref()).into()
}
