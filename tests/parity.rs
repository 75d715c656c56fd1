//! Effective ranks of the published implementation (ReiherGroup/NEAR 1.0.0, PyTorch): network, weights, inputs and every
//! layer's rank, under `fixtures/parity`. Networks of other kinds, which it does not know, are compared with PyTorch's own
//! arithmetic in double precision, under `fixtures/models`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use assert_cmd::Command;
use neartop_io::data::DataFrom;
use neartop_io::preset::{Preset, bundled};
use neartop_study::scheduler::{NearScorer, Portion, Scorer};
use neartop_study::space::Space;
use serde_json::Value;

/// What the ranks may differ by, relative to the published ones.
const TOLERANCE: f64 = 1e-3;

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity");
    let mut cases: Vec<_> = folder.read_dir().expect("the fixtures").flatten().map(|e| e.path()).collect();
    cases.sort();
    cases
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
}

fn score(preset: &Path, weights: &Path, inputs: &Path) -> Value {
    let output = Command::cargo_bin("neartop")
        .expect("the program")
        .arg("score")
        .arg(preset)
        .arg("--weights")
        .arg(weights)
        .arg("--inputs")
        .arg(inputs)
        .output()
        .expect("a run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Compares every layer, in their order, and returns the largest relative error.
fn compare(case: &str, wanted: &Value, found: &Value) -> f64 {
    let layers = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let (wanted, given) = (layers(wanted), layers(&found["layers"]));
    assert_eq!(wanted.len(), given.len(), "{case}");
    let errors = wanted.iter().zip(&given).map(|(wanted, given)| {
        assert_eq!(wanted["module"], given["module"], "{case}");
        error(case, &wanted["module"], &wanted["effective_rank"], &given["effective_rank"])
    });
    errors.fold(0.0, f64::max)
}

fn error(case: &str, what: &Value, wanted: &Value, given: &Value) -> f64 {
    let [wanted, given] = [wanted, given].map(|v| v.as_f64().expect("a number"));
    let error = if wanted == given { 0.0 } else { (given / wanted - 1.0).abs() };
    assert!(error < TOLERANCE, "{case}, {what}: {given} against {wanted}");
    error
}

#[test]
fn every_layer_of_every_case_has_the_published_effective_rank() {
    let cases = cases();
    assert_eq!(cases.len(), 24, "{cases:?}");
    for case in cases {
        let [preset, weights, inputs] = ["network.yaml", "weights.safetensors", "inputs.npy"].map(|f| case.join(f));
        let (expected, found) = (read(&case.join("expected.json")), score(&preset, &weights, &inputs));
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let worst = compare(&name, &expected["layers"], &found);
        let worst = worst.max(error(&name, &Value::from("near"), &expected["near"], &found["near"]));
        println!("{name:<28} {worst:.1e}");
    }
}

const MODELS: [&str; 8] = ["gpt2", "lstm", "mobilenet-v2", "nerf", "resnet", "tcn", "unet", "vit"];

fn model(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models").join(file)
}

#[test]
fn every_layer_of_every_model_has_the_effective_rank_that_pytorch_gives() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in MODELS {
        let expected = read(&model(&format!("{name}.json")));
        for mode in ["training", "evaluation"] {
            let text = std::fs::read_to_string(model(&format!("{name}.yaml"))).expect("a preset");
            let preset = folder.path().join("preset.yaml");
            std::fs::write(&preset, format!("{text}score: {{batch_norm: {mode}}}\n")).expect("a file");
            let [weights, inputs] = ["safetensors", "npy"].map(|ending| model(&format!("{name}.{ending}")));
            let wanted = expected.get(mode).unwrap_or(&expected["training"]);
            let worst = compare(name, wanted, &score(&preset, &weights, &inputs));
            println!("{name:<14} {mode:<10} {worst:.1e}");
        }
    }
}

#[test]
fn models_have_the_parameters_that_pytorch_counts() {
    for name in MODELS {
        let preset = Preset::load(&model(&format!("{name}.yaml")).to_string_lossy()).expect(name);
        let parameters = read(&model(&format!("{name}.json")))["parameters"].as_u64();
        assert_eq!(Some(preset.network.parameters(None)), parameters, "{name}");
    }
}

/// Every bundled preset of one network scores the first of its candidates.
#[test]
fn every_bundled_preset_scores() {
    for bundled in bundled() {
        let mut preset = Preset::load(bundled.name).expect(bundled.name);
        let has_files = matches!(preset.data.from, DataFrom::File { .. });
        if has_files || preset.search.architectures.is_some() || preset.whole.is_some() {
            continue;
        }
        preset.search.activations.truncate(1);
        preset.search.inits.truncate(1);
        preset.repetitions = 1;
        let space = Arc::new(Space::new(Arc::new(preset)));
        let scorer = NearScorer::new(Arc::clone(&space)).expect(bundled.name);
        for candidates in space.groups() {
            let portion = Portion { repetition: 0, candidates };
            scorer.score(&portion, &|| false, &mut |id, score| {
                let score = score.unwrap_or_else(|error| panic!("{}, {}: {error}", bundled.name, space.candidates[id]));
                assert!(score.near > 0.0, "{}", bundled.name);
            });
        }
    }
}
