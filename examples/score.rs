//! Scores a convolutional network with `neartop-core` alone: every activation of a list with every initialization of
//! another, over a few repetitions. `cargo run --release --example score`

use std::error::Error;

use candle_core::{Device, Tensor};
use neartop_core::layers::{AvgPool, Conv2d, Flatten, Linear, Padding, Slot};
use neartop_core::network::{Activation, Init, Layer, Network, Shape};
use neartop_core::random::{Key, Purpose};
use neartop_core::score::Repetition;

const REPETITIONS: u64 = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let network = Network::build(Shape(vec![1, 8, 8]), &layers())?;
    println!("{}", network.summary());
    println!("{} parameters, {} samples a repetition", network.parameters(None), network.samples_needed());
    println!("\n{:<12}{:<16}{:>8}", "activation", "initialization", "NEAR");
    for init in ["torch_default", "kaiming_normal", "orthogonal"] {
        let init = Init::named(init)?;
        for activation in ["relu", "tanh", "gelu"] {
            let activation = Activation::named(activation)?;
            println!("{activation:<12}{init:<16}{:>8.2}", mean(&network, &activation, &init)?);
        }
    }
    Ok(())
}

fn layers() -> Vec<Layer> {
    vec![
        Conv2d { padding: Padding::Same, ..Conv2d::new(16, 3) }.into(),
        Slot::default().into(),
        AvgPool::new(2).into(),
        Flatten.into(),
        Linear::new(32).into(),
        Slot::default().into(),
        Linear::new(10).into(),
    ]
}

/// The mean NEAR of a candidate.
fn mean(network: &Network, activation: &Activation, init: &Init) -> Result<f64, Box<dyn Error>> {
    let mut sum = 0.0;
    for repetition in 0..REPETITIONS {
        // The same inputs and draws for all candidates, so that their scores can be compared.
        let all = Repetition { repetition, ..Repetition::new(network, inputs(network, repetition)?, init) };
        sum += all.score_one(Some(activation.clone().into()))?.near;
    }
    Ok(sum / REPETITIONS as f64)
}

/// A batch of a repetition, from N(0, 1).
fn inputs(network: &Network, repetition: u64) -> Result<Tensor, Box<dyn Error>> {
    let samples = network.samples_needed();
    let dims: Vec<_> = std::iter::once(samples).chain(network.input.shape.0.iter().copied()).collect();
    let key = Key { seed: 0, repetition, layer: 0, purpose: Purpose::Inputs };
    Ok(Tensor::from_vec(key.standard_normals(samples * network.input.shape.elements()), dims, &Device::Cpu)?)
}
