//! Which activations of a model are searched.

use std::collections::HashMap;

use neartop_core::activation::Activation;
use neartop_core::fill::PLAIN;
use neartop_core::layers::{Calculation, Concat, Product};
use neartop_core::network::Network;

use crate::model::ModelError;

/// An elementwise activation of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The name of its node.
    pub node: String,
    /// The path of its module; of a function, its name within the module that calls it.
    pub module: String,
    /// Whether it is a module, so that it can be replaced.
    pub is_module: bool,
    /// Where it stands in the user's source.
    pub source: String,
    pub activation: Activation,
    /// Whether it opens and closes another value: a sigmoid that something is multiplied with.
    pub is_gate: bool,
    /// Whether no layer with weights comes after it.
    pub is_last: bool,
    /// Whether nothing that is trained comes before it: then it computes features of the samples.
    pub is_first: bool,
    /// Whether all weights of the layers before it are frozen.
    pub is_frozen: bool,
    /// The name of the slot that it is; none where it stays.
    pub slot: Option<String>,
}

/// Which activations are to be slots.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Wanted {
    /// Those of the commonest kind, no gates, nothing that comes first or last, and nothing behind frozen layers.
    #[default]
    Usual,
    /// None.
    Nothing,
    /// By the name of the slot: paths of modules, or names of kinds.
    Named(Vec<(String, Vec<String>)>),
}

impl Wanted {
    /// By the name of the node, the name of its slot.
    ///
    /// # Errors
    /// Names what the model does not have.
    pub fn choose(&self, found: &[Found]) -> Result<HashMap<String, String>, ModelError> {
        match self {
            Self::Nothing => Ok(HashMap::new()),
            Self::Usual => {
                let chosen = usual(found, true);
                Ok(chosen.into_iter().map(|one| (one.node.clone(), PLAIN.to_owned())).collect())
            }
            Self::Named(slots) => {
                let mut chosen = HashMap::new();
                for (slot, names) in slots {
                    for name in names {
                        let before = chosen.len();
                        let meant = found.iter().filter(|one| one.is_meant_by(name));
                        chosen.extend(meant.map(|one| (one.node.clone(), slot.clone())));
                        if chosen.len() == before && !found.iter().any(|one| one.is_meant_by(name)) {
                            return Err(unknown(name, found));
                        }
                    }
                }
                Ok(chosen)
            }
        }
    }
}

/// Those of the commonest kind, no gates, nothing that comes last, and nothing behind frozen layers; what comes first only where it
/// is not left out, or where nothing else is there.
fn usual(found: &[Found], leaves_first: bool) -> Vec<&Found> {
    let mut usual: Vec<_> = found.iter().filter(|one| !one.is_gate && !one.is_last && !one.is_frozen).collect();
    if leaves_first && usual.iter().any(|one| !one.is_first) {
        usual.retain(|one| !one.is_first);
    }
    let count = |one: &&Found| usual.iter().filter(|other| other.activation == one.activation).count();
    // Of those that are as common, the first.
    let commonest = usual.iter().rev().max_by_key(|one| count(one)).map(|one| one.activation.clone());
    usual.retain(|one| Some(&one.activation) == commonest.as_ref());
    usual
}

/// Whether other activations are the usual ones where what comes first is left out.
#[must_use]
pub fn leaves_first(found: &[Found]) -> bool {
    usual(found, true) != usual(found, false)
}

impl Found {
    fn is_meant_by(&self, name: &str) -> bool {
        name == "all" || name == self.node || name == self.module || name == self.activation.name()
    }
}

fn unknown(name: &str, found: &[Found]) -> ModelError {
    const MOST: usize = 12;
    let mut names: Vec<_> = found.iter().map(|one| format!("{} ({})", one.module, one.activation)).collect();
    names.dedup();
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    let help = match names.is_empty() {
        true => "it has no elementwise activations".to_owned(),
        false => format!("it has {}", names.join(", ")),
    };
    ModelError::NoActivation { name: name.to_owned(), help }
}

/// Says of activations whether they are gates, whether they come first or last and whether they come after frozen layers.
pub fn look_around(network: &Network, activations: &mut [Found]) {
    for found in activations {
        let Some(at) = network.nodes.iter().position(|node| node.name() == found.node) else { continue };
        let mut reached = vec![false; network.nodes.len()];
        // Whether a value is nothing but the activation's, moved about.
        let mut moved = vec![false; network.nodes.len()];
        (reached[at], moved[at]) = (true, true);
        let (mut is_last, mut is_multiplied) = (true, false);
        for (later, node) in network.nodes.iter().enumerate().skip(at + 1) {
            let comes_from = |marked: &[bool]| {
                let mut inputs = node.inputs.iter().filter_map(|value| value.checked_sub(1));
                inputs.any(|input| marked[input])
            };
            let is_moved = comes_from(&moved);
            is_multiplied |= is_moved && (node.operation.is::<Product>() || multiplies(node.operation.as_kind()));
            reached[later] = comes_from(&reached);
            moved[later] = is_moved
                && node.counted.is_none()
                && node.inputs.len() == 1
                && node.operation.passes_units()
                && !node.operation.is::<Concat>();
            is_last &= !(reached[later] && node.has_matrices());
        }
        let opens = matches!(found.activation.name(), "sigmoid" | "hardsigmoid");
        found.is_gate = opens && is_multiplied;
        found.is_last = is_last;
        let (layers, frozen) = layers_before(network, at);
        found.is_first = layers == 0 && !comes_from_parameters(network, at);
        found.is_frozen = layers > 0 && frozen == layers;
    }
}

/// Whether anything that training changes comes before a node.
fn comes_from_parameters(network: &Network, at: usize) -> bool {
    let mut open = network.nodes[at].inputs.clone();
    let mut seen = vec![false; at + 1];
    while let Some(value) = open.pop() {
        let Some(before) = value.checked_sub(1).filter(|_| !std::mem::replace(&mut seen[value], true)) else {
            continue;
        };
        let node = &network.nodes[before];
        if !node.weights.is_empty() {
            return true;
        }
        open.extend(&node.inputs);
    }
    false
}

/// How many are the nearest layers before a node, and how many of them are frozen.
fn layers_before(network: &Network, at: usize) -> (usize, usize) {
    let mut open = network.nodes[at].inputs.clone();
    let mut seen = vec![false; at + 1];
    let (mut layers, mut frozen) = (0, 0);
    while let Some(value) = open.pop() {
        let Some(before) = value.checked_sub(1).filter(|_| !std::mem::replace(&mut seen[value], true)) else {
            continue;
        };
        let node = &network.nodes[before];
        if node.has_matrices() {
            layers += 1;
            frozen += usize::from(node.weights.is_empty());
        } else {
            open.extend(&node.inputs);
        }
    }
    (layers, frozen)
}

/// Whether it is a product of two values that depend on the samples.
fn multiplies(calculation: Option<&Calculation>) -> bool {
    use neartop_core::arithmetic::{Arithmetic, Binary};
    calculation.is_some_and(|one| matches!(one.arithmetic(), Arithmetic::Binary(Binary::Multiply)))
}
