//! `neartop score`: given weights, given inputs.

use std::io::IsTerminal;
use std::path::Path;

use candle_core::{DType, Tensor};
use serde::Serialize;

use super::output::json;
use crate::cli::{ReportFormat, ScoreArgs};
use crate::run::Failure;
use crate::run::streams::print;
use neartop_core::network::Shape;
use neartop_core::score::score_given;
use neartop_io::data::check_npy;
use neartop_io::preset::{Preset, printable};
use neartop_io::weights::FileWeights;

#[derive(Serialize)]
struct Report {
    layers: Vec<Layer>,
    near: f64,
}

#[derive(Serialize)]
struct Layer {
    module: String,
    kind: &'static str,
    width: usize,
    effective_rank: f64,
}

/// Scores and prints every layer's effective rank.
///
/// # Errors
/// If the preset, the weights or the inputs are wrong, or the values are not finite.
pub fn run(args: &ScoreArgs) -> Result<(), Failure> {
    let preset = Preset::load(&args.preset)?;
    let network = &preset.network;
    if network.has_slot() {
        let help = "name the activation that the weights belong to in place of `activation`";
        let message = "the network has an open `activation` slot, which `score` cannot fill";
        return Err(preset.error_at(&["network", "layers"], message, Some(help)).into());
    }
    let weights_file = || printable(&args.weights.display().to_string());
    if !args.weights.is_file() {
        return Err(Failure::usage(format!("cannot read {}: it is not a file", weights_file())));
    }
    let weights = FileWeights::read(&args.weights, network)
        .map_err(|error| Failure::usage(format!("{}: {}", weights_file(), chain(&error))))?;
    let inputs = read_inputs(&args.inputs, &network.input)?;
    let score = score_given(network, &weights, inputs).map_err(|e| Failure::Run(e.to_string()))?;
    let layers = network.counted().into_iter().zip(score.effective_ranks).map(|(node, effective_rank)| Layer {
        module: node.name().to_owned(),
        kind: node.kind(),
        width: node.units(),
        effective_rank,
    });
    let report = Report { layers: layers.collect(), near: score.near };
    let table = if std::io::stdout().is_terminal() { ReportFormat::Table } else { ReportFormat::Json };
    match args.format.unwrap_or(table) {
        ReportFormat::Json => print(&json(&report)?),
        ReportFormat::Table => {
            let mut text = format!("{:<24} {:<16} {:>6} {:>15}\n", "module", "kind", "width", "effective rank");
            for layer in &report.layers {
                let Layer { module, kind, width, effective_rank } = layer;
                text += &format!("{module:<24} {kind:<16} {width:>6} {effective_rank:>15.3}\n");
            }
            print(&format!("{text}\nNEAR {:.3}\n", report.near))
        }
    }
}

/// Reads `[samples, ...]` in single precision.
fn read_inputs(path: &Path, shape: &Shape) -> Result<Tensor, Failure> {
    let name = printable(&path.display().to_string());
    if !path.is_file() {
        return Err(Failure::usage(format!("cannot read {name}: it is not a file")));
    }
    check_npy(path).map_err(|e| Failure::usage(e.to_string()))?;
    let read = || Tensor::read_npy(path)?.to_dtype(DType::F32);
    let inputs = read().map_err(|e| Failure::usage(format!("cannot read {name}: {}", printable(&e.to_string()))))?;
    let samples = inputs.dims().first().copied().unwrap_or(0);
    if samples == 0 || inputs.dims()[1..] != shape.0 {
        let given = format!("{:?}", inputs.dims());
        return Err(Failure::usage(format!("{name} is {given}, but the network needs samples of {shape}")));
    }
    Ok(inputs)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    printable(text.lines().next().unwrap_or_default())
}
