//! `neartop rank --shard`: a part of a run, written as it is scored.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::rank::progress_bar;
use crate::cli::RankArgs;
use crate::cluster::ledger::Ledger;
use crate::cluster::part::{Header, PartError, PartWriter, write_line};
use crate::cluster::units::{Shard, Units};
use crate::run::streams::tell;
use crate::run::{Failure, Interrupts, Prepared, prepare};
use neartop_io::preset::printable;
use neartop_study::scheduler::{self, Scorer};
use neartop_study::store::{Entry, Work};

/// Scores a shard and writes its part. What the file has of it already is not scored again.
///
/// # Errors
/// What is wrong with the preset, that the file is a part of other work, or that the run failed or was interrupted.
pub async fn run(args: &RankArgs, shard: Shard) -> Result<(), Failure> {
    let prepared = prepare(&args.preset, &args.run)?;
    refuse_auto(&prepared, "a shard")?;
    let work = work_of(&prepared)?;
    let header = Header::new(&work, Some(shard));
    check_work(args.spread.work.as_deref(), &header)?;
    let units = Units::new(&prepared.space);
    let mut ledger = Ledger::new(units.candidates(), units.repetitions());
    let wanted = units.range(shard);
    match args.output.output.as_deref() {
        None => {
            let part = PartWriter::to_stream(io::stdout(), &header).map_err(|e| unwritten("standard output", e))?;
            score(&prepared, &work, &units, &ledger, wanted, part).await.map(drop)
        }
        Some(path) => {
            let name = printable(&path.display().to_string());
            let part = if args.run.study.fresh {
                PartWriter::begin(path, &header)
            } else {
                PartWriter::go_on(path, &work, &header, &mut |found| {
                    let Entry { candidate, repetition, result, .. } = found.entry;
                    if repetition < units.repetitions() {
                        ledger.take(candidate, repetition, result.is_err());
                    }
                })
            };
            let part = part.map_err(|error| refused(path, &error))?;
            let known = wanted.len() - ledger.missing(&units, wanted.clone());
            if known > 0 {
                tell(format_args!("{known} of {} scores found in {name}", wanted.len()));
            }
            let part = score(&prepared, &work, &units, &ledger, wanted, part).await?;
            part.finish().map_err(|e| unwritten(&name, e))
        }
    }
}

/// Scores what is missing of a range, and writes each result as it is there.
async fn score<W: Write>(
    prepared: &Prepared,
    work: &Work,
    units: &Units,
    ledger: &Ledger,
    range: std::ops::Range<usize>,
    mut part: PartWriter<W>,
) -> Result<PartWriter<W>, Failure> {
    let is_open = |candidate, repetition| !ledger.is_settled(candidate, repetition);
    let portions = units.portions(range, prepared.jobs, &is_open);
    let bar = progress_bar(portions.iter().map(|portion| portion.candidates.len() as u64).sum());
    let scorer: Arc<dyn Scorer> = prepared.scorer.clone();
    let mut run = scheduler::start_portions(scorer, portions, units.candidates(), prepared.jobs);
    let mut lines = Lines::new(prepared, work);
    let mut interrupts = Interrupts::watch()?;
    let mut interrupted = false;
    loop {
        tokio::select! {
            progress = run.progress.recv() => {
                let Some(progress) = progress else { break };
                let scheduler::Progress { candidate, repetition, result } = progress;
                let line = lines.of(&Entry { work: 0, candidate, repetition, result })?;
                part.put(&line).map_err(|e| unwritten("the part", e))?;
                bar.inc(1);
            }
            () = interrupts.next(), if !interrupted => {
                interrupted = true;
                run.control.cancel();
            }
        }
    }
    bar.finish_and_clear();
    if interrupted { Err(Failure::Interrupted) } else { Ok(part) }
}

/// Makes lines of results.
pub(super) struct Lines<'a> {
    prepared: &'a Prepared,
    work: &'a Work,
    /// Fingerprint of the samples of the latest repetition.
    samples: Option<(usize, Option<String>)>,
}

impl<'a> Lines<'a> {
    pub fn new(prepared: &'a Prepared, work: &'a Work) -> Self {
        Self { prepared, work, samples: None }
    }

    pub fn of(&mut self, entry: &Entry) -> Result<String, Failure> {
        let repetition = entry.repetition;
        let samples = match self.samples.take() {
            Some((of, samples)) if of == repetition => samples,
            _ => fingerprint(self.prepared, repetition),
        };
        let line = write_line(self.work, entry, samples.as_deref()).map_err(|e| Failure::Run(e.to_string()));
        self.samples = Some((repetition, samples));
        line
    }
}

/// Fingerprint of the samples of a repetition; none where they are drawn.
pub(super) fn fingerprint(prepared: &Prepared, repetition: usize) -> Option<String> {
    prepared.scorer.samples().fingerprint(repetition as u64).ok().flatten()
}

/// The work of a run that was prepared.
///
/// # Errors
/// If its samples cannot be had.
pub(super) fn work_of(prepared: &Prepared) -> Result<Work, Failure> {
    Work::new(&prepared.space, &prepared.scorer).map_err(|e| Failure::Run(e.to_string()))
}

/// Refuses a run whose number of repetitions is open: which are wanted depends on the scores of all.
pub(super) fn refuse_auto(prepared: &Prepared, what: &str) -> Result<(), Failure> {
    match &prepared.space.preset.auto {
        None => Ok(()),
        Some(_) => Err(Failure::Usage {
            message: format!("{what} must know how many repetitions there are, and the preset leaves that open"),
            help: Some("say how many, such as --repetitions 32".to_owned()),
        }),
    }
}

/// Refuses to work on something else than what the user expects.
pub(super) fn check_work(expected: Option<&str>, header: &Header) -> Result<(), Failure> {
    match expected {
        Some(expected) if expected.len() < 8 || !header.work.starts_with(expected) => Err(Failure::Usage {
            message: format!("the work of this run is {}, and not the expected {}", header.work, printable(expected)),
            help: Some(
                "the preset, its data, the seed or the program have changed since; name the work by 8 digits or more"
                    .to_owned(),
            ),
        }),
        _ => Ok(()),
    }
}

/// The failure of a command that cannot use a part.
pub(super) fn refused(path: &Path, error: &PartError) -> Failure {
    let help = match error {
        PartError::Io(_) | PartError::LongLine => None,
        PartError::NoPart => Some("name a part that `neartop rank --shard` wrote, or a file that does not exist yet"),
        PartError::OtherWork(_) => Some("name the preset and options that it was scored with, or leave the part out"),
        PartError::OtherSamples { .. } => Some("use the same data on all machines"),
    };
    let name = printable(&path.display().to_string());
    Failure::Usage { message: format!("cannot use {name}: {error}"), help: help.map(str::to_owned) }
}

pub(super) fn unwritten(name: &str, cause: io::Error) -> Failure {
    Failure::Write { path: name.to_owned(), cause }
}
