//! The program as its users and their scripts meet it.
#![cfg(unix)]

#[path = "cli/export.rs"]
mod export;
#[path = "cli/limits.rs"]
mod limits;
#[path = "cli/outputs.rs"]
mod outputs;
#[path = "cli/presets.rs"]
mod presets;
#[path = "cli/score.rs"]
mod score;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Three activations, and an initialization that fails with each: zeros are dead.
const SMALL: &str = "\
name: Small
network:
  input: 6
  layers: [linear: 8, activation, linear: 3]
search:
  activations: [relu, tanh, {leaky_relu: {negative_slope: 0.1}}]
  inits: [orthogonal, {normal: {std: 0.05}}, zeros]
score: {repetitions: 3, seed: 5}
";
const CANDIDATES: usize = 9;

/// A folder with `small.yaml`, where the program runs and where it would keep what it remembers.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("small.yaml"), SMALL).expect("a preset");
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neartop"));
        command.args(args).current_dir(self.0.path()).env_remove("NO_COLOR").env("HOME", self.0.path());
        command.env("XDG_DATA_HOME", self.path("data")).env("XDG_STATE_HOME", self.path("state")).stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("a run")
    }

    /// Standard output of a run that succeeds.
    fn text(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", errors(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.text(args)).expect("JSON")
    }

    /// What ends with `status` and writes nothing to standard output says.
    fn refused(&self, args: &[&str], status: i32) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(status), "{args:?}: {}", errors(&output));
        assert!(output.stdout.is_empty(), "{args:?} wrote to standard output");
        // Messages are broken into lines by their length, which depends on the paths in them.
        errors(&output).replace(['\n', '|'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("a map").keys().map(String::as_str).collect()
}

fn candidates(report: &Value) -> &Vec<Value> {
    report["candidates"].as_array().expect("candidates")
}

#[test]
fn json_has_the_promised_keys() {
    let report = Place::new().json(&["rank", "small.yaml", "--no-study", "--format", "json"]);
    for key in ["neartop", "preset", "seed", "repetitions", "elapsed_seconds", "candidates", "recommended"] {
        assert!(keys(&report).contains(&key), "{key} is missing");
    }
    assert_eq!((&report["neartop"], &report["preset"]), (&env!("CARGO_PKG_VERSION").into(), &"Small".into()));
    assert_eq!((report["seed"].as_u64(), report["repetitions"].as_u64()), (Some(5), Some(3)));
    assert!(report["elapsed_seconds"].as_f64().expect("a number") > 0.0);
    assert_eq!(candidates(&report).len(), CANDIDATES);
    let promised = [
        "rank",
        "tied_with_best",
        "activation",
        "init",
        "near",
        "standard_error",
        "repetitions",
        "parameters",
        "status",
        "layers",
    ];
    for candidate in candidates(&report) {
        for key in promised {
            assert!(keys(candidate).contains(&key), "{key} is missing");
        }
        assert_eq!(candidate["parameters"], 6 * 8 + 8 + 8 * 3 + 3);
    }
    let best = &candidates(&report)[0];
    assert_eq!((&best["rank"], &best["tied_with_best"], &best["status"]), (&1.into(), &true.into(), &"scored".into()));
    let layers = best["layers"].as_array().expect("layers");
    let modules: Vec<_> = layers.iter().map(|l| l["module"].as_str().expect("a name")).collect();
    assert_eq!(modules, ["0", "1", "2"]);
    assert_eq!(
        (&layers[0]["kind"], &layers[0]["width"], &layers[2]["width"]),
        (&"linear".into(), &8.into(), &3.into())
    );
    let sum: f64 = layers.iter().map(|l| l["effective_rank"].as_f64().expect("a rank")).sum();
    assert!((sum / best["near"].as_f64().expect("a score") - 1.0).abs() < 1e-6, "NEAR is the sum of its layers");
    for key in ["activation", "init", "why"] {
        assert!(keys(&report["recommended"]).contains(&key), "{key} is missing");
    }
    let leaky = candidates(&report).iter().find(|c| c["activation"].is_object()).expect("a choice with parameters");
    assert_eq!(leaky["activation"], serde_json::json!({"leaky_relu": {"negative_slope": 0.1}}));
}

#[test]
fn the_ranking_falls_and_failures_stand_last_with_a_reason() {
    let report = Place::new().json(&["rank", "small.yaml", "--no-study", "--format", "json"]);
    let (scored, failed) = candidates(&report).split_at(CANDIDATES - 3);
    let nears: Vec<_> = scored.iter().map(|c| c["near"].as_f64().expect("a score")).collect();
    assert!(nears.windows(2).all(|pair| pair[0] >= pair[1]), "{nears:?}");
    for candidate in failed {
        assert_eq!((&candidate["status"], &candidate["near"]), (&"failed".into(), &Value::Null));
        assert_eq!(candidate["init"], "zeros");
        assert!(candidate["reason"].as_str().is_some_and(|reason| reason.contains("zero")), "{candidate}");
    }
}

#[test]
fn every_format_says_the_same() {
    let place = Place::new();
    let text = |format: &str| place.text(&["rank", "small.yaml", "--no-study", "--format", format]);
    let report: Value = serde_json::from_str(&text("json")).expect("JSON");
    let lines = text("jsonl");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(&lines, candidates(&report));
    let csv_text = text("csv");
    let mut reader = csv::Reader::from_reader(csv_text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|h| h == name).expect("a column");
    let records: Vec<_> = reader.records().map(|r| r.expect("a record")).collect();
    assert_eq!(records.len(), CANDIDATES);
    for (record, candidate) in records.iter().zip(candidates(&report)) {
        match candidate["near"].as_f64() {
            Some(near) => assert!((record[column("near")].parse::<f64>().expect("a score") - near).abs() < 1e-9),
            None => assert_eq!(&record[column("near")], ""),
        }
        assert_eq!(record[column("rank")].parse::<u64>().ok(), candidate["rank"].as_u64());
        assert_eq!(&record[column("status")], candidate["status"].as_str().expect("a status"));
        assert_eq!(&record[column("reason")], candidate["reason"].as_str().unwrap_or_default());
    }
    assert!(csv_text.contains("leaky_relu(negative_slope=0.1)"));
    let near = format!("{:.2}", candidates(&report)[0]["near"].as_f64().expect("a score"));
    let markdown = text("markdown");
    let rows: Vec<Vec<&str>> =
        markdown.lines().map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect();
    assert_eq!(rows.len(), CANDIDATES + 2);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{markdown}");
    assert!(rows[1].iter().all(|cell| !cell.is_empty() && cell.chars().all(|c| matches!(c, '-' | ':'))), "{markdown}");
    assert_eq!((rows[0][3], rows[2][3]), ("NEAR", near.as_str()));
    let table = text("table");
    assert_eq!(table.lines().take_while(|line| !line.trim().is_empty()).count(), CANDIDATES + 1, "{table}");
    assert!(
        table.lines().nth(1).is_some_and(|row| row.contains(&near)) && table.contains("\nRecommended: "),
        "{table}"
    );
}

#[test]
fn top_keeps_the_best() {
    let place = Place::new();
    let all = place.json(&["rank", "small.yaml", "--no-study", "--format", "json"]);
    let top = place.json(&["rank", "small.yaml", "--no-study", "--format", "json", "--top", "2"]);
    assert_eq!(candidates(&top)[..], candidates(&all)[..2]);
    place.refused(&["rank", "small.yaml", "--top", "0"], 2);
}

#[test]
fn the_number_of_jobs_changes_nothing_and_the_seed_does() {
    let place = Place::new();
    let run = |more: &[&str]| {
        let mut report = place.json(&[&["rank", "small.yaml", "--no-study", "--format", "json"][..], more].concat());
        report.as_object_mut().expect("a map").remove("elapsed_seconds");
        report
    };
    let one = run(&["-j", "1"]);
    assert_eq!(one, run(&["-j", "2"]));
    assert_eq!(one, run(&["--seed", "5", "--repetitions", "3"]));
    assert_ne!(candidates(&one), candidates(&run(&["--seed", "6"])));
}

#[test]
fn output_is_written_whole_or_not_at_all() {
    let place = Place::new();
    let (file, old) = (place.path("result.json"), "what was there");
    fs::write(&file, old).expect("a file");
    let args =
        ["rank", "small.yaml", "--no-study", "--format", "json", "--repetitions", "200", "--output", "result.json"];
    let mut child = place.command(&args).stdout(Stdio::piped()).spawn().expect("a run");
    let mut seen_old = 0;
    while child.try_wait().expect("a state").is_none() {
        let text = fs::read_to_string(&file).expect("the file is always there");
        if text == old {
            seen_old += 1;
        } else {
            serde_json::from_str::<Value>(&text).expect("never a part");
        }
    }
    assert!(seen_old > 0 && child.wait().expect("a state").success());
    let report: Value = serde_json::from_str(&fs::read_to_string(&file).expect("the file")).expect("JSON");
    assert_eq!(candidates(&report).len(), CANDIDATES);
    let mut printed = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut printed).expect("text");
    assert_eq!(printed, "", "the file takes the place of standard output");
    let left: Vec<_> = place.0.path().read_dir().expect("the folder").flatten().map(|e| e.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".neartop")), "{left:?}");
    let before = fs::read(&file).expect("the file");
    place.refused(&["rank", "missing.yaml", "--output", "result.json"], 2);
    assert_eq!(fs::read(&file).expect("the file"), before);
}

#[test]
fn files_that_cannot_be_written_are_refused_before_the_run() {
    let place = Place::new();
    // A run of this length would outlast the test.
    for option in ["--output", "--export"] {
        let start = Instant::now();
        let args = ["rank", "small.yaml", "--no-study", "--repetitions", "1000000", option];
        let said = place.refused(&[&args[..], &["missing/result.json"]].concat(), 2);
        assert!(said.contains("does not exist") && start.elapsed() < Duration::from_secs(20), "{said}");
    }
    fs::create_dir(place.path("folder.json")).expect("a folder");
    assert!(place.refused(&["rank", "small.yaml", "--output", "folder.json"], 2).contains("is a directory"));
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    let place = Place::new();
    for args in [&["rank", "small.yaml", "--no-study"][..], &["presets", "schema"], &["completions", "bash"], &["man"]]
    {
        let mut child = place.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a run");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("a run");
        assert_eq!((output.status.code(), errors(&output).as_str()), (Some(0), ""), "{args:?}");
    }
    let script = format!("set -o pipefail; {} presets schema | head -n 1", env!("CARGO_BIN_EXE_neartop"));
    let output = Command::new("bash").args(["-c", &script]).output().expect("a run");
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"{\n"[..]), "{}", errors(&output));
}

#[test]
fn without_a_terminal_the_program_ranks_and_says_so() {
    let place = Place::new();
    let output = place.run(&["small.yaml", "--no-study"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(errors(&output).contains("not a terminal") && errors(&output).contains("neartop rank"));
    assert_eq!(output.stdout, place.run(&["rank", "small.yaml", "--no-study"]).stdout);
}

#[test]
fn a_run_in_which_nothing_can_be_scored_fails() {
    let place = Place::new();
    let dead = SMALL.replace("orthogonal, {normal: {std: 0.05}}, zeros", "zeros");
    fs::write(place.path("dead.yaml"), dead).expect("a preset");
    let output = place.run(&["rank", "dead.yaml", "--no-study", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("no candidate could be scored"), "{}", errors(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(candidates(&report).iter().all(|c| c["status"] == "failed") && report["recommended"].is_null());
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_reported() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
    let output = Place::new().command(&["rank", "small.yaml", "--no-study"]).stdout(full).output().expect("a run");
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("cannot write standard output"), "{}", errors(&output));
}

/// The reader of Parquet panics on these, which is nobody's business.
#[test]
fn a_damaged_file_is_an_error_and_no_panic() {
    let place = Place::new();
    for (name, labels) in [("panics", ""), ("panics-of-a-list", ", labels: label")] {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/found").join(format!("{name}.parquet"));
        let text = format!(
            "data: {{path: {:?}{labels}}}\nnetwork: {{input: 2, layers: [linear: 2]}}\n",
            data.display().to_string()
        );
        fs::write(place.path("damaged.yaml"), text).expect("a preset");
        let output = place.run(&["rank", "damaged.yaml", "--no-study"]);
        let said = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(!said.contains("panicked") && said.contains("damaged"), "{name}: {said}");
    }
}

#[test]
fn bad_usage_ends_with_2() {
    let place = Place::new();
    for args in [
        &["rank", "--frmat", "json"][..],
        &["rank", "small.yaml", "--format", "xml"],
        &["rank", "small.yaml", "--jobs", "0"],
        &["rank", "small.yaml", "--seed", "-1"],
        &["rank", "small.yaml", "--repetitions", "0"],
        &["rank", "small.yaml", "--max-memory", "nan"],
        &["rank", "small.yaml", "--export", "best.txt"],
        &["rank", "small.yaml", "small.yaml"],
        &["score", "small.yaml"],
        &["presets", "show", "digits-mpl"],
        &["completions", "cobol"],
    ] {
        assert!(!place.refused(args, 2).is_empty(), "{args:?} says nothing");
    }
    assert!(place.refused(&["presets", "show", "digits-mpl"], 2).contains("did you mean `digits-mlp`?"));
    assert!(place.refused(&["rank", "--frmat", "json"], 2).contains("--format"));
}

/// Waits until the program watches for interrupts, so that one does not kill it.
fn wait_for_handler(child: &Child) {
    let start = Instant::now();
    while cfg!(target_os = "linux") && start.elapsed() < Duration::from_secs(60) {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or_default();
        if u64::from_str_radix(caught.trim(), 16).is_ok_and(|mask| mask & (1 << (2 - 1)) != 0) {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_secs(1));
}

#[test]
fn an_interrupted_run_writes_what_was_scored_and_ends_with_130() {
    for signal in ["INT", "TERM"] {
        let place = Place::new();
        let args = ["rank", "small.yaml", "--no-study", "--repetitions", "1000000", "--format", "json"];
        let mut command = place.command(&args);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a run");
        wait_for_handler(&child);
        let killed = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().expect("kill");
        assert!(killed.success());
        let output = child.wait_with_output().expect("a run");
        assert_eq!(output.status.code(), Some(130), "SIG{signal}: {} {}", output.status, errors(&output));
        assert!(errors(&output).contains("interrupted"));
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(candidates(&report).len(), CANDIDATES);
        let best = &candidates(&report)[0];
        let done = best["repetitions"].as_u64().expect("a count");
        assert!(done > 0 && done < 1_000_000 && best["near"].is_number(), "{best}");
        assert_eq!(best["status"], "scoring");
    }
}

#[test]
fn bundled_presets_are_listed_shown_and_right() {
    let place = Place::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("presets");
    let mut files: Vec<_> = folder.read_dir().expect("presets").flatten().map(|e| e.path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "yaml"));
    let list = place.text(&["presets", "list"]);
    assert_eq!(list.lines().count(), files.len(), "every preset of the folder is bundled");
    for file in files {
        let name = file.file_stem().expect("a name").to_str().expect("UTF-8");
        let line = list.lines().find(|line| line.split_whitespace().next() == Some(name)).expect("a line of the list");
        assert!(line.split_whitespace().count() > 3, "{name} has no description");
        assert_eq!(place.text(&["presets", "show", name]), fs::read_to_string(&file).expect("the preset"));
        if name == "fashion-mnist" {
            // Its data are to be had elsewhere.
            assert!(place.refused(&["presets", "check", name], 2).contains("no such file"));
            continue;
        }
        assert!(place.text(&["presets", "check", name]).contains(": right\n"));
    }
    let said = place.text(&["presets", "check", "small.yaml"]);
    assert!(said.contains("Small: right") && said.contains("9 (3 activations x 3 initializations), 3 rep"), "{said}");
    fs::write(place.path("bad.yaml"), "network: {input: 6, layers: [liner: 8]}\n").expect("a preset");
    let said = place.refused(&["presets", "check", "bad.yaml"], 2);
    assert!(said.contains("bad.yaml:1:") && said.contains("did you mean `linear`?"), "{said}");
}

#[test]
fn the_schema_knows_every_name() {
    let place = Place::new();
    let schema = place.json(&["presets", "schema"]);
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let text = schema.to_string();
    for name in ["data", "network", "search", "score", "truth", "linear", "conv2d", "residual", "gelu_tanh", "lsuv"] {
        assert!(text.contains(&format!("\"{name}\"")), "{name}");
    }
    assert_eq!(schema["additionalProperties"], false);
    // What a vector cannot start by is not offered to one.
    let starts = |name: &str| schema["$defs"][name].to_string();
    assert!(starts("initialization").contains("\"orthogonal\""));
    assert!(starts("initialization_of_bias").contains("\"xavier_normal\""));
    for refused in ["orthogonal", "xavier_normal", "he_normal", "torch_default"] {
        assert!(!starts("initialization_of_vector").contains(&format!("\"{refused}\"")), "{refused}");
    }
}

#[test]
fn completions_and_the_man_page_are_what_their_readers_expect() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.text(&["completions", shell]);
        assert!(script.contains("neartop") && script.contains("repetitions") && script.contains("presets"), "{shell}");
    }
    fs::write(place.path("neartop.bash"), place.text(&["completions", "bash"])).expect("a script");
    let checked = Command::new("bash").arg("-n").arg(place.path("neartop.bash")).output().expect("bash");
    assert!(checked.status.success(), "{}", errors(&checked));
    let page = place.text(&["man"]);
    assert!(page.lines().any(|line| line.starts_with(".TH neartop 1")), "{page}");
    for section in ["NAME", "SYNOPSIS", "OPTIONS", "SUBCOMMANDS"] {
        assert!(page.contains(&format!(".SH {section}")), "{section}");
    }
}

#[test]
fn score_refuses_what_does_not_fit() {
    let place = Place::new();
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity/activation-relu");
    let file = |name: &str| case.join(name).display().to_string();
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity/mlp-64-128-48-10/inputs.npy");
    let (network, weights, inputs) = (file("network.yaml"), file("weights.safetensors"), file("inputs.npy"));
    let other = other.display().to_string();
    let score = |network: &str, weights: &str, inputs: &str| {
        place.refused(&["score", network, "--weights", weights, "--inputs", inputs], 2)
    };
    assert!(score("small.yaml", &weights, &inputs).contains("small.yaml:4:"), "an open slot is shown where it is");
    assert!(score(&network, "missing.safetensors", &inputs).contains("missing.safetensors"));
    assert!(score(&network, &inputs, &inputs).contains("inputs.npy"));
    assert!(score(&network, &weights, &weights).contains("weights.safetensors"));
    assert!(score(&network, &weights, &other).contains("16 features"));
    let table = place.text(&["score", &network, "--weights", &weights, "--inputs", &inputs, "--format", "table"]);
    let json = place.json(&["score", &network, "--weights", &weights, "--inputs", &inputs]);
    let near = json["near"].as_f64().expect("a score");
    assert!(table.contains(&format!("\nNEAR {near:.3}, ")), "{table}");
}

/// What the program writes to a terminal.
fn on_a_terminal(place: &Place, args: &[&str], no_color: Option<&str>) -> String {
    let pair = portable_pty::native_pty_system().openpty(portable_pty::PtySize::default()).expect("a terminal");
    let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_neartop"));
    command.args(args);
    command.cwd(place.0.path());
    command.env("TERM", "xterm-256color");
    command.env("XDG_STATE_HOME", place.path("state"));
    command.env_remove("NO_COLOR");
    if let Some(value) = no_color {
        command.env("NO_COLOR", value);
    }
    let mut child = pair.slave.spawn_command(command).expect("a run");
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let mut bytes = Vec::new();
    // The end of a terminal is an error on Linux.
    let _ = reader.read_to_end(&mut bytes);
    assert_eq!(child.wait().expect("a status").exit_code(), 2);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn colours_come_only_where_they_are_wanted() {
    let place = Place::new();
    fs::write(place.path("bad.yaml"), "network: {input: 6, layers: [liner: 8]}\n").expect("a preset");
    let shown = |no_color, args: &[&str]| {
        let text = on_a_terminal(&place, &[&["rank", "bad.yaml"][..], args].concat(), no_color);
        assert!(text.contains("liner"), "{text}");
        text.contains('\u{1b}')
    };
    assert!(shown(None, &[]));
    assert!(!shown(Some("1"), &[]));
    assert!(shown(Some(""), &[]), "an empty NO_COLOR is none");
    assert!(!shown(None, &["--color", "never"]));
    assert!(shown(Some("1"), &["--color", "always"]));
    assert!(!place.refused(&["rank", "bad.yaml"], 2).contains('\u{1b}'));
    assert!(place.refused(&["rank", "bad.yaml", "--color", "always"], 2).contains('\u{1b}'));
}

#[test]
fn trainability_does_not_depend_on_the_number_of_jobs() {
    let place = Place::new();
    let run = |jobs: &str| {
        let mut report = place.json(&["rank", "small.yaml", "--format", "json", "--no-study", "-j", jobs]);
        report["elapsed_seconds"] = Value::Null;
        report
    };
    let one = run("1");
    assert_eq!(one, run("2"));
    let first = &one["candidates"][0];
    assert!(first["trainability"]["score"].as_f64().is_some_and(|s| s > 0.0), "{first}");
    assert!(first["layers"][0]["signal"]["ln_gradient"].is_number(), "{first}");
}
