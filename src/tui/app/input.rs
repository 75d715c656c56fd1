//! Where keys, the mouse and pasted text go.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;
use tui_input::{Input, InputRequest};

use super::App;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::layout::LEAST;
use crate::tui::screen::{footer, tabs};
use crate::tui::widgets::{filter, prompt};

/// Stands for the key where the mouse did what a key does.
pub(super) const NO_KEY: KeyEvent = KeyEvent::new(KeyCode::Null, KeyModifiers::NONE);

/// Characters that are pasted at once.
const PASTED: usize = 2000;

impl App {
    /// The name of the place where keys go.
    #[must_use]
    pub fn place(&self) -> &'static str {
        let top = self.on_top();
        if self.is_typing() {
            filter::PLACE
        } else if top.asks().is_some() {
            prompt::PLACE
        } else {
            top.about().name
        }
    }

    /// The line of text that is written in the place of the footer, with its label.
    #[must_use]
    pub fn asks(&self) -> Option<(&'static str, &Input)> {
        let top = self.on_top();
        if let Some(words) = top.filter(&self.cx).and_then(|filter| filter.typed()) {
            return Some(("filter: ", words));
        }
        // What is wrong with the text is more urgent than the text, until the next key.
        let prompt = top.asks().filter(|_| self.cx.notice.is_none())?;
        Some((prompt.label(), &prompt.text))
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Option<Effect> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        self.cx.notice = None;
        let action = self.cx.keymap.lookup(self.place(), &key);
        if self.is_too_small() {
            return self.perform(Some(action.filter(|action| self.works_unseen(*action))?), key);
        }
        if let (KeyCode::Char(c), true) = (key.code, key.modifiers.contains(KeyModifiers::ALT))
            && !self.is_writing()
        {
            self.cx.say(format!("Alt and {c} mean nothing here, nor do Esc and {c} at once"));
        }
        self.perform(action, key)
    }

    /// Whether nothing is drawn, since there is no room.
    fn is_too_small(&self) -> bool {
        self.cx.size.width < LEAST.0 || self.cx.size.height < LEAST.1
    }

    /// Whether an action may be done by someone who sees nothing of what it does.
    fn works_unseen(&self, action: Action) -> bool {
        let leaves = matches!(action, Action::INTERRUPT | Action::SUSPEND | Action::REDRAW);
        leaves || action == Action::QUIT && self.loss(action).is_none()
    }

    /// Whether keys are letters of a text.
    fn is_writing(&self) -> bool {
        self.is_typing() || self.on_top().asks().is_some() || self.on_top().is_written()
    }

    /// A click does what the key for that place does; the wheel moves up and down.
    pub(super) fn mouse(&mut self, mouse: MouseEvent) -> Option<Effect> {
        if self.is_too_small() {
            return None;
        }
        let down = match mouse.kind {
            MouseEventKind::ScrollUp => false,
            MouseEventKind::ScrollDown => true,
            MouseEventKind::Down(MouseButton::Left) => return self.click(Position::new(mouse.column, mouse.row)),
            _ => return None,
        };
        if self.is_typing() || self.on_top().asks().is_some() {
            return None;
        }
        let top = self.top();
        let action = self.views[top].wheel(down)?;
        self.perform(Some(action), NO_KEY)
    }

    fn click(&mut self, at: Position) -> Option<Effect> {
        self.cx.notice = None;
        let layout = self.layout();
        let action = if layout.footer.contains(at) {
            footer::hint_at(self.cx.keymap.bound(self.place()), layout.footer, at)
        } else if self.is_typing() || self.on_top().asks().is_some() {
            None
        } else if !self.on_top().about().is_window && layout.tabs.contains(at) {
            tabs::action_at(&self.tabs(), &self.cx, layout.tabs, at)
        } else {
            let (top, area) = (self.top(), self.top_area());
            if area.contains(at) { self.views[top].click(at, area, &mut self.cx) } else { None }
        };
        self.perform(Some(action?), NO_KEY)
    }

    pub(super) fn paste(&mut self, text: &str) {
        if self.is_too_small() {
            return;
        }
        let clean: String = text.chars().filter(|c| !c.is_control()).take(PASTED).collect();
        let top = self.top();
        let view = &mut self.views[top];
        let put = |input: &mut Input| {
            clean.chars().for_each(|c| {
                input.handle(InputRequest::InsertChar(c));
            });
        };
        if let Some(words) = view.filter_mut(&mut self.cx).and_then(|filter| filter.typed_mut()) {
            put(words);
            view.filtered(&mut self.cx);
        } else if let Some(prompt) = view.prompt().and_then(Option::as_mut) {
            put(&mut prompt.text);
        } else if let Some(text) = view.text() {
            put(text);
        }
    }

    /// Takes a key of the filter in.
    pub(super) fn write_filter(&mut self, action: Option<Action>, key: KeyEvent) {
        let top = self.top();
        if let Some(filter) = self.views[top].filter_mut(&mut self.cx) {
            filter.key(action, key);
        }
        self.views[top].filtered(&mut self.cx);
    }

    /// Takes in how a path may go on that was begun.
    pub(super) fn complete(&mut self, begun: &str, paths: Vec<String>) -> Option<Effect> {
        let top = self.top();
        let prompt = self.views[top].prompt()?.as_mut()?;
        prompt.complete(begun, paths);
        if prompt.take_accepted() { self.views[top].answer(&mut self.cx) } else { None }
    }

    /// The paths that a prompt offers.
    #[must_use]
    pub fn offered(&self) -> &[String] {
        self.on_top().asks().map_or(&[], |prompt| &prompt.offered)
    }

    /// Takes a key of the prompt in.
    pub(super) fn write_prompt(&mut self, action: Option<Action>, key: KeyEvent) -> Option<Effect> {
        let top = self.top();
        match action {
            Some(Action::ACCEPT) => {
                let waits = self.views[top].prompt()?.as_mut()?.accept();
                return if waits { None } else { self.views[top].answer(&mut self.cx) };
            }
            Some(Action::CLOSE) => *self.views[top].prompt()? = None,
            Some(Action::COMPLETE) => return self.views[top].prompt()?.as_mut()?.begin().map(Effect::Complete),
            _ => self.views[top].prompt()?.as_mut()?.key(key),
        }
        None
    }
}
