//! What keys do in the views.

use std::sync::Arc;

use super::{App, Asks, Effect, Help, Mode, Notice, Phase, Prompt, View};
use crate::tui::candidate::Inspection;
use crate::tui::draft::Draft;
use crate::tui::export_dialog::ExportDialog;
use crate::tui::finalists::Finalists;
use crate::tui::keymap::{Action, Context};
use crate::tui::matrix::Grid;
use crate::tui::palette::Palette;
use crate::tui::sizes::Sizes;
use neartop_io::export::Format;
use neartop_study::export;
use tui_input::Input;

impl App {
    /// What does the same in every view, and the rest by view.
    pub(super) fn act(&mut self, action: Action) -> Option<Effect> {
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
            Action::GoToBest => match self.advice.clone() {
                Ok(best) if self.row_of(best).is_some() => self.select(Some(best)),
                Ok(_) => self.say("the filter hides the recommended candidate"),
                Err(why) => self.say(why),
            },
            Action::ToggleGuard => {
                let guard = !self.study.has_guard();
                Arc::make_mut(&mut self.study).set_guard(guard);
                self.advise();
                self.say(match guard {
                    true => "recommended is the highest NEAR among candidates that will train",
                    false => "recommended is the highest NEAR, whether it will train or not",
                });
            }
            Action::Pause => return self.pause(),
            Action::CancelJobs => return self.cancel_jobs(),
            Action::Export => match self.selected {
                Some(candidate) => self.mode = Mode::Export(ExportDialog::new(&self.study, candidate)),
                None => self.say("no candidate is selected"),
            },
            Action::ToggleDetail => self.show_detail = !self.show_detail,
            Action::DetailUp => self.detail_offset = self.detail_offset.saturating_sub(1),
            Action::DetailDown => self.detail_offset += 1,
            Action::Help => self.mode = Mode::Help(Help::default()),
            Action::Sizes | Action::Matrix | Action::Inspect => match self.selected {
                Some(candidate) => return self.look_at(action, candidate),
                None => self.say("no candidate is selected"),
            },
            Action::Train => {
                return self.train();
            }
            Action::Library => {
                self.view = View::Library;
                return Some(Effect::FindPresets(self.library.folder.clone()));
            }
            Action::StopTraining if self.finalists.as_ref().is_some_and(|finalists| !finalists.has_ended) => {
                self.say("training is told to stop; what it said stays");
                return Some(Effect::StopTraining);
            }
            Action::StopTraining => self.say("nobody is in training"),
            Action::Space => {
                let preset = &self.study.space.preset;
                self.draft.get_or_insert_with(|| Draft::new(preset));
                self.view = View::Space;
            }
            Action::Mark => self.mark(),
            Action::ClearMarks => self.marked.clear(),
            Action::Filter => self.mode = Mode::Filter { before: self.filter().value().to_owned() },
            Action::Close if self.view.has_own_filter() && !self.filter().value().is_empty() => {
                self.filter_by(String::new());
            }
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
                View::Matrix => match action {
                    Action::More => self.matrix.turn(&self.columns, true),
                    Action::Less => self.matrix.turn(&self.columns, false),
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

    /// Opens what shows a candidate in its way.
    fn look_at(&mut self, action: Action, candidate: usize) -> Option<Effect> {
        match action {
            Action::Sizes => match Sizes::new(&self.study, candidate) {
                Some((sizes, effect)) => {
                    self.mode = Mode::Sizes(sizes);
                    return Some(effect);
                }
                None => self.say("this network has no layer whose size can be chosen"),
            },
            Action::Matrix => match Grid::around(&self.study, candidate) {
                Some(_) => self.view = View::Matrix,
                None => self.say("a matrix needs activations and initializations to compare"),
            },
            _ => self.view = View::Candidate(Inspection::default()),
        }
        None
    }

    /// Shows the finalists. Trains them where there are none yet, others are marked, or it is asked for in their view.
    fn train(&mut self) -> Option<Effect> {
        let came_back = std::mem::replace(&mut self.view, View::Training) != View::Training;
        let wanted = Finalists::choose(&self.study, &self.marked);
        let [stop, leave] =
            [Action::StopTraining, Action::Close].map(|action| self.keymap.label(Context::Training, action));
        if let Some(finalists) = &self.finalists {
            let is_wanted = self.marked.is_empty() || finalists.candidates == wanted;
            if !finalists.has_ended {
                if !came_back || !is_wanted {
                    self.say(format!("{} candidates are in training; {stop} stops it", finalists.candidates.len()));
                }
                return None;
            }
            if came_back && is_wanted && finalists.error.is_none() {
                return None;
            }
        }
        if wanted.is_empty() {
            self.view = View::Ranking;
            self.say("no candidate can be trained yet");
            return None;
        }
        self.finalists = Some(Finalists::new(wanted.clone(), self.now));
        self.say(format!("{} candidates train; {stop} stops it, {leave} leaves while it goes on", wanted.len()));
        Some(Effect::Train(wanted))
    }

    /// Marks the selected candidate, or takes the mark away.
    pub(super) fn mark(&mut self) {
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
    pub(super) fn step(&mut self, down: isize, right: isize) {
        let Some(from) = self.selected else { return };
        let to = Grid::around(&self.study, from).and_then(|grid| grid.step(from, down, right));
        if to.is_some_and(|to| self.row_of(to).is_none()) {
            self.set_filter(String::new());
            self.say("the filter is cleared: it hid this candidate");
        }
        self.select(to);
    }

    pub(super) fn on_ranking(&mut self, action: Action) {
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
            Action::ClearFilter => self.set_filter(String::new()),
            Action::Freeze => {
                self.frozen = !self.frozen;
                self.say(if self.frozen { "rows keep their places" } else { "rows move again" });
                self.arrange();
            }
            _ => {}
        }
    }

    pub(super) fn on_space(&mut self, action: Action) -> Option<Effect> {
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
                if draft.item().is_some() {
                    self.mode = Mode::Prompt(Prompt { asks: Asks::Line, text });
                }
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

    pub(super) fn on_library(&mut self, action: Action) -> Option<Effect> {
        let page = usize::from(self.size.height / 2).max(1);
        match action {
            Action::Up => self.library.go(|at| at.saturating_sub(1)),
            Action::Down => self.library.go(|at| at + 1),
            Action::PageUp => self.library.go(|at| at.saturating_sub(page)),
            Action::PageDown => self.library.go(|at| at + page),
            Action::First => self.library.go(|_| 0),
            Action::Last => self.library.go(|_| usize::MAX),
            Action::OpenPreset => match &self.library.chosen()?.preset {
                Ok(preset) => {
                    let preset = preset.clone();
                    self.say(format!("opening {}", preset.name));
                    return Some(Effect::Open(preset));
                }
                Err(problem) => self.notice = Some(Notice { text: problem.clone(), is_error: true }),
            },
            Action::DeleteStudy => match &self.library.chosen()?.study {
                Some(study) if self.is_own(study) => {
                    self.warn("this run is recorded in that study; open another preset first, then delete it");
                }
                Some(study) => return Some(Effect::DeleteStudy(Box::new(study.clone()))),
                None => self.warn("this is a preset, and only studies are deleted here"),
            },
            Action::Folder => {
                let text = Input::new(self.library.folder.display().to_string());
                self.mode = Mode::Prompt(Prompt { asks: Asks::Folder, text });
            }
            _ => {}
        }
        None
    }

    pub(super) fn on_training(&mut self, action: Action) {
        let page = usize::from(self.size.height / 2).max(1);
        match action {
            Action::Up => self.choose_finalist(|at, _| at.saturating_sub(1)),
            Action::Down => self.choose_finalist(|at, _| at + 1),
            Action::PageUp => self.choose_finalist(|at, _| at.saturating_sub(page)),
            Action::PageDown => self.choose_finalist(|at, _| at + page),
            Action::First => self.choose_finalist(|_, _| 0),
            Action::Last => self.choose_finalist(|_, last| last),
            _ => {}
        }
    }

    /// Goes to a line of the finalists, and selects its candidate.
    pub(super) fn choose_finalist(&mut self, to: impl Fn(usize, usize) -> usize) {
        let Some(finalists) = &mut self.finalists else { return };
        let last = finalists.shown(&self.study).len().saturating_sub(1);
        finalists.line = to(finalists.line, last).min(last);
        if let Some(chosen) = finalists.chosen(&self.study).filter(|id| self.row_of(*id).is_some()) {
            self.select(Some(chosen));
        }
    }

    pub(super) fn pause(&mut self) -> Option<Effect> {
        self.phase = match self.phase {
            Phase::Scoring => Phase::Paused,
            Phase::Paused => Phase::Scoring,
            Phase::Done => {
                self.say("all is scored, there is nothing to pause");
                return None;
            }
        };
        if self.chunks.is_some() && self.phase == Phase::Paused {
            self.say("the jobs go on, and their results wait");
        }
        Some(Effect::SetPaused(self.phase == Phase::Paused))
    }

    fn cancel_jobs(&mut self) -> Option<Effect> {
        match &self.chunks {
            None => self.say("this run is not on a cluster"),
            Some(_) if self.phase == Phase::Done => self.say("the run is over"),
            Some(_) => {
                self.say("the jobs are told to end");
                return Some(Effect::CancelJobs);
            }
        }
        None
    }

    pub(super) fn sort_by(&mut self, column: usize) {
        let Some(found) = self.columns.get(column) else {
            return self.say(format!("there are {} columns", self.columns.len()));
        };
        self.sort = column;
        self.descending = found.largest_first;
        self.resort();
    }

    pub(super) fn reverse(&mut self) {
        self.descending = !self.descending;
        self.resort();
    }

    /// The user asked for an order, so frozen rows move this once.
    pub(super) fn resort(&mut self) {
        let frozen = std::mem::replace(&mut self.frozen, false);
        self.arrange();
        self.frozen = frozen;
    }
}
