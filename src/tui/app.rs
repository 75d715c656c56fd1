//! The state of the screen, and how messages change it. No input or output here, and no clock.

use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{Event, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect, Size};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::candidate::{Inspection, Known, Spectra};
use super::column::{Column, Value, columns};
use super::draft::Draft;
use super::export_dialog::ExportDialog;
use super::finalists::{Finalists, TrainingNews};
use super::keymap::{Action, Context, Keymap};
use super::library::{Entry, Library};
use super::matrix::{Grid, Matrix};
use super::palette::Palette;
use super::sizes::{SizeNews, SizeRequest, Sizes, Ticket};
use super::view;
use crate::export::{self, Format};
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

    /// A click does what the key for that place does; the wheel moves up and down.
    fn mouse(&mut self, mouse: MouseEvent) -> Option<Effect> {
        let action = match mouse.kind {
            MouseEventKind::ScrollUp => Action::Up,
            MouseEventKind::ScrollDown => Action::Down,
            MouseEventKind::Down(MouseButton::Left) => return self.click(Position::new(mouse.column, mouse.row)),
            _ => return None,
        };
        match &mut self.mode {
            Mode::Browse => self.act(action),
            Mode::Help { .. } => {
                self.on_help(action);
                None
            }
            Mode::Palette(palette) => {
                let count = palette.found(&self.keymap, self.view.context()).len();
                palette.step(count, action == Action::Down);
                None
            }
            Mode::Filter { .. } | Mode::Export(_) | Mode::Sizes(_) | Mode::Prompt(_) => None,
        }
    }

    fn click(&mut self, at: Position) -> Option<Effect> {
        self.notice = None;
        let Mode::Browse = self.mode else { return None };
        match view::target(self, at)? {
            view::Target::Hint(action) => return self.act(action),
            view::Target::Column(column) if column == self.sort => self.reverse(),
            view::Target::Column(column) => self.sort_by(column),
            // A second click opens what the first selected.
            view::Target::Candidate(id) if Some(id) == self.selected => return self.act(Action::Inspect),
            view::Target::Candidate(id) => self.select(Some(id)),
        }
        None
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

    /// What does the same in every view, and the rest by view.
    fn act(&mut self, action: Action) -> Option<Effect> {
        match action {
            Action::Interrupt => return Some(Effect::Interrupt),
            Action::Suspend => return Some(Effect::Suspend),
            Action::Redraw => return Some(Effect::Redraw),
            Action::NextTheme => return Some(Effect::NextTheme),
            Action::ToggleMouse => {
                self.has_mouse = !self.has_mouse;
                self.say(match self.has_mouse {
                    true => "the mouse selects, sorts and scrolls; with Shift it is the terminal's",
                    false => "the mouse is the terminal's",
                });
                return Some(Effect::SetMouse(self.has_mouse));
            }
            Action::Palette => self.mode = Mode::Palette(Palette::default()),
            Action::Copy => match self.selected.map(|id| export::render(&self.study, id, Format::Yaml)) {
                Some(Ok(text)) => return Some(Effect::Copy(text)),
                Some(Err(error)) => self.notice = Some(Notice { text: error.to_string(), is_error: true }),
                None => self.say("no candidate is selected"),
            },
            Action::Quit => return Some(Effect::Quit),
            Action::GoToBest => match self.study.recommended() {
                Some((best, _)) if self.rows.iter().any(|r| r.candidate == best) => self.select(Some(best)),
                Some(_) => self.say("the filter hides the recommended candidate"),
                None => {
                    let why = self.study.no_recommendation();
                    self.say(why.unwrap_or_else(|| "no candidate has a score yet".to_owned()));
                }
            },
            Action::ToggleGuard => {
                let guard = !self.study.has_guard();
                self.study.set_guard(guard);
                self.say(match guard {
                    true => "recommended is the highest NEAR among candidates that will train",
                    false => "recommended is the highest NEAR, whether it will train or not",
                });
            }
            Action::Pause => return self.pause(),
            Action::Export => match self.selected {
                Some(candidate) => self.mode = Mode::Export(ExportDialog::new(&self.study, candidate)),
                None => self.say("no candidate is selected"),
            },
            Action::ToggleDetail => self.show_detail = !self.show_detail,
            Action::DetailUp => self.detail_offset = self.detail_offset.saturating_sub(1),
            Action::DetailDown => self.detail_offset += 1,
            Action::Help => self.mode = Mode::Help { scroll: 0 },
            Action::Sizes => match self.selected.and_then(|candidate| Sizes::new(&self.study, candidate)) {
                Some((sizes, effect)) => {
                    self.mode = Mode::Sizes(sizes);
                    return Some(effect);
                }
                None => self.say("this network has no layer whose size can be chosen"),
            },
            Action::Matrix => match self.selected.and_then(|candidate| Grid::around(&self.study, candidate)) {
                Some(_) => self.view = View::Matrix(Matrix::default()),
                None => self.say("a matrix needs activations and initializations to compare"),
            },
            Action::Inspect => match self.selected {
                Some(_) => self.view = View::Candidate(Inspection::default()),
                None => self.say("no candidate is selected"),
            },
            Action::Train => {
                let is_new = self.finalists.as_ref().is_none_or(|finalists| finalists.has_ended);
                let came_back = self.view != View::Training;
                self.view = View::Training;
                let wanted = Finalists::choose(&self.study, &self.marked);
                let is_same = self.finalists.as_ref().is_some_and(|f| f.candidates == wanted && f.error.is_none());
                if !is_new || (came_back && is_same) {
                    return None;
                }
                if wanted.is_empty() {
                    self.view = View::Ranking;
                    self.say("no candidate can be trained yet");
                    return None;
                }
                self.finalists = Some(Finalists::new(wanted.clone()));
                return Some(Effect::Train(wanted));
            }
            Action::Library => {
                self.view = View::Library;
                return Some(Effect::FindPresets);
            }
            Action::StopTraining => return Some(Effect::StopTraining),
            Action::Space => {
                let preset = &self.study.space.preset;
                self.draft.get_or_insert_with(|| Draft::new(preset));
                self.view = View::Space;
            }
            Action::Mark => self.mark(),
            Action::ClearMarks => self.marked.clear(),
            Action::Close => self.view = View::Ranking,
            action => match &mut self.view {
                View::Ranking => self.on_ranking(action),
                View::Space => return self.on_space(action),
                View::Training => self.on_training(action),
                View::Library => return self.on_library(action),
                View::Candidate(inspection) => {
                    let last = self.selected.map_or(0, |id| self.study.effective_ranks(id).len().saturating_sub(1));
                    let layer = inspection.layer.min(last);
                    inspection.layer = match action {
                        Action::Up => layer.saturating_sub(1),
                        Action::Down => (layer + 1).min(last),
                        Action::First => 0,
                        Action::Last => last,
                        _ => layer,
                    };
                    match action {
                        Action::Left => self.go(|at, _| at.saturating_sub(1)),
                        Action::Right => self.go(|at, _| at + 1),
                        _ => {}
                    }
                }
                View::Matrix(matrix) => match action {
                    Action::More => matrix.turn(&self.columns, true),
                    Action::Less => matrix.turn(&self.columns, false),
                    Action::Up => self.step(-1, 0),
                    Action::Down => self.step(1, 0),
                    Action::Left => self.step(0, -1),
                    Action::Right => self.step(0, 1),
                    Action::First => self.step(0, isize::MIN),
                    Action::Last => self.step(0, isize::MAX),
                    _ => {}
                },
            },
        }
        None
    }

    /// Marks the selected candidate, or takes the mark away.
    fn mark(&mut self) {
        let Some(id) = self.selected else { return };
        match self.marked.iter().position(|marked| *marked == id) {
            Some(place) => {
                self.marked.remove(place);
            }
            None => self.marked.push(id),
        }
        if self.view == View::Ranking {
            self.go(|at, _| at + 1);
        }
    }

    /// Selects the candidate so many cells away. One that the filter hides is shown again.
    fn step(&mut self, down: isize, right: isize) {
        let Some(from) = self.selected else { return };
        let to = Grid::around(&self.study, from).and_then(|grid| grid.step(from, down, right));
        if to.is_some_and(|to| self.rows.iter().all(|row| row.candidate != to)) {
            self.set_filter(String::new());
            self.say("the filter is cleared: it hid this candidate");
        }
        self.select(to);
    }

    fn on_ranking(&mut self, action: Action) {
        let page = self.layout().table_rows().max(1);
        match action {
            Action::Up => self.go(|at, _| at.saturating_sub(1)),
            Action::Down => self.go(|at, _| at + 1),
            Action::PageUp => self.go(|at, _| at.saturating_sub(page)),
            Action::PageDown => self.go(|at, _| at + page),
            Action::First => self.go(|_, _| 0),
            Action::Last => self.go(|_, last| last),
            Action::SortBy(column) if column == self.sort => self.reverse(),
            Action::SortBy(column) => self.sort_by(column),
            Action::SortLeft => self.sort_by((self.sort + self.columns.len() - 1) % self.columns.len()),
            Action::SortRight => self.sort_by((self.sort + 1) % self.columns.len()),
            Action::Reverse => self.reverse(),
            Action::Filter => self.mode = Mode::Filter { before: self.filter.value().to_owned() },
            Action::ClearFilter => self.set_filter(String::new()),
            Action::Freeze => {
                self.frozen = !self.frozen;
                self.say(if self.frozen { "rows keep their places" } else { "rows move again" });
                self.arrange();
            }
            _ => {}
        }
    }

    fn on_filter(&mut self, action: Option<Action>, key: KeyEvent) {
        match (action, &self.mode) {
            (Some(Action::Accept), _) => self.mode = Mode::Browse,
            (Some(Action::Close), Mode::Filter { before }) => {
                let before = before.clone();
                self.mode = Mode::Browse;
                self.set_filter(before);
            }
            _ => {
                self.filter.handle_event(&Event::Key(key));
                self.arrange();
            }
        }
    }

    fn on_space(&mut self, action: Action) -> Option<Effect> {
        let page = usize::from(self.size.height / 2).max(1);
        let draft = self.draft.as_mut()?;
        let done = match action {
            Action::Up => {
                draft.go(|at| at.saturating_sub(1));
                Ok(())
            }
            Action::Down => {
                draft.go(|at| at + 1);
                Ok(())
            }
            Action::PageUp => {
                draft.go(|at| at.saturating_sub(page));
                Ok(())
            }
            Action::PageDown => {
                draft.go(|at| at + page);
                Ok(())
            }
            Action::First => {
                draft.go(|_| 0);
                Ok(())
            }
            Action::Last => {
                draft.go(|_| usize::MAX);
                Ok(())
            }
            Action::Toggle => draft.toggle(),
            Action::More => draft.step(true),
            Action::Less => draft.step(false),
            Action::Undo if !draft.undo() => Err("there is nothing to take back".to_owned()),
            Action::Redo if !draft.redo() => Err("nothing was taken back".to_owned()),
            Action::Edit => {
                let text = Input::new(draft.text());
                self.mode = Mode::Prompt(Prompt { asks: Asks::Line, text });
                Ok(())
            }
            Action::SaveDraft => {
                let text = Input::new("preset.yaml".to_owned());
                self.mode = Mode::Prompt(Prompt { asks: Asks::Path, text });
                Ok(())
            }
            Action::ScoreDraft if !draft.is_changed() => Err("nothing is changed".to_owned()),
            Action::ScoreDraft => match draft.checked() {
                Ok(_) => {
                    let mut preset = draft.preset.clone();
                    preset.source_of(&self.study.space.preset);
                    return Some(Effect::Open(Box::new(preset)));
                }
                Err(error) => Err(error.to_string()),
            },
            _ => Ok(()),
        };
        if let Err(reason) = done {
            self.notice = Some(Notice { text: reason, is_error: true });
        }
        None
    }

    fn on_library(&mut self, action: Action) -> Option<Effect> {
        let page = usize::from(self.size.height / 2).max(1);
        match action {
            Action::Up => self.library.go(|at| at.saturating_sub(1)),
            Action::Down => self.library.go(|at| at + 1),
            Action::PageUp => self.library.go(|at| at.saturating_sub(page)),
            Action::PageDown => self.library.go(|at| at + page),
            Action::First => self.library.go(|_| 0),
            Action::Last => self.library.go(|_| usize::MAX),
            Action::OpenPreset => match &self.library.chosen()?.preset {
                Ok(preset) => return Some(Effect::Open(preset.clone())),
                Err(problem) => self.notice = Some(Notice { text: problem.clone(), is_error: true }),
            },
            _ => {}
        }
        None
    }

    fn on_training(&mut self, action: Action) {
        let Some(finalists) = &mut self.finalists else { return };
        let last = finalists.candidates.len().saturating_sub(1);
        finalists.line = match action {
            Action::Up => finalists.line.saturating_sub(1),
            Action::Down => finalists.line + 1,
            Action::First => 0,
            Action::Last => last,
            _ => finalists.line,
        }
        .min(last);
        if let Some(chosen) = finalists.chosen().filter(|id| self.rows.iter().any(|row| row.candidate == *id)) {
            self.select(Some(chosen));
        }
    }

    fn on_prompt(&mut self, action: Option<Action>, key: KeyEvent) -> Option<Effect> {
        let Mode::Prompt(prompt) = &mut self.mode else { return None };
        match action {
            Some(Action::Close) => self.mode = Mode::Browse,
            Some(Action::Accept) => {
                let (asks, text) = (prompt.asks, prompt.text.value().to_owned());
                let draft = self.draft.as_mut()?;
                if asks == Asks::Line {
                    match draft.write(&text) {
                        Ok(()) => self.mode = Mode::Browse,
                        Err(reason) => self.notice = Some(Notice { text: reason, is_error: true }),
                    }
                    return None;
                }
                let path = PathBuf::from(text.trim());
                let is_path = !path.as_os_str().is_empty();
                return is_path.then(|| Effect::Write {
                    path,
                    text: draft.preset.to_yaml(),
                    replace: asks == Asks::Replace,
                });
            }
            _ => {
                prompt.text.handle_event(&Event::Key(key));
                if prompt.asks == Asks::Replace {
                    prompt.asks = Asks::Path;
                }
            }
        }
        None
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

    fn on_palette(&mut self, action: Option<Action>, key: KeyEvent) -> Option<Effect> {
        let Mode::Palette(palette) = &mut self.mode else { return None };
        let found = palette.found(&self.keymap, self.view.context());
        match action {
            Some(Action::Close) => self.mode = Mode::Browse,
            Some(Action::Up) => palette.step(found.len(), false),
            Some(Action::Down) => palette.step(found.len(), true),
            Some(Action::Accept) => {
                let chosen = found.get(palette.chosen.min(found.len().saturating_sub(1)));
                let action = chosen.map(|line| line.binding.action)?;
                self.mode = Mode::Browse;
                return self.act(action);
            }
            _ => {
                palette.words.handle_event(&Event::Key(key));
                palette.chosen = 0;
            }
        }
        None
    }

    fn on_help(&mut self, action: Action) {
        let Mode::Help { scroll } = &mut self.mode else { return };
        let (last, page) = view::help::extent(self.size, self.view, &self.keymap, &self.columns);
        *scroll = match action {
            Action::Close => {
                self.mode = Mode::Browse;
                return;
            }
            Action::Up => scroll.saturating_sub(1),
            Action::Down => *scroll + 1,
            Action::PageUp => scroll.saturating_sub(page),
            Action::PageDown => *scroll + page,
            Action::First => 0,
            Action::Last => last,
            _ => *scroll,
        }
        .min(last);
    }

    fn paste(&mut self, text: &str) {
        let clean: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
        let input = match &mut self.mode {
            Mode::Filter { .. } => &mut self.filter,
            Mode::Export(dialog) => &mut dialog.path,
            Mode::Palette(palette) => &mut palette.words,
            Mode::Prompt(prompt) => &mut prompt.text,
            Mode::Browse | Mode::Help { .. } | Mode::Sizes(_) => return,
        };
        for c in clean.chars() {
            input.handle(tui_input::InputRequest::InsertChar(c));
        }
        self.arrange();
    }

    fn written(&mut self, written: Written) {
        match written {
            Written::Done(path) => {
                self.mode = Mode::Browse;
                self.say(format!("written to {}", crate::preset::printable(&path.display().to_string())));
            }
            Written::Exists => match &mut self.mode {
                Mode::Export(dialog) => dialog.confirm = true,
                Mode::Prompt(prompt) => prompt.asks = Asks::Replace,
                _ => {}
            },
            Written::Failed(reason) => self.notice = Some(Notice { text: reason, is_error: true }),
        }
    }

    /// Tells the user something, until the next key.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_error: false });
    }

    fn pause(&mut self) -> Option<Effect> {
        self.phase = match self.phase {
            Phase::Scoring => Phase::Paused,
            Phase::Paused => Phase::Scoring,
            Phase::Done => {
                self.say("all is scored, there is nothing to pause");
                return None;
            }
        };
        Some(Effect::SetPaused(self.phase == Phase::Paused))
    }

    fn sort_by(&mut self, column: usize) {
        let Some(found) = self.columns.get(column) else {
            return self.say(format!("there are {} columns", self.columns.len()));
        };
        self.sort = column;
        self.descending = found.largest_first;
        self.resort();
    }

    fn reverse(&mut self) {
        self.descending = !self.descending;
        self.resort();
    }

    /// The user asked for an order, so frozen rows move this once.
    fn resort(&mut self) {
        let frozen = std::mem::replace(&mut self.frozen, false);
        self.arrange();
        self.frozen = frozen;
    }

    fn set_filter(&mut self, text: String) {
        self.filter = Input::new(text);
        self.arrange();
    }

    /// Place of the selected row.
    #[must_use]
    pub fn selected_row(&self) -> Option<usize> {
        self.rows.iter().position(|r| Some(r.candidate) == self.selected)
    }

    fn go(&mut self, to: impl Fn(usize, usize) -> usize) {
        let Some(last) = self.rows.len().checked_sub(1) else { return };
        let row = to(self.selected_row().unwrap_or(0), last).min(last);
        self.select(Some(self.rows[row].candidate));
        self.has_moved = row > 0;
    }

    fn select(&mut self, candidate: Option<usize>) {
        if self.selected != candidate {
            self.selected = candidate;
            self.detail_offset = 0;
        }
        self.has_moved = true;
    }

    /// Whether the rows may be arranged for new scores: thousands of them only so often, so that keys do not wait.
    fn is_due(&self) -> bool {
        let many = self.study.space.candidates.len() > MANY;
        !many || self.phase != Phase::Scoring || self.elapsed >= self.arranged + BETWEEN_MANY
    }

    /// Filters and sorts the rows. The selection stays on its candidate.
    fn arrange(&mut self) {
        self.is_stale = false;
        self.arranged = self.elapsed;
        self.agreement = self.study.agreement();
        let terms = Terms::new(self.filter.value());
        self.ranking = self.study.ranking();
        let mut rows = self.ranking.clone();
        rows.retain(|row| terms.admit(&self.study, row.candidate));
        if self.frozen {
            let places: std::collections::HashMap<_, _> =
                self.rows.iter().enumerate().map(|(place, row)| (row.candidate, place)).collect();
            rows.sort_by_key(|row| places.get(&row.candidate).copied().unwrap_or(usize::MAX));
        } else if self.sort != 0 || self.descending {
            let value = self.columns[self.sort].value;
            let mut keyed: Vec<(Value, Ranked)> = rows.into_iter().map(|row| (value(&self.study, &row), row)).collect();
            keyed.sort_by(|a, b| a.0.compare(&b.0, self.descending));
            rows = keyed.into_iter().map(|(_, row)| row).collect();
        }
        self.rows = rows;
        let is_there = self.selected_row().is_some();
        if !is_there || !self.has_moved {
            self.selected = self.rows.first().map(|row| row.candidate);
            self.has_moved &= is_there;
        }
    }

    /// Keeps what is scrolled within its bounds and the selection on the screen.
    fn settle(&mut self) {
        let layout = self.layout();
        let (height, count) = (layout.table_rows().max(1), self.rows.len());
        let row = self.selected_row().unwrap_or(0);
        let least = (row + 1).saturating_sub(height);
        self.offset = self.offset.clamp(least, row.max(least)).min(count.saturating_sub(height));
        let layers = self.selected.map_or(0, |id| self.study.effective_ranks(id).len());
        self.detail_offset = self.detail_offset.min(layers.saturating_sub(layout.detail_rows()));
    }

    fn layout(&self) -> view::Layout {
        view::Layout::of(self, Rect::from((Position::ORIGIN, self.size)))
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

/// A filter: words that must occur, and words after a minus that must not.
struct Terms {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl Terms {
    fn new(filter: &str) -> Self {
        let filter = filter.to_lowercase();
        let (unwanted, wanted): (Vec<&str>, Vec<&str>) = filter.split_whitespace().partition(|w| w.starts_with('-'));
        let unwanted = unwanted.iter().map(|w| w[1..].to_owned()).filter(|w| !w.is_empty());
        Self { wanted: wanted.into_iter().map(str::to_owned).collect(), unwanted: unwanted.collect() }
    }

    fn admit(&self, study: &Study, id: usize) -> bool {
        if self.wanted.is_empty() && self.unwanted.is_empty() {
            return true;
        }
        let candidate = study.candidate(id);
        let status = study.status(id).name();
        let verdict = study.trainability(id).map_or("", |t| t.verdict.name());
        let text = format!("{candidate} {status} {verdict}").to_lowercase();
        self.wanted.iter().all(|w| text.contains(w)) && !self.unwanted.iter().any(|w| text.contains(w))
    }
}
