//! Arguments of `neartop score`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// A preset whose network has no open slot, or a model: a `.pt2` or `.onnx` file, with the weights that it carries.
    pub preset: String,
    /// Weights, named as in PyTorch's `nn.Sequential.state_dict()`; a model has its own.
    #[arg(long, value_name = "W.safetensors")]
    pub weights: Option<PathBuf>,
    /// Whose statistics batch norm takes, in place of the preset's [default: training].
    #[arg(long, value_enum, value_name = "MODE")]
    pub batch_norm: Option<BatchNormMode>,
    /// Inputs: samples x the network's input shape.
    #[arg(long, value_name = "X.npy")]
    pub inputs: PathBuf,
    /// Format of the result [default: table on a terminal, else json].
    #[arg(long, value_enum)]
    pub format: Option<ReportFormat>,
}

/// Whose statistics batch norm takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BatchNormMode {
    /// Those of the batch.
    Training,
    /// Those that the weights carry.
    Evaluation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Table,
    Json,
}
