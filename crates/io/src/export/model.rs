//! A candidate as all code writers see it: slots filled, laws resolved.

use std::collections::HashMap;

use super::source::comment;
use super::writer::{Chosen, ExportError};
use neartop_core::fill::PLAIN;
use neartop_core::init::Law;
use neartop_core::layer::{Operation, Role, Weight};
use neartop_core::layers::{Fixed, Slot, Use};
use neartop_core::network::{Activation, Block, Fill, Layer, Network, Node, ShapeError};
use neartop_core::start::Drawing;

/// A candidate's network and initialization.
#[derive(Debug)]
pub struct Model {
    /// No slot is left in it.
    pub network: Network,
    /// The same as a list of layers, as the preset writes it.
    pub layers: Vec<Layer>,
    pub seed: u64,
    /// Names the candidate; safe within comments.
    pub title: String,
    /// More lines about it, safe within comments.
    pub remarks: Vec<String>,
    /// By the node's name.
    laws: HashMap<String, Laws>,
    /// By the names of the node and of the weight.
    starts: HashMap<(String, &'static str), Law>,
    names: Vec<(Activation, String)>,
}

/// The laws of a node whose weights are drawn, or do not start as all libraries start them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Laws {
    pub weight: Law,
    /// None where there is no bias.
    pub bias: Option<Law>,
}

impl Model {
    pub fn new(chosen: &Chosen<'_>) -> Result<Self, ExportError> {
        let preset = &chosen.preset;
        if preset.model.is_some() {
            return Err(ExportError::Brought);
        }
        let (input, fill) = (&preset.network.input, chosen.fill.as_ref());
        let layers = fill_all(&chosen.layers, fill);
        let (open, network) = (Network::build(input, &chosen.layers)?, Network::build(input, &layers)?);
        let init = &chosen.init;
        let drawing = Drawing::new(init, preset.search.bias, fill);
        // Laws are those of open slots, which tell gains apart.
        let laws = open.nodes.iter().filter_map(|node| Some((node.name().to_owned(), laws(&drawing, node)?)));
        let laws = laws.collect();
        let starts = network.nodes.iter().chain(&open.nodes).flat_map(|node| {
            let drawing = &drawing;
            node.weights.iter().map(move |weight| ((node.name().to_owned(), weight.name), drawing.law(node, weight)))
        });
        let starts = starts.collect();
        let mut remarks = Vec::new();
        if !preset.name.is_empty() {
            remarks.push(format!("Preset: {}", comment(&preset.name)));
        }
        remarks.push(format!("Network: {}", comment(open.summary())));
        for (slot, activation) in fill.map(Fill::parts).unwrap_or_default() {
            let of_slot = if slot == PLAIN { String::new() } else { format!(" of slot {slot},") };
            remarks.push(format!("Activation{of_slot} {activation}: {}", activation.entry().formula));
        }
        remarks.push(format!("Initialization {init}: {}", init.formula()));
        let (title, names) = (comment(&chosen.note), name_activations(&network));
        let model = Self { network, layers, seed: preset.seed, title, remarks, laws, starts, names };
        model.check_finite()?;
        model.check_targets()?;
        Ok(model)
    }

    fn check_finite(&self) -> Result<(), ExportError> {
        for (node, laws) in self.weighted() {
            if !numbers(&laws.weight).iter().all(|x| x.is_finite()) {
                return Err(ExportError::NotFinite(format!("the initialization of layer {}", node.name())));
            }
        }
        Ok(())
    }

    /// Checks that layers rescaled on data have one target, for one pass serves them all.
    fn check_targets(&self) -> Result<(), ExportError> {
        let Some(first) = self.unit_variance() else { return Ok(()) };
        let others = self.weighted().into_iter().find(|(_, laws)| laws.target().is_some_and(|other| other != first));
        match others {
            None => Ok(()),
            Some((node, _)) => Err(ExportError::Targets(node.name().to_owned())),
        }
    }

    /// The laws of a node whose weights are drawn, or do not start as all libraries start them.
    pub fn laws(&self, node: &Node) -> Option<Laws> {
        self.laws.get(node.name()).copied()
    }

    /// The nodes that have laws, in the order of the forward pass.
    pub fn weighted(&self) -> Vec<(&Node, Laws)> {
        self.network.nodes.iter().filter_map(|node| Some((node, self.laws(node)?))).collect()
    }

    /// Target and tolerance of the layers' standard deviations, if the initialization needs data.
    pub fn unit_variance(&self) -> Option<(f64, f64)> {
        self.weighted().iter().find_map(|(_, laws)| laws.target())
    }

    /// The names of the layers that data rescale.
    pub fn rescaled(&self) -> Vec<&str> {
        let all = self.weighted().into_iter();
        // The output of a recurrent layer is not linear in its weights.
        let is_linear = |node: &Node| node.drawn().is_some_and(|shape| shape.gates == 0);
        all.filter(|(node, laws)| is_linear(node) && laws.target().is_some()).map(|(node, _)| node.name()).collect()
    }

    /// The law that a weight of a node starts by.
    pub fn law(&self, node: &Node, weight: &Weight) -> Law {
        let law = self.starts.get(&(node.name().to_owned(), weight.name));
        law.copied().unwrap_or(Law::Constant { value: 0.0 })
    }

    /// Whether a weight starts as its layer has it, whatever the candidate.
    pub fn starts_as_built(&self, node: &Node, weight: &Weight) -> bool {
        matches!(weight.role, Role::Constant(value) if self.law(node, weight) == Law::Constant { value })
    }

    /// The node that saved what a node uses.
    pub fn saved(&self, node: &Node) -> Option<&Node> {
        node.inputs.first()?.checked_sub(1).and_then(|at| self.network.nodes.get(at))
    }

    /// Whether some node uses what this one saves.
    pub fn is_used_later(&self, node: &Node) -> bool {
        let is_this = |saved: &Node| saved.name() == node.name();
        self.has(|other| other.operation.is::<Use>() && self.saved(other).is_some_and(is_this))
    }

    /// What code says of the weights that it does not draw.
    pub fn untouched(&self) -> &'static str {
        match self.weighted().iter().any(|(node, _)| node.drawn().is_none()) {
            true => "those of activations and other normalizations start as they are built.",
            false => "those of normalizations and activations start as they are built.",
        }
    }

    pub fn has(&self, what: impl Fn(&Node) -> bool) -> bool {
        self.network.nodes.iter().any(what)
    }

    /// Whether there is a layer of the kind `T` of which that can be said.
    pub fn has_kind<T: Operation>(&self, what: impl Fn(&T) -> bool) -> bool {
        self.has(|node| node.operation.as_kind().is_some_and(&what))
    }

    /// Layers whose nodes' names start with `prefix`, each as what stands in the network for it.
    pub fn items<'a>(&'a self, prefix: &str, layers: &'a [Layer]) -> Vec<Item<'a>> {
        let item = |(place, layer): (usize, &'a Layer)| self.item(format!("{prefix}{place}"), layer);
        layers.iter().enumerate().filter_map(item).collect()
    }

    /// What stands in the network for a layer whose node has this name.
    pub fn item<'a>(&'a self, name: String, layer: &'a Layer) -> Option<Item<'a>> {
        match layer {
            Layer::Operation(_) => self.network.node(&name).map(Item::Node),
            Layer::Block(block) => Some(Item::Block { name, block }),
        }
    }

    /// The node that merges what comes into a vertex of the block `name`.
    pub fn merged(&self, name: &str, vertex: usize) -> Result<&Node, ExportError> {
        let (module, kind) = (format!("{name}.{vertex}"), "graph".to_owned());
        let missing = || ShapeError { module: module.clone(), kind, problem: "it is not in the network".to_owned() };
        Ok(self.network.node(&module).ok_or_else(missing)?)
    }

    /// Whether there is a block of which that can be said.
    pub fn has_block(&self, what: fn(&Block) -> bool) -> bool {
        has_block(&self.layers, what)
    }

    /// Whether some weight is drawn from such a law.
    pub fn draws(&self, what: impl Fn(&Law) -> bool) -> bool {
        self.starts.values().any(what)
    }

    /// Every activation of the network once, with a name that no other has: `snake`, `snake_2`.
    pub fn activations(&self) -> impl Iterator<Item = (&Activation, &str)> {
        self.names.iter().map(|(activation, name)| (activation, name.as_str()))
    }

    pub fn name_of(&self, activation: &Activation) -> &str {
        self.activations().find(|(a, _)| *a == activation).map_or("", |(_, name)| name)
    }
}

impl Laws {
    /// Target and tolerance of the output's standard deviation, if the weight needs data.
    fn target(&self) -> Option<(f64, f64)> {
        match self.weight {
            Law::UnitVariance { target_std, tolerance } => Some((target_std, tolerance)),
            _ => None,
        }
    }
}

fn laws(drawing: &Drawing<'_>, node: &Node) -> Option<Laws> {
    let is_other = |weight: &&Weight| node.drawn().is_none() || matches!(weight.role, Role::Drawn(_));
    let weight = node.weights.iter().filter(is_other).find(|weight| !weight.is_bias())?;
    let bias = node.weights.iter().find(|weight| weight.is_bias());
    let changes = |weight: &Weight| match weight.role {
        Role::Constant(value) => drawing.law(node, weight) != Law::Constant { value },
        Role::Own(_, law) => drawing.law(node, weight) != law,
        Role::Drawn(_) | Role::Bias(_) => true,
        Role::Kept => false,
    };
    let is_usual = !changes(weight) && !bias.is_some_and(changes);
    let laws = Laws { weight: drawing.law(node, weight), bias: bias.map(|bias| drawing.law(node, bias)) };
    (!is_usual).then_some(laws)
}

/// What stands in a network for a layer.
pub enum Item<'a> {
    Node(&'a Node),
    Block { name: String, block: &'a Block },
}

fn has_block(layers: &[Layer], what: fn(&Block) -> bool) -> bool {
    layers.iter().any(|layer| match layer {
        Layer::Operation(_) => false,
        Layer::Block(block) => {
            let within = |layers: &[Layer]| has_block(layers, what);
            let vertices = &block.vertices;
            what(block)
                || vertices.iter().any(|v| within(&v.then) || v.edges.iter().any(|e| within(e.through.layers())))
        }
    })
}

/// Whether every element is drawn alike and apart from the others.
pub fn is_by_element(law: &Law) -> bool {
    match law {
        Law::Uniform { .. } | Law::Normal { .. } | Law::TruncatedNormal { .. } | Law::Constant { .. } => true,
        Law::Orthogonal { .. } | Law::UnitVariance { .. } | Law::Sparse { .. } | Law::Identity => false,
    }
}

fn numbers(law: &Law) -> Vec<f64> {
    match *law {
        Law::Uniform { low, high } => vec![low, high],
        Law::Normal { mean, std } => vec![mean, std],
        Law::TruncatedNormal { mean, std, low, high } => vec![mean, std, low, high],
        Law::Orthogonal { gain } => vec![gain],
        Law::Sparse { sparsity, std } => vec![sparsity, std],
        Law::Identity => Vec::new(),
        Law::Constant { value } => vec![value],
        Law::UnitVariance { target_std, tolerance } => vec![target_std, tolerance],
    }
}

fn name_activations(network: &Network) -> Vec<(Activation, String)> {
    let mut names: Vec<(Activation, String)> = Vec::new();
    for node in &network.nodes {
        let Some(Fixed(activation)) = node.operation.as_kind() else { continue };
        if names.iter().any(|(known, _)| known == activation) {
            continue;
        }
        let name = match names.iter().filter(|(known, _)| known.name() == activation.name()).count() {
            0 => activation.name().to_owned(),
            others => format!("{}_{}", activation.name(), others + 1),
        };
        names.push((activation.clone(), name));
    }
    names
}

fn fill_all(layers: &[Layer], fill: Option<&Fill>) -> Vec<Layer> {
    layers.iter().map(|layer| filled(layer, fill)).collect()
}

/// The layer with `fill` in its slots.
fn filled(layer: &Layer, fill: Option<&Fill>) -> Layer {
    if let Layer::Block(block) = layer {
        return block.map(&|layers| fill_all(layers, fill)).into();
    }
    let activation = layer.as_kind::<Slot>().and_then(|slot| fill?.of(&slot.0));
    activation.map_or_else(|| layer.clone(), |activation| Fixed(activation.clone()).into())
}
