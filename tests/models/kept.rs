//! Weights that a model shares, keeps from being trained or leaves at zero, and modules that it calls several times.

use std::sync::Arc;

use assert_cmd::Command;
use candle_core::Tensor;
use neartop_core::network::{BiasInit, Init};
use neartop_core::weights::{DrawnWeights, Weights};
use neartop_io::model::{self, Imported, Wanted};
use neartop_io::preset::Preset;
use neartop_study::space::Space;
use neartop_study::weights::weights;

use super::{array, file, largest_difference, outputs, rank};

fn imported(name: &str) -> Imported {
    let program = model::read(&file("composed", name)).unwrap();
    model::trace(&program, None, &Wanted::Usual).unwrap()
}

/// The code that puts a candidate into the model of a preset or file.
fn choice(preset: &str, activation: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("choice.py");
    let arguments = ["export", preset, "--activation", activation, "--init", "orthogonal", "-o", to.to_str().unwrap()];
    let output = Command::cargo_bin("neartop").unwrap().args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(to).unwrap()
}

#[test]
fn what_is_frozen_or_padded_gives_what_pytorch_gives() {
    for name in ["frozen", "padded"] {
        let given = outputs(
            &imported(&format!("{name}.pt2")).as_given,
            array(&file("composed", &format!("{name}-inputs.npy"))),
        );
        let wanted = array(&file("composed", &format!("{name}-outputs.npy")));
        assert!(largest_difference(&given, &wanted) < 1e-5, "{name}");
    }
}

#[test]
fn frozen_weights_are_neither_drawn_nor_counted() {
    let Imported { network, activations, remarks, .. } = imported("frozen.pt2");
    // As PyTorch counts those that require a gradient.
    assert_eq!(network.parameters(None), 149);
    let said = "7 of its weights are frozen (requires_grad=False; the first is back.0.bias)";
    assert!(remarks.iter().any(|remark| remark.starts_with(said)), "{remarks:?}");
    let searched: Vec<_> = activations.iter().filter(|found| found.slot.is_some()).map(|found| &found.module).collect();
    assert_eq!(searched, ["head.2", "head.4"]);
    let init = Init::named("orthogonal").unwrap();
    let drawn = DrawnWeights::new(0, 0, &init, BiasInit::Zeros, None);
    let of = |module: &str| network.nodes.iter().find(|node| node.module() == module).unwrap();
    for (module, kept) in
        [("back.0", vec!["weight", "bias"]), ("back.1", vec!["weight", "bias"]), ("head.1", vec!["bias"])]
    {
        let (node, drawn) = (of(module), drawn.parameters(of(module), &[]).unwrap());
        for name in kept {
            let given = node.given.as_ref().unwrap().get(name).unwrap();
            assert_eq!(largest_difference(drawn.get(name).unwrap(), given), 0.0, "{module}.{name}");
        }
    }
    let path = file("composed", "frozen.pt2");
    let space = Space::new(Arc::new(Preset::load(path.to_str().unwrap()).unwrap()));
    let mut trained: Vec<_> = weights(&space, 1).unwrap().into_keys().collect();
    trained.sort();
    assert_eq!(trained, ["head.1.weight", "head.3.bias", "head.3.weight", "head.5.bias", "head.5.weight"]);
    let code = choice(path.to_str().unwrap(), "gelu");
    assert!(!code.contains("back.") && !code.contains("head.1.bias") && code.contains("head.1.weight"), "{code}");
    assert_eq!(rank(&[path.to_str().unwrap(), "--repetitions", "1"])["candidates"][0]["parameters"], 149);
}

#[test]
fn a_model_of_frozen_weights_says_how_to_unfreeze_them() {
    let remarks = imported("kept.pt2").remarks;
    assert!(remarks.iter().any(|remark| remark.contains("all of its weights are frozen")), "{remarks:?}");
    assert!(remarks.iter().any(|remark| remark.contains("requires_grad_(True)")), "{remarks:?}");
}

#[test]
fn a_head_that_is_tied_to_an_embedding_is_the_last_layer() {
    let Imported { network, activations, .. } = imported("padded.pt2");
    assert_eq!(network.parameters(None), 117);
    assert!(activations.iter().all(|found| !found.is_last && found.slot.is_some()), "{activations:?}");
    let output: Vec<_> = network.nodes.iter().filter(|node| node.surroundings.is_output).collect();
    assert_eq!(output.iter().map(|node| node.module()).collect::<Vec<_>>(), ["head"]);
    let sized = network.sizeable();
    let second = sized.iter().find(|layer| network.nodes[layer.node].module() == "second").unwrap();
    assert!(!second.is_output);
}

fn spread(tensor: &Tensor) -> f64 {
    let squares = tensor.sqr().unwrap().mean_all().unwrap().to_scalar::<f32>().unwrap();
    f64::from(squares).sqrt()
}

#[test]
fn a_recipe_leaves_a_tied_head_the_law_of_its_embedding() {
    let folder = tempfile::tempdir().unwrap();
    let preset = folder.path().join("net.yaml");
    let model = file("composed", "padded.pt2");
    let text = format!(
        "network: {{model: {model:?}}}\nsearch: {{activations: [relu], inits: [{{recipe: mine, linear: {{normal: {{std: 0.01}}}}, \
         output: zeros}}]}}\nscore: {{repetitions: 1}}\n"
    );
    std::fs::write(&preset, text).unwrap();
    let preset = Preset::load(preset.to_str().unwrap()).unwrap();
    let said = "`output` of the recipe mine sets nothing: the last layer, head, has the weight of table";
    assert!(preset.remarks.iter().any(|remark| remark.starts_with(said)), "{:?}", preset.remarks);
    let space = Space::new(Arc::new(preset));
    let drawn = weights(&space, 1).unwrap();
    assert!(spread(&drawn["head.weight"]) > 0.5, "{}", drawn["head.weight"]);
    let second = spread(&drawn["second.weight"]);
    assert!(second > 0.005 && second < 0.02, "{second}");
    // The head has a bias besides, so that it is drawn apart: by the same law.
    let (network, init) = (space.network(), &space.candidates[1].init);
    let sources = DrawnWeights::new(0, 0, init, BiasInit::Zeros, None);
    let of = |module: &str| {
        let node = network.nodes.iter().find(|node| node.module() == module).unwrap();
        sources.parameters(node, &[]).unwrap().get("weight").unwrap().clone()
    };
    assert_eq!(largest_difference(&of("head"), &of("table")), 0.0);
}

#[test]
fn the_row_of_a_padding_is_zero_when_embeddings_are_drawn() {
    let path = file("composed", "padded.pt2");
    let space = Space::new(Arc::new(Preset::load(path.to_str().unwrap()).unwrap()));
    let drawn = weights(&space, 1).unwrap();
    for (name, row) in [("head.weight", 2), ("places.weight", 1)] {
        let row = drawn[name].get(row).unwrap();
        assert_eq!(spread(&row), 0.0, "{name}");
        assert!(spread(&drawn[name]) > 0.5, "{name}");
    }
    let code = choice(path.to_str().unwrap(), "gelu");
    assert!(code.contains("model.get_parameter(\"head.weight\")[2].zero_()"), "{code}");
    assert!(code.contains("model.get_parameter(\"places.weight\")[1].zero_()"), "{code}");
}

#[test]
fn a_module_that_was_ranked_as_several_activations_stays_and_is_said() {
    let path = file("composed", "shared.pt2");
    let code = choice(path.to_str().unwrap(), "tanh");
    assert!(!code.contains("setattr"), "{code}");
    let said =
        "act is called 3 times, and was ranked as tanh, tanh, relu; it stays relu: give each call a module of its own";
    assert_eq!(code.matches(said).count(), 1, "{code}");
    // Where all calls are searched, one new module stands for them.
    let folder = tempfile::tempdir().unwrap();
    let preset = folder.path().join("net.yaml");
    let text =
        format!("network: {{model: {path:?}}}\nsearch: {{slots: all, activations: [tanh], inits: [orthogonal]}}\n");
    std::fs::write(&preset, text).unwrap();
    let code = choice(preset.to_str().unwrap(), "tanh");
    assert_eq!(code.matches("setattr(model.get_submodule(\"\"), \"act\", nn.Tanh())").count(), 1, "{code}");
    assert!(!code.contains("warnings.warn"), "{code}");
}
