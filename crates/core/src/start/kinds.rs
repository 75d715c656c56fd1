//! Which kinds of layers may fix how they start, and which a recipe may speak of.

use std::sync::OnceLock;

use crate::init::Needs;
use crate::layer::{Kind, Role, Value, Weight};
use crate::layers::KINDS;
use crate::network::{Network, Node};
use crate::recipe::{EMBEDDING, PLACES};

/// What of a kind's layers can be started; each with what an initialization can know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Takes {
    /// `init`
    pub weight: Option<Needs>,
    /// `bias_init`
    pub bias: Option<Needs>,
    /// Whether its weight is drawn by what is searched.
    pub is_drawn: bool,
}

impl Takes {
    /// The keys that presets may write, with what each accepts.
    pub fn keys(self) -> impl Iterator<Item = (&'static str, Needs)> {
        let weight = self.weight.map(|offers| ("init", offers));
        weight.into_iter().chain(self.bias.map(|offers| ("bias_init", offers)))
    }
}

/// What of a kind's layers can be started, by the weights that they have in the networks on which the kind is tried.
#[must_use]
pub fn takes(kind: &Kind) -> Takes {
    static ALL: OnceLock<Vec<(&str, Takes)>> = OnceLock::new();
    let all = ALL.get_or_init(|| KINDS.iter().map(|kind| (kind.name, of_trials(kind))).collect());
    all.iter().find(|(name, _)| *name == kind.name).map(|(_, takes)| *takes).unwrap_or_default()
}

fn of_trials(kind: &Kind) -> Takes {
    // Such a kind has its own idea of how it starts.
    if kind.params.iter().any(|param| matches!(param.name, "init" | "bias_init")) {
        return Takes::default();
    }
    let trials = (kind.trials)();
    let networks: Vec<_> =
        trials.iter().filter_map(|trial| Network::build(trial.input.clone(), &trial.layers).ok()).collect();
    let is_block = BLOCKS.contains(&kind.name);
    let of_kind = |node: &&Node| is_block || node.operation.kind() == kind;
    let nodes = networks.iter().flat_map(|network| &network.nodes).filter(of_kind);
    let weights: Vec<&Weight> = nodes.flat_map(|node| &node.weights).collect();
    let offers = |is_bias| weights.iter().filter(|weight| weight.is_bias() == is_bias).map(|w| w.offers()).max();
    let is_drawn = weights.iter().any(|weight| matches!(weight.role, Role::Drawn(_)));
    Takes { weight: offers(false), bias: offers(true), is_drawn }
}

/// Layers of several nodes that start as one, of which their trials have no others.
const BLOCKS: &[&str] = &["attention", "lstm", "gru", "rnn"];

/// The keys by which a recipe speaks of a node, the nearest first.
pub fn keys(node: &Node) -> impl Iterator<Item = &'static str> {
    let (name, other) = match node.operation.kind().name {
        "projection" => ("attention", Some("linear")),
        name @ "recurrence" => (cell(node).unwrap_or(name), None),
        name @ ("positions" | "class_token") => (name, Some(EMBEDDING)),
        name => (name, None),
    };
    std::iter::once(name).chain(other)
}

/// The kind of the layer that a recurrence is part of.
fn cell(node: &Node) -> Option<&'static str> {
    match node.operation.values().first() {
        Some(Value::Word(cell)) => Some(cell),
        _ => None,
    }
}

/// The keys of a recipe: kinds of layers with drawn weights, then places.
#[must_use]
pub fn recipe_keys() -> Vec<&'static str> {
    let is_spoken_of = |kind: &&&Kind| takes(kind).is_drawn;
    let kinds = KINDS.iter().filter(is_spoken_of).map(|kind| kind.name);
    let places = PLACES.iter().map(|(key, _)| *key);
    let mut keys: Vec<_> = kinds.chain(places).collect();
    keys.dedup();
    keys
}
