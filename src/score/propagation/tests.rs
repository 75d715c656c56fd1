use super::*;
use crate::network::init::{BiasInit, Init};
use crate::network::{Layer, Network, Shape};
use crate::score::Repetition;
use candle_core::Device;

fn init(text: &str) -> Init {
    serde_yaml::from_str::<serde_yaml::Value>(text).map(|_| ()).unwrap();
    Init::named(text).unwrap()
}

/// Signals through `depth` square layers of `width` with an activation after each but the last.
fn through(width: usize, depth: usize, activation: &str, init: &Init, repetition: u64) -> Propagation {
    let mut layers = Vec::new();
    for layer in 0..depth {
        layers.push(Layer::Linear { out: width, bias: true });
        if layer + 1 < depth {
            layers.push(Layer::Slot);
        }
    }
    let network = Network::build(&Shape(vec![width]), &layers).unwrap();
    let key = Key { seed: 5, repetition, layer: 0, purpose: Purpose::Inputs };
    let inputs = Tensor::from_vec(key.standard_normals(64 * width), (64, width), &Device::Cpu).unwrap();
    let run = Repetition { network: &network, inputs, init, bias: BiasInit::Zeros, seed: 5, repetition };
    let mut found = None;
    run.score(&[Some(Activation::named(activation).unwrap())], &|| false, &mut |_, score| {
        found = score.unwrap().propagation;
    });
    found.unwrap()
}
