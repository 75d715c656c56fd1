//! `neartop new`: a preset for some data, with the choices as comments.

mod data;
mod lines;
pub mod model;
mod network;

use std::path::Path;

use crate::cli::NewArgs;
use crate::run::Failure;
use crate::run::streams::{print, tell};
use data::Found;
use lines::{Line, comment, key, section};
use model::Model;
use neartop_io::data::{DataFrom, is_data_file};
use neartop_io::preset::{Preset, printable};

/// Looks at the data and prints a preset that runs.
///
/// # Errors
/// If the data cannot be read.
pub fn run(args: &NewArgs) -> Result<(), Failure> {
    let found =
        args.data.as_deref().map(|path| Ok::<_, Failure>((path, data::look(path, &args.labels)?))).transpose()?;
    let model = args.model.as_deref().map(|path| Ok::<_, Failure>((path, model::look(path)?))).transpose()?;
    let text = preset(found.as_ref(), model.as_ref());
    check(&text)?;
    print(&text)
}

/// The preset of a file: of data the one that is written for them, and else what it is on a command line.
///
/// # Errors
/// If it cannot be read.
pub fn of_file(path: &Path) -> Result<Preset, Failure> {
    let is_data = path.is_dir() || is_data_file(path);
    if !is_data {
        return Ok(Preset::load(&path.to_string_lossy())?);
    }
    let found = data::look(path, &[])?;
    Ok(Preset::parse(&preset(Some(&(path, found)), None), "the new preset", Path::new(""))?)
}

/// The preset: what it is, data, network, search and score, one after the other.
fn preset(found: Option<&(&Path, Found)>, model: Option<&(&Path, Model)>) -> String {
    let path = model.map(|(path, _)| *path).or(found.map(|(path, _)| *path)).unwrap_or(Path::new(""));
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
    let mut lines = vec![
        comment(
            "A preset for `neartop`, with its choices as comments. `neartop presets check FILE` says what it runs.",
        ),
        key(0, "name", &lines::quoted(&printable(&name)), ""),
    ];
    let data = match (found, model) {
        (Some((path, found)), _) => data::write(path, found),
        (None, Some((_, model))) => model::data(model),
        (None, None) => Vec::new(),
    };
    lines.extend(section("data", data));
    let network = match (model, found) {
        (Some((_, model)), _) => model::network(model),
        (None, Some((_, found))) => network::write(found),
        (None, None) => Vec::new(),
    };
    lines.extend(section("network", network));
    let slots = model.map(|(_, model)| model::slots(model)).unwrap_or_default();
    lines.extend(section("search", slots.into_iter().chain(search()).collect()));
    lines.extend(section("score", score()));
    lines::text(&lines)
}

fn search() -> Vec<Line> {
    vec![
        key(1, "activations", "[relu, leaky_relu, elu, selu, gelu, silu, mish, tanh]", "or: all"),
        key(1, "inits", "[torch_default, xavier_uniform, kaiming_normal, lecun_normal, orthogonal]", "or: all"),
        key(1, "bias", "zeros", "zeros | fan_in_uniform | {constant: 0.01}"),
    ]
}

fn score() -> Vec<Line> {
    vec![key(1, "repetitions", "32", "or: auto, as many as the ranking needs"), key(1, "seed", "0", "")]
}

/// Reads the preset as a run would, with the data.
fn check(text: &str) -> Result<(), Failure> {
    let preset = Preset::parse(text, "the new preset", Path::new(""))?;
    if matches!(preset.data.from, DataFrom::Gaussian | DataFrom::Uniform | DataFrom::Tokens) {
        return Ok(());
    }
    match neartop_io::data::open_for(&preset.data.from, &preset.network.input.shape) {
        Ok(source) => {
            source.assumptions().iter().for_each(|assumption| tell(format_args!("data: {assumption}")));
            Ok(())
        }
        Err(error) => Err(Failure::Run(error.to_string())),
    }
}
