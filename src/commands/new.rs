//! `neartop new`: a preset for some data, with the choices as comments.

mod data;
mod lines;
mod network;

use std::path::Path;

use crate::cli::NewArgs;
use crate::run::Failure;
use crate::run::streams::{print, tell};
use data::Found;
use lines::{Line, comment, key, section};
use neartop_io::preset::{Preset, printable};

/// Looks at the data and prints a preset that runs.
///
/// # Errors
/// If the data cannot be read.
pub fn run(args: &NewArgs) -> Result<(), Failure> {
    let found = data::look(&args.data, &args.labels)?;
    let text = preset(&args.data, &found);
    check(&text)?;
    print(&text)
}

/// The preset: what it is, data, network, search and score, one after the other.
fn preset(path: &Path, found: &Found) -> String {
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
    let mut lines = vec![
        comment(
            "A preset for `neartop`, with its choices as comments. `neartop presets check FILE` says what it runs.",
        ),
        key(0, "name", &lines::quoted(&printable(&name)), ""),
    ];
    lines.extend(section("data", data::write(path, found)));
    lines.extend(section("network", network::write(found)));
    lines.extend(section("search", search()));
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
    match neartop_io::data::open_for(&preset.data.from, &preset.network.input.shape) {
        Ok(source) => {
            source.assumptions().iter().for_each(|assumption| tell(format_args!("data: {assumption}")));
            Ok(())
        }
        Err(error) => Err(Failure::Run(error.to_string())),
    }
}
