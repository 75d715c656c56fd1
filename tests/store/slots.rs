//! Slots that are filled apart: their candidates in results, studies, tables of known values and exports.

use serde_json::json;

use super::{Place, STUDY, Value};

const APART: &str = "\
name: Apart
data: {source: digits, scale: unit}
network:
  input: 64
  layers: [linear: 12, activation: {slot: hidden}, linear: 8, activation: {slot: output}]
search:
  activations: {output: [tanh, identity], hidden: [relu, prelu]}
  inits: [orthogonal, {kaiming_normal: {gain: auto}}]
score: {repetitions: 3, seed: 5}
";

fn place() -> Place {
    let place = Place::new();
    place.write("apart.yaml", APART);
    place
}

fn candidates(json: &str) -> Vec<Value> {
    serde_json::from_str::<Value>(json).expect("JSON")["candidates"].as_array().expect("candidates").clone()
}

/// The candidate with these activations.
fn find<'a>(candidates: &'a [Value], activation: &Value) -> &'a Value {
    candidates.iter().find(|c| c["activation"] == *activation && c["init"] == "orthogonal").expect("a candidate")
}

#[test]
fn a_candidate_scores_as_the_network_with_its_activations() {
    let place = place();
    let apart = candidates(&place.rank(&["apart.yaml", "--no-study"]).0);
    assert_eq!(apart.len(), 8);
    let found = find(&apart, &json!({"hidden": "prelu", "output": "tanh"}));
    let fixed = APART.replace("activation: {slot: hidden}", "prelu").replace("activation: {slot: output}", "tanh");
    let searched = "  activations: {output: [tanh, identity], hidden: [relu, prelu]}\n";
    place.write("fixed.yaml", &fixed.replace(searched, ""));
    let fixed = candidates(&place.rank(&["fixed.yaml", "--no-study"]).0);
    let fixed = find(&fixed, &Value::Null);
    for key in ["near", "standard_error", "parameters", "trainability", "layers"] {
        assert_eq!(found[key], fixed[key], "{key}");
    }
    // One name for all slots is one activation for all.
    let plain = APART.replace("activation: {slot: output}", "activation: {slot: hidden}");
    place.write("alike.yaml", &plain.replace("{output: [tanh, identity], hidden: [relu, prelu]}", "[relu, tanh]"));
    place.write(
        "plain.yaml",
        &plain.replace("activation: {slot: hidden}", "activation").replace(searched, "  activations: [relu, tanh]\n"),
    );
    let (alike, plain) = (place.rank(&["alike.yaml", "--no-study"]).0, place.rank(&["plain.yaml", "--no-study"]).0);
    assert!(alike.contains("\"hidden\": \"tanh\"") && plain.contains("\"activation\": \"tanh\""), "{alike}");
    let numbers =
        |json: &str| candidates(json).iter().map(|c| (c["init"].clone(), c["near"].clone())).collect::<Vec<_>>();
    assert_eq!(numbers(&alike), numbers(&plain));
}

#[test]
fn a_study_knows_candidates_by_slot_whatever_the_order() {
    let place = place();
    let (first, _) = place.rank(&["apart.yaml", "--study", STUDY]);
    assert_eq!(place.rows(STUDY), 24);
    let text = |sql: &str| place.open(STUDY).query_row(sql, [], |row| row.get::<_, String>(0)).expect("a text");
    let key = r#"{"activation":{"hidden":"relu","output":"tanh"},"init":"orthogonal"}"#;
    assert_eq!(
        text("SELECT key FROM candidate WHERE activation = 'hidden: relu, output: tanh' AND init = 'orthogonal'"),
        key
    );
    assert_eq!(text("SELECT max(activation) FROM candidate"), "hidden: relu, output: tanh");
    let (again, errors) = place.rank(&["apart.yaml", "--study", STUDY]);
    assert!(errors.contains("24 of 24 repetitions found"), "{errors}");
    assert_eq!(first, again);
    let other = APART.replace("[tanh, identity], hidden: [relu, prelu]", "[identity, sigmoid], hidden: [prelu, relu]");
    place.write("other.yaml", &other);
    let (_, errors) = place.rank(&["other.yaml", "--study", STUDY]);
    assert!(errors.contains("12 of 24 repetitions found"), "{errors}");
    assert_eq!(place.rows(STUDY), 36);
    // The preset in the study opens the work again.
    let preset = text("SELECT preset FROM study");
    place.write("again.yaml", &preset);
    let (_, errors) = place.rank(&["again.yaml", "--study", STUDY]);
    assert!(errors.contains("24 of 24 repetitions found"), "{errors}");
}

#[test]
fn parts_of_a_run_are_merged() {
    let place = place();
    for shard in ["1/2", "2/2"] {
        let part = format!("{}.jsonl", &shard[..1]);
        let output = place.run(&["rank", "apart.yaml", "--shard", shard, "--output", &part]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let merged = place.run(&["merge", "apart.yaml", "1.jsonl", "2.jsonl", "--no-study", "--format", "json"]);
    let merged = String::from_utf8(merged.stdout).expect("UTF-8");
    assert_eq!(candidates(&merged), candidates(&place.rank(&["apart.yaml", "--no-study"]).0));
}

#[test]
fn tables_show_and_read_activations_by_slot() {
    let place = place();
    let known = "activation,init,accuracy\n\"hidden: relu, output: tanh\",orthogonal,0.9\n\
                 \"{output: identity, hidden: relu}\",orthogonal,0.8\n\"hidden: prelu, output: tanh\",orthogonal,0.7\n";
    place.write("known.csv", known);
    place.write("apart.yaml", &format!("{APART}truth: {{path: known.csv, value: accuracy}}\n"));
    let ranked = candidates(&place.rank(&["apart.yaml", "--no-study"]).0);
    assert_eq!(find(&ranked, &json!({"hidden": "relu", "output": "tanh"}))["truth"], 0.9);
    assert_eq!(find(&ranked, &json!({"hidden": "relu", "output": "identity"}))["truth"], 0.8);
    let csv = place.run(&["rank", "apart.yaml", "--no-study", "--format", "csv"]);
    let csv = String::from_utf8(csv.stdout).expect("UTF-8");
    assert!(csv.contains(",\"hidden: prelu, output: identity\",orthogonal,"), "{csv}");
}

#[test]
fn an_export_is_of_one_candidate_with_its_slots_filled() {
    let place = place();
    let (ranked, _) = place.rank(&["apart.yaml", "--no-study", "--export", "best.yaml"]);
    let best = serde_json::from_str::<Value>(&ranked).expect("JSON")["recommended"].clone();
    let ranked = candidates(&ranked);
    let (alone, _) = place.rank(&["best.yaml", "--no-study"]);
    let alone = candidates(&alone);
    assert_eq!(alone.len(), 1);
    assert_eq!(alone[0]["activation"], best["activation"]);
    let same = |c: &&Value| c["activation"] == best["activation"] && c["init"] == best["init"];
    assert_eq!(ranked.iter().find(same).expect("the best")["near"], alone[0]["near"]);
    let width = |activation: &str| {
        place.run(&["width", "apart.yaml", "--no-study", "--sizes", "4,8,12,16", "--activation", activation])
    };
    assert!(
        width("{hidden: elu, output: tanh}").status.success() && width("hidden: relu, output: tanh").status.success()
    );
    let refused = width("{hidden: elu}");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("must fill the slots hidden, output"));
}
