//! ONNX files: what PyTorch and ONNX Runtime give for them, under `fixtures/onnx` and `fixtures/brought`, and what bad ones get.
//! `fixtures/onnx/README.md` tells how they were made.

#[path = "onnx/bad.rs"]
mod bad;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use candle_core::{DType, Tensor};
use neartop_core::network::forward::{Probe, forward};
use neartop_core::network::{Network, Node};
use neartop_core::settings::BatchNorm;
use neartop_core::weights::GivenWeights;
use neartop_io::model::program::{Op, Program};
use neartop_io::model::recognize::folded_batch_norms;
use neartop_io::model::{self, Wanted};
use serde_json::Value;

fn fixtures(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder)
}

fn read(path: &Path) -> Program {
    model::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A probe that only lets pass.
struct Nothing;

impl Probe for Nothing {
    type Stop = candle_core::Error;

    fn observe(&mut self, _: &Node, _: &Tensor) -> candle_core::Result<()> {
        Ok(())
    }
}

fn array(path: &Path) -> Tensor {
    Tensor::read_npy(path).unwrap().to_dtype(DType::F32).unwrap()
}

fn run(network: &Network, x: Tensor) -> Tensor {
    forward(network, x, &GivenWeights { batch_norm: BatchNorm::Evaluation }, None, &mut Nothing).unwrap()
}

/// The largest difference between what a model gives and what it should, relative to the largest number.
fn error(given: &Tensor, wanted: &Tensor) -> f64 {
    let given = given.reshape(wanted.shape()).unwrap();
    let largest =
        |x: &Tensor| f64::from(x.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap());
    largest(&(given - wanted).unwrap()) / largest(wanted).max(1.0)
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut cases: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    cases
}

#[test]
fn models_of_both_exporters_give_what_pytorch_gives() {
    let cases = cases(&fixtures("onnx"));
    assert!(cases.len() >= 30, "{}", cases.len());
    for case in cases {
        let program = read(&case.join("model.onnx"));
        let imported =
            model::trace(&program, None, &Wanted::Nothing).unwrap_or_else(|e| panic!("{}: {e}", case.display()));
        let given = run(&imported.network, array(&case.join("input.npy")));
        let error = error(&given, &array(&case.join("output.npy")));
        assert!(error < 1e-4, "{}: {error}", case.display());
    }
}

const BROUGHT: [(&str, &str); 15] = [
    ("gpt2", "model.onnx"),
    ("lstm", "model.onnx"),
    ("lstm", "model-torchscript.onnx"),
    ("mobilenet-v2", "model.onnx"),
    ("mobilenet-v2", "model-torchscript.onnx"),
    ("nerf", "model.onnx"),
    ("nerf", "model-torchscript.onnx"),
    ("resnet", "model.onnx"),
    ("resnet", "model-torchscript.onnx"),
    ("tcn", "model.onnx"),
    ("tcn", "model-torchscript.onnx"),
    ("unet", "model.onnx"),
    ("unet", "model-torchscript.onnx"),
    ("vit", "model.onnx"),
    ("vit", "model-torchscript.onnx"),
];

#[test]
fn known_models_give_what_pytorch_gives() {
    for (name, file) in BROUGHT {
        let folder = fixtures("brought").join(name);
        let imported = model::trace(&read(&folder.join(file)), None, &Wanted::Nothing).unwrap();
        let error =
            error(&run(&imported.network, array(&folder.join("inputs.npy"))), &array(&folder.join("outputs.npy")));
        println!("{name:<14} {file:<24} {error:.1e}");
        assert!(error < 1e-4, "{name}: {error}");
    }
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

/// Where batch norms survive the export, every module has the name and the rank that PyTorch's hooks saw.
#[test]
fn every_module_has_the_effective_rank_that_pytorch_gives() {
    for (name, file) in BROUGHT.iter().filter(|(_, file)| *file != "model.onnx") {
        let folder = fixtures("brought").join(name);
        let expected: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
        let mut worst = 0f64;
        for mode in ["training", "evaluation"] {
            let output = assert_cmd::Command::cargo_bin("neartop")
                .unwrap()
                .args(["score", "--format", "json", "--batch-norm", mode])
                .arg(folder.join(file))
                .arg("--inputs")
                .arg(folder.join("inputs.npy"))
                .output()
                .unwrap();
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            let score: Value = serde_json::from_slice(&output.stdout).unwrap();
            let found = by_module(&score["layers"]);
            for (module, wanted) in by_module(&expected[format!("modules_with_batch_norm_in_{mode}")]) {
                let found = found.get(&module).unwrap_or_else(|| panic!("{name} has no {module}"));
                assert_eq!(found.len(), wanted.len(), "{name}, {module}");
                for (found, wanted) in
                    found.iter().zip(wanted).filter(|(found, wanted)| **found != 0.0 || *wanted != 1.0)
                {
                    worst = worst.max((found / wanted - 1.0).abs());
                }
            }
        }
        println!("{name:<14} {worst:.1e}");
        assert!(worst < 1e-3, "{name}: {worst}");
    }
}

/// Keras names no layers in the files that it writes on JAX, so they are compared in their order: kinds, widths, and the
/// effective ranks of what Keras makes of the inputs.
#[test]
fn layers_of_keras_have_the_effective_rank_that_keras_gives() {
    for name in ["cnn", "mlp", "conv1d", "attention", "lstm", "gru", "norms", "norms_sequence"] {
        let folder = fixtures("onnx").join(format!("keras_{name}"));
        let expected: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
        let output = assert_cmd::Command::cargo_bin("neartop")
            .unwrap()
            .args(["score", "--format", "json", "--batch-norm", "evaluation"])
            .arg(folder.join("model.onnx"))
            .arg("--inputs")
            .arg(folder.join("input.npy"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let score: Value = serde_json::from_slice(&output.stdout).unwrap();
        let (found, wanted) = (score["layers"].as_array().unwrap(), expected["layers"].as_array().unwrap());
        let kinds =
            |layers: &[Value]| layers.iter().map(|l| format!("{} {}", l["kind"], l["width"])).collect::<Vec<_>>();
        assert_eq!(kinds(found), kinds(wanted), "{name}");
        for (found, wanted) in found.iter().zip(wanted) {
            let [rank, should] = [found, wanted].map(|layer| layer["effective_rank"].as_f64().unwrap());
            assert!((rank / should - 1.0).abs() < 1e-3, "{name}, {found}: {should}");
        }
    }
}

/// The activations of a file, by name and module.
fn activations(path: &Path) -> Vec<(String, String)> {
    let named = |op: &Op| match op {
        Op::Activation(activation) => Some(activation.to_string()),
        _ => None,
    };
    let program = read(path);
    program.steps.iter().filter_map(|step| Some((named(&step.op)?, step.module.clone()))).collect()
}

#[test]
fn activations_that_were_taken_apart_are_found() {
    for (case, wanted, module) in [
        ("act_Softplus19__dyn", "softplus{beta: 2, threshold: 5}", "f"),
        ("act_GELU8__ts", "gelu", "act"),
        ("act_GELU9__ts", "gelu_tanh", "act"),
        ("act_Hardshrink23__dyn", "hardshrink{lambda: 0.4}", "f"),
        ("act_Mish11__dyn", "mish", "f"),
        ("act_LogSigmoid17__ts", "log_sigmoid", "act"),
        ("fn_snake__dyn", "snake{a: 2.5}", ""),
        ("fn_relu2__ts", "relu_squared", ""),
    ] {
        let found = activations(&fixtures("onnx").join(case).join("model.onnx"));
        let simple =
            |text: &str| text.replace(['(', '{'], "{").replace([')', '}'], "}").replace('=', ": ").replace(' ', "");
        let found: Vec<_> = found.iter().map(|(name, module)| (simple(name), module.as_str())).collect();
        assert_eq!(found, [(simple(wanted), module)], "{case}");
    }
    let gpt2 = activations(&fixtures("brought/gpt2/model.onnx"));
    assert_eq!(gpt2.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["gelu_tanh"; 2]);
}

#[test]
fn bounds_of_divisors_are_no_activations() {
    let found = activations(&fixtures("onnx").join("normalize__dyn/model.onnx"));
    assert_eq!(found.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>(), ["relu"]);
}

#[test]
fn a_head_that_is_tied_to_an_embedding_has_its_own_name() {
    for exporter in ["dyn", "ts"] {
        let program = read(&fixtures("onnx").join(format!("tied__{exporter}/model.onnx")));
        let imported = model::trace(&program, None, &Wanted::Nothing).unwrap();
        let modules: Vec<_> = imported.network.counted().into_iter().map(|node| node.module().to_owned()).collect();
        assert_eq!(modules, ["table", "mix", "relu", "head"], "{exporter}");
    }
}

#[test]
fn norms_that_were_taken_apart_are_found() {
    let count = |case: &str, is: &dyn Fn(&Op) -> bool| {
        read(&fixtures(case).join("model.onnx")).steps.iter().filter(|step| is(&step.op)).count()
    };
    assert_eq!(count("onnx/rms__dyn", &|op| matches!(op, Op::RmsNorm { epsilon: 1e-6 })), 1);
    assert_eq!(count("onnx/ln_own__ts", &|op| matches!(op, Op::LayerNorm { axes: 1, epsilon: 1e-5 })), 1);
    // As PyTorch writes them with `optimize=False`.
    assert_eq!(count("onnx/raw__dyn", &|op| matches!(op, Op::RmsNorm { epsilon: 1e-5 })), 1);
    assert_eq!(count("onnx/raw__dyn", &|op| matches!(op, Op::GroupNorm { groups: 2, .. })), 1);
    assert_eq!(count("onnx/raw__dyn", &|op| matches!(op, Op::Prelu)), 1);
    assert_eq!(count("brought/unet", &|op| matches!(op, Op::GroupNorm { groups: 4, .. })), 5);
    assert_eq!(count("brought/unet", &|op| matches!(op, Op::InstanceNorm { .. })), 0);
}

#[test]
fn layer_norms_of_keras_along_any_axes_are_found() {
    for (file, activation) in [("of_images", "relu"), ("of_all", "relu"), ("of_places", "gelu")] {
        let program = read(&fixtures("onnx").join(format!("keras_layer_norm_{file}.onnx")));
        let imported = model::trace(&program, None, &Wanted::Nothing).unwrap();
        let kinds: Vec<_> = imported.network.counted().iter().map(|node| node.kind()).collect();
        assert_eq!(kinds[1..], ["layer_norm", activation, "linear"], "{file}");
        assert_eq!(imported.remarks, Vec::<String>::new(), "{file}");
    }
}

#[test]
fn a_layer_norm_whose_variance_is_kept_from_falling_below_zero_is_found() {
    let program = read(&fixtures("onnx").join("flax_layer_norm.onnx"));
    let imported = model::trace(&program, None, &Wanted::Nothing).unwrap();
    let kinds: Vec<_> = imported.network.counted().iter().map(|node| node.kind()).collect();
    assert_eq!(kinds, ["linear", "layer_norm", "gelu_tanh", "linear", "silu", "linear"]);
}

#[test]
fn arithmetic_that_looks_like_a_layer_and_is_not_known_as_one_is_said() {
    let remarks = |file: &str| {
        let program = read(&fixtures("onnx").join(file));
        model::trace(&program, None, &Wanted::Nothing).unwrap().remarks
    };
    for (file, said) in [
        ("keras_unit.onnx", "what looks like a normalization stays arithmetic"),
        ("keras_prelu_by_place.onnx", "multiplies by the constant"),
    ] {
        let remarks = remarks(file);
        assert!(remarks.iter().any(|remark| remark.contains(said)), "{file}: {remarks:?}");
    }
    for file in [
        "keras_norms/model.onnx",
        "keras_norms_sequence/model.onnx",
        "keras_cnn/model.onnx",
        "keras_attention/model.onnx",
    ] {
        assert_eq!(remarks(file), Vec::<String>::new(), "{file}");
    }
}

#[test]
fn steps_have_the_line_of_the_source_and_layers_of_one_stack_are_one() {
    let program = read(&fixtures("onnx/att__dynb/model.onnx"));
    let layer = program.steps.iter().find(|step| step.module == "qkv").unwrap();
    assert!(layer.place.starts_with("/home/user/models.py:"), "{}", layer.place);
    let program = read(&fixtures("onnx/gru2bi__ts/model.onnx"));
    let stacks = program.steps.iter().filter_map(|step| match step.op {
        Op::Recurrent(recurrent) => Some((recurrent.layers, recurrent.is_bidirectional, step.module.as_str())),
        _ => None,
    });
    let stacks: Vec<_> = stacks.collect();
    assert_eq!(stacks, [(2, true, "r")]);
}

#[test]
fn folded_batch_norms_are_noticed_and_kept_ones_are_not() {
    for (case, is_folded) in [
        ("brought/resnet/model.onnx", true),
        ("brought/mobilenet-v2/model.onnx", true),
        ("brought/tcn/model.onnx", true),
        ("onnx/convs__dyn/model.onnx", true),
        ("onnx/bn_fresh__ts/model.onnx", true),
        ("onnx/dense_bn__dyn/model.onnx", true),
        ("brought/resnet/model-torchscript.onnx", false),
        ("onnx/convs__ts/model.onnx", false),
        ("brought/unet/model.onnx", false),
        ("brought/vit/model.onnx", false),
        ("onnx/convnext__dyn/model.onnx", false),
    ] {
        assert_eq!(folded_batch_norms(&read(&fixtures(case))).is_some(), is_folded, "{case}");
    }
    let imported = model::trace(&read(&fixtures("brought/resnet/model.onnx")), None, &Wanted::Nothing).unwrap();
    assert!(imported.remarks.iter().any(|remark| remark.contains("optimize=False")), "{:?}", imported.remarks);
}

#[test]
fn what_a_file_of_tensors_leaves_open_is_said() {
    let remarks = |case: &str| {
        let program = read(&fixtures("onnx").join(case).join("model.onnx"));
        model::trace(&program, None, &Wanted::Nothing).unwrap().remarks
    };
    let says = |case: &str, what: &str| remarks(case).iter().any(|remark| remark.starts_with(what));
    assert!(says("copies__dyn", "the layers first and second share their weights: "), "{:?}", remarks("copies__dyn"));
    assert!(says("waves__dyn", "`B` is taken as the weight of a layer"), "{:?}", remarks("waves__dyn"));
    // Copies by the older exporter keep their names, and a tied head is meant to be one.
    for case in ["copies__ts", "tied__dyn", "tied__ts", "lstm_bi__dyn", "mha__dyn", "conv1d__ts", "keras_mlp"] {
        let said = remarks(case);
        let says = |what: &str| said.iter().any(|remark| remark.contains(what));
        assert!(!says("share their weights") && !says("is taken as the weight"), "{case}: {said:?}");
    }
}

/// The cases of the `onnx` package, which nobody here made, where Python has it: those that can be a network give the outputs
/// that stand beside them, and what cannot is refused.
#[test]
fn cases_of_the_onnx_package_give_their_outputs() {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx/cases.py");
    let output = Command::new("python3").arg(script).arg(folder.path()).env("PYTHONDONTWRITEBYTECODE", "1").output();
    if !output.as_ref().is_ok_and(|output| output.status.success()) {
        println!("skipped: python3 has no onnx, or no onnxruntime");
        return;
    }
    let (mut right, mut refused) = (0, Vec::new());
    for case in cases(folder.path()) {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let program = model::read(&case.join("model.onnx"));
        let imported = program.and_then(|program| model::trace(&program, None, &Wanted::Nothing));
        match imported {
            Err(error) => refused.push(format!("{name}: {error}")),
            Ok(imported) => {
                let given = run(&imported.network, array(&case.join("input.npy")));
                let error = error(&given, &array(&case.join("output.npy")));
                // Powers of negative numbers are no numbers.
                let has_none = name.ends_with("test_operator_pow") && error.is_nan();
                assert!(has_none || error < 1e-4, "{name}: {error}");
                right += 1;
            }
        }
    }
    println!("{right} are right, {} are refused:\n{}", refused.len(), refused.join("\n"));
    assert!(right >= 100, "{right}");
}
