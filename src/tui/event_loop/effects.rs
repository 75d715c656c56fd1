//! Carries out what the screen asks for. What may wait for a disk goes to other threads, and comes back as news.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Leave, Loop};
use crate::cli::RunOptions;
use crate::commands::new;
use crate::run::{Failure, Prepared, files, prepare_loaded, recording, studies};
use crate::tui::background::behind;
use crate::tui::background::channel::What;
use crate::tui::background::start::Start;
use crate::tui::context::Phase;
use crate::tui::effect::Effect;
use crate::tui::library;
use crate::tui::news::{News, Written};
use crate::tui::paths::{completed, expand_home};
use crate::tui::table::Standings;
use crate::tui::views::training::Training;
use neartop_io::preset::Preset;
use neartop_study::store::Summary;

impl Loop<'_> {
    /// Carries out an effect; says how the app is left where it is.
    pub(super) fn carry_out(&mut self, effect: Effect) -> io::Result<Option<Leave>> {
        match effect {
            Effect::Quit => return Ok(Some(Leave::Quit)),
            Effect::Interrupt => return Ok(Some(Leave::Interrupted)),
            Effect::Suspend => self.suspend()?,
            Effect::GoOn => {
                self.screen.retake()?;
                self.resized()?;
            }
            Effect::Redraw => self.screen.clear()?,
            Effect::Rank => self.rank(),
            Effect::SetPaused(paused) => {
                self.session.control.set_paused(paused);
                self.stopwatch.pause(paused);
            }
            Effect::NextTheme => self.next_theme(),
            Effect::SetMouse(wanted) => self.screen.set_mouse(wanted)?,
            Effect::Train(candidates, options) => self.session.coach.start(candidates, options),
            Effect::StopTraining => self.session.coach.stop(),
            Effect::CancelJobs => self.session.cancel_jobs(),
            Effect::KeepTraining(candidate) => self.keep_training(candidate),
            Effect::FindPresets(folder) => self.find_presets(folder),
            Effect::Complete(begun) => self.tell.tell_later(move || {
                let paths = completed(&begun);
                What::News(News::Completed { of: begun, paths })
            }),
            Effect::Open(preset) => self.prepare(move || Ok(*preset)),
            Effect::OpenFile(path) => self.prepare(move || new::of_file(&expand_home(&path))),
            Effect::DeleteStudy(study) => self.delete_study(study),
            Effect::Copy(text) => {
                let copied = self.screen.copy(&text).map(|()| text.len());
                self.know(News::Copied(copied))?;
            }
            Effect::Write { path, text, replace } => {
                self.tell.tell_later(move || What::News(News::Written(write(&path, &text, replace))));
            }
            Effect::Size(ticket, request) => self.session.sizing.start(ticket, request),
            Effect::Inspect(candidate) => self.session.inspector.start(candidate),
            Effect::Repair(candidate) => self.session.mender.start(candidate),
            Effect::StopRepair => self.session.mender.stop(),
        }
        Ok(None)
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.stopwatch.pause(true);
        self.screen.suspend()?;
        self.stopwatch.pause(self.app.cx.phase != Phase::Scoring);
        self.resized()
    }

    fn rank(&self) {
        let (study, tell) = (Arc::clone(&self.app.cx.study), self.tell.clone());
        let work = move || {
            let standings = Standings::in_full(&study);
            // So that whoever hears of it has the study alone.
            drop(study);
            // Without a reader the app is being left.
            let _ = tell.tell(What::News(News::Ranked(Box::new(standings))));
        };
        behind::work(work);
    }

    fn next_theme(&mut self) {
        self.look = self.look.clone().with_next_theme();
        let text = match self.look.has_colors() {
            true => format!("theme: {}", self.look.theme_name()),
            false => "colours are off".to_owned(),
        };
        self.app.cx.say(text);
    }

    fn keep_training(&mut self, only: Option<usize>) {
        let finalists = self.app.view::<Training>().and_then(|training| training.finalists.as_ref());
        if let Some(keeper) = finalists.and_then(|finalists| self.keeper(finalists, only)) {
            self.keep(move || keeper().into_iter().collect());
        }
    }

    fn find_presets(&self, folder: PathBuf) {
        let options = self.options.study.clone();
        let (tell, asked) = (self.tell.clone(), Arc::clone(&self.asked));
        let own = asked.fetch_add(1, Ordering::Relaxed) + 1;
        tokio::task::spawn_blocking(move || {
            let study = (!options.no_study).then(|| recording::path(&options).ok()).flatten();
            let listing = library::list(&expand_home(&folder), study.as_deref());
            // Unless another folder was asked for meanwhile.
            (asked.load(Ordering::Relaxed) == own).then(|| tell.tell(What::News(News::Found(listing))))
        });
    }

    /// Another preset is read and checked in the background, and takes the place of this one when it is right.
    fn prepare(&self, read: impl FnOnce() -> Result<Preset, Failure> + Send + 'static) {
        // The preset has what the command line asked for.
        let options = RunOptions { seed: None, repetitions: None, ..self.options.clone() };
        let prepared = move || read().and_then(|preset| prepare_loaded(preset, &options)).map(Box::new);
        self.tell.tell_later(move || What::Prepared(prepared()));
    }

    /// Reads what the study on disk knows of a preset that is to be opened. What is scored so far is known too.
    pub(super) fn read_study(&self, prepared: Prepared) {
        let (options, before) = (self.options.clone(), Arc::clone(&self.app.cx.study));
        self.tell.tell_later(move || What::Read(Start::read(prepared, &options, Some(&before)).map(Box::new)));
    }

    fn delete_study(&self, study: Box<Summary>) {
        let options = self.options.study.clone();
        self.tell.tell_later(move || What::News(News::Deleted(studies::delete_in(&options, &study))));
    }
}

fn write(path: &Path, text: &str, replace: bool) -> Written {
    let path = expand_home(path);
    if let Err(failure) = files::check_target(&path) {
        return Written::Failed(failure);
    }
    let written = if replace { files::write_file(&path, text) } else { files::write_new_file(&path, text) };
    match written {
        Ok(()) => Written::Done(path),
        Err(Failure::Write { cause, .. }) if cause.kind() == io::ErrorKind::AlreadyExists => Written::Exists,
        Err(failure) => Written::Failed(failure),
    }
}
