//! How candidates are scored, where a preset may choose.

/// Which rows of a convolution's output `[samples x width x height, channels]` make its rank matrix. Both blocks start at
/// a multiple of the width, drawn for the repetition and the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// As many rows as there are channels: the start leaves room for all of them.
    #[default]
    Full,
    /// As in the authors' program near-score 1.0.0: the start may lie so late that the block is cut off where the rows
    /// end. Only outputs with few rows to a channel notice.
    Clipped,
}

/// Whose statistics batch norm takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchNorm {
    /// Those of the batch, as in training.
    #[default]
    Training,
    /// The running statistics, which are a mean of 0 and a variance of 1 in an untrained network: it does next to nothing.
    Evaluation,
}

/// How repetitions are spent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Auto {
    /// Repetitions of every candidate.
    pub least: usize,
    /// Probability that the best candidate stays in the race.
    pub confidence: f64,
}

impl Default for Auto {
    fn default() -> Self {
        Self { least: Self::LEAST, confidence: Self::CONFIDENCE }
    }
}

impl Auto {
    pub const LEAST: usize = 8;
    pub const MOST: usize = 128;
    pub const CONFIDENCE: f64 = 0.95;
}

/// What is learnt of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// One of several classes.
    Classification,
    /// One of two classes, by one output.
    Binary,
    /// Several answers of yes or no.
    MultiLabel,
    /// Numbers.
    Regression,
}

impl TaskKind {
    pub const ALL: [Self; 4] = [Self::Classification, Self::Binary, Self::MultiLabel, Self::Regression];

    /// As presets and reports call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Classification => "classification",
            Self::Binary => "binary",
            Self::MultiLabel => "multi_label",
            Self::Regression => "regression",
        }
    }
}

/// Where a learning rate comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LearningRate {
    /// A range test of each candidate.
    Auto,
    Fixed(f64),
}

/// How networks will be trained, as far as a preset says it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Train {
    /// What is learnt; none where labels and network say it.
    pub task: Option<TaskKind>,
    pub method: Option<Method>,
    pub learning_rate: Option<LearningRate>,
}

/// How weights follow their gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Stochastic gradient descent with a momentum of 0.9 (`torch.optim.SGD`).
    Sgd,
    /// Kingma & Ba 2015 (arXiv 1412.6980), with 0.9, 0.999 and 1e-8.
    #[default]
    Adam,
    /// Adam with a decoupled weight decay of 0.01 (Loshchilov & Hutter 2019, arXiv 1711.05101).
    Adamw,
}

impl Method {
    pub const ALL: [Self; 3] = [Self::Sgd, Self::Adam, Self::Adamw];

    /// As the command line names it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Adam => "adam",
            Self::Adamw => "adamw",
        }
    }

    /// What it does, in a line.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Sgd => "Stochastic gradient descent with a momentum of 0.9 (`torch.optim.SGD`)",
            Self::Adam => "Kingma & Ba 2015 (arXiv 1412.6980), with 0.9, 0.999 and 1e-8",
            Self::Adamw => "Adam with a decoupled weight decay of 0.01 (Loshchilov & Hutter 2019, arXiv 1711.05101)",
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd => "SGD",
            Self::Adam => "Adam",
            Self::Adamw => "AdamW",
        }
    }

    /// The learning rate that is used unless another is given.
    #[must_use]
    pub fn learning_rate(self) -> f64 {
        match self {
            Self::Sgd => 0.01,
            Self::Adam | Self::Adamw => 0.001,
        }
    }
}
