//! The state of the screen, and how messages change it. No input or output here, and no clock.

mod mouse;
mod rows;
mod views;
mod windows;

use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{KeyEvent, KeyEventKind, MouseEvent};
use ratatui::layout::Size;
use tui_input::Input;

use super::candidate::{Inspection, Known, Spectra};
use super::column::{Column, columns};
use super::draft::Draft;
use super::export_dialog::ExportDialog;
use super::finalists::{Finalists, TrainingNews};
use super::keymap::{Action, Context, Keymap};
use super::library::{Entry, Library};
use super::matrix::Matrix;
use super::palette::Palette;
use super::sizes::{SizeNews, SizeRequest, Sizes, Ticket};
use crate::cluster::states::States;
use crate::preset::Preset;
use crate::scheduler::Progress;
use crate::study::{Agreement, Ranked, Study};

/// What the screen learns.
#[derive(Debug)]
pub enum Message {
    Key(KeyEvent),
    Mouse(MouseEvent),
    Paste(String),
    Resized(Size),
    Scored(Vec<Progress>),
    /// All that can be scored is scored.
    Ended,
    /// A frame is about to be drawn; so much time was spent scoring.
    Frame(Duration),
    Written(Written),
    /// Something that the user should know.
    Noted(Notice),
    Sized(Ticket, SizeNews),
    /// The spectra of a candidate.
    Inspected(usize, Spectra),
    /// What became of a copy to the clipboard.
    Copied(Result<String, String>),
    Training(TrainingNews),
    /// The presets that there are.
    Found(Vec<Entry>),
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
    Redraw,
    SetPaused(bool),
    NextTheme,
    SetMouse(bool),
    /// Train these candidates, best first.
    Train(Vec<usize>),
    StopTraining,
    /// End the jobs of a run on a cluster.
    CancelJobs,
    /// Look what presets there are.
    FindPresets,
    /// Score this preset in the place of the present one.
    Open(Box<Preset>),
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
    Matrix(Matrix),
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
            Self::Matrix(_) => Context::Matrix,
            Self::Space => Context::Space,
            Self::Training => Context::Training,
            Self::Library => Context::Library,
        }
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
    Help {
        scroll: usize,
    },
    Export(ExportDialog),
    Sizes(Sizes),
    Palette(Palette),
    Prompt(Prompt),
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
}

impl Asks {
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Line => "value: ",
            Self::Path => "save as: ",
            Self::Replace => "there is such a file, Enter replaces it: ",
        }
    }
}

/// A line of text for the user, until the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub is_error: bool,
}

/// The state of the screen.
pub struct App {
    pub study: Study,
    pub size: Size,
    pub phase: Phase,
    pub elapsed: Duration,
    pub view: View,
    pub mode: Mode,
    pub keymap: Keymap,
    /// Whether the program has the mouse.
    pub has_mouse: bool,
    pub filter: Input,
    /// Those that say something of this study.
    pub columns: Vec<&'static Column>,
    /// Place of the column that the rows are sorted by.
    pub sort: usize,
    pub descending: bool,
    /// Whether rows keep their places while scores come in.
    pub frozen: bool,
    pub show_detail: bool,
    /// All candidates by their NEAR.
    pub ranking: Vec<Ranked>,
    /// What the table shows, in its order.
    pub rows: Vec<Ranked>,
    /// Of NEAR with known values, where there are some.
    pub agreement: Option<Agreement>,
    /// The selected candidate.
    pub selected: Option<usize>,
    /// Candidates that the user marked, in the order of marking.
    pub marked: Vec<usize>,
    pub spectra: Known,
    /// A change of the search that is not scored yet.
    pub draft: Option<Draft>,
    /// The candidates that were trained last.
    pub finalists: Option<Finalists>,
    pub library: Library,
    /// The first row on the screen.
    pub offset: usize,
    /// The first layer on the screen.
    pub detail_offset: usize,
    pub notice: Option<Notice>,
    /// How the chunks stand, where the run is on a cluster.
    pub chunks: Option<States>,
    /// The jobs are cancelled if the next key asks for it again.
    asks_to_cancel: bool,
    /// The selection follows the first row until the user moves it.
    has_moved: bool,
    /// Scores came in since the rows were arranged, which is done once a frame.
    is_stale: bool,
    /// The time spent scoring when they were.
    arranged: Duration,
}

/// From so many candidates on the rows are not arranged anew for every frame with scores,
const MANY: usize = 2000;
/// ... but when so much time has passed.
const BETWEEN_MANY: Duration = Duration::from_millis(300);

impl App {
    #[must_use]
    pub fn new(study: Study, size: Size) -> Self {
        let columns = columns(&study);
        let mut app = Self {
            study,
            size,
            phase: Phase::Scoring,
            elapsed: Duration::ZERO,
            view: View::Ranking,
            mode: Mode::Browse,
            keymap: Keymap::default(),
            has_mouse: false,
            filter: Input::default(),
            columns,
            sort: 0,
            descending: false,
            frozen: false,
            show_detail: true,
            ranking: Vec::new(),
            rows: Vec::new(),
            agreement: None,
            selected: None,
            marked: Vec::new(),
            spectra: Known::default(),
            draft: None,
            finalists: None,
            library: Library::new(),
            offset: 0,
            detail_offset: 0,
            notice: None,
            chunks: None,
            asks_to_cancel: false,
            has_moved: false,
            is_stale: false,
            arranged: Duration::ZERO,
        };
        app.arrange();
        app.settle();
        app
    }

    /// Takes a message in and says what is to be done.
    pub fn update(&mut self, message: Message) -> Option<Effect> {
        let effect = match message {
            Message::Key(key) if key.kind == KeyEventKind::Release => None,
            Message::Key(key) => self.key(key),
            Message::Mouse(mouse) => self.mouse(mouse),
            Message::Paste(text) => {
                self.paste(&text);
                None
            }
            Message::Resized(size) => {
                self.size = size;
                None
            }
            Message::Scored(progress) => {
                for Progress { candidate, repetition, result } in progress {
                    self.study.record(candidate, repetition, result);
                }
                self.is_stale = true;
                None
            }
            Message::Ended => {
                self.phase = Phase::Done;
                None
            }
            Message::Frame(elapsed) => {
                self.elapsed = elapsed;
                if self.is_stale && self.is_due() {
                    self.arrange();
                }
                None
            }
            Message::Written(written) => {
                self.written(written);
                None
            }
            Message::Noted(notice) => {
                self.notice = Some(notice);
                None
            }
            Message::Training(news) => {
                let begins = matches!(&news, TrainingNews::Progress(crate::training::Progress::Point { .. }));
                if let Some(finalists) = &mut self.finalists {
                    finalists.take(news, &mut self.study);
                }
                // The first values bring their column in.
                if begins && self.columns.iter().all(|column| column.title != "trained") {
                    let sorted = self.columns[self.sort].title;
                    self.columns = columns(&self.study);
                    self.sort = self.columns.iter().position(|column| column.title == sorted).unwrap_or(0);
                }
                self.is_stale = true;
                None
            }
            Message::Chunks(states) => {
                self.chunks = Some(states);
                None
            }
            Message::Found(entries) => {
                self.library.entries = Some(entries);
                self.library.go(|at| at);
                None
            }
            Message::Opened(opened) => {
                match opened {
                    Ok(study) => self.open(*study),
                    Err(reason) => self.notice = Some(Notice { text: reason, is_error: true }),
                }
                None
            }
            Message::Copied(copied) => {
                let is_error = copied.is_err();
                self.notice = Some(Notice { text: copied.unwrap_or_else(|e| e), is_error });
                None
            }
            Message::Inspected(candidate, spectra) => {
                self.spectra.put(candidate, spectra);
                None
            }
            Message::Sized(ticket, news) => {
                if let Mode::Sizes(sizes) = &mut self.mode {
                    sizes.take(ticket, news);
                }
                None
            }
        };
        self.settle();
        effect.or_else(|| self.inspect())
    }

    /// Asks for the spectra that the view shows and does not have.
    fn inspect(&mut self) -> Option<Effect> {
        let View::Candidate(_) = self.view else { return None };
        let shown = self.selected.into_iter().chain(self.beside());
        let missing = shown.into_iter().find(|id| !self.spectra.is_asked(*id))?;
        self.spectra.ask(missing);
        Some(Effect::Inspect(missing))
    }

    /// The candidate to compare the selected one with: of those marked, the latest other one.
    #[must_use]
    pub fn beside(&self) -> Option<usize> {
        self.marked.iter().rev().copied().find(|id| Some(*id) != self.selected)
    }

    fn key(&mut self, key: KeyEvent) -> Option<Effect> {
        self.notice = None;
        let action = self.keymap.lookup(self.context(), &key);
        self.asks_to_cancel &= action == Some(Action::CancelJobs);
        match action {
            Some(action @ (Action::Interrupt | Action::Suspend | Action::Redraw)) => self.act(action),
            action => match &mut self.mode {
                Mode::Browse => self.act(action?),
                Mode::Filter { .. } => {
                    self.on_filter(action, key);
                    None
                }
                Mode::Help { .. } => {
                    self.on_help(action?);
                    None
                }
                Mode::Palette(_) => self.on_palette(action, key),
                Mode::Prompt(_) => self.on_prompt(action, key),
                Mode::Export(dialog) => match action {
                    Some(Action::Copy) => dialog.preview.clone().ok().map(Effect::Copy),
                    Some(Action::Close) => {
                        self.mode = Mode::Browse;
                        None
                    }
                    action => dialog.key(action, key, &self.study),
                },
                Mode::Sizes(sizes) => match action? {
                    Action::Close => {
                        let stop = sizes.stop();
                        self.mode = Mode::Browse;
                        Some(stop)
                    }
                    action => sizes.act(action),
                },
            },
        }
    }

    #[must_use]
    pub fn context(&self) -> Context {
        match self.mode {
            Mode::Browse => self.view.context(),
            Mode::Filter { .. } => Context::Filter,
            Mode::Help { .. } => Context::Help,
            Mode::Export(_) => Context::Export,
            Mode::Sizes(_) => Context::Sizes,
            Mode::Palette(_) => Context::Palette,
            Mode::Prompt(_) => Context::Prompt,
        }
    }

    /// Shows another study in the place of this one. What the user set of the screen stays.
    fn open(&mut self, study: Study) {
        let candidate = self.selected.map(|id| self.study.candidate(id).clone());
        let find = |study: &Study| {
            let wanted = candidate.as_ref()?;
            let same = |c: &&crate::space::Candidate| {
                (&c.architecture, &c.activation, &c.init) == (&wanted.architecture, &wanted.activation, &wanted.init)
            };
            study.space.candidates.iter().find(same).map(|c| c.id)
        };
        let found = find(&study);
        let mut new = Self::new(study, self.size);
        new.keymap = std::mem::take(&mut self.keymap);
        new.filter = std::mem::take(&mut self.filter);
        (new.has_mouse, new.show_detail) = (self.has_mouse, self.show_detail);
        *self = new;
        self.arrange();
        if let Some(found) = found.filter(|id| self.rows.iter().any(|row| row.candidate == *id)) {
            self.select(Some(found));
        }
        let (done, total) = (self.study.tally().done, self.study.tally().total);
        self.say(format!("{done} of {total} scores were there already"));
    }

    /// Tells the user something, until the next key.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_error: false });
    }

    /// Time until all is scored, as far as one can tell.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let tally = self.study.tally();
        if tally.done == 0 || self.phase == Phase::Done {
            return None;
        }
        let share = (tally.total - tally.done) as f64 / tally.done as f64;
        Duration::try_from_secs_f64(self.elapsed.as_secs_f64() * share).ok()
    }
}
