//! Options of `neartop studies`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::score::ReportFormat;

#[derive(Debug, Args)]
pub struct StudiesArgs {
    /// The file of the studies [default: neartop/studies.sqlite in the user's state directory].
    #[arg(long, value_name = "FILE", global = true)]
    pub study: Option<PathBuf>,
    #[command(subcommand)]
    pub command: StudiesCommand,
}

#[derive(Debug, Subcommand)]
pub enum StudiesCommand {
    /// Lists the studies.
    List {
        /// Format of the result.
        #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
        format: ReportFormat,
    },
    /// Shows a study: what was scored, and the mean NEAR of each candidate.
    Show {
        /// Its number in the list, or the beginning of its key.
        id: String,
    },
    /// Writes every recorded repetition of every candidate.
    Export {
        /// Its number in the list, or the beginning of its key.
        id: String,
        /// Format of the result.
        #[arg(long, value_enum, default_value_t)]
        format: RowsFormat,
        /// Write the result to this file, which must not exist, rather than to standard output.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Let --output replace a file.
        #[arg(long, requires = "output")]
        force: bool,
    },
    /// Deletes studies with everything that was recorded of them.
    Delete {
        /// Their numbers in the list, or the beginnings of their keys.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum RowsFormat {
    /// One repetition of one candidate a line.
    #[default]
    Csv,
    Json,
    /// One candidate a line.
    Jsonl,
}
