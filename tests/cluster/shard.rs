//! Shards: written as they are scored, gone on with where they stopped.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::{Place, ranking, texts};

fn merged(place: &Place, parts: &[&str], args: &[&str]) -> String {
    let args = [&["merge", "small.yaml", "--format", "json"], args, parts].concat();
    ranking(&place.done(&args).0)
}

#[test]
fn shards_come_to_the_same_as_one_run() {
    let place = Place::new();
    let local = place.local(&[]);
    let parts = ["1.jsonl", "2.jsonl", "3.jsonl", "4.jsonl", "5.jsonl"];
    for (number, part) in (1..).zip(parts) {
        let shard = format!("{number}/5");
        let jobs = if number % 2 == 0 { "1" } else { "3" };
        place.done(&["rank", "small.yaml", "--shard", &shard, "--output", part, "--jobs", jobs]);
    }
    let reversed: Vec<_> = parts.iter().rev().copied().collect();
    assert_eq!(merged(&place, &reversed, &["--study", "some.sqlite"]), local);
    // All of it is in the study now.
    let (out, err) = place.done(&["rank", "small.yaml", "--format", "json", "--study", "some.sqlite"]);
    assert_eq!(ranking(&out), local);
    assert!(err.contains("of 48 repetitions found in the study"), "{err}");
    assert_eq!(merged(&place, &parts, &["--no-study"]), local);
    // Nothing of it is a study: parts are all that machines share.
    assert!(!place.path("state").exists());
}

#[test]
fn a_shard_on_standard_output_is_a_part() {
    let place = Place::new();
    let (out, _) = place.done(&["rank", "small.yaml", "--shard", "1/1"]);
    place.write("all.jsonl", &out);
    assert_eq!(merged(&place, &["all.jsonl"], &["--no-study"]), place.local(&[]));
}

#[test]
fn options_of_the_run_are_those_of_its_parts() {
    let place = Place::new();
    let options = ["--seed", "9", "--repetitions", "2"];
    let args = [&["rank", "small.yaml", "--shard", "1/1", "--output", "part.jsonl"], &options[..]].concat();
    place.done(&args);
    assert_eq!(merged(&place, &["part.jsonl"], &["--no-study"]), place.local(&options));
}

#[test]
fn architectures_are_spread_too() {
    let preset = "\
name: Cells
data: {source: gaussian}
network: {input: [3, 8, 8], classes: 4}
search: {architectures: {space: nats_sss, sample: 5}, inits: [torch_default]}
score: {repetitions: 2, batch: 2}
";
    let place = Place::with(preset);
    for number in 1..=3 {
        let (shard, part) = (format!("{number}/3"), format!("{number}.jsonl"));
        place.done(&["rank", "small.yaml", "--shard", &shard, "--output", &part]);
    }
    assert_eq!(merged(&place, &["3.jsonl", "1.jsonl", "2.jsonl"], &["--no-study"]), place.local(&[]));
}

/// Wherever a part breaks off, it is gone on with, and comes to the same.
#[test]
fn a_part_that_breaks_off_anywhere_is_gone_on_with() {
    let place = Place::new();
    let local = place.local(&[]);
    let shard = ["rank", "small.yaml", "--shard", "1/1", "--output", "part.jsonl", "--jobs", "1"];
    place.done(&shard);
    let whole = place.read("part.jsonl");
    let lines = whole.lines().count();
    let places = (0..12).map(|i| whole.len() * i / 12).chain([1, 20, whole.len() - 1, whole.len()]);
    for cut in places {
        place.write("part.jsonl", &whole[..cut]);
        let (_, err) = place.done(&shard);
        let kept = whole[..cut].lines().count().saturating_sub(usize::from(!whole[..cut].ends_with('\n')));
        let said = err.contains(&format!("{} of 48 scores found", kept.saturating_sub(1)));
        // Those of a candidate that failed count as found with its first.
        assert!(said || kept <= 1 || err.contains("scores found"), "cut at {cut}: {err}");
        assert!(place.read("part.jsonl").lines().count() <= lines + 1, "cut at {cut}");
        assert_eq!(merged(&place, &["part.jsonl"], &["--no-study"]), local, "cut at {cut}");
    }
    // With nothing left to do, nothing is written.
    let before = place.read("part.jsonl");
    place.done(&shard);
    assert_eq!(place.read("part.jsonl"), before);
}

#[test]
fn a_killed_shard_loses_no_line_that_it_wrote() {
    let preset = super::PRESET.replace("linear: 12", "linear: 300").replace("repetitions: 4", "repetitions: 20");
    let place = Place::with(&preset);
    let shard = ["rank", "small.yaml", "--shard", "1/1", "--output", "part.jsonl", "--jobs", "1"];
    let mut child = place.command(&shard).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a run");
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let count = || fs::read_to_string(place.path("part.jsonl")).map_or(0, |text| text.matches('\n').count());
    while count() < 5 {
        assert!(std::time::Instant::now() < end && child.try_wait().expect("a state").is_none());
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().expect("a kill");
    child.wait().expect("an end");
    let kept = place.read("part.jsonl").lines().count();
    let (_, err) = place.done(&shard);
    assert!(kept >= 5 && err.contains("scores found in part.jsonl"), "{kept} {err}");
    assert_eq!(merged(&place, &["part.jsonl"], &["--no-study"]), place.local(&[]));
}

/// A line is there as soon as its score is.
#[test]
fn lines_are_written_one_by_one() {
    let preset = super::PRESET.replace("linear: 12", "linear: 700").replace("repetitions: 4", "repetitions: 2000");
    let place = Place::with(&preset);
    let mut child = place
        .command(&["rank", "small.yaml", "--shard", "1/1", "--jobs", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a run");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    assert!(lines.next().expect("a line").expect("text").starts_with("{\"neartop\":"));
    for _ in 0..3 {
        assert!(lines.next().expect("a line").expect("text").starts_with("{\"candidate\":"));
    }
    // It would take minutes to the end.
    assert!(child.try_wait().expect("a state").is_none());
    child.kill().expect("a kill");
    child.wait().expect("an end");
}

#[test]
fn what_cannot_be_a_shard_is_refused() {
    let place = Place::new();
    place.done(&["rank", "small.yaml", "--shard", "1/2", "--output", "part.jsonl"]);
    let before = place.read("part.jsonl");
    place.write("notes.txt", "not a part\n");
    place.write("torn.txt", "not a part");
    let cases: [(&[&str], &str); 8] = [
        (&["--shard", "0/4"], "numbered from 1 to 4"),
        (&["--shard", "5/4"], "there is no shard 5 of 4"),
        (&["--shard", "1/2", "--study", "x.sqlite"], "cannot be used with"),
        (&["--shard", "1/2", "--repetitions", "auto"], "--repetitions 32"),
        (&["--shard", "1/2", "--output", "part.jsonl", "--seed", "6"], "its seed is 5, and that of the run is 6"),
        (&["--shard", "1/2", "--output", "notes.txt"], "no part of a run"),
        (&["--shard", "1/2", "--output", "torn.txt"], "no part of a run"),
        (&["--shard", "1/2", "--work", "0123456789"], "not the expected 0123456789"),
    ];
    for (args, words) in cases {
        let output = place.run(&[&["rank", "small.yaml"], args].concat());
        let (_, err) = texts(&output);
        let flat = err.split_whitespace().filter(|word| *word != "|").collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(2), "{args:?}: {err}");
        assert!(flat.contains(words), "{args:?}: {err}");
    }
    assert_eq!(place.read("part.jsonl"), before);
    assert_eq!(place.read("notes.txt"), "not a part\n");
    assert_eq!(place.read("torn.txt"), "not a part");
}
