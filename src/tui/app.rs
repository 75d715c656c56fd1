//! The state of the screen, and how messages change it. No input or output here, and no clock.

mod message;
mod mode;
mod mouse;
mod rows;
mod texts;
mod views;
mod windows;

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::Size;
use tui_input::Input;

use super::candidate::Known;
use super::column::{Column, columns};
use super::draft::Draft;
use super::finalists::{Finalists, TrainingNews};
use super::keymap::{Action, Context, Keymap};
use super::library::Library;
use super::matrix::Matrix;
use super::terminal::Stop;
use crate::cluster::states::States;
use crate::run::studies::count;
use neartop_study::scheduler::Progress;
use neartop_study::store::Summary;
use neartop_study::study::{Agreement, Ranked, Study};

pub use message::{Effect, Message, Notice, Written};
pub use mode::{Asks, Help, Mode, Phase, Prompt, View};
pub use rows::Standings;
pub use texts::Texts;

/// Stands for the key where the mouse did what a key does.
const NO_KEY: KeyEvent = KeyEvent::new(KeyCode::Null, KeyModifiers::NONE);

/// The state of the screen.
pub struct App {
    /// Shared with who ranks it.
    pub study: Arc<Study>,
    pub size: Size,
    pub phase: Phase,
    pub elapsed: Duration,
    /// Since the app began.
    pub now: Duration,
    pub view: View,
    pub mode: Mode,
    pub keymap: Keymap,
    /// Whether the program has the mouse.
    pub has_mouse: bool,
    pub filter: Input,
    /// Titles of the columns that the user settled; all where there are none.
    wanted_columns: Vec<String>,
    pub texts: Texts,
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
    /// Places among the rows by candidate.
    places: Vec<Option<usize>>,
    /// Of NEAR with known values, where there are some.
    pub agreement: Option<Agreement>,
    /// The recommended candidate, or why there is none.
    pub advice: Result<usize, String>,
    /// The selected candidate.
    pub selected: Option<usize>,
    /// Candidates that the user marked, in the order of marking.
    pub marked: Vec<usize>,
    pub spectra: Known,
    /// What the matrix shows, whenever it is looked at.
    pub matrix: Matrix,
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
    /// What would lose something, and was asked for once; and what it would lose.
    asked: Option<(Action, String)>,
    /// The key of the study on disk that this run is recorded in.
    pub recorded: Option<String>,
    /// How the chunks stand, where the run is on a cluster.
    pub chunks: Option<States>,
    /// The selection follows the first row until the user moves it.
    has_moved: bool,
    /// Scores came in since the candidates were ranked, which is done once a frame.
    is_stale: bool,
    /// The time spent scoring when they were.
    ranked: Duration,
    /// Whether they are being ranked,
    is_ranking: bool,
    /// ... and what came in meanwhile.
    late: Vec<Progress>,
}

/// From so many candidates on they are not ranked anew for every frame with scores, nor between two keys,
const MANY: usize = 2000;
/// ... but when so much time has passed.
const BETWEEN_MANY: Duration = Duration::from_millis(300);

impl App {
    #[must_use]
    pub fn new(study: Study, size: Size) -> Self {
        let columns = columns(&study);
        let texts = Texts::of(&study, &columns);
        let mut app = Self {
            study: Arc::new(study),
            size,
            phase: Phase::Scoring,
            elapsed: Duration::ZERO,
            now: Duration::ZERO,
            view: View::Ranking,
            mode: Mode::Browse,
            keymap: Keymap::default(),
            has_mouse: false,
            filter: Input::default(),
            wanted_columns: Vec::new(),
            texts,
            columns,
            sort: 0,
            descending: false,
            frozen: false,
            show_detail: true,
            ranking: Vec::new(),
            rows: Vec::new(),
            places: Vec::new(),
            agreement: None,
            advice: Err(String::new()),
            selected: None,
            marked: Vec::new(),
            spectra: Known::default(),
            matrix: Matrix::default(),
            draft: None,
            finalists: None,
            library: Library::new(),
            offset: 0,
            detail_offset: 0,
            notice: None,
            asked: None,
            recorded: None,
            chunks: None,
            has_moved: false,
            is_stale: false,
            ranked: Duration::ZERO,
            is_ranking: false,
            late: Vec::new(),
        };
        app.take_standings(Standings::of(&app.study));
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
            Message::Stop(Stop::Wanted) => Some(Effect::Suspend),
            Message::Stop(Stop::Over) => Some(Effect::GoOn),
            Message::Scored(progress) => {
                self.record(progress);
                None
            }
            Message::Ranked(standings) => {
                self.take_standings(*standings);
                None
            }
            Message::Ended => {
                self.phase = Phase::Done;
                None
            }
            Message::Frame(elapsed) => {
                self.elapsed = elapsed;
                (self.is_stale && self.is_due()).then(|| self.rank()).flatten()
            }
            Message::Written(written) => {
                self.written(written);
                None
            }
            Message::Noted(notice) => {
                self.notice = Some(notice);
                None
            }
            Message::Tick(now) => {
                self.now = now;
                None
            }
            Message::Training(news) => {
                let has_ended = matches!(news, TrainingNews::Ended);
                let begins = matches!(&news, TrainingNews::Progress(neartop_study::training::Progress::Point { .. }));
                if let Some(finalists) = &mut self.finalists {
                    finalists.take(news, Arc::make_mut(&mut self.study), self.now);
                }
                // The first values bring their column in.
                if begins && self.columns.iter().all(|column| column.title != "trained") {
                    self.choose_columns();
                }
                self.is_stale = true;
                // A line that is being written is not covered.
                if matches!(self.mode, Mode::Browse) {
                    self.tell_of_training();
                }
                has_ended.then_some(Effect::KeepTraining)
            }
            Message::Chunks(states) => {
                self.chunks = Some(states);
                None
            }
            Message::Deleted(deleted) => {
                let is_error = deleted.is_err();
                self.notice = Some(Notice { text: deleted.unwrap_or_else(|e| e), is_error });
                // What is there now, also where another program has deleted it.
                Some(Effect::FindPresets(self.library.folder.clone()))
            }
            Message::Found(entries) => {
                self.library.show(entries);
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
                    sizes.take(ticket, news, self.now)
                } else {
                    None
                }
            }
        };
        self.settle();
        effect.or_else(|| self.inspect())
    }

    /// How a training came out that has just ended, in the place of what was said when it began.
    fn tell_of_training(&mut self) {
        let Some(finalists) = self.finalists.as_ref().filter(|finalists| finalists.has_ended) else { return };
        let best =
            finalists.results.as_ref().and_then(|results| Some((results.best()?.candidate, results.best()?.judged()?)));
        match (&finalists.error, best) {
            (Some(reason), _) => self.warn(format!("training: {reason}")),
            (None, Some((candidate, judged))) => {
                let (name, quality) = (finalists.quality_name(), judged.quality);
                self.say(format!(
                    "training has ended, best is {}: {name} {quality:.4}",
                    self.study.candidate(candidate)
                ));
            }
            (None, None) => self.say("training has ended"),
        }
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
        self.perform(action, key)
    }

    /// Does what is asked for where the keys go. Text that is written comes as a key without an action.
    fn perform(&mut self, action: Option<Action>, key: KeyEvent) -> Option<Effect> {
        let asked = self.asked.take();
        if let Some(action) = action
            && let Some(loss) = self.loss(action)
            && asked.as_ref() != Some(&(action, loss.clone()))
        {
            self.warn(loss.clone());
            self.asked = Some((action, loss));
            return None;
        }
        match action {
            Some(action @ (Action::Interrupt | Action::Suspend | Action::Redraw)) => self.act(action),
            action => match &mut self.mode {
                Mode::Browse => self.act(action?),
                Mode::Filter { .. } => {
                    self.on_filter(action, key);
                    None
                }
                Mode::Help(_) => {
                    self.on_help(action, key);
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
                Mode::Sizes(_) => self.on_sizes(action, key),
            },
        }
    }

    /// What an action would lose that cannot be had back, and how to do it all the same.
    fn loss(&self, action: Action) -> Option<String> {
        if action == Action::CancelJobs && self.chunks.is_some() && self.phase != Phase::Done {
            return Some(format!("{} ends all jobs of this run; what they have scored stays", self.again(action)));
        }
        if action == Action::DeleteStudy {
            let study = self.library.chosen()?.study.as_ref().filter(|study| !self.is_own(study))?;
            let (id, name, count) = (study.id, &study.name, count(study));
            return Some(format!("{} deletes study {id}, {name}: {count}", self.again(action)));
        }
        let leaves = matches!(action, Action::Quit | Action::OpenPreset);
        if !matches!(self.mode, Mode::Browse) || !(leaves || action == Action::ScoreDraft) {
            return None;
        }
        let loss = if leaves && self.draft.as_ref().is_some_and(Draft::is_unsaved) {
            "the changed search is neither scored nor saved"
        } else if self.finalists.as_ref().is_some_and(|finalists| !finalists.has_ended) {
            "training is not over"
        } else {
            return None;
        };
        Some(format!("{loss}: {} goes on without it", self.again(action)))
    }

    /// How what was asked about once is confirmed: `D again`.
    fn again(&self, action: Action) -> String {
        let key = self.keymap.label(self.view.context(), action);
        format!("{} again", if key.is_empty() { "the same".to_owned() } else { key })
    }

    /// Whether a study on disk is the one that this run is recorded in.
    #[must_use]
    pub fn is_own(&self, study: &Summary) -> bool {
        self.recorded.as_ref() == Some(&study.key)
    }

    #[must_use]
    pub fn context(&self) -> Context {
        match self.mode {
            Mode::Browse => self.view.context(),
            Mode::Filter { .. } => Context::Filter,
            Mode::Help(ref help) if help.is_typing => Context::Filter,
            Mode::Help(_) => Context::Help,
            Mode::Export(_) => Context::Export,
            Mode::Sizes(ref sizes) if sizes.prompt.is_some() => Context::Prompt,
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
            let same = |c: &&neartop_study::space::Candidate| {
                (&c.architecture, &c.activation, &c.init) == (&wanted.architecture, &wanted.activation, &wanted.init)
            };
            study.space.candidates.iter().find(same).map(|c| c.id)
        };
        let found = find(&study);
        let mut new = Self::new(study, self.size);
        new.keymap = std::mem::take(&mut self.keymap);
        new.filter = std::mem::take(&mut self.filter);
        (new.has_mouse, new.show_detail, new.now) = (self.has_mouse, self.show_detail, self.now);
        new.matrix = self.matrix;
        new.wanted_columns = std::mem::take(&mut self.wanted_columns);
        new.library.folder = std::mem::take(&mut self.library.folder);
        new.choose_columns();
        *self = new;
        self.arrange();
        if let Some(found) = found.filter(|id| self.row_of(*id).is_some()) {
            self.select(Some(found));
        }
        let (done, total) = (self.study.tally().done, self.study.tally().total);
        self.say(format!("{done} of {total} scores were there already"));
    }

    /// Tells the user what went wrong, until the next key.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_error: true });
    }

    /// All results, when the app is left.
    #[must_use]
    pub fn into_study(mut self) -> Study {
        self.is_ranking = false;
        let late = std::mem::take(&mut self.late);
        self.record(late);
        Arc::unwrap_or_clone(self.study)
    }

    /// Takes the titles of the columns that the user settled.
    pub fn want_columns(&mut self, titles: Vec<String>) {
        self.wanted_columns = titles;
        self.choose_columns();
    }

    fn choose_columns(&mut self) {
        let sorted = self.columns.get(self.sort).map(|column| column.title);
        self.columns = columns(&self.study);
        let wanted = &self.wanted_columns;
        if !wanted.is_empty() {
            self.columns.retain(|column| column.is_needed() || wanted.iter().any(|title| title == column.title));
        }
        self.sort = self.columns.iter().position(|column| Some(column.title) == sorted).unwrap_or(0);
    }

    /// Whether something is under way whose time is shown.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        let trains = self.finalists.as_ref().is_some_and(|finalists| !finalists.has_ended);
        let measures = matches!(&self.mode, Mode::Sizes(sizes) if sizes.is_measuring());
        self.phase == Phase::Scoring || trains || measures
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
