//! Why a file gives no network.

use std::io;

/// Why a file gives no network. Each message says what is wrong and where; [`Self::help`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("{0}")]
    Read(#[source] io::Error),
    /// The file is no such file, or a part of it is missing or damaged.
    #[error("{what}")]
    Damaged { what: String },
    /// A file of another kind; `help` says how to export from it.
    #[error("it is {what}, and models are read from .pt2 and .onnx files")]
    Foreign { what: &'static str, help: &'static str },
    /// Something in the file is of a version or a kind that is not known.
    #[error("{what}")]
    Unknown { what: String, help: Option<String> },
    /// An activation that is to be searched and is not there.
    #[error("the model has no activation `{name}`")]
    NoActivation { name: String, help: String },
    #[error("{}", unknown_operator(operator, domain, place, users))]
    UnknownOperator {
        operator: String,
        /// The set of operators that it belongs to, with its version.
        domain: String,
        place: String,
        /// What takes what it makes.
        users: Vec<String>,
    },
    /// A step of the model cannot be part of a network.
    #[error("{place}: {original}: {problem}")]
    Step { place: String, original: String, problem: String },
    #[error("the numbers of `{name}` are missing: {why}")]
    MissingWeights { name: String, why: String },
    #[error("the numbers of `{name}` are in `{path}`, and files are read only from the model's own folder")]
    ExternalOutside { name: String, path: String },
    #[error("{what} is {size}, and at most {limit} is read")]
    TooLarge { what: String, size: u64, limit: u64 },
    /// A tensor of a kind of number that is not read.
    #[error("`{name}` holds {kind}, which is not read")]
    Numbers { name: String, kind: String },
}

const ANOTHER_WAY: &str = "in PyTorch, save it as .pt2, which keeps all: \
     torch.export.save(torch.export.export(model, (x,)), \"model.pt2\")";

impl ModelError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Foreign { help, .. } => Some(help),
            Self::Unknown { help, .. } => help.as_deref(),
            Self::NoActivation { help, .. } => Some(help),
            Self::UnknownOperator { .. } => Some(ANOTHER_WAY),
            Self::MissingWeights { .. } => Some("put the files with the weights beside the model, or export it again"),
            Self::ExternalOutside { .. } => {
                Some("in Python: onnx.save(onnx.load(\"model.onnx\"), \"whole.onnx\") writes one file that holds all")
            }
            Self::Numbers { .. } => Some("export the model as it is before it is quantized"),
            Self::Read(_) | Self::Damaged { .. } | Self::Step { .. } | Self::TooLarge { .. } => None,
        }
    }
}

fn unknown_operator(operator: &str, domain: &str, place: &str, users: &[String]) -> String {
    let users = match users {
        [] => String::new(),
        [only] => format!("; {only} depends on it"),
        [first, rest @ ..] => format!("; {first} and {} more depend on it", rest.len()),
    };
    format!("{place}: the operator {operator} ({domain}) is not known{users}")
}
