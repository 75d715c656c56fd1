//! `neartop report`: a study as one HTML page.

mod command_line;
mod date;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::rank::{broken_off, conclude, repaired, score_all};
use crate::cli::{DEFAULT_PRESET, ReportArgs};
use crate::run::evidence::Gatherer;
use crate::run::export::check_export;
use crate::run::recording::{self, recorded_training};
use crate::run::streams::tell;
use crate::run::studies::{choose, failure};
use crate::run::target::{Inputs, Target};
use crate::run::{Failure, prepare};
use neartop_io::preset::{Preset, printable};
use neartop_study::page::{self, Content, Origin, Recorded};
use neartop_study::space::Space;
use neartop_study::store::{Store, Summary, Training};
use neartop_study::study::Study;

/// Writes the page of a run, also of one that was broken off, or of a study that was recorded.
///
/// # Errors
/// What is wrong with the preset or the study, or that the run failed or was interrupted.
pub async fn run(args: &ReportArgs) -> Result<(), Failure> {
    let file = (args.output != Path::new("-")).then_some(args.output.as_path());
    let target = Target::new(file, args.force || file.is_some_and(is_report))?;
    match studies(args)? {
        Some(path) => of_study(args, &path, target),
        None => of_preset(args, target).await,
    }
}

/// Whether a file is a report, which another may replace.
fn is_report(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = |file: File| file.take(page::HEAD as u64).read_to_end(&mut head);
    path.is_file() && File::open(path).and_then(read).is_ok() && page::is_page(&String::from_utf8_lossy(&head))
}

/// The file of studies that is asked for; none for a preset.
fn studies(args: &ReportArgs) -> Result<Option<PathBuf>, Failure> {
    let run = &args.run;
    let path = match (&args.source, &args.id) {
        (Some(source), _) if Store::is_at(Path::new(source)) => PathBuf::from(source),
        (None, Some(_)) => recording::path(&run.study).map_err(|error| recording::refused(None, &error))?,
        (Some(source), Some(_)) => {
            let message = format!("--id names a study of a file of studies, and {} is none", printable(source));
            return Err(Failure::usage(message));
        }
        (_, None) => return Ok(None),
    };
    let of_runs = [
        ("--study", run.study.study.is_some() && args.source.is_some()),
        ("--no-study", run.study.no_study),
        ("--fresh", run.study.fresh),
        ("--seed", run.seed.is_some()),
        ("--repetitions", run.repetitions.is_some()),
        ("--jobs", run.jobs.is_some()),
        ("--data", run.data.is_some()),
        ("--repair", args.repair),
        ("--evidence", args.evidence.is_some()),
    ];
    match of_runs.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(Some(path)),
        Some((option, _)) => Err(Failure::Usage {
            message: format!("a study is reported as it was recorded, without {option}"),
            help: Some("name the preset to run it again: what is recorded of it is not scored anew".to_owned()),
        }),
    }
}

/// Ranks a preset and writes the page.
async fn of_preset(args: &ReportArgs, target: Target) -> Result<(), Failure> {
    let source = args.source.as_deref().unwrap_or(DEFAULT_PRESET);
    let prepared = prepare(source, &args.run)?;
    let preset = &prepared.space.preset;
    let target = target.spares(&Inputs::new(preset, &args.run.study))?;
    let gatherer = Gatherer::new(&prepared, &args.run, args.evidence.unwrap_or_default())?;
    let (mut study, _, mut interrupted) = score_all(&prepared, &args.run).await?;
    study.set_guard(!args.run.no_guard);
    if !interrupted {
        interrupted = gatherer.gather(&mut study).await?;
    }
    if args.repair && !interrupted {
        (study, interrupted) = repaired(&prepared, study).await?;
    }
    let training = recorded_training(&prepared, &args.run.study);
    let assumptions = prepared.scorer.samples().assumptions().iter().map(|assumption| format!("Data: {assumption}"));
    let origin = Origin {
        command: command_line::of_preset(source, args),
        preset: (format!("As in {}.", printable(preset.origin())), preset.text().to_owned()),
        assumptions: assumptions.collect(),
        ..Origin::default()
    };
    write(args, &study, training.as_ref(), origin, target)?;
    if interrupted {
        return Err(broken_off(&args.run));
    }
    conclude(&study, &args.run)
}

/// Writes the page of a study that was recorded. Nothing is scored, and its data need not be there.
fn of_study(args: &ReportArgs, path: &Path, target: Target) -> Result<(), Failure> {
    let fail = |error| failure(path, &error);
    let store = Store::open_to_read(path).map_err(fail)?;
    let summaries = store.summaries().map_err(fail)?;
    let summary = chosen(&summaries, args.id.as_deref(), path)?;
    let preset = preset_of(summary)?;
    check_export(&preset, &args.run)?;
    let target = target.spares(&Inputs::new(&preset, &args.run.study).and("the study", [path.to_owned()]))?;
    let mut study = Study::new(Arc::new(Space::new(Arc::new(preset))));
    study.set_guard(!args.run.no_guard);
    let revived = store.revive(summary, &mut study).map_err(fail)?;
    let Summary { key, created_at, updated_at, program, .. } = summary.clone();
    let origin = Origin {
        command: command_line::of_study(args),
        before: Some(
            "Save the preset below as “preset.yaml”. It names files by where they were when it was run.".to_owned(),
        ),
        preset: ("As it is recorded with the study.".to_owned(), study.space.preset.text().to_owned()),
        recorded: Some(Recorded { key, begun: created_at, updated: updated_at, program }),
        left_out: revived.left_out,
        ..Origin::default()
    };
    write(args, &study, revived.training.as_ref(), origin, target)?;
    conclude(&study, &args.run)
}

/// The study that is meant: the one that is named, or the latest ranking, which is said where there are several.
fn chosen<'a>(studies: &'a [Summary], id: Option<&str>, path: &Path) -> Result<&'a Summary, Failure> {
    let name = || printable(&path.display().to_string());
    if let Some(id) = id {
        let study = choose(studies, id)?;
        if study.is_ranking() {
            return Ok(study);
        }
        return Err(Failure::usage(format!("study {} is of the size of a layer, and ranks nothing", study.id)));
    }
    let rankings: Vec<_> = studies.iter().filter(|study| study.is_ranking()).collect();
    let latest = rankings.iter().max_by(|a, b| a.updated_at.cmp(&b.updated_at).then(a.id.cmp(&b.id)));
    let Some(latest) = latest else { return Err(Failure::usage(format!("{} holds no ranking", name()))) };
    if rankings.len() > 1 {
        let (count, id) = (rankings.len(), latest.id);
        tell(format_args!(
            "{} holds {count} rankings, and this is the latest, study {id}, {}; --id takes another",
            name(),
            latest.name
        ));
    }
    Ok(latest)
}

/// The preset that is recorded with a study.
fn preset_of(study: &Summary) -> Result<Preset, Failure> {
    let Some(text) = &study.preset else {
        return Err(Failure::Usage {
            message: format!("study {} was recorded by an older version, without its preset", study.id),
            help: Some("name the preset: what is recorded of it is found, and the preset is recorded too".to_owned()),
        });
    };
    let preset = Preset::parse(text, &format!("the preset of study {}", study.id), Path::new(""))?;
    Ok(preset)
}

fn write(
    args: &ReportArgs,
    study: &Study,
    training: Option<&Training>,
    origin: Origin,
    target: Target,
) -> Result<(), Failure> {
    let origin = Origin { date: date::today(), ..origin };
    let content = Content { study, training, origin, rows: args.top as usize };
    let page = page::render(content).map_err(|error| Failure::Run(error.to_string()))?;
    target.write(&page)?;
    if args.output != Path::new("-") {
        tell(format_args!("the report is in {}", printable(&args.output.display().to_string())));
    }
    Ok(())
}
