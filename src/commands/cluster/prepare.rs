//! Makes the directory of a run on a cluster, or joins one that is there.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::cli::{ClusterOptions, RunOptions, StudyOptions};
use crate::cluster::coordinator::Coordinator;
use crate::cluster::directory::{Directory, RunFile};
use crate::cluster::error::ClusterError;
use crate::cluster::ledger::Ledger;
use crate::cluster::part::{Header, PartWriter, write_line};
use crate::cluster::sizing;
use crate::cluster::slurm::{Slurm, largest_index};
use crate::cluster::units::Units;
use crate::commands::shard::fingerprint;
use crate::run::recording::each_recorded;
use crate::run::streams::tell;
use crate::run::{Failure, Prepared};
use neartop_io::preset::printable;
use neartop_study::space::Space;
use neartop_study::store::Work;

/// A run whose directory is there.
pub struct Joined {
    directory: Directory,
    work: Arc<Work>,
    chunks: u32,
    tries: u32,
}

impl Joined {
    /// The directory, for people.
    #[must_use]
    pub fn place(&self) -> String {
        printable(&self.directory.path().display().to_string())
    }

    /// The batch script, for people.
    #[must_use]
    pub fn script(&self) -> String {
        printable(&self.directory.script().display().to_string())
    }

    /// # Errors
    /// If the directory or Slurm cannot be used.
    pub(super) fn coordinator(
        &self,
        units: Units,
        known: Ledger,
        fingerprint: Box<dyn Fn(usize) -> Option<String> + Send>,
    ) -> Result<Coordinator<Slurm>, ClusterError> {
        let slurm = Slurm::new(self.directory.path(), &self.directory.script(), self.chunks)?;
        let work = Arc::clone(&self.work);
        Coordinator::new(slurm, self.directory.clone(), work, units, known, self.tries, fingerprint)
    }
}

/// What a run on a cluster is asked for with.
pub(super) struct Request<'a> {
    /// As the user named it.
    pub preset: &'a str,
    pub run: &'a RunOptions,
    pub prepared: &'a Prepared,
    pub work: &'a Arc<Work>,
    pub cluster: &'a ClusterOptions,
    pub study: &'a StudyOptions,
}

/// How a run is cut, and what a task of it asks for.
struct Cut {
    chunks: u32,
    /// As `sbatch` takes it.
    time: String,
    /// Bytes for each core.
    memory: u64,
}

impl Request<'_> {
    /// Joins the run in its directory, or makes that, unless it `must_exist`.
    ///
    /// # Errors
    /// If the directory is of other work or cannot be used, or Slurm does not answer.
    pub fn join(&self, must_exist: bool) -> Result<Joined, Failure> {
        let header = self.header();
        let path = self.cluster.run_dir.clone().unwrap_or_else(|| PathBuf::from(default_name(&header)));
        let name = printable(&path.display().to_string());
        let unusable = |e: io::Error| Failure::Run(format!("the directory {name} cannot be used: {e}"));
        let run = Directory::new(path.clone()).run().map_err(unusable)?;
        if run.is_none() && must_exist {
            let help = "run it in the directory where the run was started, or name the run's directory by --run-dir";
            return Err(Failure::Usage { message: format!("there is no run in {name}"), help: Some(help.to_owned()) });
        }
        let chunks = match run {
            Some(run) => {
                check(&run, &header, self.cluster, &name)?;
                run.chunks
            }
            None => self.make(&path)?,
        };
        let directory = Directory::new(path.canonicalize().map_err(unusable)?);
        let tries = u32::from(self.cluster.retries) + 1;
        Ok(Joined { directory, work: Arc::clone(self.work), chunks, tries })
    }

    fn header(&self) -> Header {
        Header::new(self.work, None)
    }

    /// Makes the directory of a run and gives its number of chunks.
    fn make(&self, path: &Path) -> Result<u32, Failure> {
        let units = Units::new(&self.prepared.space);
        let cut = self.cut(&units)?;
        let directory = Directory::new(path.to_owned());
        let make = || {
            directory.make()?;
            if !directory.script().exists() {
                std::fs::write(directory.script(), self.script(&cut)?)?;
            }
            self.fill(&directory, &units, cut.chunks)?;
            directory.write_run(&RunFile { header: self.header(), chunks: cut.chunks })
        };
        let name = printable(&path.display().to_string());
        make().map_err(|e| Failure::Run(format!("the directory {name} cannot be made: {e}")))?;
        Ok(cut.chunks)
    }

    /// Cuts the run by what a few scores cost here, and says so.
    fn cut(&self, units: &Units) -> Result<Cut, Failure> {
        let (options, prepared) = (self.cluster, self.prepared);
        let most = largest_index().map_err(|e| Failure::Run(e.to_string()))?;
        if let Some(chunks) = options.chunks.filter(|chunks| *chunks > most) {
            return Err(Failure::Usage {
                message: format!("this Slurm takes arrays of up to {most} tasks, and {chunks} chunks are asked for"),
                help: Some(format!("say --chunks {most}, or leave it out; --cpus lets a task use more cores")),
            });
        }
        let cpus = usize::from(options.cpus);
        let start = Instant::now();
        let again = Space::new(Arc::clone(&prepared.space.preset));
        Work::new(&again, &prepared.scorer).map_err(|e| Failure::Run(e.to_string()))?;
        let cost = sizing::measure(units, &prepared.scorer, start.elapsed());
        let chunks = options.chunks.unwrap_or_else(|| sizing::chunks(&cost, units, cpus, most));
        let time = options.time.clone().unwrap_or_else(|| sizing::minutes(&cost, cpus, chunks).to_string());
        tell(format_args!(
            "{} scores take about {} core hours ({:.2} ms each, of {} timed here): {chunks} chunks of about {} with {cpus} cores",
            units.count(),
            hours(cost.total),
            cost.total / units.count() as f64 * 1e3,
            cost.timed,
            seconds(cost.total / f64::from(chunks) / cpus as f64),
        ));
        Ok(Cut { chunks, time, memory: sizing::memory(prepared.space.memory(), units.candidates(), cpus) })
    }

    /// Puts what the study knows already into the parts, so that no task scores it again.
    fn fill(&self, directory: &Directory, units: &Units, chunks: u32) -> io::Result<()> {
        let Self { prepared, work, study, .. } = *self;
        let places = units.places();
        let mut lines: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        let mut samples: BTreeMap<usize, Option<String>> = BTreeMap::new();
        each_recorded(prepared, work, study, &mut |entry| {
            let samples = samples.entry(entry.repetition).or_insert_with(|| fingerprint(prepared, entry.repetition));
            let at = entry.repetition * units.candidates() + places[entry.candidate] as usize;
            if let Ok(line) = write_line(work, &entry, samples.as_deref()) {
                lines.entry(units.shard_of(at, chunks)).or_default().push(line);
            }
        });
        for (chunk, lines) in lines {
            let mut part = PartWriter::begin(&directory.part(chunk), &self.header()).map_err(io::Error::other)?;
            lines.iter().try_for_each(|line| part.put(line))?;
            part.finish()?;
        }
        Ok(())
    }

    /// The batch script.
    fn script(&self, cut: &Cut) -> io::Result<String> {
        let Cut { chunks, time, memory } = cut;
        let options = self.cluster;
        let header = self.header();
        let name: String = default_name(&header).rsplit_once('-').map_or_else(String::new, |(name, _)| name.to_owned());
        let partition = options.partition.as_ref().map(|p| format!("#SBATCH --partition={}\n", printable(p)));
        let program = std::env::current_exe()?;
        // A bundled preset has no path.
        let preset = Path::new(self.preset);
        let preset = if preset.exists() { quoted(&preset.canonicalize()?) } else { quoted(preset) };
        Ok(format!(
        "#!/bin/bash
# The task of one chunk of a run on a cluster. neartop wrote this file and will not write it again: put in what your site
# asks for, such as an account, modules or memory. What a part has already is not scored again, so a task may run twice.
#SBATCH --job-name={name}
#SBATCH --output=logs/%A_%a.out
#SBATCH --open-mode=append
#SBATCH --cpus-per-task={cpus}
#SBATCH --mem-per-cpu={memory}M
#SBATCH --time={time}
{partition}neartop=${{NEARTOP:-{program}}}
exec \"$neartop\" rank {preset} \\
    --seed {seed} --repetitions {repetitions} --max-memory {max_memory} --jobs \"${{SLURM_CPUS_PER_TASK:-1}}\" \\
    --shard \"$SLURM_ARRAY_TASK_ID/{chunks}\" --output \"parts/$SLURM_ARRAY_TASK_ID.jsonl\" \\
    --work {key}
",
        cpus = options.cpus,
        memory = memory.div_ceil(1 << 20),
        partition = partition.unwrap_or_default(),
        program = quoted(&program),
        seed = header.seed,
        repetitions = header.repetitions,
        max_memory = self.run.max_memory,
        key = header.work,
    ))
    }
}

/// `neartop-digits-mlp-0123abcd`
fn default_name(header: &Header) -> String {
    let words = header.preset.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-").to_lowercase();
    let name: String = name.chars().take(40).collect();
    format!("neartop-{name}{}{}", if name.is_empty() { "" } else { "-" }, &header.work[..8])
}

fn check(run: &RunFile, header: &Header, options: &ClusterOptions, name: &str) -> Result<(), Failure> {
    run.header.check(header).map_err(|why| Failure::Usage {
        message: format!("{name} holds a run of other work: {why}"),
        help: Some("name another directory by --run-dir".to_owned()),
    })?;
    let another = |what: String| {
        let help = "leave the option out to join the run, or name another directory by --run-dir for a new one";
        Err(Failure::Usage { message: format!("the run in {name} {what}"), help: Some(help.to_owned()) })
    };
    if run.header.repetitions != header.repetitions {
        return another(format!("has {} repetitions, and not {}", run.header.repetitions, header.repetitions));
    }
    match options.chunks {
        Some(chunks) if chunks != run.chunks => another(format!("is cut into {} chunks, and not {chunks}", run.chunks)),
        _ => {
            if options.partition.is_some() || options.time.is_some() {
                tell(format_args!(
                    "the run is there already, and its task.sbatch is yours: change the partition or the time there"
                ));
            }
            Ok(())
        }
    }
}

/// A word for a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

fn hours(seconds: f64) -> String {
    match seconds / 3600.0 {
        hours if hours >= 100.0 => format!("{hours:.0}"),
        hours if hours >= 1.0 => format!("{hours:.1}"),
        hours => format!("{hours:.4}"),
    }
}

fn seconds(seconds: f64) -> String {
    match seconds {
        s if s >= 120.0 => format!("{:.0} minutes", s / 60.0),
        s => format!("{s:.1} s"),
    }
}
