//! The terminal app: one state, one update, one draw, and the loop that carries out effects.

pub mod app;
mod background;
pub mod capabilities;
pub mod context;
pub mod draft;
pub mod effect;
mod event_loop;
pub mod finalists;
pub mod grid;
mod hangup;
pub mod keymap;
pub mod layout;
pub mod library;
pub mod news;
pub mod notice;
pub mod paths;
pub mod reasons;
pub mod remembered;
pub mod repairs;
pub mod screen;
pub mod settings;
pub mod table;
pub mod terminal;
pub mod terms;
pub mod texts;
pub mod theme;
pub mod view;
pub mod views;
pub mod widgets;

use std::io;

use crate::cli::RunOptions;
use crate::columns::grouped;
use crate::run::export::export_recommended;
use crate::run::streams::{print, tell};
use crate::run::{Failure, Interrupts, Prepared, Remote};
use neartop_study::study::Study;

use background::channel;
use background::session::Session;
use background::start::Start;
use event_loop::{Ended, Leave};
use remembered::Remembered;
use settings::Settings;
use terminal::{Screen, Stops};
use theme::Look;

/// Opens the app on a run that was prepared, on this machine or on those of `remote`. When it is left, says what it
/// recommends and exports it where asked to.
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
    let start = Start::read(prepared, options, None)?;
    let (tell_news, arrivals) = channel::open();
    let begun = Session::begin(start, options, remote, 0, &tell_news)?;
    let was = Remembered { theme: look.chosen(), sorting: settings.sorting.clone() };
    // Before the terminal is taken, so that no signal leaves it as it then is.
    let signals = (Interrupts::watch()?, Stops::watch().map_err(|e| terminal_failure(&e))?);
    let ended = {
        let mut screen = Screen::take().map_err(|e| terminal_failure(&e))?;
        let looped = event_loop::run(&mut screen, signals, begun, (tell_news, arrivals), options, (look, settings));
        looped.await.map_err(|e| terminal_failure(&e))?
    };
    let how = ended.how;
    if let Some(path) = Remembered::path().filter(|_| ended.remembered != was && !options.study.no_study) {
        ended.remembered.save(&path);
    }
    let study = keep(ended).await;
    if let Some(remote) = remote.filter(|_| study.tally().done < study.tally().total) {
        tell(format!("the jobs of {} go on; the same command joins the run again", remote.place()));
    }
    recommend(&study, options, how)?;
    if how == Leave::Interrupted { Err(Failure::Interrupted) } else { Ok(()) }
}

/// Waits until all is written that must be kept, and says what went wrong.
async fn keep(ended: Ended) -> Study {
    let (study, troubles) = ended.keep().await;
    troubles.into_iter().for_each(tell);
    study
}

/// Says which candidate is recommended, and exports it where asked to.
fn recommend(study: &Study, options: &RunOptions, how: Leave) -> Result<(), Failure> {
    let Some((candidate, why)) = study.recommended() else { return Ok(()) };
    let (c, near) = (study.candidate(candidate), study.near(candidate).map_or(f64::NAN, |e| e.mean));
    let tally = study.tally();
    let part = match tally.done < tally.total {
        true => format!(", after {} of {} scores", grouped(tally.done as u64), grouped(tally.total as u64)),
        false => String::new(),
    };
    let shown = print(&format!("Recommended: {c}, NEAR {near:.2} ({why}){part}\n"));
    export_recommended(study, options)?;
    // The terminal may be gone.
    shown.or_else(|error| if how == Leave::Interrupted { Ok(()) } else { Err(error) })
}

fn terminal_failure(error: &io::Error) -> Failure {
    Failure::Run(format!("the terminal failed: {error}"))
}
