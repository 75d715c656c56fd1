//! What the screen learns, and what it asks for.

use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::layout::Size;

use crate::cluster::states::States;
use crate::tui::app::Standings;
use crate::tui::candidate::Spectra;
use crate::tui::finalists::TrainingNews;
use crate::tui::library::Entry;
use crate::tui::sizes::{SizeNews, SizeRequest, Ticket};
use crate::tui::terminal::Stop;
use neartop_io::preset::Preset;
use neartop_study::scheduler::Progress;
use neartop_study::store::Summary;
use neartop_study::study::Study;

/// What the screen learns.
#[derive(Debug)]
pub enum Message {
    Key(KeyEvent),
    Mouse(MouseEvent),
    Paste(String),
    Resized(Size),
    /// Someone outside stops the program, or lets it go on.
    Stop(Stop),
    Scored(Vec<Progress>),
    /// What was asked for by [`Effect::Rank`].
    Ranked(Box<Standings>),
    /// All that can be scored is scored.
    Ended,
    /// A frame is about to be drawn; so much time was spent scoring.
    Frame(Duration),
    Written(Written),
    /// So much time has passed since the app began.
    Tick(Duration),
    /// Something that the user should know.
    Noted(Notice),
    Sized(Ticket, SizeNews),
    /// The spectra of a candidate.
    Inspected(usize, Spectra),
    /// What became of a copy to the clipboard.
    Copied(Result<String, String>),
    Training(TrainingNews),
    /// The presets and studies that there are.
    Found(Vec<Entry>),
    /// What became of a study that was to be deleted.
    Deleted(Result<String, String>),
    /// How the chunks of a run on a cluster stand.
    Chunks(States),
    /// Another preset is scored from now on, or why it is not.
    Opened(Result<Box<Study>, String>),
}

/// What became of an export.
#[derive(Debug)]
pub enum Written {
    Done(PathBuf),
    /// There is such a file already.
    Exists,
    Failed(String),
}

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
    Train(Vec<usize>),
    StopTraining,
    /// End the jobs of a run on a cluster.
    CancelJobs,
    /// Keep in the study what training said.
    KeepTraining,
    /// Look what studies there are, and what presets in a folder.
    FindPresets(PathBuf),
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
}

/// A line of text for the user, until the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub is_error: bool,
}
