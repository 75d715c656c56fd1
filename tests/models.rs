//! Models of other libraries: the effective ranks and the outputs that PyTorch gives for them, under `fixtures/brought`. How
//! they were exported stands in `fixtures/brought/README.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use candle_core::{DType, Device, Tensor};
use neartop_core::network::forward::{Probe, forward};
use neartop_core::network::{Network, Node};
use neartop_core::settings::BatchNorm;
use neartop_core::weights::GivenWeights;
use neartop_io::model::{self, Wanted};
use serde_json::Value;

const MODELS: [&str; 8] = ["gpt2", "lstm", "mobilenet-v2", "nerf", "resnet", "tcn", "unet", "vit"];

fn file(model: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/brought").join(model).join(name)
}

fn expected(model: &str) -> Value {
    serde_json::from_slice(&std::fs::read(file(model, "expected.json")).unwrap()).unwrap()
}

fn score(model: &str, name: &str, batch_norm: &str) -> Value {
    let output = Command::cargo_bin("neartop")
        .unwrap()
        .args(["score", "--format", "json", "--batch-norm", batch_norm])
        .arg(file(model, name))
        .arg("--inputs")
        .arg(file(model, "inputs.npy"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{model}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Effective ranks by module, of those that are called several times in the order of the calls.
fn by_module(layers: &Value) -> BTreeMap<String, Vec<f64>> {
    let mut ranks: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for layer in layers.as_array().unwrap() {
        let rank = &layer["effective_rank"];
        let all = rank.as_array().cloned().unwrap_or_else(|| vec![rank.clone()]);
        let module = layer["module"].as_str().unwrap().to_owned();
        ranks.entry(module).or_default().extend(all.iter().map(|rank| rank.as_f64().unwrap()));
    }
    ranks
}

/// The largest relative error of all modules that PyTorch's hooks saw.
fn worst(model: &str, name: &str, batch_norm: &str) -> f64 {
    let key = format!("modules_with_batch_norm_in_{batch_norm}");
    let (wanted, found) = (by_module(&expected(model)[&key]), by_module(&score(model, name, batch_norm)["layers"]));
    let mut worst = 0f64;
    for (module, wanted) in wanted {
        let found = found.get(&module).unwrap_or_else(|| panic!("{model} has no {module}"));
        assert_eq!(found.len(), wanted.len(), "{model}, {module}");
        for (found, wanted) in found.iter().zip(wanted) {
            // The hooks gave a zero matrix the rank 1.
            let wanted = if *found == 0.0 && wanted == 1.0 { 0.0 } else { wanted };
            let error = if *found == wanted { 0.0 } else { (found / wanted - 1.0).abs() };
            assert!(error < 1e-3, "{model}, {module}: {found} in place of {wanted}");
            worst = worst.max(error);
        }
    }
    worst
}

#[test]
fn every_module_of_exported_programs_has_the_effective_rank_that_pytorch_gives() {
    for model in MODELS {
        let [training, evaluation] = ["training", "evaluation"].map(|mode| worst(model, "model.pt2", mode));
        println!("{model:<14} {training:.1e} {evaluation:.1e}");
    }
}

/// A probe that only lets pass.
struct Nothing;

impl Probe for Nothing {
    type Stop = candle_core::Error;

    fn observe(&mut self, _: &Node, _: &Tensor) -> candle_core::Result<()> {
        Ok(())
    }
}

fn outputs(network: &Network, inputs: Tensor) -> Tensor {
    let weights = GivenWeights { batch_norm: BatchNorm::Evaluation };
    forward(network, inputs, &weights, None, &mut Nothing).unwrap()
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    let largest = (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
    largest.to_dtype(DType::F64).unwrap().to_scalar().unwrap()
}

fn array(path: &Path) -> Tensor {
    Tensor::read_npy(path).unwrap().to_dtype(DType::F32).unwrap().to_device(&Device::Cpu).unwrap()
}

#[test]
fn every_exported_program_gives_what_pytorch_gives() {
    for model in MODELS {
        let program = model::read(&file(model, "model.pt2")).unwrap();
        let imported = model::trace(&program, None, &Wanted::Nothing).unwrap();
        let given = outputs(&imported.network, array(&file(model, "inputs.npy")));
        let wanted = array(&file(model, "outputs.npy"));
        let wanted = wanted.reshape(given.shape()).unwrap();
        let difference = largest_difference(&given, &wanted);
        println!("{model:<14} {difference:.1e}");
        assert!(difference < 1e-4, "{model}: {difference}");
    }
}

#[test]
fn a_model_has_as_many_parameters_as_pytorch_counts() {
    for model in MODELS {
        let program = model::read(&file(model, "model.pt2")).unwrap();
        let imported = model::trace(&program, None, &Wanted::Nothing).unwrap();
        assert_eq!(Some(imported.network.parameters(None)), expected(model)["parameters"].as_u64(), "{model}");
    }
}
