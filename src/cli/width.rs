//! Arguments of `neartop width`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::{gibibytes, slope_threshold};
use super::{MOST_MEMORY, StudyOptions};

#[derive(Debug, Args)]
pub struct WidthArgs {
    /// A preset: a YAML file, or the name of a bundled one; or a model (`.pt2`, `.onnx`).
    pub preset: String,
    /// The layer: its place, from 0, among the linear layers and convolutions outside residuals; or the path of its module.
    #[arg(long, value_name = "I", default_value = "0")]
    pub layer: String,
    /// Samples for a model that is given in place of a preset [default: drawn].
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Size all hidden layers, each with the answers for those before it.
    #[arg(long, conflicts_with = "layer")]
    pub all: bool,
    /// Sizes to measure, ascending.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', default_values_t = neartop_study::width::SIZES)]
    pub sizes: Vec<usize>,
    /// The size is where the curve's slope has fallen to this part of its value at 1.
    #[arg(long, value_name = "T", default_value_t = neartop_study::width::SLOPE_THRESHOLD, value_parser = slope_threshold)]
    pub slope_threshold: f64,
    /// The activation, as in a preset or in a ranking; `{SLOT: NAME, ...}` for slots apart [default: the preset's first].
    #[arg(long, value_name = "NAME")]
    pub activation: Option<String>,
    /// The initialization, as in a preset or in a ranking [default: the preset's first].
    #[arg(long, value_name = "NAME")]
    pub init: Option<String>,
    /// Effective ranks computed at a time [default: all cores].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Seed of all draws, in place of the preset's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Repetitions of every size, in place of the preset's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub repetitions: Option<u32>,
    /// Refuse runs that would take more memory than this, in GiB.
    #[arg(long, value_name = "GIB", default_value_t = MOST_MEMORY, value_parser = gibibytes)]
    pub max_memory: f64,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t)]
    pub format: WidthFormat,
    /// Write the result to this file rather than to standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write the preset with the sizes found to this file, which must not exist.
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Let --output and --export replace files.
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub study: StudyOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum WidthFormat {
    /// With a chart.
    #[default]
    Table,
    Json,
    /// One size a line.
    Csv,
}
