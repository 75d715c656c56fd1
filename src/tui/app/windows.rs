//! What keys do in the windows over a view: filter, palette, help, and lines that are asked for.

use super::{App, Asks, Effect, Mode, Notice, Written};
use crate::tui::keymap::Action;
use crate::tui::view;
use crossterm::event::Event;
use crossterm::event::KeyEvent;
use std::path::PathBuf;
use tui_input::backend::crossterm::EventHandler;

impl App {
    pub(super) fn on_filter(&mut self, action: Option<Action>, key: KeyEvent) {
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

    pub(super) fn on_prompt(&mut self, action: Option<Action>, key: KeyEvent) -> Option<Effect> {
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

    pub(super) fn on_palette(&mut self, action: Option<Action>, key: KeyEvent) -> Option<Effect> {
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

    pub(super) fn on_help(&mut self, action: Action) {
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

    pub(super) fn paste(&mut self, text: &str) {
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

    pub(super) fn written(&mut self, written: Written) {
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
}
