//! What a view is: something that fills the screen, or a window over that. Each is one file under `views`.

use std::any::Any;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::context::Context;
use super::effect::Effect;
use super::keymap::{Action, Binding};
use super::news::News;
use super::theme::Look;
use super::widgets::filter::Filter;
use super::widgets::prompt::Prompt;

/// What is known of a view before it is opened.
pub struct About {
    /// Its name, which is that of the place where its keys are.
    pub name: &'static str,
    /// What opens it.
    pub opens: Action,
    /// The keys for that in all views that do not bind the action themselves; none where views say it where they want to.
    pub opener: Option<Binding>,
    /// Its place and name in the line of tabs.
    pub tab: Option<(u8, &'static str)>,
    /// Whether it stands over what fills the screen.
    pub is_window: bool,
    /// Its keys, in groups.
    pub keys: &'static [&'static [Binding]],
}

/// What became of a view that was to be opened.
pub enum Opened {
    /// It has said why not.
    Refused,
    Shown(Option<Effect>),
}

/// A view or a window. It keeps its state while it is hidden.
pub trait View: Any {
    fn about(&self) -> &'static About;

    /// It is about to be shown, or `again` asked for while it is.
    fn open(&mut self, _again: bool, _cx: &mut Context) -> Opened {
        Opened::Shown(None)
    }

    /// Does what a key of its own asks for.
    fn act(&mut self, action: Action, key: KeyEvent, cx: &mut Context) -> Option<Effect>;

    /// Takes a key in that asks for nothing: a letter of a text.
    fn write(&mut self, _key: KeyEvent) {}

    /// Takes news in that are for it, or gives them back.
    ///
    /// # Errors
    /// News that are for somebody else.
    fn news(&mut self, news: News, _cx: &mut Context) -> Result<Option<Effect>, News> {
        Err(news)
    }

    /// What it needs to show all it should. Asked after each message while it fills the screen.
    fn wants(&mut self, _cx: &Context) -> Option<Effect> {
        None
    }

    /// Brings what is scrolled to where it fits the area.
    fn settle(&mut self, _area: Rect, _cx: &mut Context) {}

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look);

    /// The lines that it wants of the screen; none where it shares them with the detail.
    fn height(&self, _cx: &Context) -> Option<u16> {
        Some(u16::MAX)
    }

    /// What a click at a place of its area asks for, after what it has done by itself.
    fn click(&mut self, _at: Position, _area: Rect, _cx: &mut Context) -> Option<Action> {
        None
    }

    /// What a turn of the wheel asks for.
    fn wheel(&mut self, down: bool) -> Option<Action> {
        Some(if down { Action::DOWN } else { Action::UP })
    }

    /// What its list is filtered by.
    fn filter<'a>(&'a self, _cx: &'a Context) -> Option<&'a Filter> {
        None
    }

    fn filter_mut<'a>(&'a mut self, _cx: &'a mut Context) -> Option<&'a mut Filter> {
        None
    }

    /// The filter has changed.
    fn filtered(&mut self, _cx: &mut Context) {}

    /// Whether closing takes the filter away first.
    fn keeps_filter(&self) -> bool {
        false
    }

    /// Where a line of text is asked for.
    fn prompt(&mut self) -> Option<&mut Option<Prompt>> {
        None
    }

    /// The line of text that is asked for.
    fn asks(&self) -> Option<&Prompt> {
        None
    }

    /// Takes the line in that was asked for.
    fn answer(&mut self, _cx: &mut Context) -> Option<Effect> {
        None
    }

    /// Another text that is being written, for what is pasted.
    fn text(&mut self) -> Option<&mut tui_input::Input> {
        None
    }

    /// Whether it has such a text.
    fn is_written(&self) -> bool {
        false
    }

    /// It is being closed.
    fn close(&mut self) -> Option<Effect> {
        None
    }

    /// What an action would lose that cannot be had back. `again` says how it is done all the same.
    fn loss(&self, _action: Action, _again: &str, _cx: &Context) -> Option<String> {
        None
    }

    /// How far its work is that goes on while it is hidden, for the header.
    fn progress(&self, _width: usize, _cx: &Context) -> Option<String> {
        None
    }

    /// Whether something is under way whose time is shown.
    fn is_timed(&self) -> bool {
        false
    }

    /// Another study has taken the place of the one before.
    fn renew(&mut self, _cx: &mut Context) {}
}
