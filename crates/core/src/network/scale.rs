//! Networks whose effective ranks do not notice the scale of their weights.
//!
//! Without biases, and with activations f such that f(c x) = c f(x) for every c > 0, a factor in a layer's weights is a
//! factor in all that follows, which no effective rank sees. So initializations that differ by factors are one, but for
//! rounding; drawn at a common scale they are one to the last bit.

use super::graph::Network;
use crate::fill::Fill;
use crate::init::{BiasInit, Law, WeightShape};
use crate::layer::{Role, Scaling, Weight};
use crate::recipe::Init;
use crate::start::Drawing;

/// Powers of two by which a signal may differ from its size at the common scale: single precision holds 126.
const ROOM: f64 = 40.0;

/// The laws of all weights at the scale common to those that differ by factors; none where factors would matter.
#[must_use]
pub fn at_common_scale(network: &Network, init: &Init, bias: BiasInit, fill: Option<&Fill>) -> Option<Vec<Law>> {
    let drawing = Drawing::new(init, bias, None);
    if matches!(init, Init::AsGiven) || drawing.depends_on_activation(network) {
        return None;
    }
    let mut laws = Vec::new();
    let mut power = 0.0;
    for node in &network.nodes {
        match node.operation.scaling(node.filled(fill)) {
            Scaling::Weighted => {}
            Scaling::Passes => continue,
            Scaling::Changes => return None,
        }
        let is_bias = |weight: &&Weight| matches!(weight.role, Role::Bias(_));
        let starts_at_zero = |weight: &Weight| drawing.law(node, weight) == Law::Constant { value: 0.0 };
        if !node.frozen.is_empty() || !node.weights.iter().filter(is_bias).all(starts_at_zero) {
            return None;
        }
        let (weight, shape) = node.weights.iter().find_map(|weight| match &weight.role {
            Role::Drawn(shape) => Some((weight, shape)),
            Role::Own(..) | Role::Bias(_) | Role::Constant(_) | Role::Kept => None,
        })?;
        let (law, factor) = rescaled(drawing.law(node, weight), shape)?;
        power += f64::log2(factor);
        if power.is_nan() || power.abs() > ROOM || shape.index != laws.len() {
            return None;
        }
        laws.push(law);
    }
    Some(laws)
}

/// The law at the scale that keeps the size of a signal through a rectifier, and its own scale as a multiple of that.
fn rescaled(law: Law, shape: &WeightShape) -> Option<(Law, f64)> {
    let std = (2.0 / shape.fan_in()).sqrt();
    Some(match law {
        Law::Uniform { low, high } if low == -high => {
            let limit = 3f64.sqrt() * std;
            (Law::Uniform { low: -limit, high: limit }, high / limit)
        }
        Law::Normal { mean: 0.0, std: own } => (Law::Normal { mean: 0.0, std }, own / std),
        Law::TruncatedNormal { mean: 0.0, std: own, low, high } => {
            let (low, high) = (low / own * std, high / own * std);
            (Law::TruncatedNormal { mean: 0.0, std, low, high }, own / std)
        }
        Law::Orthogonal { gain } => {
            let common = std::f64::consts::SQRT_2;
            (Law::Orthogonal { gain: common }, gain / common)
        }
        Law::Sparse { sparsity, std: own } => (Law::Sparse { sparsity, std }, own / std),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use crate::catalog::Given;
    use crate::layer::Layer;
    use crate::layers::{LayerNorm, Linear, Slot};
    use crate::shape::Shape;

    fn laws(init: &Init, bias: BiasInit, activation: &str, layers: &[Layer]) -> Option<Vec<Law>> {
        let network = Network::build(Shape(vec![30]), layers).unwrap();
        at_common_scale(&network, init, bias, Some(&Activation::named(activation).unwrap().into()))
    }

    fn normal(std: f64) -> Init {
        Init::new(Init::find("normal").unwrap(), &[("std", Given::Number(std))]).unwrap()
    }

    #[test]
    fn factors_are_common_where_they_cannot_matter() {
        let linear = |bias| Layer::from(Linear { out: 20, bias });
        let layers = [linear(true), Slot::default().into(), linear(true)];
        let of = |init: &str, bias, activation, layers: &[Layer]| {
            laws(&Init::named(init).unwrap(), bias, activation, layers)
        };
        let zeros = |init, activation| of(init, BiasInit::Zeros, activation, &layers);
        let normals = zeros("kaiming_normal", "relu");
        assert_eq!(normals.as_ref().unwrap().len(), 2);
        for (init, activation) in [("xavier_normal", "relu"), ("lecun_normal", "leaky_relu"), ("normal", "prelu")] {
            assert_eq!(zeros(init, activation), normals, "{init}");
        }
        assert_ne!(zeros("xavier_uniform", "relu"), normals);
        assert_eq!(zeros("xavier_uniform", "relu"), zeros("siren", "relu"));
        assert!(zeros("orthogonal", "relu").is_some());
        // Activations with a scale, biases, laws with one, norms, and what single precision cannot hold.
        for (init, activation) in [("kaiming_normal", "tanh"), ("kaiming_normal", "relu_squared"), ("lsuv", "relu")] {
            assert_eq!(zeros(init, activation), None, "{init} {activation}");
        }
        assert_eq!(zeros("torch_default", "relu"), None);
        assert!(of("torch_default", BiasInit::Zeros, "relu", &[linear(false), Slot::default().into()]).is_some());
        assert_eq!(of("kaiming_normal", BiasInit::FanInUniform, "relu", &layers), None);
        assert_eq!(of("kaiming_normal", BiasInit::Zeros, "relu", &[linear(true), LayerNorm::default().into()]), None);
        assert!(laws(&normal(1e3), BiasInit::Zeros, "relu", &layers).is_some());
        assert_eq!(laws(&normal(1e9), BiasInit::Zeros, "relu", &layers), None);
        assert_eq!(laws(&normal(1e-9), BiasInit::Zeros, "relu", &layers), None);
    }
}
