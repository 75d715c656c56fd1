//! `neartop rank --on slurm`: the run on a cluster.

mod prepare;

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::rank::{conclude, progress_bar, write_ranking};
use super::shard::{refuse_auto, work_of};
use crate::cli::{ClusterOptions, RankArgs, RunOptions, StudyOptions};
use crate::cluster::coordinator::Coordinator;
use crate::cluster::error::ClusterError;
use crate::cluster::filesystem::shared_kind;
use crate::cluster::follow::{Followed, follow};
use crate::cluster::ledger::Ledger;
use crate::cluster::slurm::Slurm;
use crate::cluster::states::States;
use crate::cluster::units::Units;
use crate::run::recording::{self, Recording, Taking};
use crate::run::streams::tell;
use crate::run::target::{Inputs, Target};
use crate::run::{Failure, Interrupts, Prepared, Remote, prepare as prepare_run};
use neartop_io::preset::printable;
use neartop_study::scheduler::{Known, Progress, Run};
use neartop_study::store::Entry;
use neartop_study::study::Study;

pub use prepare::Joined;
use prepare::Request;

/// The time between two lines about chunks where standard error is no terminal.
const SELDOM: Duration = Duration::from_secs(5);
/// Results taken in at once.
const BATCH: usize = 4096;

/// Submits or joins a run, follows it to its end, and writes the ranking, also of a run that was left.
///
/// # Errors
/// What is wrong with the preset or with Slurm, that chunks were given up, or that the user left.
pub async fn run(args: &RankArgs) -> Result<(), Failure> {
    let target = Target::new(args.output.output.as_deref(), true)?;
    let prepared = prepare_run(&args.preset, &args.run)?;
    let target = target.spares(&Inputs::new(&prepared.space.preset, &args.run.study))?;
    refuse_auto(&prepared, "a run on a cluster")?;
    let work = Arc::new(work_of(&prepared)?);
    let study_options = local_study(&args.run.study)?;
    let (preset, run, cluster) = (args.preset.as_str(), &args.run, &args.cluster);
    let request = Request { preset, run, prepared: &prepared, work: &work, cluster, study: &study_options };
    let joined = request.join(args.cancel)?;
    if args.dry_run {
        tell(format_args!(
            "nothing is submitted; {} is yours to edit, and the same command without --dry-run submits it",
            joined.script()
        ));
        return Ok(());
    }
    let mut study = Study::new(Arc::clone(&prepared.space));
    study.set_guard(!args.run.no_guard);
    if args.cancel || args.detach {
        let units = Units::new(&prepared.space);
        let known = Ledger::new(units.candidates(), units.repetitions());
        let mut coordinator = coordinator(&prepared, &joined, units, known)?;
        return if args.cancel { cancel(&mut coordinator) } else { detach(&mut coordinator, &joined) };
    }
    let (recording, mut taking) = Recording::open_for_taking(&prepared, &study_options, &mut study)?;
    taking.tell();
    if let Some(found) = recording.found() {
        tell(format_args!("{found}"));
    }
    let units = Units::new(&prepared.space);
    let known = known(&units, &study, &recording);
    let (run, followed) =
        follow(coordinator(&prepared, &joined, units, known)?).map_err(|e| Failure::Run(e.to_string()))?;
    let start = Instant::now();
    let left = take_all(run, &followed, &mut study, &mut taking).await?;
    taking.tell();
    write_ranking(&study, start.elapsed().as_secs_f64(), &args.output, target)?;
    if left {
        let remark = "its jobs go on; the same command joins the run again, and with --cancel it ends the jobs";
        tell(format_args!("left the run in {}: {remark}", joined.place()));
        return Err(Failure::Interrupted);
    }
    match followed.end().and_then(|end| end.trouble()) {
        Some(failure) => Err(Failure::Run(failure)),
        None => conclude(&study, &args.run),
    }
}

/// Makes or joins a run for the app, and says where its study may be.
///
/// # Errors
/// If the run cannot be one on a cluster, or its directory or Slurm cannot be used.
pub fn open(
    preset: &str,
    prepared: &Prepared,
    options: &RunOptions,
    cluster: &ClusterOptions,
) -> Result<(Joined, StudyOptions), Failure> {
    refuse_auto(prepared, "a run on a cluster")?;
    let work = Arc::new(work_of(prepared)?);
    let study = local_study(&options.study)?;
    let joined = Request { preset, run: options, prepared, work: &work, cluster, study: &study }.join(false)?;
    Ok((joined, study))
}

/// Takes results in until the run is over. True where the user left before.
async fn take_all(mut run: Run, followed: &Followed, study: &mut Study, taking: &mut Taking) -> Result<bool, Failure> {
    let tally = study.tally();
    let bar = progress_bar(tally.total as u64);
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} scores  {wide_bar}  {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_position(tally.done as u64);
    let mut states = followed.states.clone();
    let mut teller = Teller { bar: &bar, said: String::new(), at: None };
    teller.tell(&states.borrow_and_update(), false);
    let mut batch: Vec<Progress> = Vec::new();
    let mut interrupts = Interrupts::watch()?;
    let left = loop {
        tokio::select! {
            count = run.progress.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    break false;
                }
                bar.inc(count as u64);
                let mut entries = Vec::with_capacity(count);
                for Progress { candidate, repetition, result } in batch.drain(..) {
                    study.record(candidate, repetition, result.clone());
                    entries.push(Entry { work: 0, candidate, repetition, result });
                }
                taking.take(&entries);
            }
            changed = states.changed() => if changed.is_ok() {
                teller.tell(&states.borrow_and_update(), false);
            },
            () = interrupts.next() => {
                break true;
            }
        }
    };
    let last = states.borrow().clone();
    teller.tell(&last, true);
    bar.finish_and_clear();
    Ok(left)
}

/// Says how chunks stand: in the bar, or now and then as a line.
struct Teller<'a> {
    bar: &'a ProgressBar,
    said: String,
    at: Option<Instant>,
}

impl Teller<'_> {
    fn tell(&mut self, states: &States, is_last: bool) {
        let text = states.in_words();
        self.bar.set_message(text.clone());
        let is_due = is_last || self.at.is_none_or(|at| at.elapsed() >= SELDOM);
        if self.bar.is_hidden() && is_due && text != self.said {
            tell(format_args!("chunks: {text}"));
            (self.said, self.at) = (text, Some(Instant::now()));
        }
    }
}

fn known(units: &Units, study: &Study, recording: &Recording) -> Ledger {
    let mut ledger = Ledger::new(units.candidates(), units.repetitions());
    for candidate in 0..units.candidates() {
        for repetition in 0..units.repetitions() {
            match recording.known(study, candidate, repetition) {
                Known::Nothing => continue,
                Known::NothingMore => break,
                Known::Scored(_) => ledger.take(candidate, repetition, false),
                Known::Failed => ledger.take(candidate, repetition, true),
            };
        }
    }
    ledger
}

/// What of a joined run is known here, and how to go on.
fn coordinator(
    prepared: &Prepared,
    joined: &Joined,
    units: Units,
    known: Ledger,
) -> Result<Coordinator<Slurm>, Failure> {
    let scorer = Arc::clone(&prepared.scorer);
    let fingerprint = move |repetition: usize| scorer.samples().fingerprint(repetition as u64).ok().flatten();
    joined.coordinator(units, known, Box::new(fingerprint)).map_err(failed)
}

impl Remote for Joined {
    fn place(&self) -> String {
        self.place()
    }

    fn follow(&self, prepared: &Prepared, study: &Study, recording: &Recording) -> Result<(Run, Followed), Failure> {
        let units = Units::new(&prepared.space);
        let known = known(&units, study, recording);
        follow(coordinator(prepared, self, units, known)?).map_err(|e| Failure::Run(e.to_string()))
    }
}

fn failed(error: ClusterError) -> Failure {
    Failure::Run(error.to_string())
}

fn cancel(coordinator: &mut Coordinator<Slurm>) -> Result<(), Failure> {
    let jobs = coordinator.live_jobs().map_err(failed)?;
    if jobs.is_empty() {
        tell(format_args!("no job of this run waits or runs"));
        return Ok(());
    }
    coordinator.cancel().map_err(failed)?;
    let jobs: Vec<_> = jobs.iter().map(u64::to_string).collect();
    tell(format_args!(
        "cancelled {}; what they have scored stays, and the same command without --cancel submits the rest",
        jobs.join(", ")
    ));
    Ok(())
}

fn detach(coordinator: &mut Coordinator<Slurm>, joined: &Joined) -> Result<(), Failure> {
    coordinator.step(&mut |_| {}).map_err(failed)?;
    let place = joined.place();
    tell(format_args!(
        "chunks: {}; the run is in {place}, and the same command without --detach follows it",
        coordinator.states().in_words()
    ));
    Ok(())
}

/// The options of the study, where that is on this machine alone: SQLite cannot rely on the locks of file systems that
/// machines share. The parts of the run hold all results in any case.
///
/// # Errors
/// If the user named a study on such a file system.
pub fn local_study(options: &StudyOptions) -> Result<StudyOptions, Failure> {
    let path = recording::path(options).ok().filter(|_| !options.no_study);
    let Some(kind) = path.as_deref().and_then(shared_kind) else { return Ok(options.clone()) };
    let name = printable(&path.unwrap_or_default().display().to_string());
    if options.study.is_some() {
        return Err(Failure::Usage {
            message: format!("the study {name} is on a file system that machines share ({kind}), which SQLite cannot rely on"),
            help: Some("name one on a local disk, or say --no-study: the parts of the run hold all results, and `neartop merge` brings them into a study anywhere".to_owned()),
        });
    }
    tell(format_args!(
        "your studies are on a file system that machines share ({kind}): results stay in the directory of the run, and `neartop merge` brings them into a study on a local disk"
    ));
    Ok(StudyOptions { study: None, no_study: true, fresh: false })
}
