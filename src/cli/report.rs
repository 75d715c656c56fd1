//! Arguments of `neartop report`.

use std::path::PathBuf;

use clap::Args;

use super::RunOptions;
use super::values::evidence;
use neartop_study::study::Evidence;

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A preset: a YAML file, or the name of a bundled one; a model; or a file of studies, of which nothing is scored
    /// [default: digits-mlp].
    #[arg(value_name = "PRESET|STUDY")]
    pub source: Option<String>,
    /// The study of the file: its number in `neartop studies list`, or the beginning of its key [default: the latest].
    /// Without a file, one of the user's studies, or of --study.
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    #[command(flatten)]
    pub run: RunOptions,
    /// Write the page to this file; `-` is standard output. An earlier report is replaced, another file only with --force.
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    pub output: PathBuf,
    /// Let --output replace a file that is no report.
    #[arg(long)]
    pub force: bool,
    /// Look for factors of the weights that make a candidate train that will not, as `rank` does.
    #[arg(long, conflicts_with_all = ["id", "no_guard"])]
    pub repair: bool,
    /// What the recommendation stands on [default: signals].
    #[arg(long, value_name = "DEPTH", value_parser = evidence(), conflicts_with = "id")]
    pub evidence: Option<Evidence>,
    /// Only the N best candidates in the ranking.
    #[arg(long, value_name = "N", default_value_t = neartop_study::page::MOST_ROWS as u32, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
}
