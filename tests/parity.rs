//! Effective ranks of the published implementation (ReiherGroup/NEAR 1.0.0, PyTorch): network, weights, inputs and every
//! layer's rank, under `fixtures/parity`.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
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

fn score(case: &Path) -> Value {
    let output = Command::cargo_bin("neartop")
        .expect("the program")
        .arg("score")
        .arg(case.join("network.yaml"))
        .arg("--weights")
        .arg(case.join("weights.safetensors"))
        .arg("--inputs")
        .arg(case.join("inputs.npy"))
        .output()
        .expect("a run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn every_layer_of_every_case_has_the_published_effective_rank() {
    let cases = cases();
    assert_eq!(cases.len(), 24, "{cases:?}");
    for case in cases {
        let (expected, found) = (read(&case.join("expected.json")), score(&case));
        let layers = |v: &Value| v["layers"].as_array().cloned().unwrap_or_default();
        let (wanted, given) = (layers(&expected), layers(&found));
        assert_eq!(wanted.len(), given.len(), "{}", case.display());
        let mut worst = 0f64;
        let mut compare = |what: &Value, wanted: &Value, given: &Value| {
            let (wanted, given) = (wanted.as_f64().expect("a number"), given.as_f64().expect("a number"));
            let error = (given / wanted - 1.0).abs();
            worst = worst.max(error);
            assert!(error < TOLERANCE, "{}, {what}: {given} against {wanted}", case.display());
        };
        for (wanted, given) in wanted.iter().zip(&given) {
            assert_eq!(wanted["module"], given["module"], "{}", case.display());
            compare(&wanted["module"], &wanted["effective_rank"], &given["effective_rank"]);
        }
        compare(&Value::from("near"), &expected["near"], &found["near"]);
        println!("{:<28} {:2} layers  {worst:.1e}", case.file_name().unwrap_or_default().display(), wanted.len());
    }
}
