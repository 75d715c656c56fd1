//! Presets that must be refused: `fixtures/bad/*.yaml`, and files that are hardly presets.
//!
//! The first line of a fixture says what to expect: `# 5:7 -- words of the message -- words of the hint`, with a dash for
//! an error without a place; the hint may be left out.
// A limit of memory is Linux's.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use assert_cmd::Command;

/// KiB of address space that a refusal may take.
const MEMORY: &str = "2000000";

/// Runs `neartop rank FILE` where it can neither hang nor take much memory.
fn rank(directory: &Path, file: impl AsRef<std::ffi::OsStr>) -> Output {
    let mut command = Command::new("sh");
    command.current_dir(directory).timeout(Duration::from_secs(60)).env_remove("NO_COLOR");
    command.args(["-c", &format!("ulimit -v {MEMORY} && exec \"$0\" \"$@\"")]).arg(env!("CARGO_BIN_EXE_neartop"));
    command.args(["rank", "--color", "never", "--jobs", "1", "--no-study", "--"]).arg(file).output().expect("a run")
}

/// The text without spaces and the frame around it, so that it does not matter where lines were broken.
fn dense(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '|').collect()
}

/// What is wrong with a refusal, if anything.
fn complaint(output: &Output, place: &str, words: &[&str]) -> Option<String> {
    let errors = String::from_utf8_lossy(&output.stderr);
    let control = |c: char| c.is_control() && c != '\n';
    if output.status.code() != Some(2) {
        return Some(format!("ended with {}, not 2\n{errors}", output.status));
    }
    if !output.stdout.is_empty() {
        return Some("wrote to standard output".to_owned());
    }
    if let Some(c) = errors.chars().find(|c| control(*c)) {
        return Some(format!("let {c:?} through\n{errors:?}"));
    }
    let head = errors.lines().next().unwrap_or_default();
    if !place.is_empty() && !head.ends_with(place) && !errors.contains(&format!("cannot read {place}:")) {
        return Some(format!("says `{head}`, not {place}\n{errors}"));
    }
    let text = dense(&errors);
    let missing = words.iter().find(|words| !text.contains(&dense(words)));
    missing.map(|words| format!("does not say `{words}`\n{errors}"))
}

fn assert_refused(output: &Output, place: &str, words: &[&str]) {
    if let Some(complaint) = complaint(output, place, words) {
        panic!("{complaint}");
    }
}

#[test]
fn every_bad_preset_is_refused_where_and_why() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bad");
    let mut files: Vec<PathBuf> = folder.read_dir().expect("the fixtures").flatten().map(|e| e.path()).collect();
    files.sort();
    assert!(files.len() > 100, "{} fixtures", files.len());
    let mut complaints = String::new();
    for file in &files {
        let text = fs::read_to_string(file).expect("a fixture");
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let expected = text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("an expectation");
        let mut parts = expected.split(" -- ");
        let place = match parts.next().expect("a place") {
            "-" => name.clone(),
            place => format!("{name}:{place}"),
        };
        let words: Vec<_> = parts.collect();
        assert!(!words.is_empty(), "{name} expects no message");
        if let Some(complaint) = complaint(&rank(&folder, &name), &place, &words) {
            complaints += &format!("\n{name} {complaint}");
        }
    }
    assert!(complaints.is_empty(), "{complaints}");
}

#[test]
fn files_that_are_no_presets_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("latin1.yaml"), b"name: x\ndescription: caf\xe9\n").expect("a file");
    assert_refused(&rank(folder.path(), "latin1.yaml"), "latin1.yaml:2:17", &["it is not UTF-8 text"]);
    fs::write(at("large.yaml"), "# comment\n".repeat(220_000)).expect("a file");
    assert_refused(&rank(folder.path(), "large.yaml"), "large.yaml", &["larger than 1 MiB"]);
    fs::create_dir(at("folder.yaml")).expect("a folder");
    assert_refused(&rank(folder.path(), "folder.yaml"), "folder.yaml", &["not a regular file"]);
    let made = std::process::Command::new("mkfifo").arg(at("pipe.yaml")).status().expect("mkfifo");
    assert!(made.success());
    assert_refused(&rank(folder.path(), "pipe.yaml"), "pipe.yaml", &["not a regular file"]);
    assert_refused(
        &rank(folder.path(), "missing.yaml"),
        "missing.yaml",
        &["no such file", "bundled presets: digits-mlp"],
    );
    assert_refused(
        &rank(folder.path(), "digits-mpl"),
        "digits-mpl",
        &["did you mean the bundled preset `digits-mlp`?"],
    );
    let strange = std::ffi::OsStr::from_bytes(b"\x1b[31m\xff.yaml");
    assert_refused(&rank(folder.path(), strange), "", &["invalid UTF-8"]);
}

#[test]
fn control_characters_of_a_file_name_do_not_reach_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("\u{1b}[31m.yaml"), "network: 1\n").expect("a file");
    assert_refused(&rank(folder.path(), "\u{1b}[31m.yaml"), "\\u{1b}[31m.yaml:1:10", &["the network: a map"]);
}

/// Documents near the largest that is read, made to cost the reader most.
#[test]
fn hostile_documents_are_refused_without_hanging_or_taking_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |text: String, words: &[&str]| {
        fs::write(folder.path().join("hostile.yaml"), text).expect("a file");
        assert_refused(&rank(folder.path(), "hostile.yaml"), "", words);
    };
    for open in ["[", "{a: ", "- "] {
        refused(open.repeat(1_000_000 / open.len()), &["hostile.yaml"]);
    }
    refused(format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(100_000), "*a,".repeat(100_000)), &["too large", "aliases"]);
    refused(format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), "*a,".repeat(100_000)), &["too large", "aliases"]);
    refused(format!("!x [&a [{}], [{}]]\n", "x,".repeat(100_000), "*a,".repeat(100_000)), &["tags have no meaning"]);
}
