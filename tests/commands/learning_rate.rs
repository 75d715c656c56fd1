//! A learning rate in the preset: whom it keeps from training, and what is assumed where it stands alone.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// Writes a preset with this `train`, and runs a command on it: standard output and standard error.
fn run(folder: &Path, train: &str, args: &[&str]) -> (String, String) {
    let text = format!(
        "
name: Five
data: {{source: digits, scale: standardize}}
network: {{input: 64, layers: [repeat: {{times: 5, layers: [linear: 32, activation]}}, linear: 10]}}
search: {{activations: [gelu], inits: [torch_default, kaiming_normal]}}
score: {{repetitions: 2}}
train: {train}
"
    );
    fs::write(folder.join("five.yaml"), text).expect("a preset");
    let mut command = Command::cargo_bin("neartop").expect("the program");
    let output = command.args(args).current_dir(folder).output().expect("a run");
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("text"));
    assert!(output.status.success(), "{err}");
    (out, err)
}

const RANK: [&str; 6] = ["rank", "five.yaml", "--study", "five.sqlite", "--format", "json"];

/// gelu with PyTorch's weights loses e^8 of its signal at this depth, which Adam makes up for with its default rate.
#[test]
fn a_rate_that_decides_is_named_and_nothing_is_scored_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let candidate = |out: &str| {
        let report: Value = serde_json::from_str(out).expect("JSON");
        let all = report["candidates"].as_array().expect("candidates").clone();
        all.into_iter().find(|candidate| candidate["init"] == "torch_default").expect("the candidate")
    };
    let plain = candidate(&run(folder.path(), "{optimizer: adam}", &RANK).0);
    assert_eq!(plain["trainability"]["verdict"], "trainable", "{plain}");
    assert!(plain.get("decisive_rate").is_none());
    let (out, err) = run(folder.path(), "{optimizer: adam, learning_rate: 0.0001}", &RANK);
    assert!(err.contains("4 of 4 repetitions found in the study"), "{err}");
    let slow = candidate(&out);
    assert_eq!((&slow["trainability"]["verdict"], &slow["decisive_rate"]), (&"vanishing".into(), &0.0001.into()));
    assert_eq!(slow["near"], plain["near"]);
    for train in ["{optimizer: adam, learning_rate: 0.001}", "{optimizer: adam, learning_rate: auto}"] {
        assert_eq!(candidate(&run(folder.path(), train, &RANK).0), plain);
    }

    let page = ["report", "five.yaml", "--study", "five.sqlite", "-o", "five.html"];
    run(folder.path(), "{optimizer: adam, learning_rate: 0.0001}", &page);
    let page = fs::read_to_string(folder.path().join("five.html")).expect("a page");
    assert!(page.contains("differences between inputs shrink on the way to the output, at a learning rate of 0.0001"));
}

#[test]
fn a_rate_without_an_optimizer_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = ["presets", "check", "five.yaml"];
    let (out, err) = run(folder.path(), "{learning_rate: 0.1}", &check);
    let told = "`train.learning_rate` stands without `optimizer`: short trainings take Adam with it";
    assert!(format!("{out}{err}").contains(told), "{out}{err}");
    let (out, err) = run(folder.path(), "{optimizer: sgd, learning_rate: 0.1}", &check);
    assert!(!format!("{out}{err}").contains("stands without"), "{out}{err}");
}
