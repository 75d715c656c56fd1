//! Where results go, and what they never replace.

use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};

use super::*;

const RANK: [&str; 4] = ["rank", "small.yaml", "--format", "json"];

fn with<'a>(args: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [args, more].concat()
}

#[test]
fn a_result_never_replaces_what_the_run_reads() {
    let place = Place::new();
    place.text(&with(&RANK, &["--study", "s.sqlite"]));
    fs::write(place.path("x.csv"), "a,b,c,d,e,f\n1,2,3,4,5,6\n2,1,3,5,4,6\n").expect("a table");
    fs::write(place.path("data.yaml"), format!("data: {{path: x.csv}}\n{SMALL}")).expect("a preset");
    symlink("small.yaml", place.path("link.yaml")).expect("a link");
    for part in ["1", "2"] {
        let shard = format!("{part}/2");
        place.text(&["rank", "small.yaml", "--shard", &shard, "-o", &format!("{part}.jsonl")]);
    }
    let study = ["--study", "s.sqlite"];
    for (args, file) in [
        (with(&RANK, &["--no-study", "-o", "small.yaml"]), "small.yaml"),
        (with(&RANK, &["--no-study", "-o", "link.yaml"]), "small.yaml"),
        (with(&RANK, &["--no-study", "--export", "small.yaml"]), "small.yaml"),
        (with(&RANK, &[study[0], study[1], "-o", "s.sqlite"]), "s.sqlite"),
        (vec!["rank", "data.yaml", "--no-study", "-o", "x.csv"], "x.csv"),
        (vec!["rank", "data.yaml", "--no-study", "-o", "./x.csv"], "x.csv"),
        (vec!["merge", "small.yaml", "1.jsonl", "2.jsonl", "--no-study", "--force", "-o", "1.jsonl"], "1.jsonl"),
        (vec!["width", "small.yaml", "--no-study", "--force", "-o", "small.yaml"], "small.yaml"),
        (vec!["train", "digits-mlp", study[0], study[1], "--force", "-o", "s.sqlite"], "s.sqlite"),
        (vec!["studies", study[0], study[1], "export", "1", "--force", "-o", "s.sqlite"], "s.sqlite"),
    ] {
        let before = fs::read(place.path(file)).expect("a file");
        let said = place.refused(&args, 2);
        assert!(said.contains("the result would replace it"), "{args:?}: {said}");
        assert!(fs::read(place.path(file)).expect("a file") == before, "{args:?}");
    }
    // Also where neither is there yet.
    place.refused(&with(&RANK, &["--study", "new.sqlite", "-o", "new.sqlite"]), 2);
    assert!(!place.path("new.sqlite").exists());
}

/// Where positions fill the matrices from one sample, more pass all the same, since one has no spread.
#[test]
fn networks_of_convolutions_alone_have_a_verdict() {
    let place = Place::new();
    let layers = "[conv2d: {out: 8, kernel: 3}, activation, conv2d: {out: 2, kernel: 1}]";
    let network = format!("network: {{input: [1, 16, 16], layers: {layers}}}\nsearch: {{inits: [orthogonal]}}\n");
    fs::write(place.path("all.yaml"), &network).expect("a preset");
    let json = place.text(&["rank", "all.yaml", "--no-study", "--format", "json"]);
    assert!(json.contains("\"verdict\": \"trainable\""), "{json}");
    fs::write(place.path("one.yaml"), format!("{network}score: {{batch: 1}}\n")).expect("a preset");
    let said = place.text(&["rank", "one.yaml", "--no-study"]);
    assert!(said.contains("whether it will train is not known, since one sample"), "{said}");
}

#[test]
fn a_log_is_never_written_into_what_the_run_uses() {
    let place = Place::new();
    place.text(&with(&RANK, &["--study", "s.sqlite"]));
    place.text(&["rank", "small.yaml", "--shard", "1/1", "-o", "part.jsonl"]);
    fs::write(place.path("wrong.yaml"), "network: 3\n").expect("a preset");
    let rank = |more: &[&'static str]| with(&RANK, more);
    for (args, file) in [
        (rank(&["--no-study"]), "small.yaml"),
        (rank(&["--study", "s.sqlite"]), "s.sqlite"),
        (rank(&["--study", "s.sqlite"]), "s.sqlite-wal"),
        (rank(&["--no-study", "-o", "out.json"]), "out.json"),
        (rank(&["--no-study", "--export", "best.yaml"]), "best.yaml"),
        (vec!["rank", "wrong.yaml", "--no-study"], "wrong.yaml"),
        (vec!["merge", "small.yaml", "part.jsonl", "--no-study"], "part.jsonl"),
        (vec!["presets", "check", "small.yaml"], "small.yaml"),
        (vec!["studies", "--study", "s.sqlite", "list"], "s.sqlite"),
    ] {
        let before = fs::read(place.path(file)).ok();
        let said = place.refused(&with(&args, &["--log-file", file]), 2);
        assert!(said.contains("the log would be written into it"), "{args:?}: {said}");
        assert!(fs::read(place.path(file)).ok() == before, "{args:?}");
    }
    place.text(&with(&RANK, &["--no-study", "-v", "--log-file", "a.log"]));
    assert!(place.path("a.log").exists());
}

#[test]
fn only_force_replaces_what_other_commands_write() {
    let place = Place::new();
    place.text(&["rank", "small.yaml", "--shard", "1/1", "-o", "part.jsonl"]);
    let commands: [&[&str]; 3] = [
        &["merge", "small.yaml", "part.jsonl", "--no-study"],
        &["width", "small.yaml", "--no-study", "--sizes", "2,4,6", "--repetitions", "1", "--activation", "relu"],
        &["train", "digits-mlp", "--no-study", "--repetitions", "1", "--top", "1", "--epochs", "1", "--samples", "64"],
    ];
    for args in commands {
        fs::write(place.path("out"), "old").expect("a file");
        let args = with(args, &["-o", "out"]);
        let said = place.refused(&args, 2);
        assert!(said.contains("out is there already") && said.contains("--force"), "{said}");
        assert_eq!(fs::read_to_string(place.path("out")).expect("a file"), "old");
        place.text(&with(&args, &["--force"]));
        assert_ne!(fs::read_to_string(place.path("out")).expect("a file"), "old");
    }
}

#[test]
fn mode_and_link_of_a_replaced_file_stay() {
    let place = Place::new();
    fs::create_dir(place.path("far")).expect("a folder");
    let far = place.path("far/result.json");
    fs::write(&far, "old").expect("a file");
    fs::set_permissions(&far, fs::Permissions::from_mode(0o600)).expect("a mode");
    symlink("far/result.json", place.path("result.json")).expect("a link");
    symlink("far/new.json", place.path("dangling.json")).expect("a link");
    for link in ["result.json", "dangling.json"] {
        place.text(&with(&RANK, &["--no-study", "-o", link]));
        assert!(place.path(link).symlink_metadata().expect("a link").is_symlink(), "{link}");
        let written = fs::read_to_string(place.path(link)).expect("a result");
        assert!(written.starts_with('{'), "{link}: {written}");
    }
    assert_eq!(far.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    assert!(place.path("far/new.json").is_file());
}

#[test]
fn a_folder_of_somebody_else_is_found_before_the_run() {
    let place = Place::new();
    if !fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0) {
        println!("not tried: only root can become somebody else");
        return;
    }
    fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    fs::create_dir(place.path("theirs")).expect("a folder");
    let long = ["rank", "small.yaml", "--no-study", "--repetitions", "1000000", "-o", "theirs/result.json"];
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--clear-groups", "--", env!("CARGO_BIN_EXE_neartop")]).args(long);
    let output = command.current_dir(place.0.path()).output().expect("a run");
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    assert!(errors(&output).contains("no file can be made beside it"), "{}", errors(&output));
}

/// A pipe that nobody reads is refused; one with a reader gets the result.
#[test]
fn pipes_are_written_to_and_never_waited_for() {
    let place = Place::new();
    let made = Command::new("mkfifo").arg(place.path("pipe")).status().expect("mkfifo");
    assert!(made.success());
    let start = Instant::now();
    let said = place.refused(&with(&RANK, &["--no-study", "-o", "pipe"]), 2);
    assert!(said.contains("nobody reads from this pipe") && start.elapsed() < Duration::from_secs(20), "{said}");
    let said = place.refused(&["merge", "small.yaml", "pipe", "--no-study"], 2);
    assert!(said.contains("not a regular file") && start.elapsed() < Duration::from_secs(20), "{said}");
    let reader = Command::new("cat").arg(place.path("pipe")).stdout(Stdio::piped()).spawn().expect("cat");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(place.text(&with(&RANK, &["--no-study", "-o", "pipe"])), "");
    let read = reader.wait_with_output().expect("an end").stdout;
    assert_eq!(candidates(&serde_json::from_slice(&read).expect("JSON")).len(), CANDIDATES);
}

/// `O_NONBLOCK` of Linux.
const WITHOUT_WAITING: i32 = 0o4000;

/// What turns out only at the end: a pipe whose reader leaves.
#[test]
fn a_result_that_cannot_be_written_is_printed() {
    let place = Place::new();
    let made = Command::new("mkfifo").arg(place.path("pipe")).status().expect("mkfifo");
    assert!(made.success());
    let reader = fs::File::options().read(true).custom_flags(WITHOUT_WAITING).open(place.path("pipe")).expect("a pipe");
    let args = with(&RANK, &["--no-study", "--repetitions", "5000", "-o", "pipe"]);
    let child = place.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a run");
    let has_opened = || {
        let files = fs::read_dir(format!("/proc/{}/fd", child.id())).expect("open files");
        files.flatten().any(|file| file.path().read_link().is_ok_and(|to| to.ends_with("pipe")))
    };
    while !has_opened() {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(reader);
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    assert!(errors(&output).contains("the result is on standard output"), "{}", errors(&output));
    assert_eq!(candidates(&serde_json::from_slice(&output.stdout).expect("JSON")).len(), CANDIDATES);
}

/// Runs a line of the shell in which `neartop` is the program.
fn shell(place: &Place, line: &str) -> Output {
    let line = line.replace("neartop", env!("CARGO_BIN_EXE_neartop"));
    let mut command = Command::new("bash");
    command.args(["-c", &line]).current_dir(place.0.path()).env("HOME", place.0.path());
    command.env("XDG_STATE_HOME", place.path("state")).stdin(Stdio::null()).output().expect("a run")
}

#[test]
fn a_log_that_cannot_be_written_matters_to_no_run() {
    let place = Place::new();
    for log in ["-vv 2>/dev/full", "-vv 2>&-", "--log-file /dev/full -vv"] {
        let line = format!("neartop rank small.yaml --repetitions 40 --study s.sqlite --fresh --format json {log}");
        let output = shell(&place, &line);
        assert_eq!(output.status.code(), Some(0), "{log}: {}", errors(&output));
        let study = rusqlite::Connection::open(place.path("s.sqlite")).expect("a study");
        let rows: i64 = study.query_row("SELECT count(*) FROM repetition", [], |row| row.get(0)).expect("a number");
        // Three candidates are dead in the first repetition already, and are scored all the same.
        assert_eq!(rows, 9 * 40, "{log}");
    }
    place.text(&["rank", "small.yaml", "--shard", "1/1", "-o", "part.jsonl"]);
    for line in [
        "neartop merge small.yaml part.jsonl --no-study 2>/dev/full",
        "neartop train digits-mlp --no-study --repetitions 1 --top 1 --epochs 1 --samples 64 -vv 2>/dev/full",
        "neartop width small.yaml --no-study --sizes 2,4,6 --repetitions 1 -vv 2>/dev/full",
    ] {
        let output = shell(&place, line);
        assert_eq!(output.status.code(), Some(0), "{line}");
    }
}

#[test]
fn help_that_cannot_be_written_is_a_failure() {
    let place = Place::new();
    for args in ["--help", "rank --help", "--version"] {
        assert_eq!(shell(&place, &format!("neartop {args} >/dev/full")).status.code(), Some(1), "{args}");
        assert_eq!(shell(&place, &format!("set -o pipefail; neartop {args} | true")).status.code(), Some(0), "{args}");
        assert_eq!(shell(&place, &format!("neartop {args}")).status.code(), Some(0), "{args}");
    }
    assert_eq!(shell(&place, "neartop rank --unknown").status.code(), Some(2));
}
