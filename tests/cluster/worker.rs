//! A worker on a pipe.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{Place, ranking, texts};

/// What a worker answers to a text, and how it ends.
fn work(place: &Place, args: &[&str], input: &str) -> (Vec<Value>, Option<i32>, String) {
    let (out, code, err) = work_raw(place, args, input);
    (out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect(), code, err)
}

fn work_raw(place: &Place, args: &[&str], input: &str) -> (String, Option<i32>, String) {
    let mut child = place
        .command(&[&["worker", "small.yaml"], args].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a worker");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().expect("an end");
    writer.join().expect("a writer");
    let (out, err) = texts(&output);
    (out, output.status.code(), err)
}

#[test]
fn chunks_come_to_the_same_as_one_run() {
    let place = Place::new();
    let (chunks, _) = place.done(&["worker", "small.yaml", "--list-chunks", "5"]);
    // Two workers share the chunks, and one chunk runs twice.
    let lines: Vec<_> = chunks.lines().collect();
    assert!(lines.len() >= 5);
    let (first, second) = (lines[..4].join("\n"), lines[3..].join("\n"));
    for (name, chunks) in [("a.jsonl", first), ("b.jsonl", second)] {
        let (text, code, err) = work_raw(&place, &["--jobs", "2"], &chunks);
        assert_eq!(code, Some(0), "{err}");
        place.write(name, &text);
    }
    let (out, err) = place.done(&["merge", "small.yaml", "--format", "json", "--no-study", "a.jsonl", "b.jsonl"]);
    assert_eq!(ranking(&out), place.local(&[]));
    assert!(!err.contains("damaged"), "{err}");
}

#[test]
fn options_that_a_worker_would_not_heed_are_refused() {
    let place = Place::new();
    for option in [&["--study", "s.sqlite"][..], &["--fresh"], &["--export", "best.yaml"], &["--no-guard"]] {
        let (_, code, err) = work_raw(&place, option, "");
        assert!(code == Some(2) && err.contains("unexpected argument"), "{err}");
    }
}

#[test]
fn a_chunk_is_answered_with_its_results_and_its_name() {
    let place = Place::new();
    let (answers, code, _) = work(&place, &[], "{\"chunk\":\"x\",\"candidates\":[4,0,4],\"repetitions\":[1]}\n\n");
    assert_eq!(code, Some(0));
    let [header, a, b, end] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!((&header["candidates"], &header["seed"], &header["repetitions"]), (&json!(12), &json!(5), &json!(4)));
    assert_eq!(header["work"].as_str().map(str::len), Some(64));
    let mut scored = [a["candidate"].as_u64(), b["candidate"].as_u64()];
    scored.sort_unstable();
    assert_eq!(scored, [Some(0), Some(4)]);
    assert!(a["repetition"] == 1 && a["near"].is_f64() && a["samples"].is_string());
    assert_eq!(*end, json!({"chunk": "x", "results": 2}));
    // Deterministic: the same again, on another number of threads.
    let (again, ..) = work(&place, &["--jobs", "1"], "{\"candidates\":[0,4],\"repetitions\":[1]}");
    for line in [a, b] {
        assert!(again.contains(line), "{line}");
    }
}

#[test]
fn what_is_no_chunk_is_answered_and_the_others_go_on() {
    let place = Place::new();
    let input = "\
{\"candidates\":[0]}
[1]
nonsense
{\"candidates\":[12],\"repetitions\":[0]}
{\"candidates\":[0],\"repetitions\":[4]}
{\"candidates\":[-1],\"repetitions\":[0]}
{\"work\":\"0123456789\",\"candidates\":[0],\"repetitions\":[0]}
{\"chunk\":7,\"candidates\":[0],\"repetitions\":[0]}
";
    let (answers, code, err) = work(&place, &[], input);
    assert_eq!(code, Some(2), "{err}");
    let errors: Vec<_> = answers.iter().filter_map(|answer| answer["error"].as_str()).collect();
    let words =
        ["missing field `repetitions`", "", "", "numbered from 0 to 11", "numbered from 0 to 3", "", "other work"];
    assert_eq!(errors.len(), words.len(), "{errors:?}");
    for (error, words) in errors.iter().zip(words) {
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(answers.last(), Some(&json!({"chunk": 7, "results": 1})));
    assert!(err.contains("7 lines were no chunks of this work"), "{err}");
}
