//! `rank --evidence`: what the recommendation stands on.

use std::fs;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

/// Two hidden layers on digits, or on what `data` says. Weights of the last initialization are so small that all of the others
/// learn faster.
fn preset(data: &str, train: &str) -> String {
    format!(
        "
name: Evidence
data: {{source: {data}}}
network: {{input: 64, layers: [linear: 24, activation, linear: 24, activation, linear: 10]}}
search: {{activations: [relu, tanh], inits: [kaiming_normal, orthogonal, {{normal: {{std: 0.05}}}}]}}
score: {{repetitions: 2}}
train: {train}
"
    )
}

fn run(text: &str, args: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("evidence.yaml");
    fs::write(&file, text).expect("a preset");
    let mut command = Command::cargo_bin("neartop").expect("the program");
    command.env("XDG_STATE_HOME", folder.path()).arg("rank").arg(file).args(args).output().expect("a run")
}

fn json(text: &str, args: &[&str]) -> Value {
    let output = run(text, &[args, &["--format", "json", "--no-study"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The keys of all candidates that have one.
fn of<'a>(report: &'a Value, key: &str) -> Vec<&'a Value> {
    report["candidates"].as_array().expect("candidates").iter().filter_map(|candidate| candidate.get(key)).collect()
}

#[test]
fn signals_are_the_evidence_unless_more_is_asked_for() {
    let (plain, asked) = (preset("digits", "{}"), ["--evidence", "signals"]);
    let mut reports = [json(&plain, &[]), json(&plain, &asked)];
    reports.iter_mut().for_each(|report| {
        report["elapsed_seconds"].take();
    });
    assert_eq!(reports[0], reports[1]);
    assert_eq!(reports[0]["recommended"]["evidence"], "signals");
    assert!(of(&reports[0], "first_steps").is_empty() && of(&reports[0], "trained").is_empty());
}

#[test]
fn first_steps_are_made_with_labels_and_without() {
    for (data, random) in [("digits", false), ("gaussian", true)] {
        let report = json(&preset(data, "{}"), &["--evidence", "steps"]);
        let choice = &report["recommended"];
        assert_eq!(choice["evidence"], "steps", "{choice}");
        let why = choice["why"].as_str().expect("a reason");
        match random {
            true => assert!(why.contains("it learns in 32 steps on random labels"), "{why}"),
            false => assert!(why.starts_with("lowest loss after 32 steps, of "), "{why}"),
        }
        let steps = of(&report, "first_steps");
        assert!((2..=6).contains(&steps.len()), "{steps:?}");
        for steps in steps {
            let loss = |key: &str| steps[key].as_f64().expect("a loss");
            assert_eq!((&steps["steps"], &steps["random_labels"]), (&32.into(), &random.into()));
            assert!(steps["learns"] != true || loss("loss_after") < loss("loss_of_chance"), "{steps}");
        }
        let losses = report["candidates"].as_array().expect("candidates").iter().filter_map(|candidate| {
            let loss = candidate["first_steps"]["loss_after"].as_f64()?;
            Some((loss, (&candidate["activation"], &candidate["init"])))
        });
        let lowest = losses.min_by(|a, b| a.0.total_cmp(&b.0)).expect("losses").1;
        assert!(random || lowest == (&choice["activation"], &choice["init"]), "{choice}");
        assert_eq!(report["candidates"], json(&preset(data, "{}"), &["--evidence", "steps", "-j", "1"])["candidates"]);
    }
}

#[test]
fn who_does_not_learn_is_not_recommended() {
    // A rate that moves nothing.
    let text = preset("digits", "{optimizer: sgd, learning_rate: 1.0e-12}");
    let report = json(&text, &["--evidence", "steps"]);
    assert!(report["recommended"].is_null(), "{report}");
    let why = report["no_recommendation"].as_str().expect("a reason");
    assert!(why.contains("learns in 32 steps"), "{why}");
    assert!(of(&report, "first_steps").iter().all(|steps| steps["learns"] == false));
}

#[test]
fn a_short_training_recommends_its_best() {
    let report = json(&preset("digits", "{optimizer: adam, learning_rate: 0.003}"), &["--evidence", "training"]);
    let choice = &report["recommended"];
    assert_eq!(choice["evidence"], "training", "{choice}");
    assert!(choice["why"].as_str().is_some_and(|why| why.contains("on samples held out")), "{choice}");
    assert!(!of(&report, "trained").is_empty() && choice.get("equivalent").is_none());
}

#[test]
fn files_say_which_evidence_there_is() {
    let csv = |args: &[&str]| {
        let output = run(&preset("digits", "{}"), &[args, &["--format", "csv", "--no-study"]].concat());
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let plain = csv(&[]);
    let [steps, training] = ["steps", "training"].map(|depth| csv(&["--evidence", depth]));
    assert!(!plain.contains("evidence") && !plain.contains("first_steps"), "{plain}");
    assert!(steps.contains(",first_steps,evidence\n") && steps.contains(",true,steps\n"), "{steps}");
    assert!(training.contains(",trained,evidence\n") && training.contains(",training\n"), "{training}");
}

#[test]
fn a_training_without_labels_is_refused_before_the_scores() {
    let output = run(&preset("gaussian", "{}"), &["--evidence", "training", "--no-study"]);
    let said = String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("the samples are drawn") && said.contains("--evidence steps"), "{said}");
}
