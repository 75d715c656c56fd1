//! `neartop rank`: the run without a screen.

mod progress;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{OutputOptions, RankArgs, RunOptions};
use crate::run::evidence::Gatherer;
use crate::run::export::export_recommended;
use crate::run::output;
use crate::run::recording::Recording;
use crate::run::streams::tell;
use crate::run::target::{Inputs, Target};
use crate::run::{Failure, Interrupts, Prepared, prepare};
use neartop_study::repair::repair_all;
use neartop_study::report::Report;
use neartop_study::scheduler::{self, Scorer};
use neartop_study::study::Study;

/// Ranks and writes the result, also of a run that was broken off.
///
/// # Errors
/// What is wrong with the preset, or that the run failed or was interrupted.
pub async fn run(args: &RankArgs) -> Result<(), Failure> {
    let RankArgs { preset, run: options, output, .. } = args;
    let target = Target::new(output.output.as_deref(), true)?;
    let prepared = prepare(preset, options)?;
    let target = target.spares(&Inputs::new(&prepared.space.preset, &options.study))?;
    let gatherer = Gatherer::new(&prepared, options, args.evidence.unwrap_or_default())?;
    let (mut study, elapsed, mut interrupted) = score_all(&prepared, options).await?;
    study.set_guard(!options.no_guard);
    if !interrupted {
        interrupted = gatherer.gather(&mut study).await?;
    }
    if args.repair && !interrupted {
        (study, interrupted) = repaired(&prepared, study).await?;
    }
    write_ranking(&study, elapsed.as_secs_f64(), output, target)?;
    if interrupted {
        return Err(broken_off(options));
    }
    conclude(&study, options)
}

/// Writes a ranking as asked.
pub(super) fn write_ranking(
    study: &Study,
    seconds: f64,
    output: &OutputOptions,
    target: Target,
) -> Result<(), Failure> {
    let top = output.top.map(|n| n as usize);
    let report = Report::new(study, seconds, top);
    let mut rows = study.ranking();
    rows.truncate(top.unwrap_or(usize::MAX));
    let text = output::render(study, &report, &rows, output.format, target.room())?;
    target.write(&text)
}

/// A run that was broken off exports nothing, which is said.
pub(super) fn broken_off(options: &RunOptions) -> Failure {
    if let Some(path) = &options.export {
        tell(format_args!("{} is not written, since the run was broken off", path.display()));
    }
    Failure::Interrupted
}

/// What is left to do when all is scored: the export, or to say that nothing has a score.
pub(super) fn conclude(study: &Study, options: &RunOptions) -> Result<(), Failure> {
    export_recommended(study, options)?;
    if study.best().is_none() {
        let reason = study.ranking().first().and_then(|r| study.reason(r.candidate)).unwrap_or_default();
        return Err(Failure::Run(format!("no candidate could be scored: {reason}")));
    }
    Ok(())
}

pub(super) async fn score_all(prepared: &Prepared, options: &RunOptions) -> Result<(Study, Duration, bool), Failure> {
    let mut study = Study::new(Arc::clone(&prepared.space));
    let mut recording = Recording::open(prepared, &options.study, &mut study)?;
    // Programs are told so by where progress begins.
    if let Some(found) = recording.found().filter(|_| !progress::is_in_lines()) {
        tell(found);
    }
    let scorer: Arc<dyn Scorer> = prepared.scorer.clone();
    let bar = progress_bar(study.tally().total as u64);
    bar.set_position(study.tally().done as u64);
    bar.reset_eta();
    let tell = |trouble: Option<String>| {
        if let Some(trouble) = trouble {
            bar.suspend(|| tell(trouble));
        }
    };
    tell(recording.trouble());
    let mut interrupts = Interrupts::watch()?;
    let start = Instant::now();
    let mut last = start;
    let mut run = scheduler::start(scorer, &prepared.space, prepared.jobs, &|candidate, repetition| {
        recording.known(&study, candidate, repetition)
    });
    let mut interrupted = false;
    loop {
        tokio::select! {
            progress = run.progress.recv() => {
                let Some(progress) = progress else { break };
                last = Instant::now();
                if let Err(failure) = &progress.result {
                    let reason = failure.message();
                    tracing::warn!(candidate = progress.candidate, repetition = progress.repetition, reason);
                }
                recording.record(&progress);
                tell(recording.trouble());
                study.record(progress.candidate, progress.repetition, progress.result);
                bar.inc(1);
            }
            () = interrupts.next(), if !interrupted => {
                interrupted = true;
                run.control.cancel();
            }
        }
    }
    recording.finish().into_iter().for_each(|trouble| tell(Some(trouble)));
    bar.finish_and_clear();
    Ok((study, last - start, interrupted))
}

/// The study with the repairs of what will not train, and whether the search for them was broken off.
pub(super) async fn repaired(prepared: &Prepared, study: Study) -> Result<(Study, bool), Failure> {
    let (scorer, jobs) = (Arc::clone(&prepared.scorer), prepared.jobs);
    let is_cancelled = Arc::new(AtomicBool::new(false));
    let cancelled = Arc::clone(&is_cancelled);
    let mut interrupts = Interrupts::watch()?;
    let mut search = tokio::task::spawn_blocking(move || {
        let found = repair_all(&scorer, &study, jobs, &|| cancelled.load(Ordering::Relaxed));
        (study, found)
    });
    let ended = loop {
        tokio::select! {
            ended = &mut search => break ended,
            () = interrupts.next() => is_cancelled.store(true, Ordering::Relaxed),
        }
    };
    let (mut study, found) = ended.map_err(|error| Failure::Run(error.to_string()))?;
    found.into_iter().for_each(|(id, sought)| study.set_sought(id, sought));
    Ok((study, is_cancelled.load(Ordering::Relaxed)))
}

/// A bar on standard error, where that is a terminal; lines of JSON for a program that asks for them.
pub(super) fn progress_bar(total: u64) -> ProgressBar {
    if progress::is_in_lines() {
        return progress::lines(total);
    }
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr_with_hz(10)
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(total), target);
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} scores  {wide_bar}  {elapsed} elapsed, {eta} left") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
