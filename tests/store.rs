//! The study on disk: found again by content, shared, migrated, and whatever happens to it.
//!
//! Longer tests are ignored; `NEARTOP_TRIES` says how often they try:
//! `NEARTOP_TRIES=100 cargo test --release --test store -- --ignored --nocapture`.
#![cfg(unix)]

#[path = "store/commands.rs"]
mod commands;
#[path = "store/content.rs"]
mod content;
#[path = "store/definition.rs"]
mod definition;
#[path = "store/faults.rs"]
mod faults;
#[path = "store/kill.rs"]
mod kill;
#[path = "store/sizes.rs"]
mod sizes;
#[path = "store/slots.rs"]
mod slots;
#[path = "store/versions.rs"]
mod versions;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

/// Two activations with three initializations, of which zeros are dead.
const PRESET: &str = "\
name: Small
data: {source: digits, scale: unit}
network: {input: 64, layers: [linear: 12, activation, linear: 6]}
search:
  activations: [relu, tanh]
  inits: [orthogonal, {normal: {std: 0.05}}, zeros]
score: {repetitions: 4, seed: 5}
";
/// Repetitions that a run of it records.
const ALL: i64 = 24;

/// A folder with `small.yaml`, where the program runs and keeps its study.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        place.write("small.yaml", PRESET);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neartop"));
        command.args(args).current_dir(self.0.path()).stdin(Stdio::null()).env("NO_COLOR", "1");
        command.env("HOME", self.0.path()).env("XDG_STATE_HOME", self.path("state"));
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("a run")
    }

    /// `rank --format json` with these arguments: the result without its time, and what it says.
    fn rank(&self, args: &[&str]) -> (String, String) {
        let output = self.run(&[&["rank", "--format", "json"], args].concat());
        ranked(&output, args)
    }

    fn open(&self, study: &str) -> Connection {
        let connection = Connection::open(self.path(study)).expect("a study");
        connection.busy_timeout(std::time::Duration::from_secs(10)).expect("patience");
        connection
    }

    fn count(&self, study: &str, sql: &str) -> i64 {
        self.open(study).query_row(sql, [], |row| row.get(0)).expect("a number")
    }

    fn rows(&self, study: &str) -> i64 {
        self.count(study, "SELECT count(*) FROM repetition")
    }
}

const STUDY: &str = "s.sqlite";

/// The result of a run that succeeded, but for its time and name, and what it says on standard error.
fn ranked(output: &Output, what: &[&str]) -> (String, String) {
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{what:?}: {errors}");
    // As text, since reading numbers may lose their last bit.
    let report = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    let other = |line: &&str| !line.starts_with("  \"elapsed_seconds\"") && !line.starts_with("  \"preset\"");
    let kept = report.lines().filter(other).map(|line| line.to_owned() + "\n").collect();
    (kept, errors)
}

/// How often a test tries, where it tries at random.
fn tries(default: usize) -> usize {
    std::env::var("NEARTOP_TRIES").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// Numbers that are the same in every run of a test, so that what it finds can be found again.
struct Dice(u64);

impl Dice {
    /// A number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// Lines in which the program says something of the study's state.
fn troubles(errors: &str) -> Vec<&str> {
    errors.lines().filter(|line| line.starts_with("neartop: the study")).collect()
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).expect("a file")
}
