//! A candidate that is chosen by name, and what programs ask of presets and of a run.

use super::*;

const EXPORT: [&str; 2] = ["export", "small.yaml"];

#[test]
fn a_candidate_is_exported_by_its_name_whatever_its_rank() {
    let place = Place::new();
    let chosen = ["--activation", "{leaky_relu: {negative_slope: 0.3}}", "--init", "zeros", "-o", "chosen.yaml"];
    place.text(&[&EXPORT[..], &chosen].concat());
    let text = fs::read_to_string(place.path("chosen.yaml")).expect("a preset");
    assert!(text.contains("negative_slope: 0.3") && text.contains("zeros") && !text.contains("tanh"), "{text}");
    // The preset's first, and said to be.
    let run = place.run(&["export", "small.yaml", "-o", "first.py", "--seed", "9"]);
    assert!(run.status.success());
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(said.contains("with relu, the first of the preset's 3 activations"), "{said}");
    let code = fs::read_to_string(place.path("first.py")).expect("code");
    assert!(code.contains("relu with orthogonal: no NEAR score, seed 9"), "{code}");
}

#[test]
fn an_export_says_what_is_wrong() {
    let place = Place::new();
    let with = |more: &[&'static str]| [&EXPORT[..], more].concat();
    for (args, words) in [
        (with(&["--activation", "gelo", "-o", "x.py"]), "did you mean `gelu`"),
        (with(&["--init", "as_given", "-o", "x.py"]), "as_given"),
        (with(&["--architecture", "abc", "-o", "x.py"]), "no architecture abc"),
        (with(&["-o", "x.docx"]), "stands for no format"),
        (with(&["-o", "small.yaml"]), "the result would replace it"),
    ] {
        let said = place.refused(&args, 2);
        assert!(said.contains(words), "{args:?}: {said}");
        assert!(!place.path("x.py").exists());
    }
}

#[test]
fn a_check_is_written_for_programs_too() {
    let place = Place::new();
    let facts: Value = place.json(&["presets", "check", "small.yaml", "--format", "json"]);
    assert_eq!(facts["candidates"], CANDIDATES);
    assert_eq!(facts["input"], serde_json::json!([6]));
    assert_eq!(facts["slots"], serde_json::json!(["activation"]));
    assert_eq!(facts["samples"], 8);
}

#[test]
fn progress_is_told_to_programs_in_lines() {
    let place = Place::new();
    let mut command = place.command(&["rank", "small.yaml", "--no-study", "--format", "json"]);
    let run = command.env("NEARTOP_PROGRESS", "json").output().expect("a run");
    let said = String::from_utf8_lossy(&run.stderr);
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    assert!(!lines.is_empty());
    assert!(lines.iter().all(|line| line["total"] == CANDIDATES * 3 && line["done"].is_u64()), "{said}");
}
