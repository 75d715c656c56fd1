//! A run on several machines: shards, workers and merging, and a real Slurm where it can be had.
#![cfg(unix)]

#[path = "cluster/app.rs"]
mod app;
#[path = "cluster/hyperqueue.rs"]
mod hyperqueue;
#[path = "cluster/merge.rs"]
mod merge;
#[path = "cluster/shard.rs"]
mod shard;
#[path = "cluster/slurm.rs"]
mod slurm;
#[path = "cluster/worker.rs"]
mod worker;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Three activations with four initializations, of which zeros are dead and those with 1e30 overflow.
const PRESET: &str = "\
name: Small
data: {source: digits, scale: unit}
network: {input: 64, layers: [linear: 12, activation, linear: 6]}
search:
  activations: [relu, tanh, gelu]
  inits: [orthogonal, {normal: {std: 0.05}}, zeros, {normal: {std: 1.0e30}}]
score: {repetitions: 4, seed: 5}
";

/// A folder with `small.yaml`, where the program runs and keeps its study.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self::with(PRESET)
    }

    fn with(preset: &str) -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        place.write("small.yaml", preset);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file")
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

    /// Runs what must succeed, and gives standard output and standard error.
    fn done(&self, args: &[&str]) -> (String, String) {
        let output = self.run(args);
        let (out, err) = texts(&output);
        assert!(output.status.success(), "{args:?}: {err}");
        (out, err)
    }

    /// The ranking of the run on this machine alone.
    fn local(&self, args: &[&str]) -> String {
        let args = [&["rank", "small.yaml", "--format", "json", "--no-study"], args].concat();
        ranking(&self.done(&args).0)
    }
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// The text of a ranking without its time: the same only if all numbers are, to the last bit.
fn ranking(json: &str) -> String {
    assert!(json.starts_with('{') && json.contains("\"elapsed_seconds\""), "{json}");
    json.lines().filter(|line| !line.contains("\"elapsed_seconds\"")).map(|line| line.to_owned() + "\n").collect()
}
