//! The terminal app: one state, one update, one draw, and the loop that carries out effects.

pub mod app;
pub mod candidate;
mod coach;
pub mod column;
pub mod draft;
mod export_dialog;
pub mod finalists;
mod inspector;
pub mod keymap;
pub mod library;
pub mod matrix;
pub mod palette;
mod session;
pub mod settings;
pub mod sizes;
mod sizing;
pub mod terminal;
pub mod terms;
pub mod theme;
pub mod view;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt;
use ratatui::layout::Size;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::cli::RunOptions;
use crate::cluster::follow::Followed;
use crate::run::export::export_recommended;
use crate::run::recording::{self, Recording};
use crate::run::streams::{print, tell};
use crate::run::{Failure, Interrupts, Prepared, Remote, files, prepare_loaded, studies};
use neartop_io::preset::printable;
use neartop_study::scheduler::Control;
use neartop_study::study::Study;

use app::{App, Effect, Message, Notice, Phase, Standings, Written};
use session::Session;
use settings::Settings;
use terminal::{Screen, Stops};
use theme::Look;

/// The shortest time between two frames while scores come in.
const FRAME: Duration = Duration::from_millis(33);
/// The shortest time between a frame and the one that answers a key.
const ANSWER: Duration = Duration::from_millis(4);
/// How often the clock on the screen moves.
const TICK: Duration = Duration::from_secs(1);
/// Scores taken in at once.
const BATCH: usize = 4096;

/// Opens the app on a run that was prepared, on this machine or on those of `remote`. When it is left, says what it recommends and exports it where asked to.
///
/// # Errors
/// If the terminal fails, the export cannot be written, or the user broke off.
pub async fn run(
    prepared: Prepared,
    options: &RunOptions,
    remote: Option<&dyn Remote>,
    look: Look,
    settings: Settings,
) -> Result<(), Failure> {
    let (session, study) = Session::start(&prepared, options, None, remote)?;
    // Before the terminal is taken, so that no signal leaves it as it then is.
    let signals = (Interrupts::watch()?, Stops::watch().map_err(|e| terminal_failure(&e))?);
    let (study, recording, how) = {
        let mut screen = Screen::take().map_err(|e| terminal_failure(&e))?;
        let looped = event_loop(&mut screen, signals, study, session, options, look, settings);
        looped.await.map_err(|e| terminal_failure(&e))?
    };
    for trouble in recording.finish() {
        tell(trouble);
    }
    if let Some(remote) = remote.filter(|_| study.tally().done < study.tally().total) {
        tell(format!("the jobs of {} go on; the same command joins the run again", remote.place()));
    }
    if let Some((candidate, why)) = study.recommended() {
        let (c, near) = (study.candidate(candidate), study.near(candidate).map_or(f64::NAN, |e| e.mean));
        let shown = print(&format!("Recommended: {c}, NEAR {near:.2} ({why})\n"));
        export_recommended(&study, options)?;
        // The terminal may be gone.
        shown.or_else(|error| if how == Leave::Interrupted { Ok(()) } else { Err(error) })?;
    }
    if how == Leave::Interrupted { Err(Failure::Interrupted) } else { Ok(()) }
}

fn terminal_failure(error: &io::Error) -> Failure {
    Failure::Run(format!("the terminal failed: {error}"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leave {
    Quit,
    Interrupted,
}

async fn event_loop(
    screen: &mut Screen,
    (mut interrupts, mut stops): (Interrupts, Stops),
    study: Study,
    mut session: Session,
    options: &RunOptions,
    mut look: Look,
    settings: Settings,
) -> io::Result<(Study, Recording, Leave)> {
    let (width, height) = crossterm::terminal::size()?;
    let mut app = App::new(study, Size::new(width, height));
    if let Some(text) = session.recording.found() {
        app.update(Message::Noted(Notice { text, is_error: false }));
    }
    app.chunks = session.cluster.as_mut().map(|cluster| cluster.states.borrow_and_update().clone());
    (app.keymap, app.has_mouse) = (settings.keymap, settings.mouse);
    app.want_columns(settings.columns);
    app.recorded = session.recording.key().map(str::to_owned);
    let began = Instant::now();
    screen.set_mouse(app.has_mouse)?;
    let mut stopwatch = Stopwatch::start();
    let mut events = EventStream::new();
    let mut tick = tokio::time::interval(TICK);
    // After a rest the clock does not run after the time that it missed.
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut batch = Vec::new();
    // Another preset is read and checked in the background, and takes the place of this one when it is right.
    let (found, mut finding) = mpsc::unbounded_channel::<(Vec<library::Entry>, Option<String>)>();
    let (opened, mut opening) = mpsc::unbounded_channel::<Result<Prepared, String>>();
    let (deleted, mut deleting) = mpsc::unbounded_channel();
    let (ranked, mut ranking) = mpsc::unbounded_channel();
    let mut drawn = Instant::now();
    // When the next frame is due; none while the screen shows all there is.
    let mut due = Some(drawn);
    loop {
        if let Some(text) = session.recording.trouble() {
            app.update(Message::Noted(Notice { text, is_error: true }));
            due = due.or(Some(drawn + FRAME));
        }
        let message = tokio::select! {
            biased;
            () = tokio::time::sleep_until(due.unwrap_or(drawn).into()), if due.is_some() => {
                if let Some(Effect::Rank) = app.update(Message::Frame(stopwatch.elapsed())) {
                    let (study, ranked) = (Arc::clone(&app.study), ranked.clone());
                    tokio::task::spawn_blocking(move || {
                        let standings = Standings::of(&study);
                        // So that whoever hears of it has the study alone.
                        drop(study);
                        let _ = ranked.send(standings);
                    });
                }
                if let Err(error) = screen.draw(|frame| view::draw(frame, &app, &look)) {
                    // What is closed ends the program as a signal does.
                    tracing::error!(%error, "the terminal is gone");
                    return Ok((app.into_study(), session.recording, Leave::Interrupted));
                }
                (drawn, due) = (Instant::now(), None);
                continue;
            }
            event = events.next() => match event {
                Some(Ok(Event::Key(key))) => Message::Key(key),
                Some(Ok(Event::Mouse(mouse))) => Message::Mouse(mouse),
                Some(Ok(Event::Paste(text))) => Message::Paste(text),
                Some(Ok(Event::Resize(width, height))) => Message::Resized(Size::new(width, height)),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return Ok(left(app, session, Leave::Interrupted)),
            },
            () = interrupts.next() => return Ok(left(app, session, Leave::Interrupted)),
            stop = stops.next() => Message::Stop(stop),
            count = session.run.progress.recv_many(&mut batch, BATCH), if app.phase != Phase::Done => {
                if count > 0 {
                    batch.iter().for_each(|progress| session.recording.record(progress));
                    Message::Scored(std::mem::take(&mut batch))
                } else {
                    stopwatch.pause(true);
                    let end = session.cluster.as_ref().and_then(Followed::end);
                    if let Some(text) = end.and_then(|end| end.trouble()) {
                        app.update(Message::Noted(Notice { text, is_error: true }));
                    }
                    Message::Ended
                }
            }
            Some(standings) = ranking.recv() => Message::Ranked(Box::new(standings)),
            Some(states) = Session::chunks(&mut session.cluster) => Message::Chunks(states),
            Some((ticket, news)) = session.sizing.news.recv() => Message::Sized(ticket, news),
            Some((candidate, spectra)) = session.inspector.news.recv() => Message::Inspected(candidate, spectra),
            Some(news) = session.coach.news.recv() => Message::Training(news),
            Some((entries, trouble)) = finding.recv() => {
                trouble.into_iter().for_each(|text| app.warn(text));
                Message::Found(entries)
            }
            Some(outcome) = deleting.recv() => Message::Deleted(outcome),
            Some(prepared) = opening.recv() => {
                let started = prepared.and_then(|prepared| {
                    Session::start(&prepared, options, Some(&app.study), None).map_err(|failure| failure.to_string())
                });
                match started {
                    Ok((new, study)) => {
                        let kept = keep_unfinished(&session, &app);
                        let old = std::mem::replace(&mut session, new);
                        let mut trouble = old.recording.finish();
                        trouble.extend(kept);
                        stopwatch = Stopwatch::start();
                        app.update(Message::Opened(Ok(Box::new(study))));
                        app.recorded = session.recording.key().map(str::to_owned);
                        match trouble.is_empty() {
                            false => Message::Noted(Notice { text: trouble.join("; "), is_error: true }),
                            true => Message::Frame(stopwatch.elapsed()),
                        }
                    }
                    Err(reason) => Message::Opened(Err(reason)),
                }
            }
            _ = tick.tick(), if app.is_timed() => Message::Tick(began.elapsed()),
        };
        let wait = if matches!(
            message,
            Message::Scored(_)
                | Message::Ranked(_)
                | Message::Chunks(_)
                | Message::Frame(_)
                | Message::Tick(_)
                | Message::Sized(..)
                | Message::Inspected(..)
                | Message::Training(_)
        ) {
            FRAME
        } else {
            ANSWER
        };
        due = Some(due.map_or(drawn + wait, |due| due.min(drawn + wait)));
        match app.update(message) {
            Some(Effect::Quit) => return Ok(left(app, session, Leave::Quit)),
            Some(Effect::Interrupt) => return Ok(left(app, session, Leave::Interrupted)),
            Some(Effect::Size(ticket, request)) => session.sizing.start(ticket, request),
            Some(Effect::Inspect(candidate)) => session.inspector.start(candidate),
            Some(Effect::Train(candidates)) => session.coach.start(candidates),
            Some(Effect::StopTraining) => session.coach.stop(),
            Some(Effect::KeepTraining) => {
                let trouble = app.finalists.as_ref().and_then(|finalists| session.keep_training(finalists));
                trouble.into_iter().for_each(|text| app.warn(text));
            }
            Some(Effect::CancelJobs) => {
                if let Some(cluster) = &session.cluster {
                    cluster.orders().cancel_jobs();
                }
            }
            Some(Effect::FindPresets(folder)) => {
                let found = found.clone();
                let study = (!options.study.no_study).then(|| recording::path(&options.study).ok()).flatten();
                tokio::task::spawn_blocking(move || {
                    let folder = expand_home(&folder);
                    let trouble = std::fs::read_dir(&folder)
                        .err()
                        .map(|error| format!("{}: {error}", printable(&folder.display().to_string())));
                    let _ = found.send((library::read(&folder, study.as_deref()), trouble));
                });
            }
            Some(Effect::DeleteStudy(study)) => {
                let (options, deleted) = (options.study.clone(), deleted.clone());
                tokio::task::spawn_blocking(move || {
                    let outcome = studies::delete_in(&options, &study).map_err(|failure| failure.to_string());
                    let _ = deleted.send(outcome);
                });
            }
            Some(Effect::Open(preset)) => {
                let (options, opened) = (options.clone(), opened.clone());
                tokio::task::spawn_blocking(move || {
                    // The preset has what the command line asked for.
                    let options = RunOptions { seed: None, repetitions: None, ..options };
                    let prepared = prepare_loaded(*preset, &options).map_err(|failure| failure.to_string());
                    let _ = opened.send(prepared);
                });
            }
            Some(Effect::NextTheme) => {
                look = look.with_next_theme();
                app.say(if look.has_colors() {
                    format!("theme: {}", look.theme_name())
                } else {
                    "colours are off".into()
                });
            }
            Some(effect) => carry_out(effect, &mut app, screen, &session.run.control, &mut stopwatch)?,
            None => {}
        }
    }
}

/// What is left of the app when it is left.
fn left(app: App, session: Session, how: Leave) -> (Study, Recording, Leave) {
    let trouble = keep_unfinished(&session, &app);
    let mut recording = session.recording;
    recording.add_trouble(trouble);
    (app.into_study(), recording, how)
}

/// Keeps what a training said that is left before its end; gives what went wrong.
fn keep_unfinished(session: &Session, app: &App) -> Option<String> {
    let finalists = app.finalists.as_ref().filter(|finalists| !finalists.has_ended)?;
    session.keep_training(finalists)
}

fn carry_out(
    effect: Effect,
    app: &mut App,
    screen: &mut Screen,
    control: &Control,
    stopwatch: &mut Stopwatch,
) -> io::Result<()> {
    match effect {
        Effect::Quit | Effect::Interrupt | Effect::Size(..) | Effect::Inspect(_) | Effect::NextTheme => {}
        Effect::Open(_) | Effect::Train(_) | Effect::StopTraining | Effect::KeepTraining => {}
        Effect::FindPresets(_) | Effect::DeleteStudy(_) | Effect::CancelJobs | Effect::Rank => {}
        Effect::SetMouse(wanted) => screen.set_mouse(wanted)?,
        Effect::Redraw => screen.clear()?,
        Effect::Suspend => {
            stopwatch.pause(true);
            screen.suspend()?;
            stopwatch.pause(app.phase != Phase::Scoring);
            resized(app)?;
        }
        Effect::GoOn => {
            screen.retake()?;
            resized(app)?;
        }
        Effect::SetPaused(paused) => {
            control.set_paused(paused);
            stopwatch.pause(paused);
        }
        Effect::Copy(text) => {
            let size = text.len();
            let message = match screen.copy(&text) {
                // No terminal says what became of it.
                Ok(()) => Ok(format!("{size} bytes sent to the terminal's clipboard, if it takes such (OSC 52)")),
                Err(error) => Err(format!("the clipboard was not reached: {error}")),
            };
            app.update(Message::Copied(message));
        }
        Effect::Write { path, text, replace } => {
            app.update(Message::Written(write(path, &text, replace)));
        }
    }
    Ok(())
}

/// The terminal may have another size since the program was stopped.
fn resized(app: &mut App) -> io::Result<()> {
    let (width, height) = crossterm::terminal::size()?;
    app.update(Message::Resized(Size::new(width, height)));
    Ok(())
}

fn write(path: PathBuf, text: &str, replace: bool) -> Written {
    let path = expand_home(&path);
    let written = if replace { files::write_file(&path, text) } else { files::write_new_file(&path, text) };
    match written {
        Ok(()) => Written::Done(path),
        Err(Failure::Write { cause, .. }) if cause.kind() == io::ErrorKind::AlreadyExists => Written::Exists,
        Err(failure) => Written::Failed(failure.to_string()),
    }
}

/// `~/x` as shells understand it.
fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), etcetera::home_dir()) {
        (Ok(rest), Ok(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// Time spent scoring, without the pauses.
struct Stopwatch {
    before: Duration,
    since: Option<Instant>,
}

impl Stopwatch {
    fn start() -> Self {
        Self { before: Duration::ZERO, since: Some(Instant::now()) }
    }

    fn elapsed(&self) -> Duration {
        self.before + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn pause(&mut self, paused: bool) {
        self.before = self.elapsed();
        self.since = (!paused).then(Instant::now);
    }
}
