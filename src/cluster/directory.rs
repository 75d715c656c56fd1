//! The directory of a run on a cluster, on the file system that its machines share.
//!
//! ```text
//! run.json      what is run, and in how many chunks
//! task.sbatch   the batch script; yours to edit, never written again
//! jobs.jsonl    what was submitted and cancelled, a line for each
//! parts/7.jsonl results of chunk 7
//! logs/         what tasks print
//! ```
//!
//! Whoever reads it knows how the run stands, so it can be left and joined from anywhere. Each file has one writer, or is
//! only appended to, a line at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::part::Header;

/// What is run: `run.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFile {
    #[serde(flatten)]
    pub header: Header,
    /// How many shards the run is cut into, each a task.
    pub chunks: u32,
}

/// A line of `jobs.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A job with these chunks. Tries are counted within a round.
    Submitted { job: u64, chunks: String, round: u32 },
    /// All jobs so far were told to end.
    Cancelled { jobs: Vec<u64> },
}

/// The directory of a run.
#[derive(Debug, Clone)]
pub struct Directory(PathBuf);

impl Directory {
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    #[must_use]
    pub fn script(&self) -> PathBuf {
        self.0.join("task.sbatch")
    }

    #[must_use]
    pub fn part(&self, chunk: u32) -> PathBuf {
        self.0.join("parts").join(format!("{chunk}.jsonl"))
    }

    /// What is run in a directory, if that is made.
    ///
    /// # Errors
    /// If the file cannot be read, or says something else.
    pub fn run(&self) -> io::Result<Option<RunFile>> {
        match fs::read_to_string(self.0.join("run.json")) {
            Ok(text) => serde_json::from_str(&text).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the folders of a run.
    ///
    /// # Errors
    /// If they cannot be made.
    pub fn make(&self) -> io::Result<()> {
        fs::create_dir_all(self.0.join("parts"))?;
        fs::create_dir_all(self.0.join("logs"))
    }

    /// Writes what is run, last of all: a directory with `run.json` is whole.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_run(&self, run: &RunFile) -> io::Result<()> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.prefix(".run").tempfile_in(&self.0)?;
        writeln!(file, "{}", serde_json::to_string_pretty(run).map_err(io::Error::other)?)?;
        file.as_file().sync_all()?;
        file.persist(self.0.join("run.json")).map(drop).map_err(|e| e.error)
    }

    /// Adds a line to `jobs.jsonl`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn tell(&self, event: &Event) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(self.0.join("jobs.jsonl"))?;
        file.write_all((serde_json::to_string(event).map_err(io::Error::other)? + "\n").as_bytes())?;
        file.sync_all()
    }
}

/// Reads `jobs.jsonl` as it grows.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    offset: u64,
}

impl Journal {
    #[must_use]
    pub fn of(directory: &Directory) -> Self {
        Self { path: directory.0.join("jobs.jsonl"), offset: 0 }
    }

    /// The lines that were added since.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn news(&mut self) -> io::Result<Vec<Event>> {
        let mut text = String::new();
        match File::open(&self.path) {
            Ok(mut file) => {
                file.seek(SeekFrom::Start(self.offset))?;
                file.read_to_string(&mut text)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        self.offset += whole as u64;
        Ok(text[..whole].lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
}
