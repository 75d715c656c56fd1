//! Generated Rust is compiled into this test: fixtures hold exactly what the exporter writes.

use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use neartop_core::init::Law;
use neartop_core::layers::{Fixed, Linear};
use neartop_core::network::{Layer, Network};
use neartop_core::random::{Key, Purpose};
use neartop_io::export::Format;
use neartop_io::preset::Preset;
use neartop_study::export::render;

use super::weights::{Given, arbitrary, flat, pass};
use super::{activations, graph_preset, init, preset, study};

macro_rules! exported {
    ($($module:ident: $file:literal),* $(,)?) => {
        $(#[allow(dead_code, clippy::all)] #[path = $file] mod $module;)*
    };
}

exported! {
    layers: "../fixtures/export/exported_candle.rs",
    every_activation: "../fixtures/export/exported_activations.rs",
    graph: "../fixtures/export/exported_graph.rs",
    sequences: "../fixtures/export/exported_sequences.rs",
    transformer: "../fixtures/export/exported_transformer.rs",
    recurrent: "../fixtures/export/exported_recurrent.rs",
    resampling: "../fixtures/export/exported_resampling.rs",
    grouped: "../fixtures/export/exported_grouped.rs",
    truncated: "../fixtures/export/exported_truncated.rs",
    dirac: "../fixtures/export/exported_dirac.rs",
    orthogonal: "../fixtures/export/exported_orthogonal.rs",
}

/// The file that a preset's only candidate is written to; `UPDATE_FIXTURES=1` writes it anew.
fn assert_is_exported(preset: &Preset, file: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/export").join(file);
    let text = render(&study(preset.clone()), 0, Format::Candle).unwrap();
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let fixture = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    // The first line names the version, which no fixture should.
    let (head, code) = text.split_once('\n').unwrap();
    assert!(head.ends_with(concat!("neartop ", env!("CARGO_PKG_VERSION"))), "{head}");
    let same = fixture.split_once('\n').is_some_and(|(_, of_fixture)| of_fixture == code);
    assert!(same, "{file} is not what the exporter writes; UPDATE_FIXTURES=1 writes it anew:\n{text}");
}

/// The activations one after the other, on a network of one layer.
fn activations_preset() -> Preset {
    let mut preset = preset("mlp");
    preset.name = "Every activation".to_owned();
    preset.layers = std::iter::once(Layer::from(Linear::new(12)))
        .chain(activations().into_iter().map(|activation| Layer::from(Fixed(activation))))
        .collect();
    preset.network = Network::build(&preset.network.input, &preset.layers).unwrap();
    preset.search.activations = Vec::new();
    preset.search.inits = vec![init("normal", &[("std", 0.5)])];
    preset
}

fn with_init(network: &str, name: &str, given: &[(&str, f64)]) -> Preset {
    let mut preset = preset(network);
    preset.search.inits = vec![init(name, given)];
    preset
}

fn variables(vars: &VarMap) -> Vec<(String, Tensor)> {
    vars.data().lock().unwrap().iter().map(|(name, var)| (name.clone(), var.as_detached_tensor())).collect()
}

/// The generated network with given weights, and what it gives beside what ours gives.
macro_rules! deviation {
    ($module:ident, $preset:expr) => {{
        let preset: Preset = $preset;
        let fill = preset.search.activations.first();
        let Given(weights) = arbitrary(&preset, fill);
        let (batch, expected) = pass(&preset, fill, &Given(weights.clone()));
        let mut vars = VarMap::new();
        let vb = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
        let network = $module::Network::new(vb).unwrap();
        let trained = |name: &String| !name.contains(".running_");
        let mut names: Vec<_> = variables(&vars).into_iter().map(|(name, _)| name).filter(trained).collect();
        let mut expected_names: Vec<_> = weights.keys().cloned().collect();
        (names.sort(), expected_names.sort());
        assert_eq!(names, expected_names);
        for (name, value) in &weights {
            vars.set_one(name, value).unwrap();
        }
        (vars, network, batch, expected)
    }};
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.dims(), b.dims());
    let scale = flat(b).iter().fold(0f32, |m, x| m.max(x.abs()));
    flat(a).iter().zip(flat(b)).fold(0f32, |m, (x, y)| m.max((x - y).abs())) / scale
}

#[test]
fn every_kind_of_layer_computes_as_ours() {
    assert_is_exported(&preset("layers"), "exported_candle.rs");
    let (_, network, batch, expected) = deviation!(layers, preset("layers"));
    let output = network.pass(&batch, true, false, &mut |_, _| Ok(())).unwrap();
    let deviation = largest_difference(&output, &expected);
    println!("candle: every kind of layer, worst deviation {deviation:.2e}");
    assert!(deviation < 2e-5, "{deviation}");
    assert!(flat(&network.forward(&batch, true).unwrap()) != flat(&output), "dropout drops in training");
}

macro_rules! computes_as_ours {
    ($($test:ident: $module:ident),* $(,)?) => {$(
        #[test]
        fn $test() {
            let name = stringify!($module);
            assert_is_exported(&preset(name), &format!("exported_{name}.rs"));
            let (_, network, batch, expected) = deviation!($module, preset(name));
            let deviation = largest_difference(&network.forward(&batch, true).unwrap(), &expected);
            println!("candle: {name}, worst deviation {deviation:.2e}");
            assert!(deviation < 2e-5, "{deviation}");
        }
    )*};
}

computes_as_ours! {
    a_transformer_computes_as_ours: transformer,
    recurrences_compute_as_ours: recurrent,
    resampling_computes_as_ours: resampling,
    groups_and_slopes_compute_as_ours: grouped,
}

#[test]
fn sequences_compute_as_ours() {
    assert_is_exported(&preset("sequences"), "exported_sequences.rs");
    let (_, network, batch, expected) = deviation!(sequences, preset("sequences"));
    let deviation = largest_difference(&network.forward(&batch, true).unwrap(), &expected);
    println!("candle: sequences, worst deviation {deviation:.2e}");
    assert!(deviation < 2e-5, "{deviation}");
}

#[test]
fn a_graph_computes_as_ours() {
    assert_is_exported(&graph_preset(), "exported_graph.rs");
    let (_, network, batch, expected) = deviation!(graph, graph_preset());
    let deviation = largest_difference(&network.forward(&batch, true).unwrap(), &expected);
    println!("candle: a graph, worst deviation {deviation:.2e}");
    assert!(deviation < 2e-5, "{deviation}");
}

#[test]
fn every_activation_computes_as_defined() {
    assert_is_exported(&activations_preset(), "exported_activations.rs");
    type Function = fn(&Tensor) -> candle_core::Result<Tensor>;
    macro_rules! functions {
        ($($name:ident),* $(,)?) => { vec![$((stringify!($name), every_activation::$name as Function)),*] };
    }
    let functions = functions![
        relu,
        relu6,
        leaky_relu,
        leaky_relu_2,
        rrelu,
        rrelu_2,
        elu,
        elu_2,
        celu,
        celu_2,
        selu,
        gelu,
        gelu_tanh,
        silu,
        mish,
        sigmoid,
        tanh,
        hardsigmoid,
        hardswish,
        hardtanh,
        hardtanh_2,
        log_sigmoid,
        softplus,
        softplus_2,
        softsign,
        tanhshrink,
        softshrink,
        softshrink_2,
        hardshrink,
        hardshrink_2,
        threshold,
        relu_squared,
        squareplus,
        squareplus_2,
        serf,
        telu,
        snake,
        snake_2,
        sine,
        sine_2,
        identity,
    ];
    let (mut worst, mut checked) = (0f64, 0);
    let grid: Vec<f32> = (-1200..=1200).map(|i| i as f32 / 149.0).collect();
    let x = Tensor::from_vec(grid.clone(), grid.len(), &Device::Cpu).unwrap();
    let mut seen: Vec<&str> = Vec::new();
    for activation in activations() {
        if activation.has_weight() {
            continue;
        }
        let name = match seen.contains(&activation.name()) {
            true => format!("{}_2", activation.name()),
            false => activation.name().to_owned(),
        };
        seen.push(activation.name());
        let (_, function) = functions.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name}"));
        for (x, y) in grid.iter().zip(flat(&function(&x).unwrap())) {
            let x = f64::from(*x);
            let expected = activation.value(x);
            // Single precision moves x by 6e-8 of itself, and f moves with it.
            let condition = 1.0 + expected.abs() + (x * activation.derivative(x)).abs();
            let deviation = (f64::from(y) - expected).abs() / condition;
            assert!(deviation < 1e-6, "{name}({x}) = {y}, not {expected}");
            worst = worst.max(deviation);
        }
        checked += 1;
    }
    assert_eq!(checked, functions.len());
    println!("candle: {checked} activations, worst deviation {worst:.2e}");
}

#[test]
fn prelu_has_a_shared_slope_that_starts_as_given() {
    let (vars, _) = every_activation::build(&Device::Cpu).unwrap();
    let slopes: Vec<_> = variables(&vars).into_iter().filter(|(_, t)| t.dims() == [1]).collect();
    let mut values: Vec<f32> = slopes.iter().map(|(_, t)| flat(t)[0]).collect();
    values.sort_by(f32::total_cmp);
    assert_eq!(values, [0.25, 0.6]);
}

fn moments(values: &[f32]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
    (mean, (values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / n).sqrt())
}

fn weight(vars: &VarMap, name: &str) -> Vec<f32> {
    flat(&variables(vars).into_iter().find(|(n, _)| n == name).unwrap().1)
}

#[test]
fn weights_follow_their_laws() {
    assert_is_exported(
        &with_init("inits", "truncated_normal", &[("low", 0.5), ("high", 6.0)]),
        "exported_truncated.rs",
    );
    let (vars, _) = truncated::build(&Device::Cpu).unwrap();
    let values = weight(&vars, "3.weight");
    let preset = preset("inits");
    let shape = preset.network.nodes[3].drawn().unwrap().clone();
    let law = Law::TruncatedNormal { mean: 0.0, std: 1.0, low: 0.5, high: 6.0 };
    // phi(0.5)/(1 - Phi(0.5)) = 1.14108, and its variance 1 + 0.5 m - m^2, the upper bound being out of reach.
    let (mean, std) = moments(&values);
    assert!((mean - 1.141_08).abs() < 5e-3 && (std - 0.518_6).abs() < 5e-3, "{mean} {std}");
    let key = Key { seed: 1, repetition: 0, layer: 0, purpose: Purpose::Weights };
    let ours = moments(&law.draw(&shape, key));
    assert!((mean - ours.0).abs() < 6e-3 && (std - ours.1).abs() < 6e-3);
    assert!(values.iter().all(|x| (0.5..=6.0).contains(x)));

    assert_is_exported(&with_init("cnn", "dirac", &[]), "exported_dirac.rs");
    let (vars, _) = dirac::build(&Device::Cpu).unwrap();
    let cnn = super::preset("cnn");
    for node in cnn.network.nodes.iter().filter(|node| node.drawn().is_some()) {
        let shape = node.drawn().unwrap();
        assert_eq!(weight(&vars, &format!("{}.weight", node.name())), Law::Identity.draw(shape, key));
    }
    assert!(weight(&vars, "0.bias").iter().all(|b| *b == 0.0));

    assert_is_exported(&with_init("mlp", "orthogonal", &[("gain", 1.5)]), "exported_orthogonal.rs");
    let (vars, _) = orthogonal::build(&Device::Cpu).unwrap();
    for (name, rows, columns) in [("0.weight", 24, 12), ("2.weight", 24, 24), ("5.weight", 5, 24)] {
        let w = Tensor::from_vec(weight(&vars, name), (rows, columns), &Device::Cpu).unwrap();
        let gram = if rows <= columns { w.matmul(&w.t().unwrap()) } else { w.t().unwrap().matmul(&w) }.unwrap();
        let side = rows.min(columns);
        for (place, x) in flat(&gram).iter().enumerate() {
            let expected = if place / side == place % side { 2.25 } else { 0.0 };
            assert!((x - expected).abs() < 1e-5, "{name}: {x}");
        }
    }
    // The mlp's biases are drawn.
    let bound = 1.0 / 12f32.sqrt();
    let bias = weight(&vars, "0.bias");
    assert!(bias.iter().all(|b| b.abs() <= bound) && moments(&bias).1 > f64::from(bound) / 3.0);

    let (vars, _) = graph::build(&Device::Cpu).unwrap();
    let sparse = weight(&vars, "0.a.0.weight");
    for column in 0..36 {
        assert_eq!((0..6).filter(|row| sparse[row * 36 + column] == 0.0).count(), 1);
    }
    assert!((moments(&sparse).1 / 0.01 - (5f64 / 6.0).sqrt()).abs() < 0.2);
}

#[test]
fn unit_variance_reaches_its_target() {
    let preset = preset("layers");
    let dims: Vec<_> = std::iter::once(16).chain(preset.network.input.shape.0.iter().copied()).collect();
    let batch = super::weights::noise(&dims, 7);
    let (vars, network) = layers::build(&Device::Cpu, &batch).unwrap();
    let mut seen = 0;
    for (name, value) in variables(&vars) {
        let start = if name.ends_with("running_var") { 1.0 } else { 0.0 };
        assert!(!name.contains(".running_") || flat(&value).iter().all(|x| *x == start), "{name}");
    }
    let pass = network.pass(&batch, true, false, &mut |name, output| {
        let (_, std) = moments(&flat(&output()?));
        assert!((std - 1.0).abs() <= 0.1, "{name}: {std}");
        seen += 1;
        Ok(())
    });
    pass.unwrap();
    assert_eq!(seen, 10);
}
