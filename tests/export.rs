//! Exported candidates do what the program scored: in PyTorch, in Keras, in candle, and as a preset.

#[path = "export/candle.rs"]
mod candle;
#[path = "export/python.rs"]
mod python;
#[path = "export/weights.rs"]
mod weights;
#[path = "export/yaml.rs"]
mod yaml;

use std::path::Path;
use std::sync::Arc;

use neartop_core::catalog::{Choice, Entry, Given};
use neartop_core::layer::Trial;
use neartop_core::layers::{BatchNorm, Concat, Conv2d, Flatten, INNER_KINDS, KINDS, Linear, Padding, Slot, Sum, Zero};
use neartop_core::network::{Activation, Block, Edge, Init, Layer, Network, Shape, Vertex};
use neartop_core::recipe::BUNDLED;
use neartop_io::preset::Preset;
use neartop_study::space::Space;
use neartop_study::study::Study;

fn preset(name: &str) -> Preset {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/export/{name}.yaml"));
    Preset::load(path.to_str().unwrap()).unwrap()
}

fn study(preset: Preset) -> Study {
    Study::new(Arc::new(Space::new(Arc::new(preset))))
}

/// A preset that no YAML can write yet: a graph with sums, a concatenation and zeros.
fn graph_preset() -> Preset {
    let conv = |out| Layer::from(Conv2d { padding: Padding::Same, ..Conv2d::new(out, 3) });
    let edge = Edge::new;
    let graph = Block::graph(vec![
        Vertex::new(vec![edge(0, "a", vec![conv(6)])], Sum)
            .then(vec![Layer::from(BatchNorm), Layer::from(Slot::default())]),
        Vertex::new(vec![edge(0, "b", vec![Layer::from(Zero)]), edge(1, "c", vec![conv(4)])], Sum),
        Vertex::new(vec![edge(1, "d", vec![]), edge(2, "e", vec![Layer::from(Slot::default())])], Concat)
            .then(vec![conv(5)]),
    ]);
    let mut preset = preset("residual");
    preset.name = "A graph".to_owned();
    preset.layers = vec![graph.into(), Layer::from(Flatten), Layer::from(Linear::new(3))];
    preset.network = Network::build(Shape(vec![4, 5, 6]), &preset.layers).unwrap();
    preset.search.inits = vec![init("sparse", &[])];
    preset
}

/// Every network on which a kind of layer is tried.
fn trials() -> Vec<Preset> {
    let trials = KINDS.iter().chain(INNER_KINDS).flat_map(|kind| (kind.trials)());
    let whole = |trial: Trial| {
        let mut preset = preset("mlp");
        preset.layers = trial.layers;
        preset.layers.extend([Flatten.into(), Linear::new(3).into()]);
        preset.network = Network::build(&trial.input, &preset.layers).unwrap();
        preset.search.activations = Vec::new();
        preset
    };
    trials.map(whole).collect()
}

fn choice<E: Entry>(name: &str, given: &[(&str, f64)]) -> Choice<E> {
    let given: Vec<_> = given.iter().map(|(name, x)| (*name, Given::Number(*x))).collect();
    Choice::new(Choice::<E>::find(name).unwrap(), &given).unwrap()
}

fn init(name: &str, given: &[(&str, f64)]) -> Init {
    Init::One(choice(name, given))
}

/// Every activation of the catalog, and parameters that are not the defaults.
fn activations() -> Vec<Activation> {
    let entries = <neartop_core::activation::ActivationKind as Entry>::catalog();
    let mut all: Vec<Activation> = entries.iter().filter_map(|e| Activation::new(e, &[]).ok()).collect();
    all.extend([
        choice("threshold", &[("threshold", 0.1), ("value", -2.5)]),
        choice("leaky_relu", &[("negative_slope", -0.2)]),
        choice("prelu", &[("init", 0.6)]),
        choice("rrelu", &[("lower", 0.2), ("upper", 0.5)]),
        choice("elu", &[("alpha", 1.7)]),
        choice("celu", &[("alpha", 0.4)]),
        choice("hardtanh", &[("min", -0.3), ("max", 2.0)]),
        choice("softplus", &[("beta", 2.0), ("threshold", 3.0)]),
        choice("softshrink", &[("lambda", 0.25)]),
        choice("hardshrink", &[("lambda", 1.5)]),
        choice("squareplus", &[("b", 0.5)]),
        choice("snake", &[("a", 3.0)]),
        choice("sine", &[("omega", 2.0)]),
    ]);
    for entry in entries {
        assert!(all.iter().any(|a| a.name() == entry.name()), "{} is not covered", entry.name());
    }
    all
}

/// Every initialization of the catalog, and parameters that are not the defaults.
fn inits() -> Vec<Init> {
    let entries = <neartop_core::init::InitKind as Entry>::catalog();
    let words = |name: &str, given: &[(&str, &str)]| {
        let given: Vec<_> = given.iter().map(|(name, w)| (*name, Given::Word(w))).collect();
        Init::new(Init::find(name).unwrap(), &given).unwrap()
    };
    let mut all: Vec<Init> = entries.iter().filter_map(|e| Init::new(e, &[]).ok()).collect();
    all.extend([
        init("constant", &[("value", 0.3)]),
        init("uniform", &[("low", 0.5), ("high", 0.75)]),
        init("normal", &[("mean", 0.5), ("std", 0.1)]),
        init("truncated_normal", &[("mean", 0.5), ("low", -1.5), ("high", 2.5)]),
        init("truncated_normal", &[("low", 5.0), ("high", 6.0)]),
        init("truncated_normal", &[("low", -7.0), ("high", -5.0)]),
        init("truncated_normal", &[("std", 0.01)]),
        init("sparse", &[("sparsity", 0.3), ("std", 1.0)]),
        init("lsuv", &[("target_std", 2.0), ("tolerance", 0.01)]),
        init("siren", &[("omega", 3.0)]),
        words("xavier_normal", &[("gain", "auto")]),
        words("orthogonal", &[("gain", "auto")]),
        words("kaiming_uniform", &[("gain", "auto"), ("mode", "fan_out")]),
        words("variance_scaling", &[("distribution", "uniform"), ("mode", "fan_avg")]),
        words("variance_scaling", &[("distribution", "normal"), ("mode", "fan_out")]),
    ]);
    for entry in entries {
        assert!(all.iter().any(|a| a.name() == entry.name()), "{} is not covered", entry.name());
    }
    all
}

/// Layers that fix how they start, with every bundled recipe and one of its own.
fn starts() -> Vec<Preset> {
    let own = preset("starts");
    let one = |init: &Init| {
        let mut preset = own.clone();
        preset.search.inits = vec![init.clone()];
        preset
    };
    let recipes = BUNDLED.iter().map(|recipe| one(&Init::named(recipe.name).unwrap()));
    recipes.chain(own.search.inits.iter().map(one)).collect()
}

#[test]
fn the_command_line_writes_the_recommended_candidate() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("network.py");
    let preset = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/export/mlp.yaml");
    for (format, expected) in
        [("pytorch", "from torch import nn"), ("keras", "import keras"), ("candle", "use candle_nn")]
    {
        let mut command = assert_cmd::Command::cargo_bin("neartop").unwrap();
        command.args([
            "rank",
            "--no-study",
            preset.to_str().unwrap(),
            "--as",
            format,
            "--export",
            path.to_str().unwrap(),
        ]);
        command.assert().success();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(expected) && text.contains("gelu with kaiming_normal(gain=auto): NEAR "), "{text}");
    }
}
