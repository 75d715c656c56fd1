//! Arguments of `neartop train`.

use std::path::PathBuf;

use clap::Args;

use super::values::{Halving, LearningRate, halving, learning_rate, method, part};
use super::{DEFAULT_PRESET, RunOptions, TableFormat};
use neartop_study::training::optimizer::Method;

#[derive(Debug, Args)]
pub struct TrainArgs {
    /// A preset: a YAML file, or the name of a bundled one.
    #[arg(default_value = DEFAULT_PRESET)]
    pub preset: String,
    #[command(flatten)]
    pub run: RunOptions,
    #[command(flatten)]
    pub training: TrainingOptions,
    /// Train the K best of the ranking [default: as many as a tenth of the cost of training all allows].
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub top: Option<u32>,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
    /// Write the result to this file rather than to standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Let --output replace a file.
    #[arg(long, requires = "output")]
    pub force: bool,
}

/// How candidates are trained.
#[derive(Debug, Clone, Args)]
pub struct TrainingOptions {
    /// Epochs of those that train to the end.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub epochs: u32,
    /// Samples of a step.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub batch_size: u32,
    /// Optimizer, with PyTorch's defaults; sgd has a momentum of 0.9 [default: that of the preset, else adam].
    #[arg(long, value_parser = method())]
    pub optimizer: Option<Method>,
    /// Learning rate, or `auto` for a short range test of every candidate [default: that of the preset, else 0.001; for sgd
    /// 0.01].
    #[arg(long, value_name = "X|auto", value_parser = learning_rate)]
    pub learning_rate: Option<LearningRate>,
    /// The part of the samples that is held out to judge by.
    #[arg(long, value_name = "PART", default_value_t = 0.2, value_parser = part)]
    pub holdout: f64,
    /// Use at most this many samples, drawn by the seed, those held out included.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub samples: Option<u32>,
    /// Let one in N train on N times as long: `auto` (2, as long as eight are left), `never`, or N.
    #[arg(long, value_name = "N|auto|never", default_value = "auto", value_parser = halving)]
    pub halving: Halving,
}
