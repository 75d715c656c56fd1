//! `rank --repair`: what makes candidates train, in which order they come, and what is said where nothing does.

use std::fs;

use assert_cmd::Command;
use serde_json::Value;

/// What `rank --repair` writes of a network of so many layers of 16 units.
fn rank(layers: usize, search: &str, train: &str, format: &str) -> String {
    let text = format!(
        "
name: Deep
data: {{source: digits, scale: standardize}}
network: {{input: 64, layers: [repeat: {{times: {layers}, layers: [linear: 16, activation]}}, linear: 10]}}
search: {search}
score: {{repetitions: 2}}
train: {train}
"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("deep.yaml");
    fs::write(&file, text).expect("a preset");
    let mut command = Command::cargo_bin("neartop").expect("the program");
    let output =
        command.arg("rank").arg(file).args(["--repair", "--no-study", "--format", format]).output().expect("a run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn candidates(layers: usize, search: &str, train: &str) -> Vec<Value> {
    let report: Value = serde_json::from_str(&rank(layers, search, train, "json")).expect("JSON");
    report["candidates"].as_array().expect("candidates").clone()
}

#[test]
fn repairs_say_in_which_order_they_come_and_which_way_to_take() {
    let all = candidates(
        10,
        "{activations: [tanh, sigmoid], inits: [{normal: {std: 0.01}}, {normal: {std: 2}}]}",
        "{optimizer: adam}",
    );
    let mut repairs: Vec<_> = all.iter().filter_map(|candidate| candidate.get("repair")).collect();
    assert_eq!(repairs.len(), 4, "{all:?}");
    repairs.sort_by_key(|repair| repair["place"].as_u64());
    assert_eq!(repairs.iter().map(|repair| repair["place"].as_u64()).collect::<Vec<_>>(), [1, 2, 3, 4].map(Some));
    let best = |repair: &Value| {
        if repair["best"] == "by_layer" { repair.get("by_layer").unwrap_or(repair).clone() } else { repair.clone() }
    };
    let order = repairs
        .iter()
        .map(|repair| best(repair))
        .map(|way| (way["only_just"] == true, -way["near"].as_f64().expect("NEAR")));
    assert!(order.is_sorted(), "{repairs:?}");
    for way in repairs.iter().map(|repair| best(repair)) {
        let score = way["trainability"]["score"].as_f64().expect("a score");
        // Adam may save what is beyond the limits of any optimizer: that only just trains too.
        assert!(way["only_just"] == true || score >= 0.6, "{way}");
    }
}

/// The mean of a sigmoid is the same for all samples. What differs between them lives through factors that are large behind
/// it, and not at the input; by the limits of SGD it does not.
#[test]
fn behind_a_sigmoid_layers_get_larger_factors_than_at_the_input() {
    let search = "{activations: [sigmoid], inits: [{normal: {std: 0.1}}]}";
    let with_adam = &candidates(12, search, "{optimizer: adam}")[0];
    let repair = &with_adam["repair"];
    let way = repair.get("by_layer").unwrap_or(repair);
    let gain = |layer: &str| way["gains"][layer].as_f64().unwrap_or_else(|| panic!("{with_adam}"));
    assert_eq!(way["only_just"], true, "{way}");
    assert!(way["gain"].is_null() && gain("2") > 4.0 * gain("0") && gain("24") > 4.0 * gain("0"), "{way}");
    let with_sgd = &candidates(12, search, "{optimizer: sgd}")[0];
    let why = with_sgd["no_repair"].as_str().unwrap_or_else(|| panic!("{with_sgd}"));
    assert!(why.starts_with("there are no factors of its weights that make it train: with the closest, "), "{why}");
}

#[test]
fn what_has_no_repair_says_so_in_the_table() {
    let table = rank(8, "{activations: [tanh], inits: [orthogonal, {uniform: {low: 0, high: 1}}]}", "{}", "table");
    let line = table.lines().find(|line| line.contains("uniform(low=0)")).unwrap_or_else(|| panic!("{table}"));
    assert!(line.ends_with("no factor"), "{table}");
}
