//! Runs on a real Slurm of one machine, which `slurm.sh` starts. Skipped where Slurm is not installed, unless
//! `NEARTOP_NEED_SLURM` is set.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Place, ranking, texts};

/// One at a time: each wants the whole machine.
static ALONE: Mutex<()> = Mutex::new(());

const PATIENCE: Duration = Duration::from_secs(120);

/// A place with a Slurm.
pub struct Cluster {
    pub place: Place,
    pub conf: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

/// Large enough that a chunk takes a while.
fn preset() -> String {
    super::PRESET.replace("linear: 12", "linear: 200").replace("repetitions: 4", "repetitions: 6")
}

impl Cluster {
    /// None where Slurm is not installed.
    pub fn start() -> Option<Self> {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Place::with(&preset());
        let output = script("start", &place.path("slurm"));
        if output.status.code() == Some(77) && std::env::var_os("NEARTOP_NEED_SLURM").is_none() {
            eprintln!("SKIPPED: {}", texts(&output).1.trim());
            return None;
        }
        assert!(output.status.success(), "{}", texts(&output).1);
        let conf = PathBuf::from(texts(&output).0.trim());
        Some(Self { place, conf, _alone: alone })
    }

    /// `rank` on this Slurm.
    fn command(&self, args: &[&str]) -> Command {
        let args = [&["rank", "small.yaml", "--format", "json", "--on", "slurm", "--run-dir", "run"], args].concat();
        let mut command = self.place.command(&args);
        command.env("SLURM_CONF", &self.conf);
        command
    }

    fn rank(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let output = self.command(args).output().expect("a run");
        let (out, err) = texts(&output);
        (output.status.code(), out, err.split_whitespace().filter(|word| *word != "|").collect::<Vec<_>>().join(" "))
    }

    /// Makes the run's directory and puts lines into its script, before the task begins.
    pub fn prepare(&self, chunks: &str, lines: &str) {
        let (code, _, err) = self.rank(&["--chunks", chunks, "--dry-run"]);
        assert_eq!(code, Some(0), "{err}");
        self.edit("neartop=${", &format!("{lines}\nneartop=${{"));
    }

    pub fn edit(&self, from: &str, to: &str) {
        let script = self.place.read("run/task.sbatch");
        assert!(script.contains(from), "{script}");
        self.place.write("run/task.sbatch", &script.replacen(from, to, 1));
    }

    /// Starts `rank` in the background.
    fn follow(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a run")
    }

    pub fn queue(&self) -> String {
        let output = Command::new("squeue").args(["-h", "-o", "%F_%K %T"]).env("SLURM_CONF", &self.conf).output();
        texts(&output.expect("squeue")).0
    }

    /// Number of whole lines in the part of a chunk.
    fn lines(&self, chunk: u32) -> usize {
        fs::read_to_string(self.place.path(&format!("run/parts/{chunk}.jsonl")))
            .map_or(0, |text| text.matches('\n').count())
    }

    pub fn submissions(&self) -> usize {
        self.place.read("run/jobs.jsonl").matches("submitted").count()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new("scancel").arg("--user=root").env("SLURM_CONF", &self.conf).output();
        script("stop", &self.place.path("slurm"));
    }
}

fn script(command: &str, directory: &Path) -> Output {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/slurm.sh");
    Command::new("bash").arg(script).arg(command).arg(directory).stdin(Stdio::null()).output().expect("bash")
}

pub fn wait_until(what: &str, is_so: &mut dyn FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").arg(name).arg(pid.to_string()).status().expect("kill").success());
}

#[test]
fn a_run_comes_to_the_same_as_on_one_machine() {
    let Some(cluster) = Cluster::start() else { return };
    // The script is the user's to edit.
    cluster.prepare("7", "echo edited");
    let (code, out, err) = cluster.rank(&["--study", "some.sqlite"]);
    let local = cluster.place.local(&[]);
    assert_eq!((code, ranking(&out)), (Some(0), local.clone()), "{err}");
    assert!(err.contains("chunks: 7 done"), "{err}");
    let logs = fs::read_dir(cluster.place.path("run/logs")).expect("logs");
    let edited =
        logs.filter(|log| fs::read_to_string(log.as_ref().expect("a log").path()).expect("text").contains("edited"));
    assert_eq!(edited.count(), 7);
    // All is in the study, and nothing is submitted again.
    let (out, err) = cluster.place.done(&["rank", "small.yaml", "--format", "json", "--study", "some.sqlite"]);
    assert_eq!(ranking(&out), local);
    assert!(err.contains("of 72 repetitions found in the study"), "{err}");
    let (code, out, err) = cluster.rank(&["--no-study"]);
    assert_eq!((code, ranking(&out), cluster.submissions()), (Some(0), local.clone(), 1), "{err}");
    // The parts are parts like others.
    let parts: Vec<_> = (1..=7).map(|chunk| format!("run/parts/{chunk}.jsonl")).collect();
    let args =
        ["merge", "small.yaml", "--format", "json", "--no-study"].into_iter().chain(parts.iter().map(String::as_str));
    assert_eq!(ranking(&cluster.place.done(&args.collect::<Vec<_>>()).0), local);
}

#[test]
fn what_a_study_knows_is_not_scored_again() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.place.done(&["rank", "small.yaml", "--repetitions", "3", "--study", "some.sqlite"]);
    let (code, out, err) = cluster.rank(&["--chunks", "4", "--study", "some.sqlite"]);
    assert_eq!((code, ranking(&out)), (Some(0), cluster.place.local(&[])), "{err}");
    // The first half was there, in two parts that are not even submitted.
    assert!(
        cluster.place.read("run/jobs.jsonl").contains("\"chunks\":\"3-4\""),
        "{}",
        cluster.place.read("run/jobs.jsonl")
    );
}

#[test]
fn a_killed_worker_is_gone_on_with() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.edit_to_tell_pids();
    let child = cluster.follow(&["--no-study"]);
    wait_until("chunk 2 has some lines", &mut || cluster.lines(2) >= 4);
    let pid = cluster.place.read("run/2.pid").trim().parse().expect("a pid");
    signal("-STOP", pid);
    let before = cluster.place.read("run/parts/2.jsonl");
    assert!(before.lines().count() < 1 + 12 * 20, "the task was done before it could be killed");
    signal("-KILL", pid);
    let output = child.wait_with_output().expect("an end");
    let (out, err) = texts(&output);
    assert_eq!(
        (output.status.code(), ranking(&out)),
        (Some(0), cluster.place.local(&["--repetitions", "60"])),
        "{err}"
    );
    assert!(err.contains("1 submitted again"), "{err}");
    assert_eq!(cluster.submissions(), 2);
    // What it had written stands, and the rest follows.
    let after = cluster.place.read("run/parts/2.jsonl");
    assert!(after.starts_with(&before) && after.len() > before.len());
    assert_eq!(after.matches("\"neartop\"").count(), 1);
}

impl Cluster {
    /// Three chunks that take seconds each, whose tasks write down their process.
    fn edit_to_tell_pids(&self) {
        self.place.write("small.yaml", &preset().replace("repetitions: 6", "repetitions: 60"));
        self.prepare("3", "echo $$ > $SLURM_ARRAY_TASK_ID.pid");
    }
}

#[test]
fn a_chunk_that_always_fails_is_given_up_and_said() {
    let Some(cluster) = Cluster::start() else { return };
    let fail = "if [ $SLURM_ARRAY_TASK_ID = 2 ]; then echo no such module; exit 3; fi";
    cluster.prepare("4", fail);
    let (code, out, err) = cluster.rank(&["--no-study", "--retries", "1"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("of chunk 2, which failed 2 times: exit status 3; its log is "), "{err}");
    let log = err.split("its log is ").nth(1).and_then(|rest| rest.split(';').next()).expect("a log");
    assert!(fs::read_to_string(log.replace(' ', "")).expect("the log").contains("no such module"));
    // The others are ranked.
    let half: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert!(half["candidates"][0]["near"].is_f64());
    assert_eq!(cluster.submissions(), 2);
    // Once it is mended, the same command brings the rest.
    cluster.edit(fail, "");
    let (code, out, err) = cluster.rank(&["--no-study"]);
    assert_eq!((code, ranking(&out)), (Some(0), cluster.place.local(&[])), "{err}");
    assert!(cluster.place.read("run/jobs.jsonl").contains("\"chunks\":\"2\",\"round\":2"));
}

#[test]
fn jobs_are_cancelled_from_another_shell_and_the_run_goes_on_later() {
    let Some(cluster) = Cluster::start() else { return };
    let wait = "if [ $SLURM_ARRAY_TASK_ID -gt 2 ]; then sleep 100; fi";
    cluster.prepare("6", wait);
    let child = cluster.follow(&["--no-study"]);
    wait_until("a task waits", &mut || cluster.queue().contains("_4 RUNNING") && cluster.lines(2) > 12);
    let (code, _, err) = cluster.rank(&["--cancel"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("cancelled"), "{err}");
    let output = child.wait_with_output().expect("an end");
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{err}");
    let flat = err.split_whitespace().filter(|word| *word != "|").collect::<Vec<_>>().join(" ");
    assert!(flat.contains("jobs were cancelled; the same command submits what is missing again"), "{err}");
    assert!(out.contains("\"near\""));
    wait_until("nothing runs", &mut || cluster.queue().is_empty());
    let (code, _, err) = cluster.rank(&["--cancel"]);
    assert!(code == Some(0) && err.contains("no job of this run waits or runs"), "{err}");
    cluster.edit(wait, "");
    let (code, out, err) = cluster.rank(&["--no-study"]);
    assert_eq!((code, ranking(&out)), (Some(0), cluster.place.local(&[])), "{err}");
}

#[test]
fn a_run_is_left_and_joined_from_another_shell() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.prepare("6", "sleep 3");
    let child = cluster.follow(&["--no-study"]);
    wait_until("tasks run", &mut || cluster.queue().contains("RUNNING"));
    std::thread::sleep(Duration::from_secs(1));
    signal("-INT", child.id());
    let output = child.wait_with_output().expect("an end");
    let (_, err) = texts(&output);
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(err.contains("its jobs go on; the same command joins the run again"), "{err}");
    assert!(!cluster.queue().is_empty());
    // Two who follow at once do not disturb each other.
    let other = cluster.follow(&["--no-study"]);
    let (code, out, err) = cluster.rank(&["--study", "other.sqlite"]);
    let local = cluster.place.local(&[]);
    assert_eq!((code, ranking(&out)), (Some(0), local.clone()), "{err}");
    let output = other.wait_with_output().expect("an end");
    assert_eq!((output.status.code(), ranking(&texts(&output).0)), (Some(0), local));
    assert_eq!(cluster.submissions(), 1);
}

#[test]
fn a_run_may_be_left_at_once() {
    let Some(cluster) = Cluster::start() else { return };
    let (code, out, err) = cluster.rank(&["--chunks", "3", "--detach"]);
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    assert!(err.contains("the same command without --detach follows it"), "{err}");
    let (code, out, err) = cluster.rank(&["--no-study"]);
    assert_eq!((code, ranking(&out)), (Some(0), cluster.place.local(&[])), "{err}");
    assert_eq!(cluster.submissions(), 1);
    let cases: [(&[&str], &str); 4] = [
        (&["--chunks", "4"], "is cut into 3 chunks, and not 4"),
        (&["--seed", "6"], "holds a run of other work: its seed is 5"),
        (&["--repetitions", "2"], "has 6 repetitions, and not 2"),
        (&["--run-dir", "elsewhere", "--chunks", "4000"], "arrays of up to 1000 tasks"),
    ];
    for (args, words) in cases {
        let args = if args[0] == "--run-dir" { args.to_vec() } else { [&["--run-dir", "run"], args].concat() };
        let all = [&["rank", "small.yaml", "--on", "slurm"], &args[..]].concat();
        let output = cluster.place.command(&all).env("SLURM_CONF", &cluster.conf).output().expect("a run");
        let (_, err) = texts(&output);
        let flat = err.split_whitespace().filter(|word| *word != "|").collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(2), "{err}");
        assert!(flat.contains(words), "{args:?}: {err}");
    }
}

/// Takes more than a minute, since Slurm counts time in minutes.
#[test]
#[ignore = "takes two minutes"]
fn a_task_that_runs_out_of_time_is_gone_on_with() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.edit_to_tell_pids();
    cluster.edit("#SBATCH --time=", "#SBATCH --time=1\n##SBATCH --time=");
    // The task of chunk 2 stops before its end once, and so runs out of time.
    let stop = "if [ $SLURM_ARRAY_TASK_ID = 2 -a ! -e stopped ]; then touch stopped; (sleep 0.3; kill -STOP $$) & fi";
    cluster.edit("neartop=${", &format!("{stop}\nneartop=${{"));
    let (code, out, err) = cluster.rank(&["--no-study"]);
    assert_eq!((code, ranking(&out)), (Some(0), cluster.place.local(&["--repetitions", "60"])), "{err}");
    assert!(err.contains("1 submitted again"), "{err}");
    assert!(cluster.place.path("run/stopped").exists());
}

#[test]
fn without_slurm_it_says_so() {
    let place = Place::new();
    let output = place.command(&["rank", "small.yaml", "--on", "slurm"]).env("PATH", place.path("none")).output();
    let output = output.expect("a run");
    let (_, err) = texts(&output);
    let flat = err.split_whitespace().filter(|word| *word != "|").collect::<Vec<_>>().join(" ");
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(flat.contains("there is no `scontrol` here: is this a machine that submits to Slurm?"), "{err}");
    for args in [["--partition", "x"], ["--chunks", "4"], ["--time", "10"]] {
        let output = place.run(&[&["rank", "small.yaml"][..], &args].concat());
        assert_eq!(output.status.code(), Some(2));
    }
    let output = place.run(&["rank", "small.yaml", "--on", "slurm", "--time", "soon"]);
    assert!(texts(&output).1.contains("such as 30 or 2:00:00"));
}
