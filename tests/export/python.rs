//! Generated Python is run where PyTorch or Keras is installed.

use std::path::Path;
use std::process::{Command, Output};

use neartop_core::init::Law;
use neartop_core::network::Node;
use neartop_core::shape::Layout;
use neartop_core::start::Drawing;
use neartop_io::export::Format;
use neartop_io::preset::Preset;
use neartop_study::export::render;
use neartop_study::study::Study;
use serde_json::{Value, json};

use super::weights::{arbitrary, flat, pass, shapes};
use super::{activations, graph_preset, inits, preset, starts, study, trials};

fn python(arguments: &[&str]) -> Option<Output> {
    Command::new("python3")
        .args(arguments)
        .env("KERAS_BACKEND", "torch")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .ok()
}

fn has(module: &str) -> bool {
    let there = python(&["-c", &format!("import {module}")]).is_some_and(|o| o.status.success());
    if !there {
        println!("skipped: python3 has no {module}");
    }
    there
}

fn networks() -> Vec<Preset> {
    let mut networks: Vec<_> =
        ["mlp", "cnn", "residual", "layers", "sequences", "transformer", "recurrent", "resampling", "slots"]
            .into_iter()
            .map(preset)
            .collect();
    networks.push(graph_preset());
    networks.extend(trials());
    networks
}

fn law(law: &Law) -> Value {
    match *law {
        Law::Uniform { low, high } => json!({"kind": "uniform", "low": low, "high": high}),
        Law::Normal { mean, std } => json!({"kind": "normal", "mean": mean, "std": std}),
        Law::TruncatedNormal { mean, std, low, high } => {
            json!({"kind": "truncated", "mean": mean, "std": std, "low": low, "high": high})
        }
        Law::Orthogonal { gain } => json!({"kind": "orthogonal", "gain": gain}),
        Law::Sparse { sparsity, std } => json!({"kind": "sparse", "sparsity": sparsity, "std": std}),
        Law::Identity => json!({"kind": "identity"}),
        Law::Constant { value } => json!({"kind": "constant", "value": value}),
        Law::UnitVariance { target_std, tolerance } => {
            json!({"kind": "unit_variance", "target": target_std, "tolerance": tolerance})
        }
    }
}

/// Writes the candidate's module and says what is true of it.
fn case(directory: &Path, name: &str, study: &Study, format: Format) -> Value {
    let path = directory.join(format!("{name}_{}.py", format.name()));
    std::fs::write(&path, render(study, 0, format).unwrap()).unwrap();
    let (candidate, network) = (study.candidate(0), study.space.network());
    let drawing = Drawing::new(&candidate.init, study.space.bias(), candidate.fill.as_ref());
    let weighted = |node: &Node| {
        let is_norm = node.kind().ends_with("_norm");
        let of = |name: &str| node.weights.iter().find(|weight| weight.name == name);
        let law_of = |name: &str| of(name).map(|weight| law(&drawing.law(node, weight)));
        ((node.drawn().is_some() || is_norm) && of("weight").is_some()).then(|| {
            let groups = node.drawn().map_or(1, |shape| shape.groups);
            let (weight, bias) = (law_of("weight"), law_of("bias"));
            json!({"name": node.name(), "norm": is_norm, "groups": groups, "weight": weight, "bias": bias})
        })
    };
    json!({
        "path": path, "name": name, "input": network.input.shape.0, "output": network.output().0,
        "tokens": matches!(network.input.layout, Layout::Ids { .. }),
        "parameters": candidate.parameters,
        "shapes": shapes(network, candidate.fill.as_ref()),
        "layers": network.nodes.iter().filter_map(weighted).collect::<Vec<_>>(),
    })
}

/// Points on both sides of every kink.
fn grid() -> Vec<f64> {
    let mut grid: Vec<f64> = (-300..=300).map(|i| f64::from(i) / 10.0).collect();
    grid.extend((-100..=100).map(|i| f64::from(i) / 640.0 + 1e-4));
    grid
}

/// All cases for a format as a manifest, in the folder.
fn manifest(directory: &Path, format: Format) -> std::path::PathBuf {
    let mut cases = Vec::new();
    for (i, activation) in activations().into_iter().enumerate() {
        let mut preset = preset("mlp");
        let expected: Vec<f64> = grid().iter().map(|x| activation.value(*x)).collect();
        let title = format!("activation_{i}_{}", activation.name());
        preset.search.activations = vec![activation.into()];
        let mut case = case(directory, &title, &study(preset), format);
        case["activation"] = json!({"x": grid(), "y": expected});
        cases.push(case);
    }
    for (i, init) in inits().into_iter().enumerate() {
        let mut preset = preset("inits");
        let title = format!("init_{i}_{}", init.name());
        preset.search.inits = vec![init];
        let mut case = case(directory, &title, &study(preset), format);
        case["init"] = json!(true);
        cases.push(case);
    }
    for (i, preset) in starts().into_iter().enumerate() {
        let mut case = case(directory, &format!("start_{i}"), &study(preset), format);
        case["init"] = json!(true);
        cases.push(case);
    }
    for (i, preset) in networks().into_iter().enumerate() {
        let study = study(preset.clone());
        if let Err(refusal) = render(&study, 0, format) {
            // What a library cannot do is said; PyTorch can do everything but this.
            let reason = refusal.to_string();
            assert!(reason.contains("cannot be written for layer"), "{reason}");
            assert!(format == Format::Keras || reason.contains("slopes of the features of tokens"), "{reason}");
            println!("{reason}");
            continue;
        }
        let fill = study.candidate(0).fill.clone();
        let weights = arbitrary(&preset, fill.as_ref());
        let (batch, output) = pass(&preset, fill.as_ref(), &weights);
        let mut case = case(directory, &format!("network_{i}"), &study, format);
        let values: serde_json::Map<_, _> = weights.0.iter().map(|(n, t)| (n.clone(), json!(flat(t)))).collect();
        case["forward"] = json!({"weights": values, "batch": flat(&batch), "output": flat(&output)});
        cases.push(case);
    }
    let path = directory.join("manifest.json");
    std::fs::write(&path, serde_json::to_string(&cases).unwrap()).unwrap();
    path
}

fn check(format: Format) {
    let directory = tempfile::tempdir().unwrap();
    let manifest = manifest(directory.path(), format);
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/export/check_{}.py", format.name()));
    let output = python(&[script.to_str().unwrap(), manifest.to_str().unwrap()]).unwrap();
    let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    assert!(output.status.success(), "{said}\n{failed}");
}

#[test]
fn pytorch_runs_what_was_scored() {
    if has("torch") {
        check(Format::Pytorch);
    }
}

#[test]
fn keras_runs_what_was_scored() {
    if has("torch") && has("keras") {
        check(Format::Keras);
    }
}

#[test]
fn python_code_parses() {
    if !has("ast") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for format in [Format::Pytorch, Format::Keras] {
        let cases: Vec<Value> =
            serde_json::from_str(&std::fs::read_to_string(manifest(directory.path(), format)).unwrap()).unwrap();
        paths.extend(cases.iter().map(|c| c["path"].as_str().unwrap().to_owned()));
    }
    let script = "import ast, sys\nfor f in sys.argv[1:]: ast.parse(open(f, encoding='utf-8').read(), f)";
    let arguments: Vec<&str> = ["-c", script].into_iter().chain(paths.iter().map(String::as_str)).collect();
    let output = python(&arguments).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

const HOSTILE: &str = "coding: rot13 '''\"\"\" \\ \n\nimport os\r\u{85}\u{2028}\u{202e}\u{0}*/ #{} { \u{c}\u{1b}[2J";

#[test]
fn a_name_cannot_break_out() {
    for format in [Format::Pytorch, Format::Keras, Format::Candle] {
        let mut preset = preset("mlp");
        let plain = render(&study(preset.clone()), 0, format).unwrap();
        preset.name = HOSTILE.to_owned();
        let hostile = render(&study(preset), 0, format).unwrap();
        let control = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{202e}');
        assert!(!hostile.contains(control), "{hostile}");
        let differing: Vec<_> = hostile.lines().zip(plain.lines()).filter(|(a, b)| a != b).collect();
        assert_eq!(hostile.lines().count(), plain.lines().count());
        let [(line, _)] = differing.as_slice() else { panic!("{differing:?}") };
        let mark = if format == Format::Candle { "// Preset: " } else { "# Preset: " };
        assert!(line.starts_with(mark), "{line}");
        let above = hostile.lines().position(|l| l == *line).unwrap();
        assert!(above >= 2, "Python reads an encoding from the first two lines");
    }
}
