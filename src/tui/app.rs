//! The state of the screen: a stack of views over what they share, and how messages change it. No input or output here,
//! and no clock.

mod commands;
mod input;
mod repair;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::layout::{Rect, Size};

use super::context::{Context, Phase};
use super::effect::Effect;
use super::keymap::{Action, Keymap};
use super::layout::{Layout, screen};
use super::news::{News, Written};
use super::notice::of_failure;
use super::remembered::Sorting;
use super::screen::tabs::Tabs;
use super::table::{BETWEEN_MANY, MANY, Standings};
use super::terminal::Stop;
use super::view::{Opened, View};
use super::views;
use super::widgets::layers::rows;
use neartop_io::preset::printable;
use neartop_study::scheduler::Progress;
use neartop_study::study::Study;

/// Scores that waited are taken in so many at a time, so that no key waits for all of them.
const AT_ONCE: usize = 1024;

/// What changes the screen.
#[derive(Debug)]
pub enum Message {
    Key(KeyEvent),
    Mouse(MouseEvent),
    Paste(String),
    Resized(Size),
    /// Someone outside stops the program, or lets it go on.
    Stop(Stop),
    /// A frame is about to be drawn; so much time was spent scoring.
    Frame(Duration),
    /// There is time for scores that wait.
    Late,
    /// So much time has passed since the app began.
    Tick(Duration),
    News(News),
}

impl From<News> for Message {
    fn from(news: News) -> Self {
        Self::News(news)
    }
}

/// The state of the screen.
pub struct App {
    pub cx: Context,
    views: Vec<Box<dyn View>>,
    /// Places of the views that are shown, the ranking at the bottom and what takes the keys on top.
    stack: Vec<usize>,
    /// What would lose something, and was asked for once; and what it would lose.
    asked: Option<(Action, String)>,
}

impl App {
    #[must_use]
    pub fn new(study: Study, size: Size) -> Self {
        Self::with_keymap(study, size, views::keymap())
    }

    #[must_use]
    pub fn with_keymap(study: Study, size: Size, keymap: Keymap) -> Self {
        let (mut cx, views) = (Context::new(study, size, keymap), views::all());
        cx.openers = views.iter().map(|view| view.about().opens).collect();
        let mut app = Self { cx, views, stack: vec![0], asked: None };
        app.settle();
        app
    }

    /// Takes a message in and says what is to be done. Whoever leaves that undone leaves a view waiting: it asks once.
    #[must_use = "what a view asks for it asks for once"]
    pub fn update(&mut self, message: impl Into<Message>) -> Option<Effect> {
        let effect = match message.into() {
            Message::Key(key) => self.key(key),
            Message::Mouse(mouse) => self.mouse(mouse),
            Message::Paste(text) => {
                self.paste(&text);
                None
            }
            Message::Resized(size) => {
                self.cx.size = size;
                None
            }
            Message::Stop(Stop::Wanted) => Some(Effect::Suspend),
            Message::Stop(Stop::Over) => Some(Effect::GoOn),
            Message::Frame(elapsed) => {
                self.cx.elapsed = elapsed;
                (self.cx.table.is_stale && self.is_due()).then(|| self.rank()).flatten()
            }
            Message::Late => {
                self.record_late(AT_ONCE);
                None
            }
            Message::Tick(now) => {
                self.cx.now = now;
                None
            }
            Message::News(news) => self.news(news),
        };
        self.settle();
        effect.or_else(|| self.wants())
    }

    /// What the view that fills the screen needs to show all it should.
    fn wants(&mut self) -> Option<Effect> {
        let shown = self.shown();
        self.views[shown].wants(&self.cx)
    }

    fn news(&mut self, news: News) -> Option<Effect> {
        match news {
            News::Scored(progress) => self.record(progress),
            News::Ranked(standings) => self.take_standings(*standings),
            News::Ended => self.cx.phase = Phase::Done,
            News::Chunks(states) => self.cx.chunks = Some(states),
            News::Opened(Ok(study)) => self.renew(*study),
            News::Opened(Err(failure)) => self.cx.warn(of_failure(&failure)),
            News::Copied(Ok(size)) => {
                // No terminal says what became of it.
                self.cx.say(format!("{size} bytes sent to the terminal's clipboard, if it takes such (OSC 52)"));
            }
            News::Copied(Err(reason)) => self.cx.warn(format!("the clipboard was not reached: {reason}")),
            News::Noted(notice) => self.cx.tell(notice),
            News::Written(written) => self.written(written),
            News::Repaired(candidate, found) => self.take_repair(candidate, found),
            News::Completed { of, paths } => return self.complete(&of, paths),
            news @ (News::Training(_) | News::Sized(..) | News::Inspected(..) | News::Found(_) | News::Deleted(_)) => {
                return self.pass(news);
            }
        }
        None
    }

    /// Gives news to the view that they are for.
    fn pass(&mut self, news: News) -> Option<Effect> {
        let mut news = news;
        for view in &mut self.views {
            match view.news(news, &mut self.cx) {
                Ok(effect) => return effect,
                Err(others) => news = others,
            }
        }
        None
    }

    /// Only what is on top can have asked for a file.
    fn written(&mut self, written: Written) {
        let top = self.top();
        let Err(News::Written(written)) = self.views[top].news(News::Written(written), &mut self.cx) else { return };
        match written {
            Written::Done(path) => {
                self.follow_wishes();
                self.cx.say(format!("written to {}", printable(&path.display().to_string())));
            }
            Written::Exists => {}
            Written::Failed(failure) => self.cx.warn(failure.to_string()),
        }
    }

    /// Takes scores in; while the study is being ranked they wait.
    fn record(&mut self, progress: Vec<Progress>) {
        let most = progress.len() + AT_ONCE;
        self.cx.table.late.extend(progress);
        self.record_late(most);
    }

    /// Takes in scores that wait, no more than so many: those of a second take longer than a frame.
    fn record_late(&mut self, most: usize) {
        let table = &mut self.cx.table;
        if table.is_ranking || table.late.is_empty() {
            return;
        }
        let study = Arc::make_mut(&mut self.cx.study);
        for Progress { candidate, repetition, result } in table.late.drain(..most.min(table.late.len())) {
            study.record(candidate, repetition, result);
        }
        table.is_stale = true;
    }

    /// Whether scores wait that could be taken in.
    #[must_use]
    pub fn has_late(&self) -> bool {
        !self.cx.table.is_ranking && !self.cx.table.late.is_empty()
    }

    /// Whether to rank for new scores: thousands of candidates only so often, but for the first score at once.
    fn is_due(&self) -> bool {
        let (cx, table) = (&self.cx, &self.cx.table);
        let many = cx.study.space.candidates.len() > MANY;
        let none_yet = table.ranking.first().is_none_or(|row| row.rank.is_none());
        !table.is_ranking
            && table.late.is_empty()
            && (!many || none_yet || cx.phase != Phase::Scoring || cx.elapsed >= table.ranked + BETWEEN_MANY)
    }

    /// Ranks for new scores, or asks for it where there are so many that keys would have to wait.
    fn rank(&mut self) -> Option<Effect> {
        self.cx.table.is_stale = false;
        self.cx.table.ranked = self.cx.elapsed;
        if self.cx.study.space.candidates.len() > MANY {
            self.cx.table.is_ranking = true;
            return Some(Effect::Rank);
        }
        self.take_standings(Standings::of(&self.cx.study));
        None
    }

    fn take_standings(&mut self, standings: Standings) {
        if !standings.are_of(&self.cx.study) {
            return;
        }
        self.cx.table.is_ranking = false;
        self.cx.table.put(standings, &self.cx.study);
        self.cx.arrange();
    }

    /// Shows another study in the place of this one. What the user set of the screen stays.
    fn renew(&mut self, study: Study) {
        self.cx.renew(study);
        self.stack.truncate(1);
        self.asked = None;
        self.views.iter_mut().for_each(|view| view.renew(&mut self.cx));
    }

    /// Keeps what is scrolled within its bounds, and tells views how they stand.
    fn settle(&mut self) {
        let (shown, top) = (self.shown(), self.top());
        self.cx.shown = self.views[shown].about().name;
        self.cx.is_browsing = shown == top && !self.is_typing() && self.views[top].asks().is_none();
        let layout = self.layout();
        self.cx.area = layout.view;
        self.views[shown].settle(layout.view, &mut self.cx);
        if top != shown {
            self.views[top].settle(screen(&self.cx), &mut self.cx);
        }
        // How many lines the pane leaves takes long to tell, and this comes with every message.
        if self.cx.detail_offset > 0 {
            let layers = self.cx.selected().map_or(0, |id| self.cx.study.effective_ranks(id).len());
            self.cx.detail_offset = self.cx.detail_offset.min(layers.saturating_sub(rows(&self.cx, layout.detail)));
        }
    }

    /// Where things stand.
    #[must_use]
    pub fn layout(&self) -> Layout {
        Layout::of(&self.cx, self.views[self.shown()].height(&self.cx))
    }

    /// Place of the view that fills the screen.
    fn shown(&self) -> usize {
        self.stack.iter().rev().copied().find(|place| !self.views[*place].about().is_window).unwrap_or(0)
    }

    /// Place of the view that takes the keys.
    fn top(&self) -> usize {
        self.stack.last().copied().unwrap_or(0)
    }

    /// The view that fills the screen, and the windows over it, the last on top.
    pub fn visible(&self) -> impl Iterator<Item = &dyn View> {
        let windows = self.stack.iter().filter(|place| self.views[**place].about().is_window);
        std::iter::once(self.shown()).chain(windows.copied()).map(|place| self.views[place].as_ref())
    }

    /// The view that takes the keys.
    #[must_use]
    pub fn on_top(&self) -> &dyn View {
        self.views[self.top()].as_ref()
    }

    /// What leads to the views that have a tab, with their names, in the order of the tabs; and which of them is shown.
    #[must_use]
    pub fn tabs(&self) -> Tabs {
        let mut tabs: Vec<_> =
            self.views().map(View::about).filter_map(|about| Some((about.tab?, about.opens))).collect();
        tabs.sort_by_key(|((place, _), _)| *place);
        let shown = self.visible().filter(|view| view.about().tab.is_some()).last();
        let shown = shown.map_or(Action::CLOSE, |view| view.about().opens);
        Tabs { names: tabs.into_iter().map(|((_, name), opens)| (opens, name)).collect(), shown }
    }

    /// All views.
    pub fn views(&self) -> impl Iterator<Item = &dyn View> {
        self.views.iter().map(AsRef::as_ref)
    }

    /// A view by its type.
    #[must_use]
    pub fn view<V: View>(&self) -> Option<&V> {
        self.views().find_map(|view| (view as &dyn Any).downcast_ref())
    }

    /// A view by its type, to be changed.
    pub fn view_mut<V: View>(&mut self) -> Option<&mut V> {
        self.views.iter_mut().find_map(|view| (view.as_mut() as &mut dyn Any).downcast_mut())
    }

    /// Whether a filter is being written.
    #[must_use]
    pub fn is_typing(&self) -> bool {
        self.on_top().filter(&self.cx).is_some_and(|filter| filter.is_typing())
    }

    /// Whether something is under way whose time is shown.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.cx.phase == Phase::Scoring || self.views().any(View::is_timed)
    }

    /// Takes the titles of the columns that the user settled.
    pub fn want_columns(&mut self, titles: Vec<String>) {
        self.cx.table.want_columns(titles, &self.cx.study);
    }

    /// Sorts the ranking as it was sorted before, where it has that column.
    pub fn sort(&mut self, sorting: &Sorting) {
        self.cx.table.sort_as(sorting, &self.cx.study);
    }

    /// All results, when the app is left.
    #[must_use]
    pub fn into_study(mut self) -> Study {
        self.cx.table.is_ranking = false;
        self.record_late(usize::MAX);
        Arc::unwrap_or_clone(self.cx.study)
    }

    /// Opens a view, or says why not.
    fn open(&mut self, place: usize) -> Option<Effect> {
        let again = self.top() == place;
        let Opened::Shown(effect) = self.views[place].open(again, &mut self.cx) else { return None };
        if !self.views[place].about().is_window {
            self.stack.truncate(1);
        }
        if self.top() != place {
            self.stack.push(place);
        }
        effect
    }

    /// Closes what is on top: a window, or a view, whose place the ranking takes.
    fn close(&mut self) -> Option<Effect> {
        let top = self.top();
        if self.stack.len() > 1 {
            self.stack.pop();
        }
        self.views[top].close()
    }

    /// The area of what is on top.
    fn top_area(&self) -> Rect {
        if self.on_top().about().is_window { screen(&self.cx) } else { self.cx.area }
    }
}
