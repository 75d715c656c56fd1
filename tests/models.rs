//! Models of other libraries: the effective ranks and the outputs that PyTorch gives for them, under `fixtures/brought`. How
//! they were exported stands in `fixtures/brought/README.md`.

#[path = "models/chosen.rs"]
mod chosen;
#[path = "models/kept.rs"]
mod kept;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assert_cmd::Command;
use candle_core::{DType, Device, Tensor};
use neartop_core::network::forward::{Probe, forward};
use neartop_core::network::{Network, Node};
use neartop_core::settings::BatchNorm;
use neartop_core::weights::GivenWeights;
use neartop_io::model::{self, Wanted};
use neartop_io::preset::Preset;
use neartop_study::space::Space;
use neartop_study::weights::weights;
use serde_json::Value;
use sha2::{Digest, Sha256};

const MODELS: [&str; 8] = ["gpt2", "lstm", "mobilenet-v2", "nerf", "resnet", "tcn", "unet", "vit"];

fn file(model: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/brought").join(model).join(name)
}

fn expected(model: &str) -> Value {
    serde_json::from_slice(&std::fs::read(file(model, "expected.json")).unwrap()).unwrap()
}

fn score(model: &str, name: &str, batch_norm: &str) -> Value {
    score_file(&file(model, name), &file(model, "inputs.npy"), batch_norm)
}

fn score_file(model: &Path, inputs: &Path, batch_norm: &str) -> Value {
    let output = Command::cargo_bin("neartop")
        .unwrap()
        .args(["score", "--format", "json", "--batch-norm", batch_norm])
        .arg(model)
        .arg("--inputs")
        .arg(inputs)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}: {}", model.display(), String::from_utf8_lossy(&output.stderr));
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
fn files_are_hashed_while_they_are_read() {
    let folders = MODELS.map(|model| (model, ["model.pt2", "model.onnx"]));
    let older = [("pytorch-2.6", ["images.pt2", "tied.pt2"]), ("pytorch-2.5", ["masked.pt2", "dense.pt2"])];
    for path in folders.iter().chain(&older).flat_map(|(folder, names)| names.map(|name| file(folder, name))) {
        let hash = Sha256::digest(std::fs::read(&path).unwrap());
        let expected: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(model::read_with_digest(&path).unwrap().1, expected, "{}", path.display());
    }
}

/// Files of PyTorch 2.6, which kept weights and constants in pickles, and of 2.5, whose JSON has numbers that are infinite.
#[test]
fn files_of_older_pytorch_are_read_too() {
    let of_2_6 = ["images", "recurrent", "encoder", "tied"].map(|name| ("pytorch-2.6", name));
    for (folder, name) in of_2_6.into_iter().chain(["masked", "dense"].map(|name| ("pytorch-2.5", name))) {
        let at = |end: &str| file(folder, &format!("{name}{end}"));
        let program = model::read(&at(".pt2")).unwrap();
        let imported = model::trace(&program, None, &Wanted::Nothing).unwrap();
        let given = outputs(&imported.network, array(&at("-inputs.npy")));
        let wanted = array(&at("-outputs.npy"));
        assert_eq!(given.dims(), wanted.dims(), "{name}");
        let difference = largest_difference(&given, &wanted);
        assert!(difference < 1e-5, "{name}: {difference}");
        // Cut anywhere, it is refused in words.
        let whole = std::fs::read(at(".pt2")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for part in 1..8 {
            let path = folder.path().join("cut.pt2");
            std::fs::write(&path, &whole[..whole.len() * part / 8]).unwrap();
            assert!(model::read(&path).is_err(), "{name} cut after {part} eighths");
        }
    }
}

#[test]
fn operators_of_several_steps_give_what_pytorch_gives() {
    for (name, begin) in [
        ("model", ""),
        ("any", ""),
        ("core", "core-"),
        ("normalized", "normalized-"),
        ("contracted", "contracted-"),
        ("filled", "filled-"),
        ("dealt", "dealt-"),
        ("units", "units-"),
    ] {
        let at = |end: &str| file("composed", &format!("{begin}{end}.npy"));
        let program = model::read(&file("composed", &format!("{name}.pt2"))).unwrap();
        let imported = model::trace(&program, None, &Wanted::Nothing).unwrap_or_else(|error| panic!("{name}: {error}"));
        let given = outputs(&imported.network, array(&at("inputs")));
        let wanted = array(&at("outputs"));
        assert_eq!(given.dims(), wanted.dims(), "{name}");
        let largest = largest_difference(&wanted, &wanted.zeros_like().unwrap());
        let difference = largest_difference(&given, &wanted);
        assert!(difference < 1e-5 * largest, "{name}: {difference} of {largest}");
    }
}

/// A value whose axes are new has its units where the layers that follow read them: PyTorch's modules say no more either.
#[test]
fn units_are_along_the_axis_that_layers_read() {
    let wanted = std::fs::read(file("composed", "units.json")).unwrap();
    let wanted: BTreeMap<String, Vec<f64>> = serde_json::from_slice(&wanted).unwrap();
    for name in ["units.pt2", "units.onnx"] {
        let scored = score_file(&file("composed", name), &file("composed", "units-inputs.npy"), "evaluation");
        let found = by_module(&scored["layers"]);
        assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "{name}");
        for (module, wanted) in &wanted {
            let [found, wanted] = [&found[module], wanted].map(|ranks| ranks[0]);
            assert!((found / wanted - 1.0).abs() < 1e-4, "{name}, {module}: {found} in place of {wanted}");
        }
    }
}

#[test]
fn bounds_of_divisors_and_absolute_values_are_no_activations() {
    let program = model::read(&file("composed", "normalized.pt2")).unwrap();
    let imported = model::trace(&program, None, &Wanted::Nothing).unwrap();
    assert_eq!(imported.activations.iter().map(|found| found.activation.to_string()).collect::<Vec<_>>(), ["relu"]);
}

#[test]
fn a_product_with_a_parameter_is_a_layer_where_that_is_a_matrix() {
    let program = model::read(&file("composed", "contracted.pt2")).unwrap();
    let imported = model::trace(&program, None, &Wanted::Nothing).unwrap();
    let modules: Vec<_> = imported.network.counted().into_iter().map(|node| node.module().to_owned()).collect();
    assert_eq!(modules, ["gate", "silu", "head"]);
    assert!(imported.remarks.iter().any(|remark| remark.contains("keeps its numbers")), "{:?}", imported.remarks);
}

#[test]
fn masks_and_positions_are_filled_in_and_said() {
    let program = model::read(&file("composed", "filled.pt2")).unwrap();
    let imported = model::trace(&program, None, &Wanted::Nothing).unwrap();
    for name in ["attention_mask", "token_type_ids", "position_ids"] {
        let said = format!("its input `{name}` is filled in");
        assert!(imported.remarks.iter().any(|remark| remark.contains(&said)), "{said}: {:?}", imported.remarks);
    }
    assert_eq!(program.inputs.len(), 1);
}

#[test]
fn a_shared_weight_leaves_its_layers_their_names() {
    let program = model::read(&file("composed", "tied.pt2")).unwrap();
    let imported = model::trace(&program, None, &Wanted::Nothing).unwrap();
    let modules: Vec<_> = imported.network.counted().into_iter().map(|node| node.module().to_owned()).collect();
    assert_eq!(modules, ["table", "mix", "relu", "head"]);
}

#[test]
fn activations_after_other_borders_have_the_units_that_pytorch_sees() {
    // By PyTorch, in double precision.
    let shuffled = [("up", 9.126_109_153), ("act", 2.438_695_925), ("out", 2.604_388_845)];
    let flattened = [("first", 2.317_882_109), ("act", 12.399_273_25), ("out", 2.249_787_642)];
    let heads = [("first", 3.677_488_894), ("act", 4.178_442_335), ("out", 1.397_803_72)];
    for (name, wanted) in [("shuffled", shuffled), ("flattened", flattened), ("heads", heads)] {
        let output = Command::cargo_bin("neartop")
            .unwrap()
            .args(["score", "--format", "json"])
            .arg(file("composed", &format!("{name}.pt2")))
            .arg("--inputs")
            .arg(file("composed", &format!("{name}-inputs.npy")))
            .output()
            .unwrap();
        let ranks = by_module(&serde_json::from_slice::<Value>(&output.stdout).unwrap()["layers"]);
        for (module, wanted) in wanted {
            let found = ranks[module][0];
            assert!((found / wanted - 1.0).abs() < 1e-4, "{name}, {module}: {found} in place of {wanted}");
        }
    }
}

/// What a preset that names a model runs.
fn rank(arguments: &[&str]) -> Value {
    let output = Command::cargo_bin("neartop")
        .unwrap()
        .args(["rank", "--no-study", "--format", "json"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn candidates(ranking: &Value) -> &Vec<Value> {
    ranking["candidates"].as_array().unwrap()
}

#[test]
fn a_model_is_ranked_with_what_it_is_and_what_it_could_be() {
    let folder = tempfile::tempdir().unwrap();
    let preset = folder.path().join("net.yaml");
    let (model, inputs) = (file("resnet", "model.pt2"), file("resnet", "inputs.npy"));
    let text = format!(
        "network: {{model: {model:?}}}\ndata: {{path: {inputs:?}}}\n\
         search: {{slots: [relu], activations: [relu, gelu], inits: [kaiming_normal, orthogonal]}}\n"
    );
    std::fs::write(&preset, text).unwrap();
    let ranking = rank(&[preset.to_str().unwrap(), "--repetitions", "4"]);
    let names: Vec<_> = candidates(&ranking).iter().map(|c| (c["activation"].clone(), c["init"].clone())).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(names.contains(&("relu".into(), "as_given".into())), "{names:?}");
    // The weights that the file carries do not vary, and neither do the few samples.
    let given = candidates(&ranking).iter().find(|c| c["init"] == "as_given").unwrap();
    let layers = by_module(&given["layers"]);
    assert_eq!(layers["l1.relu"].len(), 2);
    let one = by_module(&score("resnet", "model.pt2", "training")["layers"]);
    let difference = (layers["fc"][0] / one["fc"][0] - 1.0).abs();
    assert!(difference < 0.1, "{} and {}", layers["fc"][0], one["fc"][0]);
}

#[test]
fn slots_of_a_model_are_searched_apart_and_what_it_has_not_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let preset = folder.path().join("net.yaml");
    let model = file("nerf", "model.pt2");
    let write = |slots: &str, activations: &str| {
        let text = format!(
            "network: {{model: {model:?}}}\nsearch: {{slots: {slots}, activations: {activations}, inits: [orthogonal]}}\n"
        );
        std::fs::write(&preset, text).unwrap();
    };
    write("{body: relu, density: [softplus]}", "{body: [relu, tanh], density: [softplus, identity]}");
    assert_eq!(candidates(&rank(&[preset.to_str().unwrap(), "--repetitions", "4"])).len(), 5);
    write("[gelu]", "[relu]");
    let output = Command::cargo_bin("neartop").unwrap().arg("rank").arg(&preset).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("the model has no activation `gelu`") && message.contains("softplus"), "{message}");
}

#[test]
fn attention_is_found_however_a_model_writes_it_out() {
    let found = |folder: &str, name: &str| {
        let program = model::read(&file(folder, name)).unwrap();
        model::trace(&program, None, &Wanted::Usual).unwrap().network.has_attention()
    };
    for (folder, name) in [
        ("gpt2", "model.pt2"),
        ("gpt2", "model.onnx"),
        ("vit", "model.pt2"),
        ("vit", "model-torchscript.onnx"),
        ("composed", "core.pt2"),
        ("chosen", "sparse.pt2"),
    ] {
        assert!(found(folder, name), "{folder}/{name}");
    }
    // The softmax of a gate is over what one layer gives.
    for (folder, name) in [("resnet", "model.pt2"), ("tcn", "model.pt2"), ("chosen", "experts.pt2")] {
        assert!(!found(folder, name), "{folder}/{name}");
    }
    let space = |path: &Path| Space::new(Arc::new(Preset::load(path.to_str().unwrap()).unwrap()));
    assert!(space(&file("vit", "model.pt2")).near_hardly_orders());
    assert!(!space(&file("tcn", "model.pt2")).near_hardly_orders());
}

#[test]
fn weights_are_given_by_the_names_of_the_parameters() {
    for name in ["gpt2", "lstm", "resnet", "vit"] {
        let path = file(name, "model.pt2");
        let space = Space::new(Arc::new(Preset::load(path.to_str().unwrap()).unwrap()));
        let stored = model::read(&path).unwrap().stored;
        // The first candidate is the model as it is, so its weights are those of the file.
        let (given, drawn) = (weights(&space, 0).unwrap(), weights(&space, 1).unwrap());
        assert!(given.len() > 8, "{name}");
        for (parameter, tensor) in &given {
            let own = stored.values().find(|own| own.name == *parameter).unwrap_or_else(|| panic!("{parameter}"));
            assert_eq!(largest_difference(tensor, &own.tensor), 0.0, "{name}, {parameter}");
            assert_eq!(drawn[parameter].dims(), tensor.dims(), "{name}, {parameter}");
        }
    }
}

#[test]
fn weights_are_exported_where_the_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("w.safetensors");
    rank(&[file("tcn", "model.pt2").to_str().unwrap(), "--repetitions", "1", "--export", to.to_str().unwrap()]);
    let written = candle_core::safetensors::load(&to, &Device::Cpu).unwrap();
    assert_eq!(written["c1.weight"].rank(), 3);
    assert_eq!(written.len(), 8, "{:?}", written.keys());
}

#[test]
fn a_recurrent_layer_that_was_taken_apart_says_what_keeps_it_whole() {
    let message = refusal("apart.pt2", &std::fs::read(file("composed", "apart.pt2")).unwrap());
    assert!(
        message.contains("`memory` (LSTM) is taken apart") && message.contains("run_decompositions()"),
        "{message}"
    );
}

/// What a damaged file is refused with.
/// A state that is projected is of another size than the cell: read as if it were not, every score would be of another network.
#[test]
fn a_projected_state_is_refused() {
    let message = refusal("projected.pt2", &std::fs::read(file("composed", "projected.pt2")).unwrap());
    assert!(message.contains("`proj_size`") && message.contains("model.py:6"), "{message}");
}

#[test]
fn what_encodes_the_samples_is_not_searched() {
    let program = model::read(&file("composed", "encoded.pt2")).unwrap();
    let found = |wanted| model::trace(&program, None, &wanted).unwrap().activations;
    let searched = |wanted| {
        let slots = found(wanted).into_iter().filter(|one| one.slot.is_some());
        slots.map(|one| one.module).collect::<Vec<_>>()
    };
    assert_eq!(found(Wanted::Nothing).iter().filter(|one| one.is_first).count(), 2);
    assert_eq!(searched(Wanted::Usual), ["n.1", "n.3"]);
    assert_eq!(searched(Wanted::Named(vec![("activation".into(), vec!["sine".into()])])).len(), 2);
}

fn refusal(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let output = Command::cargo_bin("neartop").unwrap().arg("rank").arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{name}");
    String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_file_that_is_no_model_says_what_it_is_and_what_to_do() {
    let whole = std::fs::read(file("lstm", "model.pt2")).unwrap();
    assert!(refusal("cut.pt2", &whole[..whole.len() / 2]).contains("truncated"));
    for name in ["model.pt2", "model.onnx"] {
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        assert!(refusal(name, pointer).contains("git lfs pull"));
    }
    assert!(refusal("model.pth", b"\x80\x02}q\x00.").contains("torch.export.export"));
    assert!(!refusal("text.pt2", b"no model").is_empty());
}

const STRANGER: &str = r#"
import sys
import torch
from torch import nn

class Stranger(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU())
        self.head = nn.Linear(24, 5)

    def forward(self, x):
        return self.head(torch.relu(self.features(x)))

def save(model, path):
    torch.export.save(torch.export.export(model.eval(), (torch.randn(8, 12),)), path)

torch.manual_seed(1)
model = Stranger()
if sys.argv[1] == "save":
    save(model, sys.argv[2])
else:
    import warnings
    sys.path.insert(0, sys.argv[3])
    import choice
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        choice.apply(model, seed=int(sys.argv[4]))
    print("\n".join(str(one.message) for one in said))
    # What stands as a function stays as it is, so the candidate keeps relu there too.
    save(model, sys.argv[2])
"#;

fn python(arguments: &[&str]) -> String {
    let output = std::process::Command::new("python3")
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn has_torch() -> bool {
    let there = std::process::Command::new("python3").args(["-c", "import torch.export"]).output();
    let there = there.is_ok_and(|output| output.status.success());
    if !there {
        println!("skipped: python3 has no torch");
    }
    there
}

#[test]
fn a_choice_goes_home_into_the_model_and_scores_there_what_it_scored_here() {
    if !has_torch() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("stranger.py"), STRANGER).unwrap();
    python(&[&at("stranger.py"), "save", &at("net.pt2")]);
    let text = format!(
        "network: {{model: {:?}}}\nsearch: {{slots: [features.1, features.3], activations: [tanh], inits: [orthogonal]}}\n\
         score: {{repetitions: 16}}\n",
        at("net.pt2")
    );
    std::fs::write(at("net.yaml"), text).unwrap();
    let ranking = rank(&[&at("net.yaml"), "--repetitions", "16", "--export", &at("choice.py"), "--no-guard"]);
    let chosen = candidates(&ranking).iter().find(|c| c["init"] == ranking["recommended"]["init"]).unwrap();
    // The same candidate with the draws of PyTorch, each scored as it is.
    let mut nears = Vec::new();
    for seed in ["1", "2", "3", "4"] {
        python(&[&at("stranger.py"), "apply", &at("changed.pt2"), &at(""), seed]);
        let changed = rank(&[&at("changed.pt2"), "--repetitions", "16"]);
        let given = candidates(&changed).iter().find(|c| c["init"] == "as_given").unwrap();
        nears.push(given["near"].as_f64().unwrap());
    }
    let mean = nears.iter().sum::<f64>() / nears.len() as f64;
    let (near, error) = (chosen["near"].as_f64().unwrap(), chosen["standard_error"].as_f64().unwrap());
    assert!((mean - near).abs() < 5.0 * error.max(near * 0.01), "{nears:?} and {near} +- {error}");
}

/// Puts choices into models that come back from their files, and exports them again: one folder of each model, with two seeds.
const BACK: &str = r#"
import importlib.util
import sys
import numpy
import torch

for source, inputs, folder in zip(*[iter(sys.argv[1:])] * 3):
    spec = importlib.util.spec_from_file_location("choice", f"{folder}/choice.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    x = torch.from_numpy(numpy.load(inputs))
    for seed in 1, 2:
        model = torch.export.unflatten(torch.export.load(source))
        module.apply(model, seed=seed)
        torch.export.save(torch.export.export(model, (x,)), f"{folder}/changed-{seed}.pt2")
"#;

/// Each of the models takes a choice, and scores with it what the candidate scored. An activation that stands as a function in
/// the source stays, so there the choice has the same.
#[test]
fn choices_go_home_into_every_exported_program() {
    if !has_torch() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("back.py"), BACK).unwrap();
    let preset = |model: &str, net: &str, search: &str| {
        let data = file(model, "inputs.npy");
        format!("network: {{model: {net:?}}}\ndata: {{path: {data:?}}}\nsearch: {search}\nscore: {{repetitions: 8}}\n")
    };
    let (mut chosen, mut arguments) = (Vec::new(), vec![at("back.py")]);
    for model in MODELS {
        let activation = if ["nerf", "resnet", "tcn"].contains(&model) { "relu" } else { "tanh" };
        let net = file(model, "model.pt2");
        let search = format!("{{activations: [{activation}], inits: [orthogonal]}}");
        std::fs::create_dir(at(model)).unwrap();
        let [yaml, choice] = ["net.yaml", "choice.py"].map(|name| at(&format!("{model}/{name}")));
        std::fs::write(&yaml, preset(model, net.to_str().unwrap(), &search)).unwrap();
        let ranking = rank(&[&yaml]);
        let candidate = candidates(&ranking).iter().find(|candidate| candidate["init"] == "orthogonal").unwrap();
        chosen.push((model, candidate["near"].as_f64().unwrap(), candidate["standard_error"].as_f64().unwrap()));
        let export = ["export", &yaml, "--init", "orthogonal", "-o", &choice];
        Command::cargo_bin("neartop").unwrap().args(export).assert().success();
        arguments.extend([net, file(model, "inputs.npy")].map(|path| path.to_str().unwrap().to_owned()));
        arguments.push(at(model));
    }
    python(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    for (model, near, standard_error) in chosen {
        let nears = [1, 2].map(|seed| {
            let [yaml, net] =
                ["changed.yaml", &format!("changed-{seed}.pt2")].map(|name| at(&format!("{model}/{name}")));
            std::fs::write(&yaml, preset(model, &net, "{slots: none, inits: [zeros]}")).unwrap();
            let changed = rank(&[&yaml]);
            let given = candidates(&changed).iter().find(|candidate| candidate["init"] == "as_given").unwrap();
            given["near"].as_f64().unwrap()
        });
        let mean = nears.iter().sum::<f64>() / nears.len() as f64;
        // The standard deviation of single draws, of which both are means.
        let deviation = 8f64.sqrt() * standard_error;
        println!("{model}: NEAR {near:.2}, after apply {nears:.2?}, of a draw +- {deviation:.2}");
        let error = deviation * (1.0 / 8.0 + 1.0 / nears.len() as f64).sqrt();
        assert!((mean - near).abs() < 4.0 * error, "{model}: {nears:?} and {near} +- {error}");
    }
}

/// The bodies of residuals that the graph of a model shows are those that its preset names.
#[test]
fn residuals_of_a_model_are_those_of_the_same_network_as_layers() {
    for model in ["resnet", "mobilenet-v2", "tcn", "vit", "gpt2"] {
        let preset = Preset::load(&format!("tests/fixtures/models/{model}.yaml")).unwrap();
        let imported = model::trace(&model::read(&file(model, "model.pt2")).unwrap(), None, &Wanted::Nothing).unwrap();
        // An attention takes query, key and value apart in a preset, and often together in PyTorch.
        let has_attention = ["vit", "gpt2"].contains(&model);
        let [layers, brought] = [&preset.network, &imported.network].map(|network| {
            let drawn = network.nodes.iter().filter(|node| node.drawn().is_some());
            let bodies = drawn.filter_map(|node| node.surroundings.branch).filter(|b| b.is_last || !has_attention);
            let bodies = bodies.map(|branch| (if has_attention { 0 } else { branch.layers }, branch.is_last));
            (network.nodes.first().map(|node| node.surroundings.branches), bodies.collect::<Vec<_>>())
        });
        assert_eq!(layers, brought, "{model}");
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

#[test]
fn a_model_has_as_many_multiply_adds_as_pytorch_counts() {
    for model in MODELS {
        for name in ["model.pt2", "model.onnx"] {
            let found = score(model, name, "evaluation");
            assert_eq!(found["multiply_adds"], expected(model)["multiply_adds"], "{model}, {name}");
        }
    }
}

#[test]
fn a_resnet_18_has_the_multiply_adds_of_torchvision() {
    // Half of what FlopCounterMode counts of torchvision 0.29's on one image of 64 x 64 and of 224 x 224, for 1000 classes.
    let preset =
        std::fs::read_to_string("presets/resnet18-torchvision.yaml").unwrap().replace("linear: 10", "linear: 1000");
    for (side, wanted) in [(64, 148_557_824), (224, 1_814_073_344)] {
        let text = preset.replace("[3, 64, 64]", &format!("[3, {side}, {side}]"));
        let network = Preset::parse(&text, "resnet18.yaml", Path::new("")).unwrap().network;
        assert_eq!(network.multiply_adds(), wanted);
    }
}
