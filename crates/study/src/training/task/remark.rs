//! What is told of a task before it is learnt.

use std::fmt;

use neartop_core::settings::TaskKind;
use neartop_io::data::Labels;

/// What is told of a task before it is learnt.
#[derive(Debug, Clone, PartialEq)]
pub enum Remark {
    /// There are none, and the samples are to show who learns at all.
    RandomLabels,
    /// Two classes and one output.
    Binary { classes: [String; 2], are_numbers: bool },
    /// Several answers of yes or no.
    MultiLabel { labels: usize },
    /// Several numbers.
    Several { labels: usize },
    /// Labels lie in the range of the last activation, and are not standardized.
    AsTheyAre { activation: String },
    /// Labels are divided by their standard deviation, and not shifted.
    NotShifted { activation: String },
    /// The last activation cannot give the labels.
    OutOfReach { activation: String, low: f64, high: f64, least: f64, most: f64 },
    /// The last activation keeps the network from being sure of a class.
    BoundedLogits { activation: String },
}

/// What classes are called, and whether all of that are numbers.
pub type Names = (Option<Vec<String>>, bool);

impl Remark {
    /// What a task is, where it was found out and is not the usual one.
    pub fn of(kind: TaskKind, labels: &Labels, (names, are_numbers): Names, is_said: bool) -> Option<Self> {
        match (kind, labels) {
            _ if is_said => None,
            (TaskKind::Binary, _) => {
                let names = names.unwrap_or_else(|| vec!["0".to_owned(), "1".to_owned()]);
                names.try_into().ok().map(|classes| Self::Binary { classes, are_numbers })
            }
            (TaskKind::MultiLabel, Labels::Several { width, .. }) => Some(Self::MultiLabel { labels: *width }),
            (TaskKind::Regression, Labels::Several { width, .. }) => Some(Self::Several { labels: *width }),
            _ => None,
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RandomLabels => write!(f, "there are no labels, so random ones are learnt"),
            Self::Binary { classes: [no, yes], are_numbers } => write!(
                f,
                "the task is binary: the output says whether it is `{yes}` rather than `{no}`{}",
                if *are_numbers { "; `train: {task: regression}` learns them as numbers" } else { "" }
            ),
            Self::MultiLabel { labels } => write!(f, "the task is multi-label: {labels} answers of yes or no"),
            Self::Several { labels } => write!(f, "the task is a regression of {labels} numbers"),
            Self::AsTheyAre { activation } => {
                write!(
                    f,
                    "the labels lie in the range of the last activation, {activation}, and are learnt as they are"
                )
            }
            Self::NotShifted { activation } => write!(
                f,
                "the labels are divided by their standard deviation but not shifted, so that the last activation, \
                 {activation}, can give them"
            ),
            Self::OutOfReach { activation, low, high, least, most } => write!(
                f,
                "the network cannot learn these labels: they run from {least} to {most}, and the last activation, \
                 {activation}, gives {low} to {high}; leave it out"
            ),
            Self::BoundedLogits { activation } => write!(
                f,
                "the network cannot be sure of a class: its last activation, {activation}, bounds what cross-entropy \
                 takes for a logarithm; leave it out"
            ),
        }
    }
}
