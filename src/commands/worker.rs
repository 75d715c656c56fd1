//! `neartop worker`: chunks of work in, results out, both as JSON lines.

use std::io::{self, BufRead};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

use super::shard::{Lines, check_work, refuse_auto, unwritten, work_of};
use crate::cli::WorkerArgs;
use crate::cluster::part::{Header, PartWriter};
use crate::cluster::units::{Shard, Units, cut_for};
use crate::run::streams::print;
use crate::run::{Failure, Interrupts, Prepared, prepare};
use neartop_io::preset::printable;
use neartop_study::scheduler::{self, Portion, Progress, Scorer};
use neartop_study::store::Entry;

/// What a worker is to score: every one of the repetitions of every one of the candidates.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chunk {
    /// Comes back when the chunk is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chunk: Option<Value>,
    /// The work that it is a chunk of, or the beginning of its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    work: Option<String>,
    candidates: Vec<usize>,
    repetitions: Vec<usize>,
}

/// Says that a chunk is done, or why it is not.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Takes chunks from standard input until it ends, and writes results to standard output, each as it is there.
///
/// # Errors
/// What is wrong with the preset; once all is read, that a line was no chunk of this work.
pub async fn run(args: &WorkerArgs) -> Result<(), Failure> {
    let prepared = prepare(&args.preset, &args.run_options())?;
    refuse_auto(&prepared, "a worker")?;
    let work = work_of(&prepared)?;
    let header = Header::new(&work, None);
    check_work(args.work.as_deref(), &header)?;
    if let Some(count) = args.list_chunks {
        return list(&prepared, &header, count);
    }
    let out = PartWriter::to_stream(io::stdout(), &header).map_err(unwritten_answer)?;
    let worker = Worker { prepared: &prepared, header: &header, out, lines: Lines::new(&prepared, &work), refused: 0 };
    match worker.answer_all().await? {
        0 => Ok(()),
        n => Err(Failure::Usage {
            message: format!("{n} lines were no chunks of this work; the answers say why"),
            help: Some(EXAMPLE.to_owned()),
        }),
    }
}

fn unwritten_answer(cause: io::Error) -> Failure {
    unwritten("standard output", cause)
}

/// Answers lines of standard input.
struct Worker<'a> {
    prepared: &'a Prepared,
    header: &'a Header,
    out: PartWriter<io::Stdout>,
    lines: Lines<'a>,
    /// Lines that were no chunks.
    refused: usize,
}

impl Worker<'_> {
    /// Answers until standard input ends, and says how many lines were no chunks.
    async fn answer_all(mut self) -> Result<usize, Failure> {
        let mut incoming = read_lines();
        let mut interrupts = Interrupts::watch()?;
        loop {
            let line = tokio::select! {
                line = incoming.recv() => line,
                () = interrupts.next() => return Err(Failure::Interrupted),
            };
            let Some(line) = line else { return Ok(self.refused) };
            let line = line.map_err(|e| Failure::Run(format!("standard input cannot be read: {e}")))?;
            if !line.trim().is_empty() {
                self.answer(&line, &mut interrupts).await?;
            }
        }
    }

    async fn answer(&mut self, line: &str, interrupts: &mut Interrupts) -> Result<(), Failure> {
        let answer = match read_chunk(line, self.header, self.prepared) {
            Ok(chunk) => {
                let results = self.score(&chunk, interrupts).await?;
                serde_json::to_string(&Answer { chunk: chunk.chunk.as_ref(), results: Some(results), error: None })
            }
            Err(error) => {
                self.refused += 1;
                serde_json::to_string(&Answer { chunk: None, results: None, error: Some(error.to_string()) })
            }
        };
        self.out.put(&answer.map_err(|e| Failure::Run(e.to_string()))?).map_err(unwritten_answer)
    }

    /// Scores a chunk, writes each result as it is there, and says how many there were.
    async fn score(&mut self, chunk: &Chunk, interrupts: &mut Interrupts) -> Result<usize, Failure> {
        let portions = portions(self.prepared, chunk);
        let scorer: Arc<dyn Scorer> = self.prepared.scorer.clone();
        let candidates = self.prepared.space.candidates.len();
        let mut run = scheduler::start_portions(scorer, portions, candidates, self.prepared.jobs);
        let mut results = 0;
        loop {
            let progress = tokio::select! {
                progress = run.progress.recv() => progress,
                () = interrupts.next() => return Err(Failure::Interrupted),
            };
            let Some(Progress { candidate, repetition, result }) = progress else { return Ok(results) };
            let entry = Entry { work: 0, candidate, repetition, result };
            self.out.put(&self.lines.of(&entry)?).map_err(unwritten_answer)?;
            results += 1;
        }
    }
}

const EXAMPLE: &str = "write chunks such as {\"chunk\":1,\"candidates\":[0,1,2],\"repetitions\":[0]}";

/// Lines of standard input, read by a thread of their own, since reading cannot be broken off.
fn read_lines() -> mpsc::Receiver<io::Result<String>> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let is_over = line.is_err();
            if sender.blocking_send(line).is_err() || is_over {
                return;
            }
        }
    });
    lines
}

/// Why a line is no chunk of the work.
#[derive(Debug, thiserror::Error)]
enum ChunkError {
    #[error("{0}; {example}", example = EXAMPLE)]
    Form(String),
    #[error("it is a chunk of other work, {theirs}; this worker's is {ours}")]
    OtherWork { theirs: String, ours: String },
    #[error("there is no {what} {number}: they are numbered from 0 to {}", .count - 1)]
    Beyond { what: &'static str, number: usize, count: usize },
}

fn read_chunk(line: &str, header: &Header, prepared: &Prepared) -> Result<Chunk, ChunkError> {
    let chunk: Chunk = serde_json::from_str(line).map_err(|e| ChunkError::Form(printable(&e.to_string())))?;
    if let Some(work) = &chunk.work
        && (work.len() < 8 || !header.work.starts_with(work.as_str()))
    {
        return Err(ChunkError::OtherWork { theirs: printable(work), ours: header.work.clone() });
    }
    let candidates = prepared.space.candidates.len();
    if let Some(id) = chunk.candidates.iter().find(|id| **id >= candidates) {
        return Err(ChunkError::Beyond { what: "candidate", number: *id, count: candidates });
    }
    let repetitions = prepared.space.preset.repetitions;
    if let Some(number) = chunk.repetitions.iter().find(|number| **number >= repetitions) {
        return Err(ChunkError::Beyond { what: "repetition", number: *number, count: repetitions });
    }
    Ok(chunk)
}

/// A chunk as portions: what shares architecture and initialization stays together.
fn portions(prepared: &Prepared, chunk: &Chunk) -> Vec<Portion> {
    let group = |id: usize| prepared.space.group_of(id);
    let mut candidates = chunk.candidates.clone();
    candidates.sort_unstable_by_key(|id| (group(*id), *id));
    candidates.dedup();
    let groups: Vec<_> = candidates.chunk_by(|a, b| group(*a) == group(*b)).collect();
    let mut repetitions = chunk.repetitions.clone();
    repetitions.sort_unstable();
    repetitions.dedup();
    let portions = repetitions.into_iter().flat_map(|repetition| {
        groups.iter().map(move |candidates| Portion { repetition, candidates: candidates.to_vec() })
    });
    cut_for(portions.collect(), prepared.jobs)
}

/// Prints all units of the run as so many chunks, some of them in several lines.
fn list(prepared: &Prepared, header: &Header, count: u32) -> Result<(), Failure> {
    let units = Units::new(&prepared.space);
    let mut text = String::new();
    for number in 1..=count {
        let mut at = units.range(Shard { number, of: count });
        while !at.is_empty() {
            let (_, repetition) = units.unit(at.start);
            let end = at.end.min((repetition + 1) * units.candidates());
            let chunk = Chunk {
                chunk: Some(number.into()),
                work: Some(header.work.clone()),
                candidates: (at.start..end).map(|at| units.unit(at).0).collect(),
                repetitions: vec![repetition],
            };
            text += &serde_json::to_string(&chunk).map_err(|e| Failure::Run(e.to_string()))?;
            text.push('\n');
            at.start = end;
        }
    }
    print(&text)
}
