use candle_core::Device;

use super::amplification::Amplification;
use super::*;
use crate::activation::Activation;
use crate::catalog::Given;
use crate::init::{BiasInit, Initializer, OwnInit};
use crate::layer::{Block, Layer};
use crate::layers::{
    AvgPool, Conv2d, Dropout, Flatten, GlobalAvgPool, GroupNorm, LayerNorm, Linear, MaxPool, Padding, Scale, Slot,
    Softmax, batch_norm,
};
use crate::network::Network;
use crate::recipe::Init;
use crate::score::Repetition;
use crate::settings::{BatchNorm, LearningRate, Method, Rows, Train};
use crate::shape::Shape;

fn normal(std: f64) -> Init {
    Init::new(Init::find("normal").unwrap(), &[("std", Given::Number(std))]).unwrap()
}

fn inputs(width: usize, repetition: u64) -> Tensor {
    let key = Key { seed: 5, repetition, layer: 0, purpose: Purpose::Inputs };
    Tensor::from_vec(key.standard_normals(64 * width), (64, width), &Device::Cpu).unwrap()
}

fn run(network: &Network, inputs: Tensor, activation: &str, init: &Init, repetition: u64) -> Option<Propagation> {
    let run = Repetition {
        network,
        inputs,
        init,
        bias: BiasInit::Zeros,
        rows: Rows::Full,
        batch_norm: BatchNorm::default(),
        trainability: true,
        blocks: false,
        seed: 5,
        repetition,
        draws: None,
        common: None,
    };
    let mut found = None;
    run.score(&[Some(Activation::named(activation).unwrap().into())], &|| false, &mut |_, score| {
        found = score.unwrap().propagation;
    });
    found
}

/// Signals through `depth` square layers of `width` with an activation after each but the last.
fn through(width: usize, depth: usize, activation: &str, init: &Init) -> Propagation {
    let mut layers = Vec::new();
    for layer in 0..depth {
        layers.push(Layer::from(Linear::new(width)));
        if layer + 1 < depth {
            layers.push(Layer::from(Slot::default()));
        }
    }
    let network = Network::build(Shape(vec![width]), &layers).unwrap();
    let runs: Vec<_> =
        (0..REPETITIONS).map(|r| run(&network, inputs(width, r), activation, init, r).unwrap()).collect();
    Propagation::mean(runs.iter()).unwrap()
}

#[test]
fn orthogonal_layers_keep_every_distance() {
    let signals = through(64, 6, "identity", &Init::named("orthogonal").unwrap());
    assert!(signals.ln_gain().abs() < 1e-3, "{}", signals.ln_gain());
    assert!(signals.ln_typical_gain().abs() < 1e-3, "{}", signals.ln_typical_gain());
    let (first, last) = (&signals.layers[0], signals.layers.last().unwrap());
    assert!((first.ln_spread - last.ln_spread).abs() < 1e-3);
    // The inputs are N(0, 1), and their perturbation is a hundredth of that.
    let gradients = signals.layers.iter().filter(|l| l.saturated.is_none()).map(|l| l.ln_gradient.unwrap());
    assert!(gradients.into_iter().all(|g| g.abs() < 1e-2), "{signals:?}");
    assert!(first.ln_size.abs() < 0.05 && (first.ln_perturbation - 0.01f64.ln()).abs() < 0.05, "{first:?}");
}

/// With y = x + Q x and an orthogonal layer after it, the mean square of the Jacobian's columns is 2 + 2 tr(Q)/n; a
/// gradient reaches the branch's output as it reaches the sum.
#[test]
fn gradients_come_back_through_both_branches() {
    let width = 64;
    let linear = || Layer::from(Linear::new(width));
    let residual = Layer::from(Block::residual(vec![linear()], Vec::new()));
    let network =
        Network::build(Shape(vec![width]), &[linear(), residual, linear(), Layer::from(Slot::default())]).unwrap();
    let init = Init::named("orthogonal").unwrap();
    let runs: Vec<_> =
        (0..REPETITIONS).map(|r| run(&network, inputs(width, r), "identity", &init, r).unwrap()).collect();
    let layers = Propagation::mean(runs.iter()).unwrap().layers;
    let found: Vec<f64> = layers.iter().map(|l| l.ln_gradient.unwrap_or(f64::NAN)).collect();
    assert!((found[0] - 0.5 * 2f64.ln()).abs() < 0.1, "{found:?}");
    assert!(found[1].abs() < 1e-2 && found[2].abs() < 1e-9 && found[3].is_nan(), "{found:?}");
    // Nothing of it reaches the other samples.
    let growth = layers[2].ln_perturbation - layers[0].ln_perturbation;
    assert!((growth - found[0]).abs() < 0.1, "{growth}");
}

/// Layer scale of 1e-6 keeps a gradient out of its branch, but only at the start. What the output is reached from past it counts.
#[test]
fn gradients_behind_a_small_factor_do_not_count() {
    let linear = || Layer::from(Linear::new(16));
    let of = |init: f64| {
        let body =
            vec![linear(), Layer::from(Slot::default()), linear(), Layer::from(Scale { init, is_single: false })];
        let residual = || Layer::from(Block::residual(body.clone(), Vec::new()));
        let network =
            Network::build(Shape(vec![16]), &[linear(), residual(), residual(), residual(), linear()]).unwrap();
        let init = Init::named("orthogonal").unwrap();
        let runs: Vec<_> = (0..REPETITIONS).map(|r| run(&network, inputs(16, r), "relu", &init, r).unwrap()).collect();
        Propagation::mean(runs.iter()).unwrap()
    };
    for init in [1e-6, -9e-3, 0.0] {
        let signals = of(init);
        let gradients: Vec<_> = signals.layers.iter().map(|l| l.ln_gradient).collect();
        assert!(gradients[1..10].iter().all(Option::is_none), "{init}: {gradients:?}");
        assert!(gradients[0].unwrap().abs() < 0.1 && gradients[10] == Some(0.0), "{init}: {gradients:?}");
        assert!(signals.trainability().is_trainable(), "{init}: {signals:?}");
    }
    let gradients = of(0.1).layers.iter().map(|l| l.ln_gradient.unwrap()).collect::<Vec<_>>();
    assert!((gradients[3] - 0.1f64.ln()).abs() < 0.3, "{gradients:?}");
}

/// A last layer of zeros learns in its first step from what enters it, so that decides; dead is only what it cannot tell apart.
#[test]
fn a_last_layer_of_zeros_is_judged_by_what_enters_it() {
    let zeros = || Some(Initializer::named("zeros").unwrap());
    let network = |head: Option<Initializer>, after: &[Layer]| {
        let head = Layer::from(Linear::new(10)).with_own_init(OwnInit { weight: head.clone(), bias: head });
        let linear = || Layer::from(Linear::new(32));
        let (first, second) = ([linear(), Slot::default().into()], [linear(), Slot::default().into(), head]);
        Network::build(Shape(vec![32]), &[&first[..], &second[..], after].concat()).unwrap()
    };
    let signals = |network: &Network, init: &Init| {
        let one = |r| run(network, inputs(32, r), "relu", init, r).unwrap();
        Propagation::mean((0..REPETITIONS).map(one).collect::<Vec<_>>().iter()).unwrap()
    };
    let he = Init::named("kaiming_normal").unwrap();
    for after in [Vec::new(), vec![Layer::from(LayerNorm::default())], vec![Layer::from(Slot::default())]] {
        let (with_zeros, usual) = (signals(&network(zeros(), &after), &he), signals(&network(None, &after), &he));
        assert_eq!(with_zeros.trainability().verdict, Verdict::Trainable, "{with_zeros:?}");
        assert!(usual.trainability().is_trainable(), "{usual:?}");
        for (init, verdict) in [(normal(1e-5), Verdict::Vanishing), (normal(3.0), Verdict::Exploding)] {
            let found = signals(&network(zeros(), &after), &init);
            assert_eq!(found.trainability_in(&network(zeros(), &after)).verdict, verdict, "{init}: {found:?}");
        }
    }

    let dead_from = |init: &str, activation: &str, head: Option<Initializer>, repetition| {
        let (network, init) = (network(head, &[]), Init::named(init).unwrap());
        let run = Repetition { bias: BiasInit::Zeros, repetition, ..Repetition::new(&network, inputs(32, 0), &init) };
        run.score_one(Some(Activation::named(activation).unwrap().into())).unwrap().dead_from
    };
    // With twins and without.
    for repetition in [0, REPETITIONS] {
        assert_eq!(dead_from("kaiming_normal", "relu", zeros(), repetition), None);
        assert_eq!(dead_from("zeros", "relu", None, repetition), Some(0));
        // All units are the same for every sample, and stay so.
        assert_eq!(dead_from("zeros", "sigmoid", None, repetition), Some(4));
    }
}

/// As Zhang et al. 2019 (arXiv 1901.09321) start residuals: a gradient enters the last layer of a body, and goes past it.
#[test]
fn gradients_enter_a_body_that_ends_in_zeros() {
    let linear = || Layer::from(Linear::new(16));
    let zeros = OwnInit { weight: Some(Initializer::named("zeros").unwrap()), bias: None };
    let body = vec![linear(), Layer::from(Slot::default()), linear().with_own_init(zeros)];
    let residual = || Layer::from(Block::residual(body.clone(), Vec::new()));
    let network = Network::build(Shape(vec![16]), &[linear(), residual(), residual(), linear()]).unwrap();
    let init = Init::named("orthogonal").unwrap();
    let runs: Vec<_> = (0..REPETITIONS).map(|r| run(&network, inputs(16, r), "relu", &init, r).unwrap()).collect();
    let signals = Propagation::mean(runs.iter()).unwrap();
    let gradients: Vec<_> = signals.layers.iter().map(|l| l.ln_gradient.unwrap()).collect();
    // Orthogonal layers and sums keep its size; nothing comes through the zeros.
    for last_of_body in [3, 6] {
        assert!(gradients[last_of_body].abs() < 0.2, "{gradients:?}");
        assert!(gradients[last_of_body - 2] < -50.0, "{gradients:?}");
    }
    assert!(gradients[0].abs() < 0.2 && signals.trainability().is_trainable(), "{signals:?}");
}

/// What stands before a layer in the list of layers is not always what it takes.
#[test]
fn amplification_is_of_layers_that_take_an_activation_or_a_norm() {
    let (linear, slot) = (|| Layer::from(Linear::new(8)), || Layer::from(Slot::default()));
    let constant = Initializer::new(Initializer::find("constant").unwrap(), &[("value", Given::Number(3.0))]).unwrap();
    let biased = linear().with_own_init(OwnInit { bias: Some(constant), ..OwnInit::default() });
    let residual = Layer::from(Block::residual(vec![linear(), slot()], Vec::new()));
    let layers =
        [linear(), residual, linear(), slot(), linear(), LayerNorm::default().into(), linear(), slot(), biased];
    let network = Network::build(Shape(vec![8]), &layers).unwrap();
    let found = amplification::amplifications(&network);
    let expected: Vec<_> = [(5, Amplification::Size), (7, Amplification::Size), (9, Amplification::Spread)].into();
    let found: Vec<_> = found.into_iter().enumerate().filter_map(|(at, how)| Some((at, how?))).collect();
    assert_eq!(found, expected);

    let signals = run(&network, inputs(8, 0), "relu", &Init::named("orthogonal").unwrap(), 0).unwrap();
    assert!(signals.ln_amplification() > 1.0, "the bias is larger than what the activation gives: {signals:?}");
    assert!(signals.ln_amplification_in(&network) < 0.5, "{signals:?}");
}

/// In a chaotic network a perturbation soon fills all there is; a gradient goes on to grow.
#[test]
fn gradients_explode_where_perturbations_cannot() {
    let signals = through(64, 16, "tanh", &normal(1.0));
    assert!(signals.ln_gradient() > 6.0 && signals.ln_gain() < 5.5, "{signals:?}");
}

/// He et al. 2015 (arXiv 1502.01852): a rectifier halves the mean square, so each layer multiplies it by n s^2/2.
#[test]
fn rectifiers_follow_the_mean_field() {
    let (width, depth) = (256, 10);
    for std in [0.02, (2.0 / 256.0f64).sqrt(), 0.3] {
        let expected = (depth - 1) as f64 * 0.5 * (width as f64 * std * std / 2.0).ln();
        let gain = through(width, depth, "relu", &normal(std)).ln_gain();
        assert!((gain - expected).abs() < 0.4, "std {std}: {gain} against {expected}");
    }
}

/// Poole et al. 2016: one layer after pre-activations N(0, q) multiplies a small distance's square by
/// n s^2 E[f'(sqrt(q) z)^2], here with q = n s^2 and the expectation by the trapezoidal rule.
#[test]
fn one_layer_of_tanh_follows_the_mean_field() {
    let width = 512;
    let tanh = Activation::named("tanh").unwrap();
    for q in [0.25, 2.0, 16.0f64] {
        let step = 1e-3;
        let slope: f64 = (-8000..8000)
            .map(|i| f64::from(i) * step)
            .map(|z| tanh.derivative(q.sqrt() * z).powi(2) * (-0.5 * z * z).exp() * step)
            .sum();
        let expected = 0.5 * (q * slope / (2.0 * std::f64::consts::PI).sqrt()).ln();
        let gain = through(width, 2, "tanh", &normal((q / width as f64).sqrt())).ln_gain();
        assert!((gain - expected).abs() < 0.03, "q {q}: {gain} against {expected}");
    }
}

#[test]
fn sigmoid_networks_forget_their_inputs() {
    let signals = through(64, 10, "sigmoid", &Init::named("xavier_normal").unwrap());
    assert!(signals.layers[0].correlation() < 0.1, "{:?}", signals.layers[0]);
    assert!(signals.layers.last().unwrap().correlation() > 0.9999, "{:?}", signals.layers.last());
}

#[test]
fn verdicts_name_what_is_wrong() {
    for (activation, init, verdict) in [
        ("relu", Init::named("kaiming_normal").unwrap(), Verdict::Trainable),
        ("tanh", Init::named("orthogonal").unwrap(), Verdict::Trainable),
        ("tanh", normal(1.0), Verdict::Saturated),
        ("relu", normal(1.0), Verdict::Exploding),
        ("relu", normal(0.01), Verdict::Vanishing),
        ("sigmoid", Init::named("xavier_normal").unwrap(), Verdict::Vanishing),
    ] {
        let found = through(64, 10, activation, &init).trainability();
        assert_eq!(found.verdict, verdict, "{activation} with {init}: {found:?}");
        assert_eq!(found.is_trainable(), found.score >= 0.5, "{found:?}");
    }
}

#[test]
fn a_single_sample_has_no_verdict_and_later_repetitions_none_to_compute() {
    let network = Network::build(Shape(vec![8]), &[Layer::from(Linear::new(8)), Layer::from(Slot::default())]).unwrap();
    let init = Init::named("orthogonal").unwrap();
    let single = inputs(8, 0).narrow(0, 0, 1).unwrap();
    assert_eq!(run(&network, single, "relu", &init, 0), None);
    assert!(run(&network, inputs(8, 0), "relu", &init, REPETITIONS - 1).is_some());
    assert_eq!(run(&network, inputs(8, 0), "relu", &init, REPETITIONS), None);
}

/// A weight that overflows is no score; one that nearly does has logarithms all the same.
#[test]
fn every_activation_and_initialization_has_a_verdict() {
    let body = vec![Layer::from(Conv2d { padding: Padding::Same, ..Conv2d::new(4, 3) }), Layer::from(Slot::default())];
    let layers = [
        Layer::from(Conv2d::new(4, 3)),
        Layer::from(Block::residual(body, Vec::new())),
        Layer::from(LayerNorm::default()),
        Layer::from(Slot::default()),
        Layer::from(Flatten),
        Layer::from(Linear::new(5)),
    ];
    let network = Network::build(Shape(vec![1, 6, 6]), &layers).unwrap();
    let images = inputs(36, 0).reshape((64, 1, 6, 6)).unwrap();
    let activations: Vec<_> = Activation::all().into_iter().map(|activation| Some(activation.into())).collect();
    let mut told = 0;
    for init in Init::all().iter().chain([&normal(1e18)]) {
        let run = Repetition {
            network: &network,
            inputs: images.clone(),
            init,
            bias: BiasInit::Zeros,
            rows: Rows::Full,
            batch_norm: BatchNorm::default(),
            trainability: true,
            blocks: false,
            seed: 5,
            repetition: 0,
            draws: None,
            common: None,
        };
        run.score(&activations, &|| false, &mut |at, score| {
            let Ok(score) = score else { return };
            let signals = score.propagation.unwrap();
            let numbers = |l: &LayerSignal| {
                let gradient = l.ln_gradient.unwrap_or(0.0);
                [l.ln_size, l.ln_spread, l.ln_perturbation, l.ln_typical_perturbation, gradient, l.correlation()]
            };
            let name = activations[at].as_ref().unwrap();
            assert!(signals.layers.iter().flat_map(numbers).all(f64::is_finite), "{name} with {init}: {signals:?}");
            let found = signals.trainability();
            assert!((0.0..=1.0).contains(&found.score), "{name} with {init}: {found:?}");
            assert_eq!(found.is_trainable(), found.score >= 0.5, "{name} with {init}: {found:?}");
            told += 1;
        });
    }
    assert!(told > activations.len() * 10, "{told}");
}

/// Every kind of layer that samples must pass: groups, strides, dilation, norms, pools, residuals, softmax.
#[test]
fn images_pass_through_every_kind_of_layer() {
    let conv = Conv2d { groups: 2, padding: Padding::Same, dilation: [2; 2], ..Conv2d::new(8, 3) };
    let body = vec![Layer::from(conv), Layer::from(batch_norm::BatchNorm), Layer::from(Slot::default())];
    let layers = [
        Layer::from(Conv2d { padding: Padding::Zeros(1), ..Conv2d::new(8, 3).strided(2) }),
        Layer::from(GroupNorm { groups: 4 }),
        Layer::from(Block::residual(body, Vec::new())),
        Layer::from(MaxPool::new(2)),
        Layer::from(AvgPool::new(2)),
        Layer::from(LayerNorm::default()),
        Layer::from(GlobalAvgPool),
        Layer::from(Flatten),
        Layer::from(Dropout { p: 0.5 }),
        Layer::from(Linear::new(5)),
        Layer::from(Softmax::Softmax),
    ];
    let network = Network::build(Shape(vec![1, 16, 16]), &layers).unwrap();
    let images = inputs(256, 0).reshape((64, 1, 16, 16)).unwrap();
    let signals = run(&network, images, "tanh", &Init::named("kaiming_normal").unwrap(), 0).unwrap();
    assert_eq!(signals.layers.len(), network.counted().len());
    // The softmax is no layer whose size could explode: the output is the linear layer's.
    let linear = &signals.layers[signals.layers.len() - 2];
    assert!((signals.ln_output() - linear.ln_size).abs() < 1e-12);
    assert!(signals.layers.iter().all(|l| l.ln_perturbation < l.ln_spread), "{signals:?}");
    assert_eq!(signals.trainability().verdict, Verdict::Trainable, "{signals:?}");
}

/// relu with PyTorch's weights at depth 8 loses e^8 of its signal: Adam trains that, SGD does not.
#[test]
fn how_far_signals_may_vanish_depends_on_the_optimizer() {
    let by = |signals: &Propagation, method| {
        let train = Train { method, ..Train::default() };
        signals.trainability_by(Circumstances { network: None, train })
    };
    let vanishing = through(64, 8, "relu", &Init::named("torch_default").unwrap());
    let [sgd, unknown, adam] = [Some(Method::Sgd), None, Some(Method::Adam)].map(|method| by(&vanishing, method));
    assert_eq!(unknown, vanishing.trainability());
    assert!(sgd.score < unknown.score && unknown.score < adam.score, "{sgd:?} {unknown:?} {adam:?}");
    assert!(!sgd.is_trainable() && adam.is_trainable(), "{sgd:?} {adam:?} {:?}", vanishing.ln_median_gradient());
    assert_eq!(by(&vanishing, Some(Method::Adamw)), adam);
    // What explodes does so with any.
    let exploding = through(64, 10, "relu", &normal(1.0));
    assert!(Method::ALL.iter().all(|method| by(&exploding, Some(*method)) == exploding.trainability()));
}

/// With another learning rate than the default of the optimizer, limits are narrower.
#[test]
fn how_far_signals_may_go_depends_on_the_learning_rate() {
    let by = |signals: &Propagation, method, rate| {
        let train = Train { method, learning_rate: rate, ..Train::default() };
        signals.trainability_by(Circumstances { network: None, train })
    };
    let fixed = |rate| Some(LearningRate::Fixed(rate));
    let vanishing = through(64, 6, "relu", &Init::named("torch_default").unwrap());
    let wide = Init::new(Init::find("kaiming_normal").unwrap(), &[("gain", Given::Number(2.5))]).unwrap();
    let exploding = through(64, 6, "relu", &wide);
    assert_eq!(exploding.trainability().verdict, Verdict::Exploding);
    let excess = |judged: Trainability| (1.0 / judged.score - 1.0).sqrt();
    for method in Method::ALL {
        let default = method.learning_rate();
        // How much further beyond the limit it is with twice the rate, and with half of it.
        let expected = |signals, twice: f64, half: f64| {
            let plain = by(signals, Some(method), None);
            assert_eq!(by(signals, Some(method), fixed(default)), plain);
            assert_eq!(by(signals, Some(method), Some(LearningRate::Auto)), plain);
            for (rate, factor) in [(2.0, twice), (0.5, half)] {
                let judged = by(signals, Some(method), fixed(rate * default));
                assert!((excess(judged) - factor * excess(plain)).abs() < 1e-9, "{method:?}: {judged:?} {plain:?}");
            }
            // Further from the default nothing was measured.
            let [most, least] = [10.0, 0.1].map(|factor| by(signals, Some(method), fixed(factor * default)));
            assert!((by(signals, Some(method), fixed(1000.0)).score - most.score).abs() < 1e-12);
            assert!((by(signals, Some(method), fixed(1e-9)).score - least.score).abs() < 1e-12);
        };
        let more = 2f64.powf(0.2);
        expected(&vanishing, 1.0, more);
        match method {
            Method::Sgd => expected(&exploding, more, 1.0),
            Method::Adam | Method::Adamw => expected(&exploding, 1.0, more),
        }
    }
    assert_eq!(by(&vanishing, None, fixed(0.1)), vanishing.trainability(), "whose rate it is, is not known");
    // PyTorch: Adam takes such a network to 0.81 of 0.94 in 600 steps at a rate of 0.0001, and to 0.89 at 0.0003.
    assert!(by(&vanishing, Some(Method::Adam), fixed(0.0003)).is_trainable());
    assert!(by(&vanishing, Some(Method::Adam), fixed(0.0001)).score < 0.6);
}

/// Twins take the statistics of the batch, which does not notice them; asked for alone, signals are the same.
#[test]
fn a_batch_norm_lets_twins_pass_behind_the_batch() {
    let conv = || Layer::from(Conv2d { padding: Padding::Zeros(1), ..Conv2d::new(6, 3) });
    let norm = || Layer::from(batch_norm::BatchNorm);
    let body = vec![conv(), norm(), Layer::from(Slot::default()), conv(), norm()];
    let layers =
        [conv(), norm(), Layer::from(Slot::default()), Block::residual(body, Vec::new()).into(), Flatten.into()];
    let network = Network::build(Shape(vec![1, 8, 8]), &layers).unwrap();
    let init = Init::named("kaiming_normal").unwrap();
    let inputs = inputs(64, 0).reshape((64, 1, 8, 8)).unwrap();
    let relu = || Some(Activation::named("relu").unwrap().into());
    let [with, without] = [true, false].map(|trainability| {
        let run = Repetition { trainability, seed: 5, ..Repetition::new(&network, inputs.clone(), &init) };
        run.score_one(relu()).unwrap()
    });
    assert_eq!(with.effective_ranks, without.effective_ranks);
    let run = Repetition { seed: 5, ..Repetition::new(&network, inputs.clone(), &init) };
    assert_eq!(run.signals(relu().as_ref(), &|| false).unwrap(), with.propagation);

    // Scored by running statistics, signals still are those of training, of the samples that have twins and these.
    let evaluated =
        Repetition { batch_norm: BatchNorm::Evaluation, seed: 5, ..Repetition::new(&network, inputs, &init) };
    let (theirs, ours) = (evaluated.score_one(relu()).unwrap().propagation.unwrap(), with.propagation.unwrap());
    for (theirs, ours) in theirs.layers.iter().zip(&ours.layers) {
        assert!((theirs.ln_size - ours.ln_size).abs() < 0.2 && (theirs.ln_spread - ours.ln_spread).abs() < 0.2);
    }
}
