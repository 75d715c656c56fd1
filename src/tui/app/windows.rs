//! What keys do in the windows over a view: filter, palette, help, and lines that are asked for.

use std::path::PathBuf;

use crossterm::event::{Event, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::{App, Asks, Effect, Mode, NO_KEY, Notice, View, Written};
use crate::tui::keymap::Action;
use crate::tui::view;

impl App {
    /// What the list of this view is filtered by.
    pub fn filter_mut(&mut self) -> &mut Input {
        match (self.view, &mut self.draft, &mut self.finalists) {
            (View::Library, ..) => &mut self.library.filter,
            (View::Space, Some(draft), _) => &mut draft.filter,
            (View::Training, _, Some(finalists)) => &mut finalists.filter,
            _ => &mut self.filter,
        }
    }

    /// What the list of this view is filtered by, as it is written.
    #[must_use]
    pub fn filter(&self) -> &Input {
        match (self.view, &self.draft, &self.finalists) {
            (View::Library, ..) => &self.library.filter,
            (View::Space, Some(draft), _) => &draft.filter,
            (View::Training, _, Some(finalists)) => &finalists.filter,
            _ => &self.filter,
        }
    }

    /// Another filter for the list of this view.
    pub(super) fn filter_by(&mut self, text: String) {
        *self.filter_mut() = Input::new(text);
        self.refilter();
    }

    /// The filter of this view's list has changed.
    fn refilter(&mut self) {
        match self.view {
            View::Library => self.library.go(|at| at),
            View::Space => self.draft.iter_mut().for_each(|draft| draft.go(|at| at)),
            View::Training => self.choose_finalist(|at, _| at),
            _ => self.arrange(),
        }
    }

    pub(super) fn on_filter(&mut self, action: Option<Action>, key: KeyEvent) {
        match (action, &self.mode) {
            (Some(Action::Accept), _) => self.mode = Mode::Browse,
            (Some(Action::Close), Mode::Filter { before }) => {
                let before = before.clone();
                self.mode = Mode::Browse;
                self.filter_by(before);
            }
            _ => {
                self.filter_mut().handle_event(&Event::Key(key));
                self.refilter();
            }
        }
    }

    pub(super) fn on_prompt(&mut self, action: Option<Action>, key: KeyEvent) -> Option<Effect> {
        let Mode::Prompt(prompt) = &mut self.mode else { return None };
        match action {
            Some(Action::Close) => self.mode = Mode::Browse,
            Some(Action::Accept) => {
                let (asks, text) = (prompt.asks, prompt.text.value().to_owned());
                return self.answer(asks, &text);
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

    fn answer(&mut self, asks: Asks, text: &str) -> Option<Effect> {
        let path = PathBuf::from(text.trim());
        let is_path = !path.as_os_str().is_empty();
        match asks {
            Asks::Line => match self.draft.as_mut()?.write(text) {
                Ok(()) => self.mode = Mode::Browse,
                Err(reason) => self.notice = Some(Notice { text: reason, is_error: true }),
            },
            Asks::Path | Asks::Replace if is_path => {
                let text = self.draft.as_ref()?.preset.to_yaml();
                return Some(Effect::Write { path, text, replace: asks == Asks::Replace });
            }
            Asks::Folder if is_path => {
                self.mode = Mode::Browse;
                self.library.look_in(path.clone());
                return Some(Effect::FindPresets(path));
            }
            Asks::Path | Asks::Replace | Asks::Folder => {}
            // These are asked by the window of sizes itself.
            Asks::Threshold | Asks::Layer => {}
        }
        None
    }

    pub(super) fn on_sizes(&mut self, action: Option<Action>, key: KeyEvent) -> Option<Effect> {
        let Mode::Sizes(sizes) = &mut self.mode else { return None };
        if let Some(prompt) = &mut sizes.prompt {
            match action {
                Some(Action::Close) => sizes.prompt = None,
                Some(Action::Accept) => match sizes.answer() {
                    Ok(effect) => return effect,
                    Err(reason) => self.notice = Some(Notice { text: reason, is_error: true }),
                },
                _ => {
                    prompt.text.handle_event(&Event::Key(key));
                }
            }
            return None;
        }
        if action? == Action::Close {
            let stop = sizes.stop();
            self.mode = Mode::Browse;
            return Some(stop);
        }
        sizes.act(action?)
    }

    pub(super) fn on_palette(&mut self, action: Option<Action>, key: KeyEvent) -> Option<Effect> {
        let Mode::Palette(palette) = &mut self.mode else { return None };
        let found = palette.found(&self.keymap, self.view.context());
        let count = found.len();
        match action {
            Some(Action::Close) => self.mode = Mode::Browse,
            Some(Action::Up) => palette.step(count, false),
            Some(Action::Down) => palette.step(count, true),
            Some(Action::Accept) => {
                let chosen = found.get(palette.chosen.min(found.len().saturating_sub(1)));
                let action = chosen.map(|line| line.binding.action)?;
                self.mode = Mode::Browse;
                return self.perform(Some(action), NO_KEY);
            }
            _ => {
                palette.words.handle_event(&Event::Key(key));
                palette.chosen = 0;
            }
        }
        None
    }

    pub(super) fn on_help(&mut self, action: Option<Action>, key: KeyEvent) {
        let Mode::Help(help) = &mut self.mode else { return };
        let is_narrowed = !help.words.value().is_empty();
        let (last, page) = view::help::extent(self.size, self.view, &self.keymap, &self.columns, help);
        help.scroll = match action {
            Some(Action::Accept) if help.is_typing => {
                help.is_typing = false;
                help.scroll
            }
            Some(Action::Close) if help.is_typing || is_narrowed => {
                (help.is_typing, help.words) = (false, Input::default());
                0
            }
            _ if help.is_typing => {
                help.words.handle_event(&Event::Key(key));
                0
            }
            Some(Action::Close) => {
                self.mode = Mode::Browse;
                return;
            }
            Some(Action::Filter) => {
                help.is_typing = true;
                0
            }
            Some(Action::Up) => help.scroll.saturating_sub(1),
            Some(Action::Down) => help.scroll + 1,
            Some(Action::PageUp) => help.scroll.saturating_sub(page),
            Some(Action::PageDown) => help.scroll + page,
            Some(Action::First) => 0,
            Some(Action::Last) => last,
            _ => help.scroll,
        }
        .min(last);
    }

    pub(super) fn paste(&mut self, text: &str) {
        let clean: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
        let input = match &mut self.mode {
            Mode::Filter { .. } => self.filter_mut(),
            Mode::Export(dialog) => &mut dialog.path,
            Mode::Palette(palette) => &mut palette.words,
            Mode::Prompt(prompt) => &mut prompt.text,
            Mode::Help(help) if help.is_typing => &mut help.words,
            Mode::Sizes(sizes) => match &mut sizes.prompt {
                Some(prompt) => &mut prompt.text,
                None => return,
            },
            Mode::Browse | Mode::Help(_) => return,
        };
        for c in clean.chars() {
            input.handle(tui_input::InputRequest::InsertChar(c));
        }
        self.refilter();
    }

    pub(super) fn written(&mut self, written: Written) {
        match written {
            Written::Done(path) => {
                if let (Mode::Prompt(_), Some(draft)) = (&self.mode, &mut self.draft) {
                    draft.is_saved = true;
                }
                self.mode = Mode::Browse;
                self.say(format!("written to {}", neartop_io::preset::printable(&path.display().to_string())));
            }
            Written::Exists => match &mut self.mode {
                Mode::Export(dialog) => dialog.confirm = true,
                Mode::Prompt(prompt) => prompt.asks = Asks::Replace,
                _ => {}
            },
            Written::Failed(reason) => self.notice = Some(Notice { text: reason, is_error: true }),
        }
    }
}
