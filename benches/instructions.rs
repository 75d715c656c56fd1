//! How many instructions the hot kernels take, counted by callgrind: the same on a busy machine. Each may take some
//! more than it did when its limit was written, not many.
//!
//! `cargo bench --bench instructions`, with valgrind and `cargo install --locked gungraun-runner@0.20.0`. Valgrind knows no
//! AVX-512, so what is counted are the kernels for AVX2.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use gungraun::prelude::*;
use gungraun::{Callgrind, EventKind};
use neartop_core::init::{Law, WeightShape};
use neartop_core::layers::{Conv2d, Linear, Padding, Slot};
use neartop_core::network::{Activation, BiasInit, Init, Layer, Network, Shape};
use neartop_core::random::{Key, Purpose};
use neartop_core::score::Repetition;
use neartop_core::score::effective_rank::{Ranks, effective_rank};
use neartop_core::settings::Rows;
use neartop_io::preset::Preset;
use neartop_study::space::Space;

const KEY: Key = Key { seed: 0, repetition: 0, layer: 0, purpose: Purpose::Inputs };

/// A limit of so many thousands of instructions; a twentieth more is forgiven.
fn at_most(thousands: u64) -> LibraryBenchmarkConfig {
    let limit = thousands * 1050;
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(Callgrind::default().hard_limits([(EventKind::Ir, limit)]));
    config
}

fn square(n: usize) -> (Vec<f32>, usize) {
    (KEY.standard_normals(n * n), n)
}

#[library_benchmark]
#[bench::size_10(args = (10), setup = square, config = at_most(102))]
#[bench::size_128(args = (128), setup = square, config = at_most(6_410))]
#[bench::size_512(args = (512), setup = square, config = at_most(109_453))]
fn rank((matrix, n): (Vec<f32>, usize)) -> f64 {
    effective_rank(black_box(&matrix), n, n).expect("a rank")
}

#[library_benchmark]
#[bench::size_128(args = (128), setup = square, config = at_most(24_250))]
#[bench::size_512(args = (512), setup = square, config = at_most(1_135_812))]
fn sixteen_ranks((matrix, n): (Vec<f32>, usize)) -> usize {
    let mut ranks = Ranks::default();
    let places: Vec<_> = (0..16).map(|_| ranks.add(black_box(&matrix), n, n)).collect();
    ranks.finish();
    places.into_iter().filter_map(Result::ok).filter(|place| ranks.get(*place).is_some()).count()
}

fn numbers(name: &str) -> (Activation, Vec<f32>) {
    (Activation::named(name).expect("it is in the catalog"), KEY.standard_normals(1 << 16))
}

#[library_benchmark]
#[bench::relu(args = ("relu"), setup = numbers, config = at_most(72))]
#[bench::tanh(args = ("tanh"), setup = numbers, config = at_most(649))]
#[bench::gelu(args = ("gelu"), setup = numbers, config = at_most(1_518))]
#[bench::mish(args = ("mish"), setup = numbers, config = at_most(635))]
fn activation((activation, mut x): (Activation, Vec<f32>)) -> Vec<f32> {
    activation.apply(&mut x);
    x
}

#[library_benchmark]
#[bench::normal(args = (Law::Normal { mean: 0.0, std: 1.0 }), config = at_most(1_789))]
#[bench::orthogonal(args = (Law::Orthogonal { gain: 1.0 }), config = at_most(8_032))]
fn draw(law: Law) -> Vec<f32> {
    law.draw(&WeightShape::new(vec![128, 256], 1), KEY)
}

fn perceptron() -> (Network, Vec<usize>) {
    let linear = |out| Layer::from(Linear::new(out));
    network(
        &[784],
        &[linear(128), Layer::from(Slot::default()), linear(128), Layer::from(Slot::default()), linear(10)],
        128,
    )
}

fn convolutions() -> (Network, Vec<usize>) {
    let conv = |out| Layer::from(Conv2d { padding: Padding::Zeros(1), ..Conv2d::new(out, 3) });
    network(&[3, 32, 32], &[conv(32), Layer::from(Slot::default()), conv(32), Layer::from(Slot::default())], 8)
}

/// A basic block of a residual network, of 64 channels on images of 8 x 8.
fn residual() -> (Network, Vec<usize>) {
    written(
        "[64, 8, 8]",
        "[residual: {body: [conv2d: {out: 64, kernel: 3, padding: 1}, batch_norm, activation, \
         conv2d: {out: 64, kernel: 3, padding: 1}, batch_norm]}, activation]",
        8,
    )
}

/// A block of a transformer of width 64 on 16 tokens.
fn transformer() -> (Network, Vec<usize>) {
    written(
        "[64, 16]",
        "[permute: [1, 0], residual: {body: [layer_norm, attention: {heads: 4}]}, \
         residual: {body: [layer_norm, linear: 256, activation, linear: 64]}]",
        8,
    )
}

/// A layer of 64 units on 16 tokens.
fn recurrence() -> (Network, Vec<usize>) {
    written("[64, 16]", "[permute: [1, 0], lstm: 64]", 32)
}

/// An architecture of NATS-Bench on images of 16 x 16.
fn cells() -> (Network, Vec<usize>) {
    let cell = "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|none~0|avg_pool_3x3~1|nor_conv_3x3~2|";
    of_preset(&format!("network: {{input: [3, 16, 16], classes: 10, nats_tss: \"{cell}\"}}"), 8)
}

/// A network of these layers.
fn written(input: &str, layers: &str, samples: usize) -> (Network, Vec<usize>) {
    of_preset(&format!("network: {{input: {input}, layers: {layers}}}"), samples)
}

/// A network as a preset has it.
fn of_preset(network: &str, samples: usize) -> (Network, Vec<usize>) {
    let text = format!("data: {{source: gaussian}}\n{network}\n");
    let preset = Preset::parse(&text, "work.yaml", Path::new("")).expect("a right preset");
    let network = Network::clone(&Space::new(Arc::new(preset)).network_of(0));
    let dims = std::iter::once(samples).chain(network.input.shape.0.iter().copied()).collect();
    (network, dims)
}

fn network(input: &[usize], layers: &[Layer], samples: usize) -> (Network, Vec<usize>) {
    let network = Network::build(Shape(input.to_vec()), layers).expect("the layers fit");
    (network, std::iter::once(samples).chain(input.iter().copied()).collect())
}

#[library_benchmark]
#[bench::perceptron(setup = perceptron, config = at_most(28_733))]
#[bench::convolutions(setup = convolutions, config = at_most(38_137))]
#[bench::residual(setup = residual, config = at_most(19_013))]
#[bench::transformer(setup = transformer, config = at_most(21_055))]
#[bench::recurrence(setup = recurrence, config = at_most(21_334))]
fn repetition((network, dims): (Network, Vec<usize>)) -> f64 {
    score(&network, dims, false)
}

// With what is looked at of the blocks.
#[library_benchmark]
#[bench::cells(setup = cells, config = at_most(211_138))]
fn architecture((network, dims): (Network, Vec<usize>)) -> f64 {
    score(&network, dims, true)
}

fn score(network: &Network, dims: Vec<usize>, blocks: bool) -> f64 {
    let init = Init::named("kaiming_normal").expect("it is in the catalog");
    let inputs = KEY.standard_normals(dims.iter().product());
    let inputs = candle_core::Tensor::from_vec(inputs, dims, &candle_core::Device::Cpu).expect("the shape fits");
    let repetition = Repetition {
        network,
        inputs,
        init: &init,
        bias: BiasInit::Zeros,
        rows: Rows::Full,
        batch_norm: Default::default(),
        trainability: true,
        blocks,
        seed: 0,
        repetition: 0,
        draws: None,
        common: None,
    };
    let relu = Activation::named("relu").expect("it is in the catalog");
    let mut near = 0.0;
    repetition.score(&[Some(relu.into())], &|| false, &mut |_, score| near = score.expect("a score").near);
    near
}

library_benchmark_group!(name = kernels, benchmarks = [rank, sixteen_ranks, activation, draw]);
library_benchmark_group!(name = whole, benchmarks = [repetition, architecture]);
main!(library_benchmark_groups = [kernels, whole]);
