//! Why training cannot start.

use neartop_io::data::DataError;

/// Why training cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("the labels are {classes} classes, but the network has {outputs} outputs")]
    Outputs { classes: usize, outputs: usize },
    #[error("the labels are numbers with fractions, but the network has {outputs} outputs where a regression has one")]
    Values { outputs: usize },
    #[error("each sample has {width} labels, but the network has {outputs} outputs")]
    Targets { width: usize, outputs: usize },
    /// `train: {task: ...}` asks for what the labels or the network do not have.
    #[error("the task `{kind}` needs {needs}")]
    Task { kind: &'static str, needs: &'static str },
    #[error("all samples are of one class, so there is nothing to learn")]
    OneClass,
    #[error("{train} samples to train on and {held_out} held out are too few")]
    TooFew { train: usize, held_out: usize },
    #[error("there is no candidate to train")]
    NoCandidate,
}
