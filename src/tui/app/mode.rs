//! What fills the screen, what stands over it, and how far the run has come.

use tui_input::Input;

use crate::tui::candidate::Inspection;
use crate::tui::export_dialog::ExportDialog;
use crate::tui::keymap::Context;
use crate::tui::palette::Palette;
use crate::tui::sizes::Sizes;

/// How far the run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Scoring,
    Paused,
    Done,
}

/// What fills the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    Ranking,
    Candidate(Inspection),
    Matrix,
    Space,
    Training,
    Library,
}

impl View {
    /// Where its keys are.
    #[must_use]
    pub fn context(self) -> Context {
        match self {
            Self::Ranking => Context::Ranking,
            Self::Candidate(_) => Context::Candidate,
            Self::Matrix => Context::Matrix,
            Self::Space => Context::Space,
            Self::Training => Context::Training,
            Self::Library => Context::Library,
        }
    }

    /// Whether its list is filtered apart from the ranking.
    #[must_use]
    pub fn has_own_filter(self) -> bool {
        matches!(self, Self::Space | Self::Training | Self::Library)
    }
}

/// What the keys go to: the view, or what stands over it.
#[derive(Debug)]
pub enum Mode {
    /// The view itself.
    Browse,
    /// The filter is being written; it was this before.
    Filter {
        before: String,
    },
    Help(Help),
    Export(ExportDialog),
    Sizes(Sizes),
    Palette(Palette),
    Prompt(Prompt),
}

/// The state of the help.
#[derive(Debug, Default)]
pub struct Help {
    pub scroll: usize,
    /// Lines without these words are left out.
    pub words: Input,
    /// Whether keys go to the words.
    pub is_typing: bool,
}

/// A line of text that is asked for.
#[derive(Debug)]
pub struct Prompt {
    pub asks: Asks,
    pub text: Input,
}

/// What a text is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// The chosen line of the draft.
    Line,
    /// Where the draft is saved.
    Path,
    /// The same, where there is such a file.
    Replace,
    /// The folder whose presets are shown.
    Folder,
    /// The threshold of the slope, for layer sizes.
    Threshold,
    /// A layer by its place, for layer sizes.
    Layer,
}

impl Asks {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Line => "value: ",
            Self::Path => "save as: ",
            Self::Replace => "there is such a file, Enter replaces it: ",
            Self::Folder => "folder: ",
            Self::Threshold => "slope threshold: ",
            Self::Layer => "layer: ",
        }
    }
}
