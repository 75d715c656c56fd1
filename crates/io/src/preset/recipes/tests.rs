use std::collections::HashMap;
use std::path::Path;

use neartop_core::init::{Law, WeightShape};
use neartop_core::layer::Role;
use neartop_core::network::{Activation, BiasInit, Init, Network, Node};
use neartop_core::recipe::BUNDLED;
use neartop_core::start::{Drawing, by_layer, recipe_keys};
use neartop_core::weights::{DrawnWeights, Weights};
use serde_json::Value as Json;

use crate::preset::Preset;

fn parse(text: &str) -> Preset {
    Preset::parse(text, "p.yaml", Path::new("")).unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}

fn refusal(text: &str) -> String {
    format!("{:?}", Preset::parse(text, "p.yaml", Path::new("")).expect_err(text))
}

/// What is drawn in a repetition, by node and weight; neutral values too.
fn draws(network: &Network, init: &Init, bias: BiasInit, slot: &str, repetition: u64) -> HashMap<String, Vec<f32>> {
    let fill = Activation::named(slot).unwrap().into();
    let weights = DrawnWeights::new(3, repetition, init, bias, Some(&fill));
    let of = |node: &Node| {
        let drawn = weights.parameters(node, &[]).unwrap();
        let name = |weight: &str| format!("{}.{weight}", node.name());
        let values = |weight: &neartop_core::layer::Weight| match drawn.get(weight.name) {
            Some(tensor) => tensor.flatten_all().unwrap().to_vec1().unwrap(),
            None => {
                let neutral = if let Role::Constant(value) = weight.role { value as f32 } else { 0.0 };
                vec![neutral; weight.elements() as usize]
            }
        };
        node.weights.iter().map(|weight| (name(weight.name), values(weight))).collect::<Vec<_>>()
    };
    network.nodes.iter().flat_map(of).collect()
}

fn moments(values: &[f32]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
    (mean, (values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / n).sqrt())
}

fn law(preset: &Preset, init: &Init, node: &str, weight: &str) -> Law {
    let node = preset.network.node(node).unwrap();
    let weight = node.weights.iter().find(|known| known.name == weight).unwrap();
    Drawing::new(init, preset.search.bias, preset.search.activations.first()).law(node, weight)
}

/// `tests/fixtures/recipes.json` holds what the libraries draw.
#[test]
fn bundled_recipes_draw_as_their_libraries_do() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/recipes.json");
    let all: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut compared: HashMap<String, usize> = HashMap::new();
    for case in all["networks"].as_array().unwrap() {
        let (recipe, slot) = (case["recipe"].as_str().unwrap(), case["activation"].as_str().unwrap_or("relu"));
        let text =
            format!("network: {{input: {}, layers: {}}}\nsearch: {{inits: [{recipe}]}}", case["input"], case["layers"]);
        // Kinds of layers that there are not yet.
        let Ok(preset) = Preset::parse(&text, recipe, Path::new("")) else { continue };
        let parameters = case["parameters"].as_array().unwrap();
        let name = |parameter: &Json| {
            format!("{}.{}", parameter["module"].as_str().unwrap(), parameter["weight"].as_str().unwrap())
        };
        let mut pooled: HashMap<String, Vec<f32>> = HashMap::new();
        for repetition in 0..8 {
            for (name, values) in draws(&preset.network, &preset.search.inits[0], BiasInit::Zeros, slot, repetition) {
                let pool = pooled.entry(name).or_default();
                if pool.len() < 100_000 {
                    pool.extend(values);
                }
            }
            if pooled.values().map(Vec::len).sum::<usize>() > 500_000 {
                break;
            }
        }
        for parameter in parameters {
            let Some(values) = pooled.get(&name(parameter)) else { continue };
            let number = |key: &str| parameter[key].as_f64().unwrap();
            let (mean, std) = moments(values);
            let share = (1.0 / values.len() as f64 + 1.0 / number("values")).sqrt();
            let (of_mean, of_std) = (5.0 * number("std") * share, 4.0 * number("std") * share);
            let what = format!("{recipe}: {} {mean} {std}, not {parameter}", name(parameter));
            assert!((mean - number("mean")).abs() <= of_mean + 1e-6, "{what}");
            assert!((std - number("std")).abs() <= of_std + 1e-6, "{what}");
            *compared.entry(recipe.to_owned()).or_default() += 1;
        }
    }
    println!("{compared:?}");
    for recipe in ["torchvision_resnet", "ppo", "dcgan", "keras_default", "jax_default"] {
        assert!(compared.get(recipe).is_some_and(|count| *count > 4), "{recipe}: {compared:?}");
    }
}

const RESIDUALS: &str = "
network:
  input: 12
  layers:
    - linear: 16
    - residual: {body: [linear: 16, activation, linear: 16, activation, linear: 16], shortcut: [linear: 16]}
    - activation
    - residual: {body: [layer_norm, linear: 16, activation, linear: 16]}
    - linear: 4
";

#[test]
fn depth_scales_what_residuals_draw() {
    let preset = parse(RESIDUALS);
    let std = |init: &str, node: &str| match law(&preset, &Init::named(init).unwrap(), node, "weight") {
        Law::Normal { mean: 0.0, std } => std,
        Law::Constant { value } => value,
        other => panic!("{init} {node}: {other:?}"),
    };
    // Two residuals: L = 2.
    let small = [("0", 1.0), ("1.body.0", 1.0), ("1.body.4", 0.5f64.sqrt()), ("1.shortcut.0", 1.0), ("4", 1.0)];
    for (node, factor) in small {
        assert!((std("gpt2", node) - 0.02 * factor).abs() < 1e-12, "{node}");
    }
    let he = |fan: f64| (2.0 / fan).sqrt();
    let fixup = [
        ("0", he(16.0)),
        // Three layers in the body: 2^(-1/4); two: 2^(-1/2).
        ("1.body.0", he(16.0) * 2f64.powf(-0.25)),
        ("1.body.2", he(16.0) * 2f64.powf(-0.25)),
        ("1.body.4", 0.0),
        ("1.shortcut.0", he(16.0)),
        ("3.body.1", he(16.0) * 2f64.powf(-0.5)),
        ("3.body.3", 0.0),
        ("4", 0.0),
    ];
    for (node, expected) in fixup {
        assert!((std("fixup", node) - expected).abs() < 1e-12, "{node}: {}", std("fixup", node));
    }
}

#[test]
fn a_recipe_that_says_the_same_of_all_draws_as_the_initialization() {
    let text = RESIDUALS.to_owned() + "search: {inits: [orthogonal, {recipe: same, linear: orthogonal, bias: zeros}]}";
    let preset = parse(&text);
    let [plain, recipe] = preset.search.inits.as_slice() else { panic!("two") };
    let of = |init| draws(&preset.network, init, BiasInit::Zeros, "tanh", 1);
    assert_eq!(of(plain), of(recipe));
    // What is left out starts as in PyTorch.
    let bare = parse(&(RESIDUALS.to_owned() + "search: {inits: [{recipe: bare, conv2d: orthogonal}]}"));
    let torch = Init::named("torch_default").unwrap();
    assert_eq!(of(&bare.search.inits[0]), of(&torch));
}

#[test]
fn gains_of_a_recipe_multiply_the_drawn_weights_of_their_layers() {
    let of_two = |gains: &str| {
        let text = format!(
            "inits: [{{recipe: r, linear: orthogonal, conv2d: kaiming_normal, bias: {{constant: 0.5}}{gains}}}]"
        );
        parse(&format!(
            "network: {{input: [1, 4, 4], layers: [conv2d: {{out: 3, kernel: 3}}, activation, flatten, linear: 2]}}\nsearch: {{{text}}}"
        ))
    };
    let (plain, scaled) = (of_two(""), of_two(", gains: {'0': 3.0, '3': 0.5}"));
    let of = |preset: &Preset| draws(&preset.network, &preset.search.inits[0], BiasInit::Zeros, "tanh", 1);
    let (before, after) = (of(&plain), of(&scaled));
    for (name, factor) in [("0.weight", 3.0), ("3.weight", 0.5), ("0.bias", 1.0), ("3.bias", 1.0)] {
        for (x, y) in before[name].iter().zip(&after[name]) {
            assert!((factor * x - y).abs() <= 1e-6 * x.abs(), "{name}: {x} and {y}");
        }
    }
    let written = scaled.to_yaml();
    assert_eq!(parse(&written).search, scaled.search, "{written}");
    let json = serde_json::to_string(&scaled.search.inits[0]).unwrap();
    assert!(json.ends_with(r#""gains":{"0":3.0,"3":0.5}}"#), "{json}");
}

/// The recipe with a gain for each layer starts from what the initialization draws.
#[test]
fn an_initialization_with_a_gain_for_each_layer_is_a_recipe() {
    let text = "
network:
  input: {tokens: 5, features: 4}
  layers: [attention: {heads: 2}, lstm: {hidden: 3, output: last}, activation, linear: 2]
search: {inits: [{kaiming_uniform: {gain: 0.5}}, {orthogonal: {gain: auto}}], bias: fan_in_uniform}
";
    let preset = parse(text);
    let (init, bias) = (preset.search.inits[0].one().unwrap(), preset.search.bias);
    let all = |gains: Vec<(String, f64)>| by_layer(&preset.network, init, bias, gains).unwrap();
    let of = |init: &Init| draws(&preset.network, init, bias, "tanh", 1);
    let plain = of(&preset.search.inits[0]);
    assert_eq!(of(&all(vec![("3".to_owned(), 1.0)])), plain);
    let scaled = of(&all(vec![("3".to_owned(), 2.0)]));
    for (name, values) in &plain {
        let factor = if name == "3.weight" { 2.0 } else { 1.0 };
        assert!(values.iter().zip(&scaled[name]).all(|(x, y)| factor * x == *y), "{name}");
    }
    // Gains of activations are none of a layer's.
    assert_eq!(by_layer(&preset.network, preset.search.inits[1].one().unwrap(), bias, Vec::new()), None);
}

#[test]
fn a_layer_that_fixes_its_start_ignores_the_candidate_and_leaves_others_alone() {
    let network = |own: &str| {
        parse(&format!(
            "network: {{input: [2, 6, 6], layers: [conv2d: {{out: 4, kernel: 3{own}}}, batch_norm, activation, flatten, linear: 5]}}"
        ))
    };
    let own = ", init: {uniform: {low: -0.5, high: 0.5}}, bias_init: {normal: {std: 0.3}}";
    let (plain, fixed) = (network(""), network(own));
    let of = |preset: &Preset, init: &str| {
        draws(&preset.network, &Init::named(init).unwrap(), BiasInit::FanInUniform, "tanh", 0)
    };
    let (first, second) = (of(&fixed, "kaiming_normal"), of(&fixed, "orthogonal"));
    for name in ["0.weight", "0.bias"] {
        assert_eq!(first[name], second[name]);
        assert_ne!(first[name], of(&plain, "kaiming_normal")[name]);
    }
    for name in ["1.weight", "1.bias", "4.weight", "4.bias"] {
        assert_eq!(first[name], of(&plain, "kaiming_normal")[name], "{name}");
    }
    // From the same underlying draws as before.
    let uniform: Init = {
        let text = "network: {input: 3, layers: [linear: 2]}\nsearch: {inits: [{uniform: {low: -0.5, high: 0.5}}]}";
        parse(text).search.inits[0].clone()
    };
    let drawn = draws(&plain.network, &uniform, BiasInit::Zeros, "tanh", 0);
    assert_eq!(first["0.weight"], drawn["0.weight"]);
}

#[test]
fn gains_of_recipes_and_layers_are_those_of_what_follows() {
    let text = "
network:
  input: [2, 6, 6]
  layers:
    - conv2d: {out: 4, kernel: 3, init: {xavier_normal: {gain: auto}}}
    - batch_norm
    - tanh
    - residual: {body: [conv2d: {out: 4, kernel: 1}]}
    - activation
    - flatten
    - linear: 7
    - linear: {out: 3, init: {orthogonal: {gain: auto}}}
search:
  activations: [relu]
  inits: [{recipe: auto, conv2d: {orthogonal: {gain: auto}}, linear: {orthogonal: {gain: auto}}}]
";
    let preset = parse(text);
    let init = &preset.search.inits[0];
    let shape = WeightShape::new(vec![4, 2, 3, 3], 1);
    let Law::Normal { std, .. } = law(&preset, init, "0", "weight") else { panic!("normal") };
    assert!((std - 5.0 / 3.0 * (2.0 / (shape.fan_in() + shape.fan_out())).sqrt()).abs() < 1e-12);
    for (node, gain) in [("3.body.0", std::f64::consts::SQRT_2), ("6", 1.0), ("7", 1.0)] {
        assert_eq!(law(&preset, init, node, "weight"), Law::Orthogonal { gain }, "{node}");
    }
    let depends = |init: &str, preset: &Preset| {
        Drawing::new(&Init::named(init).unwrap(), BiasInit::Zeros, None).depends_on_activation(&preset.network)
    };
    assert!(!depends("normal", &preset), "no slot follows a layer that takes a gain");
    let before = text.replace("    - tanh\n", "    - activation\n");
    assert!(depends("normal", &parse(&before)));
}

#[test]
fn weights_of_norms_follow_a_recipe() {
    let preset = parse("network: {input: [3, 9, 9], layers: [conv2d: {out: 512, kernel: 3}, batch_norm, activation]}");
    let drawn = draws(&preset.network, &Init::named("dcgan").unwrap(), BiasInit::Zeros, "relu", 0);
    let (mean, std) = moments(&drawn["1.weight"]);
    assert!((mean - 1.0).abs() < 5e-3 && (std - 0.02).abs() < 4e-3, "{mean} {std}");
    assert!(drawn["1.bias"].iter().all(|x| *x == 0.0));
}

#[test]
fn starts_are_written_as_they_are_read() {
    let text = "
network:
  input: [2, 6, 6]
  layers:
    - conv2d: {out: 4, kernel: 3, init: orthogonal, bias_init: {constant: -4.6}}
    - batch_norm: {init: {constant: 0.5}}
    - group_norm: {groups: 2, bias_init: ones}
    - repeat: {times: 2, layers: [residual: {body: [conv2d: {out: 4, kernel: 1, bias_init: fan_in_uniform}]}]}
    - activation
    - flatten
    - linear: {out: 6, init: {orthogonal: {gain: 0.01}}}
search:
  inits: [ppo, he_normal, {recipe: mine, linear: {orthogonal: {gain: auto}}, norm: zeros, output: dirac, bias: {constant: 0.5}}]
  bias: {constant: 0.01}
";
    let preset = parse(text);
    let written = preset.to_yaml();
    let again = parse(&written);
    assert_eq!((&again.layers, &again.search), (&preset.layers, &preset.search), "{written}");
    assert_eq!(again.to_yaml(), written);
    assert_eq!(again.definition(), preset.definition());
    assert_eq!(preset.search.bias, BiasInit::Constant(0.01));
    for part in ["constant: -4.6", "bias_init: fan_in_uniform", "- ppo\n", "recipe: mine"] {
        assert!(written.contains(part), "{part} is not in\n{written}");
    }
    let json = serde_json::to_string(&preset.search.inits[2]).unwrap();
    let expected = r#"{"recipe":"mine","linear":{"orthogonal":{"gain":"auto"}},"output":"dirac","norm":"zeros","bias":{"constant":0.5}}"#;
    assert_eq!((json.as_str(), preset.search.inits[2].to_string().as_str()), (expected, "mine"));
    assert_eq!(
        preset.layers[7].resized(9).unwrap().operation().unwrap().own_init(),
        preset.layers[7].operation().unwrap().own_init()
    );
    // Nothing is said where nothing is given, so that studies are found again.
    assert!(!serde_json::to_string(&parse(RESIDUALS).definition()).unwrap().contains("init"));
}

#[test]
fn layers_of_several_nodes_start_as_a_whole() {
    let text = "
network:
  input: {tokens: 5, features: 4}
  layers:
    - attention: {heads: 2, init: {normal: {std: 0.02}}, bias_init: {constant: 0.5}}
    - lstm: {hidden: 3, layers: 2, bidirectional: true, output: last, init: {uniform: {low: -0.1, high: 0.1}}}
    - activation
    - linear: 2
search: {inits: [orthogonal]}
";
    let preset = parse(text);
    let written = preset.to_yaml();
    let again = parse(&written);
    assert_eq!((&again.layers, again.to_yaml()), (&preset.layers, written.clone()), "{written}");
    assert!(written.contains("std: 0.02") && written.contains("low: -0.1"), "{written}");
    let drawing = Drawing::new(&preset.search.inits[0], preset.search.bias, None);
    let laws = |kind: &str, is_bias: bool| -> Vec<Law> {
        let nodes = preset.network.nodes.iter().filter(|node| node.operation.kind().name == kind);
        let weights = nodes.flat_map(|node| node.weights.iter().map(move |weight| (node, weight)));
        weights
            .filter(|(_, weight)| weight.is_bias() == is_bias)
            .map(|(node, weight)| drawing.law(node, weight))
            .collect()
    };
    assert_eq!(laws("projection", false), [Law::Normal { mean: 0.0, std: 0.02 }; 4]);
    assert_eq!(laws("projection", true), [Law::Constant { value: 0.5 }; 4]);
    assert_eq!(laws("recurrence", false), [Law::Uniform { low: -0.1, high: 0.1 }; 8]);
    assert!(matches!(laws("linear", false)[..], [Law::Orthogonal { .. }]));
}

#[test]
fn bundled_recipes_are_whole_and_known() {
    for recipe in BUNDLED {
        let init = Init::named(recipe.name).unwrap_or_else(|error| panic!("{}: {error}", recipe.name));
        assert!(matches!(init, Init::Recipe(_)), "{}", recipe.name);
    }
    assert!(recipe_keys().starts_with(&["linear", "conv2d", "conv1d"]), "{:?}", recipe_keys());
    assert!(!recipe_keys().contains(&"batch_norm"));
}

#[test]
fn what_cannot_start_so_is_refused() {
    let with =
        |layers: &str, search: &str| refusal(&format!("network: {{input: 6, layers: [{layers}]}}\nsearch: {search}"));
    for (layers, search, words) in [
        ("linear: {out: 2, bias: false, bias_init: zeros}", "{}", "no `bias_init`"),
        ("linear: {out: 2, bias_init: orthogonal}", "{}", "cannot be orthogonal"),
        ("linear: 2, layer_norm: {init: xavier_normal}", "{}", "cannot be xavier_normal"),
        ("reshape: [2, 3], permute: [1, 0], lstm: {hidden: 2, bias: false, bias_init: zeros}", "{}", "no `bias_init`"),
        ("linear: 2, gated: {out: 2, init: zeros}", "{}", "gated has no key"),
        ("linear: 2, flatten: {init: zeros}", "{}", "flatten takes no parameters"),
        ("linear: 2", "{inits: [{recipe: a}]}", "says nothing"),
        ("linear: 2", "{inits: [{recipe: a, flatten: zeros}]}", "has no key"),
        ("linear: 2", "{inits: [{recipe: 'a\"b', linear: zeros}]}", "the name of a recipe"),
        ("linear: 2", "{inits: [ppo, {recipe: ppo, linear: orthogonal}]}", "ppo stands here twice"),
        ("linear: 2, activation, linear: 3", "{inits: [{recipe: a, gains: {'1': 2}}]}", "there are 0, 2"),
        ("linear: 2", "{inits: [{recipe: a, gains: {'0': 0}}]}", "the gain"),
        ("linear: 2", "{inits: [{recipe: a, gains: {0: 2}}]}", "a key must be a text"),
        ("linear: 2", "{inits: [{ppo: {gain: 2}}]}", "takes no parameters"),
        ("linear: 2", "{inits: [keras_defualt]}", "did you mean `keras_default`"),
        ("linear: 2", "{bias: {constant: many}}", "the constant"),
    ] {
        let error = with(layers, search);
        assert!(error.contains(words), "{layers} {search}: {error}");
    }
}
