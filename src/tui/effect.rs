//! What the screen asks for.

use std::path::PathBuf;

use neartop_io::preset::Preset;
use neartop_study::store::Summary;
use neartop_study::training::Options;
use neartop_study::width::{Curve, Target};

/// What the event loop is asked to do.
#[derive(Debug, PartialEq)]
pub enum Effect {
    Quit,
    /// Leave with the exit status of an interrupted run.
    Interrupt,
    Suspend,
    /// Take the terminal again after a stop.
    GoOn,
    Redraw,
    /// Work out how all candidates of the study stand.
    Rank,
    SetPaused(bool),
    NextTheme,
    SetMouse(bool),
    /// Train these candidates, best first.
    Train(Vec<usize>, Options),
    StopTraining,
    /// End the jobs of a run on a cluster.
    CancelJobs,
    /// Keep in the study what training said.
    KeepTraining(Option<usize>),
    /// Look what studies there are, and what can be opened in a folder, or in that of a file.
    FindPresets(PathBuf),
    /// Look how a path may go on.
    Complete(String),
    /// Read a model, data or a preset, and score that in the place of the present one.
    OpenFile(PathBuf),
    /// Score this preset in the place of the present one.
    Open(Box<Preset>),
    DeleteStudy(Box<Summary>),
    /// Put a text on the clipboard.
    Copy(String),
    Write {
        path: PathBuf,
        text: String,
        replace: bool,
    },
    Size(Ticket, SizeRequest),
    /// Work out the spectra of a candidate.
    Inspect(usize),
    /// Look for a repair of a candidate, and no longer for that of another.
    Repair(usize),
    StopRepair,
}

/// Tells the answers to one request from those to earlier ones.
pub type Ticket = u64;

/// Work on layer sizes; a new request ends the one before.
#[derive(Debug, Clone, PartialEq)]
pub enum SizeRequest {
    /// Measure a layer with a candidate's choices, then fit.
    Measure {
        candidate: usize,
        target: Target,
        threshold: f64,
    },
    /// Fit what is measured.
    Fit {
        curve: Curve,
        target: Target,
        threshold: f64,
    },
    Stop,
}
