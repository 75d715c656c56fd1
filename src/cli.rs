//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::export::Format;

/// Ranks activation functions and weight initializations of an untrained network by NEAR, live.
///
/// Without a command, opens the terminal app on PRESET.
#[derive(Debug, Parser)]
#[command(name = "neartop", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// A preset: a YAML file, or the name of a bundled one.
    #[arg(default_value = DEFAULT_PRESET)]
    pub preset: String,
    #[command(flatten)]
    pub run: RunOptions,
    #[command(flatten)]
    pub common: CommonOptions,
}

/// The preset that is used when none is named.
pub const DEFAULT_PRESET: &str = "digits-mlp";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ranks without a screen: progress on standard error, the result on standard output.
    Rank(RankArgs),
    /// Scores one network with given weights on given inputs, without randomness.
    Score(ScoreArgs),
    /// Lists, shows and checks presets.
    #[command(subcommand)]
    Presets(PresetsCommand),
    /// Prints a completion script for a shell.
    Completions { shell: clap_complete::Shell },
    /// Prints the man page.
    Man,
}

/// Options of everything that scores.
#[derive(Debug, Clone, Args)]
pub struct RunOptions {
    /// Scores computed at a time [default: all cores].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Seed of all draws, in place of the preset's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Repetitions of every candidate, in place of the preset's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub repetitions: Option<u32>,
    /// Keep the results of this run in memory only.
    #[arg(long)]
    pub no_study: bool,
    /// Recommend the highest NEAR, also if it will not train.
    #[arg(long)]
    pub no_guard: bool,
    /// Write the recommended candidate to this file.
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Format of --export [default: by the file's extension].
    #[arg(long = "as", value_name = "FORMAT", requires = "export")]
    pub export_as: Option<Format>,
    /// Refuse runs that would take more memory than this, in GiB.
    #[arg(long, value_name = "GIB", default_value_t = 8.0, value_parser = gibibytes)]
    pub max_memory: f64,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct CommonOptions {
    /// Colours.
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true)]
    pub color: Color,
    /// Use ASCII characters only.
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Tell more; twice for everything.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Write what -v tells to this file.
    #[arg(long, value_name = "FILE", global = true)]
    pub log_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    Always,
    Never,
}

#[derive(Debug, Args)]
pub struct RankArgs {
    /// A preset: a YAML file, or the name of a bundled one.
    #[arg(default_value = DEFAULT_PRESET)]
    pub preset: String,
    #[command(flatten)]
    pub run: RunOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// How a ranking is written.
#[derive(Debug, Clone, Default, Args)]
pub struct OutputOptions {
    /// Format of the result.
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
    /// Write the result to this file rather than to standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only the N best candidates.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub top: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum TableFormat {
    #[default]
    Table,
    Json,
    /// One candidate a line.
    Jsonl,
    Csv,
    Markdown,
}

#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// A preset whose network has no open slot.
    pub preset: String,
    /// Weights, named as in PyTorch's `nn.Sequential.state_dict()`.
    #[arg(long, value_name = "W.safetensors")]
    pub weights: PathBuf,
    /// Inputs: samples x the network's input shape.
    #[arg(long, value_name = "X.npy")]
    pub inputs: PathBuf,
    /// Format of the result [default: table on a terminal, else json].
    #[arg(long, value_enum)]
    pub format: Option<ReportFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Table,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum PresetsCommand {
    /// Lists the bundled presets.
    List,
    /// Prints a bundled preset.
    Show { name: String },
    /// Checks a preset and says what it would run.
    Check { file: String },
    /// Prints a JSON Schema of presets, for editors.
    Schema,
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}

fn gibibytes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x.is_finite() => Ok(x),
        _ => Err("a number of GiB greater than 0".to_owned()),
    }
}
