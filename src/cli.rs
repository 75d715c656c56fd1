//! The command line.

mod export;
mod new;
mod report;
mod score;
mod studies;
mod train;
mod values;
mod width;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cluster::units::Shard;
use neartop_io::export::Format;
use neartop_study::study::Evidence;

pub use export::ExportArgs;
pub use new::NewArgs;
pub use report::ReportArgs;
pub use score::{BatchNormMode, ReportFormat, ScoreArgs};
pub use studies::{RowsFormat, StudiesArgs, StudiesCommand};
pub use train::{TrainArgs, TrainingOptions};
pub use values::{Halving, Repetitions};
use values::{evidence, format, gibibytes, repetitions, time_limit};
pub use width::{WidthArgs, WidthFormat};

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
    pub cluster: ClusterOptions,
    #[command(flatten)]
    pub common: CommonOptions,
}

/// The preset that is used when none is named.
pub const DEFAULT_PRESET: &str = "digits-mlp";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ranks without a screen: progress on standard error, the result on standard output.
    Rank(RankArgs),
    /// Scores what it is told on standard input, for programs that spread a run over machines.
    ///
    /// Takes chunks as JSON lines (--list-chunks shows some), and writes a line for each result as
    /// soon as it is there, then {"chunk":1,"results":3}. The first line that it writes says what its work is. The same
    /// chunk gives the same results wherever and however often it is scored. `neartop merge` takes the output as a part.
    Worker(WorkerArgs),
    /// Brings parts of a run together: records them in the study, and ranks.
    ///
    /// Parts are what `neartop rank PRESET --shard I/N --output FILE` and `neartop worker` write. Those of other work are
    /// refused; seed and repetitions are those of the parts. Exit status 1 says that scores are missing.
    Merge(MergeArgs),
    /// Scores one network with given weights on given inputs, without randomness.
    Score(ScoreArgs),
    /// Ranks, trains the best for a short budget, and reports accuracy or loss beside NEAR.
    ///
    /// The data must have labels. What is learnt follows from them and from the number of outputs: classes, yes and no, or
    /// numbers. All candidates see the same samples in the same order. With many, successive halving: all train a part of the way, and the
    /// better half twice as far. What is recommended is the best on samples that were held out.
    Train(TrainArgs),
    /// Writes what a study came to as one HTML page: recommendation, ranking, matrix, layers, what will not train.
    ///
    /// Ranks a preset as `neartop rank` does, with what is recorded of it, or shows a study that was recorded. The page needs
    /// nothing else: no network, no other files.
    Report(ReportArgs),
    /// Estimates the size of a layer: curve, fit, size.
    ///
    /// The relative score r(x) is the effective rank of the layer's output, after its activation, divided by its size x.
    /// It is measured at --sizes with x samples each, r(x) = a + b x^c is fitted through the points and (1, 1), and the
    /// size is where the slope has fallen to --slope-threshold of its value at 1: threshold^(1/(c-1)). Its interval
    /// comes from resampled repetitions.
    Width(WidthArgs),
    /// Writes a preset for some data to standard output.
    ///
    /// Looks at the data: columns, gaps, texts, labels. The preset runs as it is, and has its other choices as comments.
    New(NewArgs),
    /// Writes a candidate to a file, whatever its rank: `rank --export` for one that is chosen by name.
    Export(ExportArgs),
    /// Lists, shows and checks presets.
    #[command(subcommand)]
    Presets(PresetsCommand),
    /// Lists, shows, exports and deletes what was recorded of runs.
    Studies(StudiesArgs),
    /// Prints a completion script for a shell.
    Completions { shell: clap_complete::Shell },
    /// Prints the man page.
    Man {
        /// Write the pages of all commands into this folder instead.
        #[arg(long, value_name = "FOLDER")]
        output: Option<PathBuf>,
    },
}

/// GiB that a run may take unless it is said.
pub const MOST_MEMORY: f64 = 8.0;

/// Options of everything that scores.
#[derive(Debug, Clone, Default, Args)]
pub struct RunOptions {
    /// Scores computed at a time [default: all cores].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Seed of all draws, in place of the preset's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Repetitions of every candidate, in place of the preset's; `auto` spends them where the ranking is open.
    #[arg(long, value_name = "N|auto", value_parser = repetitions)]
    pub repetitions: Option<Repetitions>,
    #[command(flatten)]
    pub study: StudyOptions,
    /// Samples for a model that is given in place of a preset [default: drawn].
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Labels of --data: a column of a table, or a file.
    #[arg(long, value_name = "NAME", requires = "data")]
    pub labels: Option<String>,
    /// Recommend the highest NEAR, also if it will not train.
    #[arg(long)]
    pub no_guard: bool,
    /// Write the recommended candidate to this file; its weights, as the first repetition draws them, to one called
    /// `.safetensors`.
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Format of --export [default: by the file's extension].
    #[arg(long = "as", value_name = "FORMAT", requires = "export", value_parser = format())]
    pub export_as: Option<Format>,
    /// Refuse runs that would take more memory than this, in GiB.
    #[arg(long, value_name = "GIB", default_value_t = MOST_MEMORY, value_parser = gibibytes)]
    pub max_memory: f64,
}

/// Where results are recorded, and what was recorded is found.
#[derive(Debug, Clone, Default, Args)]
pub struct StudyOptions {
    /// Record results in this file, and take those that it has [default: neartop/studies.sqlite in the user's state
    /// directory].
    #[arg(long, value_name = "FILE")]
    pub study: Option<PathBuf>,
    /// Keep the results of this run in memory only.
    #[arg(long, conflicts_with = "study")]
    pub no_study: bool,
    /// Score everything anew, and replace what is recorded of it.
    #[arg(long, conflicts_with = "no_study")]
    pub fresh: bool,
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

#[derive(Debug, Default, Args)]
pub struct RankArgs {
    /// A preset: a YAML file, or the name of a bundled one.
    #[arg(default_value = DEFAULT_PRESET)]
    pub preset: String,
    #[command(flatten)]
    pub run: RunOptions,
    #[command(flatten)]
    pub output: OutputOptions,
    /// Look for factors of the weights that make a candidate train that will not, one for all layers and one for each, and
    /// say what it then scores. Where no candidate will train, --export writes the best of these.
    #[arg(long, conflicts_with_all = ["shard", "on", "no_guard"])]
    pub repair: bool,
    /// What the recommendation stands on [default: signals].
    #[arg(long, value_name = "DEPTH", value_parser = evidence(), conflicts_with_all = ["shard", "on"])]
    pub evidence: Option<Evidence>,
    #[command(flatten)]
    pub spread: SpreadOptions,
    #[command(flatten)]
    pub cluster: ClusterOptions,
    /// Submit what is to be submitted, and leave at once; the same command without this follows the run.
    #[arg(long, requires = "on", conflicts_with_all = ["cancel", "dry_run"])]
    pub detach: bool,
    /// End the jobs of the run. What they have scored stays.
    #[arg(long, requires = "on")]
    pub cancel: bool,
    /// Make the directory of the run with its batch script, and submit nothing.
    #[arg(long, requires = "on", conflicts_with = "cancel")]
    pub dry_run: bool,
}

/// Where a run is computed.
#[derive(Debug, Clone, Default, Args)]
pub struct ClusterOptions {
    /// Score on a cluster rather than on this machine. The same command in the same directory joins a run that was left.
    #[arg(long, value_enum, value_name = "SYSTEM")]
    pub on: Option<System>,
    /// Partition of --on slurm [default: that of the cluster].
    #[arg(long, value_name = "P", requires = "on")]
    pub partition: Option<String>,
    /// Number of chunks, each a task of one array job [default: so many that a task runs about 5 minutes].
    #[arg(long, value_name = "N", requires = "on", value_parser = clap::value_parser!(u32).range(1..))]
    pub chunks: Option<u32>,
    /// Time limit of a task, as sbatch takes it [default: by the measured cost of a few scores].
    #[arg(long, value_name = "T", requires = "on", value_parser = time_limit)]
    pub time: Option<String>,
    /// Cores of a task.
    #[arg(long, value_name = "C", requires = "on", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub cpus: u16,
    /// How often a chunk that failed is submitted again.
    #[arg(long, value_name = "N", requires = "on", default_value_t = 2)]
    pub retries: u16,
    /// Directory of the run, on a file system that all machines share [default: neartop-NAME-KEY here].
    #[arg(long, value_name = "DIR", requires = "on")]
    pub run_dir: Option<PathBuf>,
}

/// A batch system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum System {
    Slurm,
}

/// Parts of a run.
#[derive(Debug, Clone, Default, Args)]
pub struct SpreadOptions {
    /// Score the I-th of N parts of the run and write its results, as JSON lines, to --output; what that file has already
    /// is not scored again. `neartop merge` brings parts together.
    #[arg(long, value_name = "I/N", conflicts_with_all = ["study", "no_study", "format", "top", "export", "no_guard", "on"])]
    pub shard: Option<Shard>,
    /// Refuse to score other work than that of this key, which is in the first line of a part.
    #[arg(long, value_name = "KEY", requires = "shard")]
    pub work: Option<String>,
}

#[derive(Debug, Args)]
pub struct WorkerArgs {
    /// A preset: a YAML file, or the name of a bundled one.
    #[arg(default_value = DEFAULT_PRESET)]
    pub preset: String,
    /// Scores computed at a time [default: all cores].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Seed of all draws, in place of the preset's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Repetitions of every candidate, in place of the preset's.
    #[arg(long, value_name = "N", value_parser = repetitions)]
    pub repetitions: Option<Repetitions>,
    /// Refuse runs that would take more memory than this, in GiB.
    #[arg(long, value_name = "GIB", default_value_t = MOST_MEMORY, value_parser = gibibytes)]
    pub max_memory: f64,
    /// Refuse to score other work than that of this key.
    #[arg(long, value_name = "KEY")]
    pub work: Option<String>,
    /// Print all there is to score as so many chunks, and score nothing.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub list_chunks: Option<u32>,
}

impl WorkerArgs {
    /// The options of a run that a worker has: it keeps no study and exports nothing.
    #[must_use]
    pub fn run_options(&self) -> RunOptions {
        let Self { jobs, seed, repetitions, max_memory, .. } = *self;
        RunOptions { jobs, seed, repetitions, max_memory, ..RunOptions::default() }
    }
}

#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The preset that the parts were scored with: a YAML file, or the name of a bundled one.
    pub preset: String,
    /// The parts.
    #[arg(required = true, value_name = "PART")]
    pub parts: Vec<PathBuf>,
    #[command(flatten)]
    pub run: RunOptions,
    #[command(flatten)]
    pub output: OutputOptions,
    /// Let --output replace a file.
    #[arg(long, requires = "output")]
    pub force: bool,
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

#[derive(Debug, Subcommand)]
pub enum PresetsCommand {
    /// Lists the bundled presets.
    List,
    /// Prints a bundled preset.
    Show { name: String },
    /// Checks a preset and says what it would run.
    Check {
        file: String,
        /// Format of what is said.
        #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
        format: ReportFormat,
    },
    /// Prints a JSON Schema of presets, for editors.
    Schema,
}
