//! An initialization of all layers with a factor for each.

use std::sync::Arc;

use super::{Drawing, kinds};
use crate::catalog::Given;
use crate::init::{BiasInit, Initializer};
use crate::layer::Role;
use crate::network::{Network, Node};
use crate::recipe::{Depth, Init, Recipe};

/// The recipe that starts a network as an initialization and the biases of a search do, with the drawn weights of layers
/// multiplied by these factors. None where no recipe says that, or gains of activations matter.
#[must_use]
pub fn by_layer(network: &Network, init: &Initializer, bias: BiasInit, gains: Vec<(String, f64)>) -> Option<Init> {
    let mut parts: Vec<(&'static str, Initializer)> = Vec::new();
    for key in drawn(network).filter_map(|node| kinds::keys(node).next()) {
        if parts.iter().all(|(known, _)| *known != key) {
            parts.push((key, init.clone()));
        }
    }
    let recipe = Recipe {
        name: format!("{} by layer", init.name()),
        parts,
        bias: Some(biases(init, bias).ok()?),
        gains: Vec::new(),
        depth: Depth::Ignored,
        draws_gates_together: false,
        about: None,
    };
    let (whole, plain) = (Init::One(init.clone()), Init::Recipe(Arc::new(recipe.clone())));
    let is_same = !whole.depends_on_activation() && draw_alike(network, &whole, &plain, bias);
    is_same.then(|| Init::Recipe(Arc::new(Recipe { gains, ..recipe })))
}

/// The nodes with weights that the candidate draws.
fn drawn(network: &Network) -> impl Iterator<Item = &Node> {
    network.nodes.iter().filter(|node| node.drawn().is_some())
}

/// The initialization of biases that belong to weights drawn by `init`.
fn biases(init: &Initializer, bias: BiasInit) -> Result<Initializer, String> {
    match bias {
        _ if init.name() == "torch_default" => Initializer::named("torch_default"),
        BiasInit::FanInUniform => Initializer::named("torch_default"),
        BiasInit::Zeros => Initializer::named("zeros"),
        BiasInit::Constant(value) => {
            let constant = Initializer::find("constant").ok_or("there are no constants")?;
            Initializer::new(constant, &[("value", Given::Number(value))])
        }
    }
}

/// Whether all weights of a network have the same laws by both.
fn draw_alike(network: &Network, one: &Init, other: &Init, bias: BiasInit) -> bool {
    let (one, other) = (Drawing::new(one, bias, None), Drawing::new(other, bias, None));
    let is_same = |node: &Node| {
        let weights = node.weights.iter().filter(|weight| weight.role != Role::Kept);
        weights.into_iter().all(|weight| one.law(node, weight) == other.law(node, weight))
    };
    network.nodes.iter().all(is_same)
}
