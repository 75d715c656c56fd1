//! `neartop score`: given weights, given inputs.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use serde::Serialize;

use crate::cli::{BatchNormMode, ReportFormat, ScoreArgs};
use crate::columns::grouped;
use crate::run::output::json;
use crate::run::streams::{print, tell};
use crate::run::{Failure, cores};
use neartop_core::idle::{Idle, lend_to_this_thread};
use neartop_core::network::{Form, Network};
use neartop_core::score::score_given;
use neartop_core::settings::BatchNorm;
use neartop_core::weights::{GivenWeights, Weights};
use neartop_io::data::{DataError, DataFrom, FileSpec, check_npy, check_tokens, open_for_form};
use neartop_io::preset::{Preset, printable};
use neartop_io::weights::{FileWeights, WeightsError};

#[derive(Serialize)]
struct Report {
    layers: Vec<Layer>,
    near: f64,
    parameters: u64,
    /// Of a forward pass of one sample.
    multiply_adds: u64,
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
    let mut preset = Preset::load(&args.preset)?;
    preset.batch_norm = match args.batch_norm {
        Some(BatchNormMode::Training) => BatchNorm::Training,
        Some(BatchNormMode::Evaluation) => BatchNorm::Evaluation,
        None => preset.batch_norm,
    };
    preset.remarks.iter().for_each(tell);
    let (network, weights) = network_and_weights(args, &preset)?;
    let inputs = read_inputs(&args.inputs, &network.input)?;
    if let Some(word) = too_few(network, inputs.dims()[0]) {
        tell(word);
    }
    lend_to_this_thread(Arc::new(Idle::new(cores() - 1, cores())));
    let score = score_given(network, &*weights, inputs).map_err(|e| Failure::Run(e.to_string()))?;
    let layers = network.counted().into_iter().zip(score.effective_ranks).map(|(node, effective_rank)| Layer {
        module: node.module().to_owned(),
        kind: node.kind(),
        width: node.units(),
        effective_rank,
    });
    let [parameters, multiply_adds] = [network.parameters(None), network.multiply_adds()];
    let report = Report { layers: layers.collect(), near: score.near, parameters, multiply_adds };
    let table = if std::io::stdout().is_terminal() { ReportFormat::Table } else { ReportFormat::Json };
    match args.format.unwrap_or(table) {
        ReportFormat::Json => print(&json(&report)?),
        ReportFormat::Table => {
            let mut text = format!("{:<24} {:<16} {:>6} {:>15}\n", "module", "kind", "width", "effective rank");
            for layer in &report.layers {
                let Layer { module, kind, width, effective_rank } = layer;
                text += &format!("{module:<24} {kind:<16} {width:>6} {effective_rank:>15.3}\n");
            }
            let [parameters, multiply_adds] = [report.parameters, report.multiply_adds].map(grouped);
            print(&format!(
                "{text}\nNEAR {:.3}, {parameters} parameters, {multiply_adds} multiply-adds a sample\n",
                report.near
            ))
        }
    }
}

/// What is scored: a model as it is, or a preset's network with the weights of a file.
fn network_and_weights<'a>(args: &ScoreArgs, preset: &'a Preset) -> Result<(&'a Network, Box<dyn Weights>), Failure> {
    match (&preset.model, &args.weights) {
        (Some(model), None) => Ok((&model.as_given, Box::new(GivenWeights { batch_norm: preset.batch_norm }))),
        (Some(_), Some(_)) => {
            Err(Failure::usage("a model is scored with the weights that it carries, without --weights"))
        }
        (None, None) => Err(Failure::usage("weights are missing: a preset is scored with --weights W.safetensors")),
        (None, Some(_)) if preset.network.has_slot() => {
            let help = "name the activation that the weights belong to in place of `activation`";
            let message = "the network has an open `activation` slot, which `score` cannot fill";
            Err(preset.error_at(&["network", "layers"], message, Some(help)).into())
        }
        (None, Some(path)) => Ok((&preset.network, Box::new(read_weights(path, preset)?))),
    }
}

fn read_weights(path: &Path, preset: &Preset) -> Result<FileWeights, Failure> {
    let name = printable(&path.display().to_string());
    if !path.is_file() {
        return Err(Failure::usage(format!("cannot read {name}: it is not a file")));
    }
    let fail = |error: WeightsError| Failure::Usage {
        message: format!("{name}: {}", chain(&error)),
        help: error.help().map(str::to_owned),
    };
    let weights = FileWeights::read(path, &preset.network).map_err(fail)?;
    if !weights.prefix().is_empty() {
        tell(format_args!("`{}` is taken off the names of the weights", printable(weights.prefix())));
    }
    weights.with_batch_norm(&preset.network, preset.batch_norm).map_err(fail)
}

/// What to say where samples are fewer than a rank can use.
fn too_few(network: &Network, samples: usize) -> Option<String> {
    let needed = network.samples_needed();
    (samples < needed).then(|| {
        format!(
            "{samples} samples are fewer than the widest layer has columns, which bounds its rank: \
             give {needed} samples or more to compare with scores of `rank`"
        )
    })
}

/// Reads `[samples, ...]` in single precision.
fn read_inputs(path: &Path, input: &Form) -> Result<Tensor, Failure> {
    let name = printable(&path.display().to_string());
    if !path.is_file() {
        return Err(Failure::usage(format!("cannot read {name}: it is not a file")));
    }
    check_npy(path).map_err(|e| Failure::usage(e.to_string()))?;
    let fail = |error: &dyn std::fmt::Display| Failure::usage(format!("cannot read {name}: {error}"));
    let from = DataFrom::File(FileSpec::new(path));
    let shape = &input.shape;
    let source = open_for_form(&from, input).map_err(|error| match &error {
        DataError::Read { .. } => Failure::usage(error.to_string()),
        other => fail(other),
    })?;
    let rows: Vec<_> = (0..source.count()).collect();
    let mut values = Vec::with_capacity(rows.len() * shape.elements());
    source.read(&rows, &mut |row| values.extend_from_slice(row)).map_err(|e| fail(&e))?;
    check_tokens(&values, input).map_err(|e| fail(&e))?;
    let dims: Vec<_> = std::iter::once(rows.len()).chain(shape.0.iter().copied()).collect();
    Tensor::from_vec(values, dims, &Device::Cpu).map_err(|e| fail(&e))
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
