//! What actions do that mean the same in every view.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use super::App;
use super::input::NO_KEY;
use crate::tui::context::Phase;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use neartop_io::export::Format;
use neartop_study::export;

impl App {
    /// Does what is asked for where the keys go. Text that is written comes as a key without an action.
    pub(super) fn perform(&mut self, action: Option<Action>, key: KeyEvent) -> Option<Effect> {
        let asked = self.asked.take();
        if let Some(action) = action
            && let Some(loss) = self.loss(action)
            && asked.as_ref() != Some(&(action, loss.clone()))
        {
            self.cx.warn(loss.clone());
            self.asked = Some((action, loss));
            return None;
        }
        match action {
            Some(Action::INTERRUPT) => Some(Effect::Interrupt),
            Some(Action::SUSPEND) => Some(Effect::Suspend),
            Some(Action::REDRAW) => Some(Effect::Redraw),
            action if self.is_typing() => {
                self.write_filter(action, key);
                None
            }
            action if self.on_top().asks().is_some() => self.write_prompt(action, key),
            Some(action) => self.act(action, key),
            None => {
                let top = self.top();
                self.views[top].write(key);
                None
            }
        }
    }

    /// Opens what the action opens, does what it means everywhere, or leaves it to the view.
    fn act(&mut self, action: Action, key: KeyEvent) -> Option<Effect> {
        if let Some(place) = self.views.iter().skip(1).position(|view| view.about().opens == action) {
            return self.open(place + 1);
        }
        let top = self.top();
        match action {
            Action::FILTER => {
                if let Some(filter) = self.views[top].filter_mut(&mut self.cx) {
                    filter.start();
                }
                None
            }
            Action::CLOSE if self.is_filtered() => {
                if let Some(filter) = self.views[top].filter_mut(&mut self.cx) {
                    filter.clear();
                }
                self.views[top].filtered(&mut self.cx);
                None
            }
            Action::CLOSE => self.close(),
            action => {
                if let Some(done) = self.command(action) {
                    return done;
                }
                let effect = self.views[top].act(action, key, &mut self.cx);
                let wished = self.follow_wishes();
                effect.or(wished)
            }
        }
    }

    /// Whether closing takes a filter away first.
    fn is_filtered(&self) -> bool {
        let top = self.on_top();
        top.keeps_filter() && top.filter(&self.cx).is_some_and(|filter| !filter.value().is_empty())
    }

    /// Does what means the same in every view; none where the action is not such a one.
    fn command(&mut self, action: Action) -> Option<Option<Effect>> {
        if self.on_top().about().is_window {
            return None;
        }
        match action {
            Action::QUIT => return Some(Some(Effect::Quit)),
            Action::NEXT_THEME => return Some(Some(Effect::NextTheme)),
            Action::TOGGLE_MOUSE => return Some(Some(self.toggle_mouse())),
            Action::COPY => return Some(self.copy()),
            Action::REPAIR => return Some(self.repair()),
            Action::PAUSE => return Some(self.pause()),
            Action::CANCEL_JOBS => return Some(self.cancel_jobs()),
            Action::GO_TO_BEST => self.go_to_best(),
            Action::TOGGLE_GUARD => self.toggle_guard(),
            Action::TOGGLE_DETAIL => self.cx.show_detail = !self.cx.show_detail,
            Action::DETAIL_UP => self.cx.detail_offset = self.cx.detail_offset.saturating_sub(1),
            Action::DETAIL_DOWN => self.cx.detail_offset += 1,
            Action::CLEAR_MARKS => self.cx.table.marked.clear(),
            _ => return None,
        }
        Some(None)
    }

    /// Does what the view that was asked wished: to be closed, and what is to be done after it.
    pub(super) fn follow_wishes(&mut self) -> Option<Effect> {
        let (closes, then) = self.cx.take_wishes();
        let effect = if closes { self.close() } else { None };
        match then {
            Some(action) => self.perform(Some(action), NO_KEY),
            None => effect,
        }
    }

    /// What an action would lose that cannot be had back, and how to do it all the same.
    pub(super) fn loss(&self, action: Action) -> Option<String> {
        let again = self.again(action);
        if action == Action::CANCEL_JOBS && self.cx.chunks.is_some() && self.cx.phase != Phase::Done {
            return Some(format!("{again} ends all jobs of this run; what they have scored stays"));
        }
        if action == Action::QUIT && !self.cx.is_recorded && self.cx.phase != Phase::Done {
            // No number that moves: the second key must find what the first was told.
            let text = || format!("scoring is not over, and its scores are recorded nowhere: {again} leaves them");
            return (self.cx.study.tally().done > 0).then(text);
        }
        self.views().find_map(|view| view.loss(action, &again, &self.cx))
    }

    /// How what was asked about once is confirmed: `D again`.
    fn again(&self, action: Action) -> String {
        let key = self.cx.keymap.label(self.cx.shown, action);
        format!("{} again", if key.is_empty() { "the same".to_owned() } else { key })
    }

    fn toggle_mouse(&mut self) -> Effect {
        self.cx.has_mouse = !self.cx.has_mouse;
        self.cx.say(match self.cx.has_mouse {
            true => "the mouse selects, sorts and scrolls; with Shift it is the terminal's",
            false => "the mouse is the terminal's",
        });
        Effect::SetMouse(self.cx.has_mouse)
    }

    fn copy(&mut self) -> Option<Effect> {
        let candidate = self.cx.selected_or_say()?;
        match export::render(&self.cx.study, candidate, Format::Yaml) {
            Ok(text) => Some(Effect::Copy(text)),
            Err(error) => {
                self.cx.warn(error.to_string());
                None
            }
        }
    }

    fn go_to_best(&mut self) {
        match self.cx.table.advice.clone() {
            Ok(best) if self.cx.table.row_of(best).is_some() => self.cx.select(Some(best)),
            Ok(_) => self.cx.say("the filter hides the recommended candidate"),
            Err(why) => self.cx.say(why.to_string()),
        }
    }

    fn toggle_guard(&mut self) {
        let guard = !self.cx.study.has_guard();
        Arc::make_mut(&mut self.cx.study).set_guard(guard);
        self.cx.table.advise(&self.cx.study);
        self.cx.say(match guard {
            true => "only candidates that will train are recommended",
            false => "the highest NEAR is recommended, whether it will train or not",
        });
    }

    fn pause(&mut self) -> Option<Effect> {
        self.cx.phase = match self.cx.phase {
            Phase::Scoring => Phase::Paused,
            Phase::Paused => Phase::Scoring,
            Phase::Done => {
                self.cx.say("all is scored, there is nothing to pause");
                return None;
            }
        };
        let is_paused = self.cx.phase == Phase::Paused;
        if self.cx.chunks.is_some() && is_paused {
            self.cx.say("the jobs go on, and their results wait");
        }
        Some(Effect::SetPaused(is_paused))
    }

    fn cancel_jobs(&mut self) -> Option<Effect> {
        match &self.cx.chunks {
            None => self.cx.say("this run is not on a cluster"),
            Some(_) if self.cx.phase == Phase::Done => self.cx.say("the run is over"),
            Some(_) => {
                self.cx.say("the jobs are told to end");
                return Some(Effect::CancelJobs);
            }
        }
        None
    }
}
