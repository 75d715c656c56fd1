//! Given weights and inputs, and what our own network makes of them.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use neartop_core::layer::Weight;
use neartop_core::network::forward::{Probe, forward};
use neartop_core::network::{Fill, Network, Node};
use neartop_core::parameters::Parameters;
use neartop_core::random::{Key, Purpose};
use neartop_core::shape::Layout;
use neartop_core::weights::Weights;
use neartop_io::preset::Preset;

/// Tensors by their names in `state_dict()`.
pub struct Given(pub HashMap<String, Tensor>);

impl Weights for Given {
    fn parameters(&self, node: &Node, _: &[Tensor]) -> candle_core::Result<Parameters> {
        let names = ["weight", "bias", "weight_ih", "weight_hh", "bias_ih", "bias_hh"];
        let named = names.map(|name| (name, self.0.get(&format!("{}.{name}", node.name()))));
        let given = named.into_iter().filter_map(|(name, tensor)| Some((name, tensor?.clone())));
        Ok(given.fold(Parameters::default(), |all, (name, tensor)| all.with(name, tensor)))
    }
}

struct Unwatched;

impl Probe for Unwatched {
    type Stop = candle_core::Error;

    fn observe(&mut self, _: &Node, _: &Tensor) -> candle_core::Result<()> {
        Ok(())
    }
}

/// The names and shapes of all trained parameters, the slots' included.
pub fn shapes(network: &Network, fill: Option<&Fill>) -> Vec<(String, Vec<usize>)> {
    let of = |node: &Node| {
        let named = |weight: Weight| (format!("{}.{}", node.name(), weight.name), weight.dims);
        node.weights_with(fill).into_iter().map(named).collect::<Vec<_>>()
    };
    network.nodes.iter().flat_map(of).collect()
}

pub fn noise(dims: &[usize], stream: u64) -> Tensor {
    let key = Key { seed: 5, repetition: 0, layer: stream, purpose: Purpose::Inputs };
    Tensor::from_vec(key.symmetric_uniforms(dims.iter().product()), dims, &Device::Cpu).unwrap()
}

/// Arbitrary values for all trained parameters.
pub fn arbitrary(preset: &Preset, fill: Option<&Fill>) -> Given {
    let all = shapes(&preset.network, fill);
    let value = |(i, (name, dims)): (usize, (String, Vec<usize>))| {
        let noise = noise(&dims, i as u64);
        // A normalization's weight near 0 would leave nothing but rounding errors to the next.
        let is_scale = name.ends_with(".weight") && dims.len() % 2 == 1;
        let value = if is_scale { (noise * 0.5).unwrap().affine(1.0, 1.0).unwrap() } else { noise };
        (name, value)
    };
    Given(all.into_iter().enumerate().map(value).collect())
}

fn tokens(dims: &[usize], vocab: usize) -> Tensor {
    let ids: Vec<_> = (0..dims.iter().product::<usize>()).map(|k| (k * 5 % vocab) as f32).collect();
    Tensor::from_vec(ids, dims, &Device::Cpu).unwrap()
}

/// An arbitrary batch, and the network's output for it.
pub fn pass(preset: &Preset, fill: Option<&Fill>, weights: &Given) -> (Tensor, Tensor) {
    let dims: Vec<_> = std::iter::once(6).chain(preset.network.input.shape.0.iter().copied()).collect();
    let batch = match preset.network.input.layout {
        Layout::Ids { vocab } => tokens(&dims, vocab),
        Layout::Channels | Layout::Features => noise(&dims, 1000),
    };
    let output = forward(&preset.network, batch.clone(), weights, fill, &mut Unwatched).unwrap();
    (batch, output)
}

pub fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}
