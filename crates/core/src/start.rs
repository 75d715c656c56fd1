//! What every weight of a network starts from: the one place that decides its law.

mod by_layer;
mod kinds;

use crate::fill::{Fill, Gains};
use crate::init::{BiasInit, Initializer, Law, WeightShape};
use crate::layer::{Role, Weight};
use crate::network::{Following, Network, Node};
use crate::recipe::{Depth, Init, NORM, OUTPUT, RECURRENT, RESIDUAL_OUTPUT, Recipe};

pub use by_layer::by_layer;
pub use kinds::{Takes, recipe_keys, takes};

/// A candidate's choices that weights are drawn by.
#[derive(Debug, Clone)]
pub struct Drawing<'a> {
    init: &'a Init,
    bias: BiasInit,
    fill: Option<&'a Fill>,
    /// Of what fills the slots, for an initialization of the candidate that takes them.
    gains: Gains,
}

impl<'a> Drawing<'a> {
    /// `fill` matters only where [`Self::depends_on_activation`] says so.
    #[must_use]
    pub fn new(init: &'a Init, bias: BiasInit, fill: Option<&'a Fill>) -> Self {
        let takes_gain = init.one().is_some_and(Initializer::takes_gain);
        Self { init, bias, fill, gains: Gains::new(fill.filter(|_| takes_gain)) }
    }

    /// Whether weights are those that the model brings.
    #[must_use]
    pub fn is_as_given(&self) -> bool {
        matches!(self.init, Init::AsGiven)
    }

    /// The law of a weight of a node; of what is as given, where the model does not bring it.
    #[must_use]
    pub fn law(&self, node: &Node, weight: &Weight) -> Law {
        if let Some((node, weight)) = node.lender(weight.name) {
            return self.law(node, weight);
        }
        let own = node.operation.own_init();
        let own = own.and_then(|own| if weight.is_bias() { own.bias.as_ref() } else { own.weight.as_ref() });
        match (own, self.init) {
            (Some(init), _) => self.law_by(init, node, &shape(weight)),
            (None, Init::Recipe(recipe)) => self.law_by_recipe(recipe, node, weight),
            (None, Init::One(init)) => match &weight.role {
                Role::Drawn(shape) => init.law(shape, self.gains.of(node.surroundings.slot.as_deref())),
                Role::Bias(shape) => init.bias_law(shape, self.bias),
                Role::Constant(_) | Role::Own(..) | Role::Kept => usual(weight),
            },
            (None, Init::AsGiven) => usual(weight),
        }
    }

    /// The law of an initialization that knows the layer: its gain is that of the activation that follows.
    fn law_by(&self, init: &Initializer, node: &Node, shape: &WeightShape) -> Law {
        let gain = if init.takes_gain() { node.surroundings.following.gain(self.fill) } else { 1.0 };
        init.law(shape, gain)
    }

    fn law_by_recipe(&self, recipe: &Recipe, node: &Node, weight: &Weight) -> Law {
        let part = match &weight.role {
            Role::Bias(_) => recipe.bias.as_ref(),
            Role::Own(..) if weight.is_bias() => recipe.bias.as_ref(),
            Role::Constant(_) if is_norm(node) && !weight.is_bias() => recipe.part(NORM),
            Role::Constant(_) | Role::Kept => None,
            Role::Drawn(_) | Role::Own(..) => part(recipe, node, weight),
        };
        let law = part.map_or_else(
            || usual(weight),
            |init| {
                let (mut shape, gates) = (shape(weight), shape(weight).gates);
                if recipe.draws_gates_together && gates > 0 {
                    shape.gates = 0;
                    return together(self.law_by(init, node, &shape), gates);
                }
                self.law_by(init, node, &shape)
            },
        );
        match &weight.role {
            Role::Drawn(_) => law.times(factor(recipe.depth, node) * recipe.gain(node.name())),
            Role::Bias(_) | Role::Constant(_) | Role::Own(..) | Role::Kept => law,
        }
    }

    /// What drawing all weights takes, in multiply-adds of a matrix product that take as long, about.
    #[must_use]
    pub fn effort(&self, network: &Network) -> u64 {
        if self.is_as_given() {
            return 0;
        }
        let of_node = |node: &Node| {
            let all = node.weights.iter().filter_map(|weight| match &weight.role {
                Role::Drawn(shape) | Role::Own(shape, _) => Some(self.law(node, weight).effort(shape)),
                Role::Bias(_) | Role::Constant(_) | Role::Kept => None,
            });
            all.fold(0u128, u128::saturating_add)
        };
        let all = network.nodes.iter().map(of_node).fold(0u128, u128::saturating_add);
        u64::try_from(all).unwrap_or(u64::MAX)
    }

    /// Whether some weight depends on what fills the slots.
    #[must_use]
    pub fn depends_on_activation(&self, network: &Network) -> bool {
        let depends = |node: &Node| {
            let takes_gain =
                |init: &Initializer| init.takes_gain() && matches!(node.surroundings.following, Following::Slot(_));
            let own = node.operation.own_init();
            own.is_some_and(|own| own.given().any(|init| init.looks_at_data() || takes_gain(init)))
        };
        self.init.depends_on_activation() || network.nodes.iter().any(depends)
    }

    /// Whether some weight depends on the data that reach its layer.
    #[must_use]
    pub fn looks_at_data(&self, network: &Network) -> bool {
        let own = network.nodes.iter().filter_map(|node| node.operation.own_init());
        self.init.looks_at_data() || own.flat_map(|own| own.given()).any(Initializer::looks_at_data)
    }
}

/// The shape of a weight as initializations see it.
fn shape(weight: &Weight) -> WeightShape {
    match &weight.role {
        Role::Drawn(shape) | Role::Bias(shape) | Role::Own(shape, _) => shape.clone(),
        Role::Constant(_) | Role::Kept => WeightShape::new(weight.dims.clone(), 1),
    }
}

/// What PyTorch starts a weight from.
fn usual(weight: &Weight) -> Law {
    match &weight.role {
        Role::Drawn(shape) | Role::Bias(shape) => Law::fan_in_uniform(shape),
        Role::Constant(value) => Law::Constant { value: *value },
        Role::Own(_, law) => *law,
        // Never drawn: see the role.
        Role::Kept => Law::Constant { value: 0.0 },
    }
}

/// The law by which the matrices of gates are drawn apart in place of one matrix of all: orthogonal matrices below each other
/// have orthogonal columns, as Keras draws them; here those of each gate are orthogonal too.
fn together(law: Law, gates: usize) -> Law {
    match law {
        Law::Orthogonal { gain } => Law::Orthogonal { gain: gain / (gates as f64).sqrt() },
        other => other,
    }
}

fn is_norm(node: &Node) -> bool {
    node.kind().ends_with("_norm")
}

/// What a recipe says of a weight that is drawn; the place goes before the kind.
fn part<'a>(recipe: &'a Recipe, node: &Node, weight: &Weight) -> Option<&'a Initializer> {
    let is_drawn = matches!(weight.role, Role::Drawn(_));
    let is_last = node.surroundings.branch.is_some_and(|branch| branch.is_last);
    let places = [
        (weight.name.starts_with("weight_hh"), RECURRENT),
        (is_drawn && node.surroundings.is_output, OUTPUT),
        (is_drawn && is_last, RESIDUAL_OUTPUT),
    ];
    let places = places.into_iter().filter(|(is_there, _)| *is_there).map(|(_, key)| key);
    places.chain(kinds::keys(node)).find_map(|key| recipe.part(key))
}

/// By how much the number of residuals shrinks a drawn weight.
fn factor(depth: Depth, node: &Node) -> f64 {
    let residuals = node.surroundings.branches as f64;
    match (depth, node.surroundings.branch) {
        (Depth::LastOfBody, Some(branch)) if branch.is_last => residuals.powf(-0.5),
        (Depth::Body, Some(branch)) if branch.layers > 1 && residuals > 0.0 => {
            residuals.powf(-1.0 / (2.0 * branch.layers as f64 - 2.0))
        }
        _ => 1.0,
    }
}
