//! What all views share: the study, the rows of its ranking, how the run stands, and what the user is told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::{Rect, Size};

use super::keymap::{Action, Keymap};
use super::notice::Notice;
use super::table::Table;
use crate::cluster::states::States;
use crate::columns::grouped;
use neartop_study::space::Candidate;
use neartop_study::study::Study;

/// Notices that are kept.
const SAID: usize = 1000;

/// How far the run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Scoring,
    Paused,
    Done,
}

/// What all views share.
pub struct Context {
    /// Shared with who ranks it.
    pub study: Arc<Study>,
    pub table: Table,
    pub size: Size,
    pub phase: Phase,
    /// Time spent scoring.
    pub elapsed: Duration,
    /// Since the app began.
    pub now: Duration,
    pub keymap: Keymap,
    /// The actions that open views and windows.
    pub openers: Vec<Action>,
    /// Whether the program has the mouse.
    pub has_mouse: bool,
    pub show_detail: bool,
    /// The first layer on the screen.
    pub detail_offset: usize,
    pub notice: Option<Notice>,
    /// The latest notices with their times, the newest last.
    pub said: VecDeque<(Duration, Notice)>,
    /// The candidate whose repair is looked for.
    pub repair_sought: Option<usize>,
    /// The key of the study on disk that this run is recorded in.
    pub recorded: Option<String>,
    /// Whether what is scored outlasts the app.
    pub is_recorded: bool,
    /// How the chunks stand, where the run is on a cluster.
    pub chunks: Option<States>,
    /// The name of the view that fills the screen.
    pub shown: &'static str,
    /// Where that view stands.
    pub area: Rect,
    /// Whether keys go to that view, and not to a window or a text.
    pub is_browsing: bool,
    /// Whether the view asked to be closed.
    closes: bool,
    /// What the view asked to be done after it.
    then: Option<Action>,
}

impl Context {
    #[must_use]
    pub fn new(study: Study, size: Size, keymap: Keymap) -> Self {
        let table = Table::new(&study);
        Self {
            study: Arc::new(study),
            table,
            size,
            phase: Phase::Scoring,
            elapsed: Duration::ZERO,
            now: Duration::ZERO,
            keymap,
            openers: Vec::new(),
            has_mouse: false,
            show_detail: true,
            detail_offset: 0,
            notice: None,
            said: VecDeque::new(),
            repair_sought: None,
            recorded: None,
            is_recorded: true,
            chunks: None,
            shown: "",
            area: Rect::ZERO,
            is_browsing: true,
            closes: false,
            then: None,
        }
    }

    /// Tells the user something, until the next key.
    pub fn tell(&mut self, notice: Notice) {
        if self.said.len() == SAID {
            self.said.pop_front();
        }
        self.said.push_back((self.now, notice.clone()));
        self.notice = Some(notice);
    }

    /// Tells the user something that is no trouble.
    pub fn say(&mut self, text: impl Into<String>) {
        self.tell(Notice::say(text));
    }

    /// Tells the user what went wrong.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.tell(Notice::warn(text));
    }

    /// Closes the view that is asked.
    pub fn close(&mut self) {
        self.closes = true;
    }

    /// Lets something be done when the view that is asked is through.
    pub fn then(&mut self, action: Action) {
        self.then = Some(action);
    }

    /// Whether the view asked to be closed, and what is to be done after it. Told once.
    pub fn take_wishes(&mut self) -> (bool, Option<Action>) {
        (std::mem::take(&mut self.closes), self.then.take())
    }

    /// Half a screen, by which lists are turned.
    #[must_use]
    pub fn page(&self) -> usize {
        usize::from(self.size.height / 2).max(1)
    }

    #[must_use]
    pub fn selected(&self) -> Option<usize> {
        self.table.selected
    }

    pub fn select(&mut self, candidate: Option<usize>) {
        if self.table.select(candidate) {
            self.detail_offset = 0;
        }
    }

    /// Goes to another row of the ranking.
    pub fn go(&mut self, to: impl Fn(usize, usize) -> usize) {
        if self.table.go(to) {
            self.detail_offset = 0;
        }
    }

    /// Filters and sorts the rows. The selection stays on its candidate.
    pub fn arrange(&mut self) {
        self.table.arrange(&self.study);
    }

    /// The selected candidate, or a word about that there is none.
    pub fn selected_or_say(&mut self) -> Option<usize> {
        if self.table.selected.is_none() {
            self.say("no candidate is selected");
        }
        self.table.selected
    }

    /// Marks the selected candidate, or takes the mark away.
    pub fn mark(&mut self) {
        let Some(id) = self.table.selected else { return };
        let marked = &mut self.table.marked;
        match marked.iter().position(|marked| *marked == id) {
            Some(place) => {
                marked.remove(place);
            }
            None => marked.push(id),
        }
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

    /// Puts another study in the place of this one. What the user set of the screen stays, and the selection stays on its
    /// candidate.
    pub fn renew(&mut self, study: Study) {
        let wanted = self.table.selected.map(|id| self.study.candidate(id).clone());
        let keymap = std::mem::replace(&mut self.keymap, Keymap::new(Vec::new()));
        let mut new = Self::new(study, self.size, keymap);
        (new.has_mouse, new.show_detail, new.now) = (self.has_mouse, self.show_detail, self.now);
        new.is_recorded = self.is_recorded;
        new.openers = std::mem::take(&mut self.openers);
        (new.shown, new.area, new.said) = (self.shown, self.area, std::mem::take(&mut self.said));
        new.table.settle_like(&mut self.table, &new.study);
        *self = new;
        self.arrange();
        let found = wanted.and_then(|wanted| self.find(&wanted));
        // One that has no score yet stands below all that have: it would hide them.
        if found.is_some_and(|id| self.table.row_of(id).is_some() && self.study.count(id) > 0) {
            self.select(found);
        }
        let (done, total) = (self.study.tally().done, self.study.tally().total);
        self.say(format!("{} of {} scores were there already", grouped(done as u64), grouped(total as u64)));
    }

    /// The candidate of this study with the same choices.
    fn find(&self, wanted: &Candidate) -> Option<usize> {
        let same =
            |c: &&Candidate| (&c.architecture, &c.fill, &c.init) == (&wanted.architecture, &wanted.fill, &wanted.init);
        self.study.space.candidates.iter().find(same).map(|c| c.id)
    }
}
