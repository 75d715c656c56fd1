//! What the screen learns from what works behind it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cluster::states::States;
use crate::run::Failure;
use crate::tui::effect::Ticket;
use crate::tui::library::Listing;
use crate::tui::notice::Notice;
use crate::tui::table::Standings;
use neartop_study::scheduler::Progress;
use neartop_study::space::bytes;
use neartop_study::study::{Sought, Study};
use neartop_study::training::{self, Plan};
use neartop_study::width::{Point, SizeEstimate};

/// What the screen learns.
#[derive(Debug)]
pub enum News {
    Scored(Vec<Progress>),
    /// What was asked for by [`super::effect::Effect::Rank`].
    Ranked(Box<Standings>),
    /// All that can be scored is scored.
    Ended,
    Training(TrainingNews),
    Sized(Ticket, SizeNews),
    /// The spectra of a candidate.
    Inspected(usize, Spectra),
    /// The repair of a candidate, if there is one.
    Repaired(usize, Result<Box<Sought>, BackgroundError>),
    /// How the chunks of a run on a cluster stand.
    Chunks(States),
    /// What can be opened.
    Found(Listing),
    /// The paths that a text is the beginning of.
    Completed {
        of: String,
        paths: Vec<String>,
    },
    /// What became of a study that was to be deleted.
    Deleted(Result<String, Failure>),
    /// Another preset is scored from now on, or why it is not.
    Opened(Result<Box<Study>, Failure>),
    Written(Written),
    /// What became of a copy to the clipboard.
    Copied(io::Result<usize>),
    /// Something that the user should know.
    Noted(Notice),
}

/// What became of an export.
#[derive(Debug)]
pub enum Written {
    Done(PathBuf),
    /// There is such a file already.
    Exists,
    Failed(Failure),
}

/// What is told of a training.
#[derive(Debug)]
pub enum TrainingNews {
    /// The labels are read, and training begins.
    Begun(Arc<Plan>),
    Progress(training::Update),
    Ended,
    /// Training cannot begin.
    Failed(BackgroundError),
}

/// What is told of layer sizes.
#[derive(Debug)]
pub enum SizeNews {
    Progress { done: usize, total: usize, point: Option<Point> },
    Note(String),
    Estimated(Box<SizeEstimate>),
    Failed(BackgroundError),
}

/// Singular values by counted layer, falling, as shares of the largest; or why there are none.
pub type Spectra = Result<Vec<Vec<f64>>, BackgroundError>;

/// Why work behind the screen came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum BackgroundError {
    #[error("{what} would take about {}, and the limit is {}", bytes(*.need), bytes(*.limit))]
    Memory { what: &'static str, need: u64, limit: u64 },
    #[error(transparent)]
    Work(#[from] Box<dyn std::error::Error + Send + Sync>),
    #[error("an error of the program")]
    Panic,
}

impl BackgroundError {
    pub fn work(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Work(error.into())
    }
}
