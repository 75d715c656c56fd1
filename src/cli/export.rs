//! Options of `neartop export`.

use std::path::PathBuf;

use clap::Args;

use super::values::format;
use neartop_io::export::Format;

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A preset: a YAML file, or the name of a bundled one; or a model, a `.pt2` or `.onnx` file.
    pub preset: String,
    /// The activation, as in a preset or in a ranking; `{SLOT: NAME, ...}` for slots apart [default: the preset's first].
    #[arg(long, value_name = "NAME")]
    pub activation: Option<String>,
    /// The initialization, as in a preset or in a ranking [default: the preset's first].
    #[arg(long, value_name = "NAME")]
    pub init: Option<String>,
    /// The architecture, where the preset ranks some [default: the preset's first].
    #[arg(long, value_name = "NAME")]
    pub architecture: Option<String>,
    /// Seed of all draws, in place of the preset's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The file to write; weights, as the first repetition draws them, go to one called `.safetensors`.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Format of the file [default: by its extension].
    #[arg(long = "as", value_name = "FORMAT", value_parser = format())]
    pub export_as: Option<Format>,
}
