//! Gradients, optimizers and short training.

use std::sync::Arc;

use candle_core::{DType, Device, Tensor, Var};
use neartop_core::differentiable;
use neartop_core::layer::{Block, Kind, Make};
use neartop_core::layers::{
    AvgPool, BROUGHT_KINDS, BatchNorm, Conv1d, Conv2d, Dropout, FirstChannels, Fixed, Flatten, Frame, GlobalAvgPool,
    GroupNorm, INNER_KINDS, KINDS, LayerNorm, Linear, MaxPool, Padding, Shift, Slot, Softmax, Zero,
};
use neartop_core::network::forward::{Probe, forward};
use neartop_core::network::{Activation, BiasInit, Fill, Form, Init, Layer, Network, Node, Shape};
use neartop_core::shape::Layout;
use neartop_core::weights::DrawnWeights;
use neartop_study::training::model::{Mode, Model, Start};
use neartop_study::training::optimizer::{Method, Optimizer};
use serde_json::Value;

const STEP: Mode = Mode::Training { step: 3 };

fn linear(out: usize) -> Layer {
    Layer::from(Linear::new(out))
}

fn wave(dims: &[usize], scale: f64, step: f64, shift: f64) -> Tensor {
    let n: usize = dims.iter().product();
    let values: Vec<_> = (0..n).map(|k| scale * (step * k as f64 + shift).sin()).collect();
    Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
}

/// Numbers of tokens, each some time.
fn tokens(dims: &[usize], vocab: usize) -> Tensor {
    let ids: Vec<_> = (0..dims.iter().product::<usize>()).map(|k| (k * 5 % vocab) as f64).collect();
    Tensor::from_vec(ids, dims, &Device::Cpu).unwrap()
}

fn model(network: &Network, fill: Option<Fill>, samples: usize, precision: DType) -> (Model, Tensor) {
    let dims: Vec<_> = std::iter::once(samples).chain(network.input.shape.0.iter().copied()).collect();
    let inputs = match network.input.layout {
        Layout::Ids { vocab } => tokens(&dims, vocab),
        Layout::Channels | Layout::Features => wave(&dims, 1.0, 0.37, 0.0),
    };
    let init = Init::named("torch_default").unwrap();
    let start = Start { network: Arc::new(network.clone()), fill, init: &init, bias: BiasInit::FanInUniform, seed: 5 };
    let model = Model::new(&start, &inputs.to_dtype(DType::F32).unwrap(), precision).unwrap();
    (model, inputs.to_dtype(precision).unwrap())
}

/// Compares the gradient by every parameter with central differences.
fn check_gradients(what: &str, network: &Network, fill: Option<Fill>) {
    let (mut model, inputs) = model(network, fill, 4, DType::F64);
    let outputs = network.output().elements() as u32;
    let classes: Vec<_> = (0..4).map(|i| i * 7 % outputs).collect();
    let parameters: Vec<(String, Var)> = model.parameters().to_vec();
    let mut loss =
        |mode| differentiable::cross_entropy(&model.forward(&inputs, mode).unwrap(), classes.clone()).unwrap();
    let gradients = loss(STEP).backward().unwrap();
    let mut largest = 0f64;
    for (name, var) in &parameters {
        let gradient = gradients.get(var).unwrap_or_else(|| panic!("{what}: no gradient by {name}"));
        let gradient = gradient.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        let values = var.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        for (i, analytic) in gradient.iter().enumerate() {
            let mut at = |x: f64| {
                let mut moved = values.clone();
                moved[i] = x;
                var.set(&Tensor::from_vec(moved, var.dims(), &Device::Cpu).unwrap()).unwrap();
                loss(STEP).to_scalar::<f64>().unwrap()
            };
            let h = 1e-6;
            let numeric = (at(values[i] + h) - at(values[i] - h)) / (2.0 * h);
            at(values[i]);
            largest = largest.max(analytic.abs());
            assert!(
                (analytic - numeric).abs() < 1e-7 + 1e-6 * numeric.abs(),
                "{what}: {name}[{i}] {analytic} against {numeric}"
            );
        }
    }
    assert!(largest > 1e-6, "{what}: all gradients are zero");
}

#[test]
fn gradients_of_activations_are_those_of_finite_differences() {
    let network = Network::build(
        Shape(vec![5]),
        &[linear(9), Layer::from(Slot::default()), linear(6), Layer::from(Slot::default()), linear(3)],
    )
    .unwrap();
    let mut all = Activation::all();
    all.push(Activation::named("identity").unwrap());
    let threshold = Activation::find("threshold").unwrap();
    let given = neartop_core::catalog::Given::Number;
    all.push(Activation::new(threshold, &[("threshold", given(0.1)), ("value", given(-0.2))]).unwrap());
    assert!(all.len() >= 30);
    for activation in all {
        check_gradients(&activation.to_string(), &network, Some(activation.into()));
    }
}

#[test]
fn gradients_of_layers_are_those_of_finite_differences() {
    let conv = |conv: Conv2d| Layer::from(conv);
    let tanh = || Layer::from(Fixed(Activation::named("tanh").unwrap()));
    let prelu = || Layer::from(Fixed(Activation::named("prelu").unwrap()));
    let first = || conv(Conv2d { padding: Padding::Same, ..Conv2d::new(4, 3) });
    let head = || vec![Layer::from(Flatten), linear(3)];
    let images: Vec<(&str, Vec<Layer>)> = vec![
        ("conv2d", vec![conv(Conv2d { padding: Padding::Zeros(1), ..Conv2d::new(4, 3).strided(2) }), first()]),
        ("groups", vec![first(), conv(Conv2d { groups: 2, dilation: [2; 2], bias: false, ..Conv2d::new(6, 2) })]),
        ("pointwise", vec![first(), conv(Conv2d::new(3, 1))]),
        ("batch_norm", vec![first(), Layer::from(BatchNorm), tanh(), first(), Layer::from(BatchNorm)]),
        ("layer_norm", vec![first(), Layer::from(LayerNorm::default()), tanh()]),
        ("group_norm", vec![first(), Layer::from(GroupNorm { groups: 2 }), tanh()]),
        ("max_pool", vec![first(), Layer::from(MaxPool(Frame::square(3, 2, 1)))]),
        ("avg_pool", vec![first(), Layer::from(AvgPool { frame: Frame::square(3, 2, 1), count_include_pad: true })]),
        ("avg_pool 2", vec![first(), Layer::from(AvgPool { frame: Frame::square(3, 2, 1), count_include_pad: false })]),
        ("global_avg_pool", vec![first(), tanh(), Layer::from(GlobalAvgPool)]),
        ("dropout", vec![first(), tanh(), Layer::from(Dropout { p: 0.4 }), prelu()]),
        ("residual", vec![first(), Layer::from(Block::residual(vec![first(), prelu()], vec![]))]),
        ("first_channels", vec![first(), Layer::from(FirstChannels { keep: 3 })]),
        ("shift", vec![first(), Layer::from(Shift { by: 1 })]),
        ("zero", vec![first(), Layer::from(Block::residual(vec![Layer::from(Zero)], vec![tanh()]))]),
    ];
    for (what, mut layers) in images {
        layers.extend(head());
        check_gradients(what, &Network::build(Shape(vec![2, 6, 5]), &layers).unwrap(), None);
    }
    let vectors: Vec<(&str, Vec<Layer>)> = vec![
        ("linear", vec![Layer::from(Linear { out: 4, bias: false })]),
        ("batch_norm of features", vec![linear(6), Layer::from(BatchNorm), tanh(), linear(3)]),
        ("layer_norm of features", vec![linear(6), Layer::from(LayerNorm::default()), tanh(), linear(3)]),
        ("group_norm of features", vec![linear(6), Layer::from(GroupNorm { groups: 3 }), tanh(), linear(3)]),
        ("softmax within", vec![linear(6), Layer::from(Softmax::Softmax), linear(3)]),
        ("softmin within", vec![linear(6), Layer::from(Softmax::Softmin), linear(3)]),
        ("log_softmax within", vec![linear(6), Layer::from(Softmax::LogSoftmax), linear(3)]),
        ("softmax at the end", vec![linear(3), Layer::from(Softmax::Softmax)]),
        ("softmin at the end", vec![linear(3), Layer::from(Softmax::Softmin)]),
        ("log_softmax at the end", vec![linear(3), Layer::from(Softmax::LogSoftmax)]),
    ];
    for (what, layers) in vectors {
        check_gradients(what, &Network::build(Shape(vec![5]), &layers).unwrap(), None);
    }
}

/// Every kind of layer has networks to try it on, and they are tried between layers with weights.
#[test]
fn gradients_of_all_kinds_are_those_of_finite_differences() {
    let without_trials = ["activation", "repeat", "gated"];
    for kind in KINDS.iter().chain(INNER_KINDS).chain(BROUGHT_KINDS) {
        let trials = (kind.trials)();
        assert_eq!(trials.is_empty(), without_trials.contains(&kind.name), "{}", kind.name);
        for (place, trial) in trials.into_iter().enumerate() {
            let layers = [before(&trial.input), trial.layers, vec![Flatten.into(), linear(3)]].concat();
            let network = Network::build(&trial.input, &layers).unwrap();
            check_gradients(&format!("{}, trial {place}", kind.name), &network, None);
            // What a model brings is not written by arguments.
            if !BROUGHT_KINDS.contains(kind) {
                assert_eq!(made_again(kind, &network), network.nodes.len(), "{}", kind.name);
            }
        }
    }
}

/// A layer with weights that keeps the shape.
fn before(input: &Form) -> Vec<Layer> {
    match (input.layout, input.shape.0.as_slice()) {
        (Layout::Features, [.., features]) => vec![linear(*features)],
        (Layout::Channels, [channels, _, _]) => vec![Conv2d::new(*channels, 1).into()],
        (Layout::Channels, [channels, _]) => vec![Conv1d::new(*channels, 1).into()],
        _ => Vec::new(),
    }
}

/// How many nodes of the network are what their own arguments make.
fn made_again(kind: &Kind, network: &Network) -> usize {
    let is_made_again = |node: &&Node| {
        let arguments = node.operation.arguments();
        match arguments.kind.make {
            // An activation is written by its own name.
            Make::Layer(_) if node.operation.is::<Fixed>() => true,
            Make::Layer(make) => make(&arguments).operation().is_some_and(|made| *made == *node.operation),
            Make::Repeat(_) => panic!("{} is no operation", kind.name),
        }
    };
    network.nodes.iter().filter(is_made_again).count()
}

#[test]
fn every_parameter_of_a_benchmark_network_gets_a_gradient() {
    use neartop_core::nas::{Architecture, NasSpace};
    let cell = "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|";
    let architecture = Architecture::parse(NasSpace::NatsTss, cell).unwrap();
    let network = architecture.network(&Shape(vec![3, 8, 8]), 3, false).unwrap();
    let (mut model, inputs) = model(&network, None, 4, DType::F64);
    let output = model.forward(&inputs, STEP).unwrap();
    let gradients = differentiable::cross_entropy(&output, vec![0, 1, 2, 0]).unwrap().backward().unwrap();
    let reached = model.parameters().iter().filter(|(_, var)| gradients.get(var).is_some()).count();
    assert_eq!(reached, model.parameters().len());
}

struct Quiet;

impl Probe for Quiet {
    type Stop = candle_core::Error;

    fn observe(&mut self, _: &Node, _: &Tensor) -> candle_core::Result<()> {
        Ok(())
    }
}

#[test]
fn the_network_that_trains_is_the_one_that_is_scored() {
    let layers = [
        Layer::from(Conv2d { padding: Padding::Same, ..Conv2d::new(6, 3) }),
        Layer::from(BatchNorm),
        Layer::from(Slot::default()),
        Layer::from(MaxPool::new(2)),
        Layer::from(Flatten),
        linear(20),
        Layer::from(LayerNorm::default()),
        Layer::from(Slot::default()),
        linear(4),
    ];
    let network = Network::build(Shape(vec![2, 8, 8]), &layers).unwrap();
    for activation in Activation::all().into_iter().filter(|a| a.name() != "rrelu") {
        let (mut model, inputs) = model(&network, Some(activation.clone().into()), 16, DType::F32);
        let trained = model.forward(&inputs, STEP).unwrap();
        let init = Init::named("torch_default").unwrap();
        let drawn = DrawnWeights::new(5, 0, &init, BiasInit::FanInUniform, None);
        let scored = forward(&network, inputs, &drawn, Some(&activation.clone().into()), &mut Quiet).unwrap();
        let difference = (trained - &scored).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(difference < 1e-4, "{activation}: {difference}");
    }
}

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/training/torch.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn close(what: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() < 1e-9 * (1.0 + b.abs()), "{what}[{i}]: {a} against {b}");
    }
}

/// Sets the parameters as `make_torch.py` does, and compares with what it found.
fn check_against_torch(expected: &Value, input: &[usize], layers: &[Layer], loss: impl Fn(&Tensor) -> Tensor) {
    let network = Network::build(Shape(input.to_vec()), layers).unwrap();
    let (mut model, inputs) = model(&network, None, 4, DType::F64);
    let is_norm = |name: &str| {
        let node = network.nodes.iter().find(|node| name == format!("{}.weight", node.name()));
        node.is_some_and(|node| node.kind().ends_with("_norm"))
    };
    for (place, (name, var)) in model.parameters().iter().enumerate() {
        let value = wave(var.dims(), 0.4, 0.7, place as f64);
        var.set(&(value + f64::from(u8::from(is_norm(name)))).unwrap()).unwrap();
    }
    let value = loss(&model.forward(&inputs, STEP).unwrap());
    close("loss", &[value.to_scalar::<f64>().unwrap()], &[expected["loss"].as_f64().unwrap()]);
    let gradients = value.backward().unwrap();
    assert_eq!(model.parameters().len(), expected["gradients"].as_object().unwrap().len());
    for (name, var) in model.parameters() {
        let ours = gradients.get(var).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
        close(name, &ours, &numbers(&expected["gradients"][name]));
    }
    for (name, values) in expected["running"].as_object().unwrap() {
        let (module, what) = name.rsplit_once('.').unwrap();
        let running = model.running(module).unwrap();
        close(name, if what == "running_mean" { &running.mean } else { &running.variance }, &numbers(values));
    }
    let evaluated = loss(&model.forward(&inputs, Mode::Evaluation).unwrap()).to_scalar::<f64>().unwrap();
    close("loss in evaluation", &[evaluated], &[expected["evaluated"].as_f64().unwrap()]);
}

#[test]
fn gradients_and_running_moments_are_those_of_pytorch() {
    let fixture = fixture();
    let fixed = |name| Layer::from(Fixed(Activation::named(name).unwrap()));
    let dilated = Conv2d { padding: Padding::Zeros(2), dilation: [2; 2], ..Conv2d::new(4, 3) };
    let layers = [
        Layer::from(Conv2d { padding: Padding::Zeros(1), groups: 2, ..Conv2d::new(4, 3).strided(2) }),
        Layer::from(BatchNorm),
        fixed("prelu"),
        Layer::from(Block::residual(
            vec![Layer::from(dilated), fixed("tanh")],
            vec![Layer::from(Conv2d { bias: false, ..Conv2d::new(4, 1) })],
        )),
        Layer::from(GroupNorm { groups: 2 }),
        Layer::from(MaxPool(Frame::square(3, 2, 1))),
        Layer::from(AvgPool { frame: Frame::square(2, 1, 1), count_include_pad: true }),
        Layer::from(LayerNorm::default()),
        fixed("gelu"),
        Layer::from(GlobalAvgPool),
        Layer::from(Flatten),
        linear(3),
    ];
    let classes = |y: &Tensor| differentiable::cross_entropy(y, vec![0, 2, 1, 2]).unwrap();
    check_against_torch(&fixture["images"], &[2, 8, 7], &layers, classes);
    let layers = [linear(7), Layer::from(BatchNorm), fixed("silu"), Layer::from(LayerNorm::default()), linear(1)];
    let targets = Tensor::new(&[0.3, -1.0, 0.5, 2.0], &Device::Cpu).unwrap();
    let squares = |y: &Tensor| differentiable::mean_squared_error(&y.flatten_all().unwrap(), &targets).unwrap();
    check_against_torch(&fixture["vectors"], &[5], &layers, squares);
}

#[test]
fn optimizers_step_as_pytorch_does() {
    let fixture = fixture();
    for (name, method) in [("sgd", Method::Sgd), ("adam", Method::Adam), ("adamw", Method::Adamw)] {
        let parameter = Var::from_tensor(&wave(&[6], 0.4, 0.7, 0.0)).unwrap();
        let mut optimizer = Optimizer::new(method, 0.05, 1);
        for step in 0..5 {
            let gradient = wave(&[6], 0.3 + f64::from(step), 1.1, f64::from(step));
            let loss = (parameter.as_tensor() * gradient).unwrap().sum_all().unwrap();
            optimizer.step(std::iter::once(&parameter), &loss.backward().unwrap()).unwrap();
            let expected = numbers(&fixture["optimizers"][name][step as usize]);
            close(name, &parameter.to_vec1::<f64>().unwrap(), &expected);
        }
    }
}

fn neartop(args: &[&str]) -> std::process::Output {
    // Nothing is kept beyond a test.
    let state = tempfile::tempdir().unwrap();
    assert_cmd::Command::cargo_bin("neartop").unwrap().env("XDG_STATE_HOME", state.path()).args(args).output().unwrap()
}

fn trained(args: &[&str]) -> Value {
    let output = neartop(&[&["train"], args, &["--format", "json", "--repetitions", "1"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What does not depend on the clock.
fn timeless(mut report: Value) -> Value {
    report["elapsed_seconds"].take();
    report["training"]["elapsed_seconds"].take();
    report
}

#[test]
fn digits_are_learnt_the_same_on_any_number_of_cores() {
    let args = ["digits-mlp", "--top", "16", "--epochs", "4", "--seed", "3"];
    let report = timeless(trained(&[&args[..], &["-j", "3"]].concat()));
    assert_eq!(report, timeless(trained(&[&args[..], &["-j", "1"]].concat())));
    let candidates = report["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 16);
    let best = &candidates[0];
    // Any of them learns digits: chance is 0.1.
    assert!(best["accuracy"].as_f64().unwrap() > 0.9 && best["loss"].as_f64().unwrap() < 0.6, "{best}");
    assert_eq!((best["epochs"].as_f64(), best["training"].as_str()), (Some(4.0), Some("trained")));
    assert_eq!(best["activation"], report["recommended"]["activation"]);
    let to_the_end = candidates.iter().filter(|c| c["training"] == "trained");
    let highest = to_the_end.map(|c| c["accuracy"].as_f64().unwrap()).fold(0.0, f64::max);
    let why = report["recommended"]["why"].as_str().unwrap();
    assert!(why.contains(&format!("{highest:.4}")), "{why}");
    let stopped = candidates.iter().filter(|c| c["training"] == "stopped");
    assert_eq!(stopped.count(), 8, "one in two goes on");
    assert_eq!(report["training"]["rungs"][0]["candidates"], 16);
    assert_eq!((&report["training"]["samples"], &report["training"]["held_out"]), (&1438.into(), &359.into()));
    assert_eq!(report["agreement"]["n"], 16);
    // The mean over the last third of four epochs, where it is evaluated at least six times.
    let late = best["curve"].as_array().unwrap().iter().filter(|point| point["epochs"].as_f64().unwrap() > 8.0 / 3.0);
    let late: Vec<_> = late.map(|point| point["accuracy"].as_f64().unwrap()).collect();
    let mean = late.iter().sum::<f64>() / late.len() as f64;
    assert!(late.len() >= 6 && (best["accuracy"].as_f64().unwrap() - mean).abs() < 1e-12, "{best}");
}

#[test]
fn a_regression_reports_loss_and_determination() {
    let report =
        trained(&["airfoil", "--top", "3", "--epochs", "12", "--optimizer", "adamw", "--learning-rate", "0.01"]);
    let best = &report["candidates"][0];
    let (loss, r_squared) = (best["loss"].as_f64().unwrap(), best["r_squared"].as_f64().unwrap());
    // The variance of the levels is 47.6 dB^2.
    assert!(best["accuracy"].is_null() && r_squared > 0.6 && loss < 20.0, "{best}");
    assert!((1.0 - loss / r_squared.mul_add(-47.6, 47.6)).abs() < 0.25);
    assert_eq!(report["training"]["task"], "regression");
}

#[test]
fn a_range_test_finds_a_rate_that_learns() {
    for optimizer in ["sgd", "adam"] {
        let args = ["digits-mlp", "--top", "2", "--epochs", "4", "--optimizer", optimizer, "--learning-rate", "auto"];
        let report = trained(&args);
        let best = &report["candidates"][0];
        let rate = best["learning_rate"].as_f64().unwrap();
        assert!(best["accuracy"].as_f64().unwrap() > 0.9 && rate > 1e-4 && rate < 0.5, "{optimizer}: {best}");
    }
}

#[test]
fn what_diverges_counts_as_guessing() {
    let args = ["digits-mlp", "--top", "2", "--epochs", "2", "--optimizer", "sgd", "--learning-rate", "1e38"];
    let output = neartop(&[&["train"], &args[..], &["--format", "json", "--repetitions", "1"]].concat());
    assert_eq!(output.status.code(), Some(1), "there is nothing to recommend");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    for candidate in report["candidates"].as_array().unwrap() {
        assert_eq!(candidate["training"], "diverged");
        assert_eq!((&candidate["accuracy"], &candidate["loss"]), (&0.1.into(), &Value::Null));
    }
    assert!(report["recommended"].is_null());
}

fn preset(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn what_cannot_be_learnt_is_said_before_anything_is_scored() {
    let network =
        |out: usize| format!("network: {{input: 64, layers: [{{linear: 8}}, activation, {{linear: {out}}}]}}\n");
    let cases = [
        ("data: {source: gaussian}\n".to_owned() + &network(10), "training needs labels"),
        ("data: {source: digits}\n".to_owned() + &network(5), "10 classes, but the network has 5 outputs"),
        ("data: {source: digits, classes: 1}\n".to_owned() + &network(5), "all samples are of one class"),
        (
            "data: {source: airfoil}\n".to_owned() + &network(2).replace("64", "5"),
            "numbers with fractions, but the network has 2 outputs",
        ),
    ];
    for (text, expected) in cases {
        let file = preset(&text);
        let output = neartop(&["train", file.path().to_str().unwrap(), "--repetitions", "1"]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        let words: Vec<_> = error.split_whitespace().filter(|word| *word != "|").collect();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(words.join(" ").contains(expected), "{error}");
    }
}

#[test]
fn whole_numbers_are_values_for_a_network_with_one_output() {
    let directory = tempfile::tempdir().unwrap();
    let rows: Vec<_> = (0..200).map(|i| format!("{},{},{}", i % 17, i % 5, 100 * (i % 17) - 30 * (i % 5))).collect();
    std::fs::write(directory.path().join("t.csv"), format!("a,b,y\n{}\n", rows.join("\n"))).unwrap();
    let text = "data: {path: t.csv, labels: y, scale: standardize_features}\n\
                network: {input: 2, layers: [{linear: 16}, activation, {linear: 1}]}\n\
                search: {activations: [tanh], inits: [xavier_normal]}\n";
    let path = directory.path().join("p.yaml");
    std::fs::write(&path, text).unwrap();
    let report = trained(&[path.to_str().unwrap(), "--epochs", "60", "--learning-rate", "0.02"]);
    assert!(report["candidates"][0]["r_squared"].as_f64().unwrap() > 0.95, "{}", report["candidates"][0]);
}

#[test]
fn tables_have_a_line_for_every_candidate() {
    let args = ["train", "digits-mlp", "--top", "3", "--epochs", "1", "--repetitions", "1", "--samples", "300"];
    let text = |format| String::from_utf8(neartop(&[&args[..], &["--format", format]].concat()).stdout).unwrap();
    let csv = text("csv");
    assert!(csv.starts_with("activation,init,accuracy,loss,train_loss,epochs,learning_rate,near,"), "{csv}");
    assert_eq!(csv.lines().count(), 4);
    assert_eq!(text("jsonl").lines().count(), 3);
    assert_eq!(text("markdown").lines().count(), 5);
    let table = text("table");
    assert!(table.contains("Recommended: ") && table.contains("Cost: "), "{table}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_what_was_trained() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let mut child = Command::new(assert_cmd::cargo::cargo_bin("neartop"))
        .args([
            "train",
            "digits-mlp",
            "--no-study",
            "--repetitions",
            "1",
            "--top",
            "2",
            "--epochs",
            "100000",
            "--format",
            "json",
            "-v",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("training") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it ended before training");
    }
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let report: Value = serde_json::from_str(&text).unwrap();
    let best = &report["candidates"][0];
    assert_eq!(best["training"], "stopped");
    assert!(best["epochs"].as_f64().unwrap() > 0.0 && best["accuracy"].as_f64().unwrap() > 0.1, "{best}");
}
