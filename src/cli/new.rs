//! Options of `neartop new`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub struct NewArgs {
    /// The model: a `.pt2` or `.onnx` file.
    #[arg(long, value_name = "FILE", required_unless_present = "data")]
    pub model: Option<PathBuf>,
    /// The data: a table, arrays, or a folder of images.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// What is to be learnt: columns, an array, or a file of its own [default: what is called so].
    #[arg(long, value_name = "NAME", value_delimiter = ',', requires = "data")]
    pub labels: Vec<String>,
}
