//! The parts of a score, and small runs as a whole.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use neartop_core::init::{Law, WeightShape};
use neartop_core::layers::{Conv2d, Linear, Padding, Slot};
use neartop_core::network::{Activation, BiasInit, Init, Layer, Network, Shape};
use neartop_core::random::{Key, Purpose};
use neartop_core::score::Repetition;
use neartop_core::score::effective_rank::{Ranks, effective_rank};
use neartop_core::settings::Rows;

const KEY: Key = Key { seed: 0, repetition: 0, layer: 0, purpose: Purpose::Inputs };

/// Matrices as networks give them: normal; with a mean far above the deviation; of rank one and rounding errors.
fn spectra(n: usize) -> [(&'static str, Vec<f32>); 3] {
    let z = KEY.standard_normals(n * n);
    let shifted = z.iter().map(|z| 0.5 + 0.01 * z).collect();
    let near_one = z.iter().map(|z| 1.0 + 1e-7 * z).collect();
    [("normal", z), ("shifted", shifted), ("near_rank_one", near_one)]
}

fn effective_ranks(c: &mut Criterion) {
    let mut group = c.benchmark_group("effective_rank");
    for n in [10, 32, 64, 128, 256, 512, 1024] {
        group.sample_size(if n > 200 { 10 } else { 40 });
        for (name, matrix) in spectra(n) {
            group.bench_function(BenchmarkId::new(name, n), |b| b.iter(|| effective_rank(black_box(&matrix), n, n)));
        }
    }
}

/// Sixteen matrices that are worked on side by side.
fn many_effective_ranks(c: &mut Criterion) {
    let mut group = c.benchmark_group("effective_ranks_of_16");
    group.sample_size(20);
    for n in [32, 64, 128, 192] {
        for (name, matrix) in spectra(n) {
            group.bench_function(BenchmarkId::new(name, n), |b| {
                b.iter(|| {
                    let mut ranks = Ranks::default();
                    let places: Vec<_> = (0..16).map(|_| ranks.add(black_box(&matrix), n, n)).collect();
                    ranks.finish();
                    places.into_iter().flatten().filter_map(|place| ranks.get(place)).count()
                });
            });
        }
    }
}

fn activations(c: &mut Criterion) {
    let mut group = c.benchmark_group("activation_of_a_million");
    group.sample_size(10);
    let x = KEY.standard_normals(1 << 20);
    for activation in Activation::all() {
        group.bench_function(activation.name(), |b| {
            b.iter_batched_ref(|| x.clone(), |x| activation.apply(x), criterion::BatchSize::LargeInput);
        });
    }
}

fn draws(c: &mut Criterion) {
    let mut group = c.benchmark_group("draw_512x784");
    group.sample_size(10);
    let shape = WeightShape::new(vec![512, 784], 1);
    let laws = [
        ("uniform", Law::Uniform { low: -1.0, high: 1.0 }),
        ("normal", Law::Normal { mean: 0.0, std: 1.0 }),
        ("truncated_normal", Law::TruncatedNormal { mean: 0.0, std: 1.0, low: -2.0, high: 2.0 }),
        ("orthogonal", Law::Orthogonal { gain: 1.0 }),
    ];
    for (name, law) in laws {
        group.bench_function(name, |b| b.iter(|| law.draw(&shape, KEY)));
    }
}

fn mlp() -> (Network, Vec<usize>) {
    let linear = |out| Layer::from(Linear::new(out));
    let layers = [linear(128), Layer::from(Slot::default()), linear(128), Layer::from(Slot::default()), linear(10)];
    (build(&[784], &layers), vec![128, 784])
}

fn cnn() -> (Network, Vec<usize>) {
    let conv = |out| Layer::from(Conv2d { padding: Padding::Zeros(1), ..Conv2d::new(out, 3) });
    (
        build(
            &[3, 32, 32],
            &[conv(32), Layer::from(Slot::default()), conv(32), Layer::from(Slot::default()), conv(64)],
        ),
        vec![16, 3, 32, 32],
    )
}

fn build(input: &[usize], layers: &[Layer]) -> Network {
    Network::build(Shape(input.to_vec()), layers).expect("the layers fit")
}

/// One repetition: of one candidate, and of a small grid.
fn repetitions(c: &mut Criterion) {
    let mut group = c.benchmark_group("repetition");
    group.sample_size(10);
    let init = Init::named("kaiming_normal").expect("it is in the catalog");
    let all: Vec<_> = Activation::all().into_iter().map(|activation| Some(activation.into())).collect();
    for (name, (network, dims)) in [("mlp", mlp()), ("cnn", cnn())] {
        let n = dims.iter().product();
        let inputs = candle_core::Tensor::from_vec(KEY.standard_normals(n), dims, &candle_core::Device::Cpu);
        let inputs = inputs.expect("the shape fits");
        let repetition = Repetition {
            network: &network,
            inputs,
            init: &init,
            bias: BiasInit::Zeros,
            rows: Rows::Full,
            batch_norm: Default::default(),
            trainability: true,
            blocks: false,
            seed: 0,
            repetition: 0,
            draws: None,
            common: None,
        };
        for (what, activations) in [("candidate", &all[..1]), ("all_activations", &all[..])] {
            group.bench_function(BenchmarkId::new(name, what), |b| {
                b.iter(|| repetition.score(activations, &|| false, &mut |_, score| drop(black_box(score))));
            });
        }
    }
}

criterion_group!(benches, effective_ranks, many_effective_ranks, activations, draws, repetitions);
criterion_main!(benches);
