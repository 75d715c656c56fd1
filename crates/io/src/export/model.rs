//! A candidate as all code writers see it: slots filled, laws resolved.

use super::source::comment;
use super::writer::{Chosen, ExportError};
use neartop_core::init::Law;
use neartop_core::layer::Operation;
use neartop_core::layers::{Fixed, Slot};
use neartop_core::network::{Activation, BiasInit, Block, Init, Layer, Network, Node, ShapeError};

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
    init: Init,
    bias: BiasInit,
    gain: f64,
    names: Vec<(Activation, String)>,
}

/// The laws of a node with a drawn weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Laws {
    pub weight: Law,
    /// None where there is no bias.
    pub bias: Option<Law>,
}

impl Model {
    pub fn new(chosen: &Chosen<'_>) -> Result<Self, ExportError> {
        let preset = &chosen.preset;
        let activation = chosen.activation.as_ref();
        let input = &preset.network.input;
        let layers = fill_all(&chosen.layers, activation);
        let network = Network::build(input, &layers)?;
        let (init, bias) = (chosen.init.clone(), preset.search.bias);
        let gain = match activation {
            Some(activation) if init.depends_on_activation() => activation.gain(),
            _ => 1.0,
        };
        let mut remarks = Vec::new();
        if !preset.name.is_empty() {
            remarks.push(format!("Preset: {}", comment(&preset.name)));
        }
        remarks.push(format!("Network: {}", comment(Network::build(input, &chosen.layers)?.summary())));
        if let Some(activation) = activation {
            remarks.push(format!("Activation {activation}: {}", activation.entry().formula));
        }
        remarks.push(format!("Initialization {init}: {}", init.entry().formula));
        let (title, names) = (comment(&chosen.note), name_activations(&network));
        let model = Self { network, layers, seed: preset.seed, title, remarks, init, bias, gain, names };
        model.check_finite()?;
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

    /// The laws of a node with a drawn weight.
    pub fn laws(&self, node: &Node) -> Option<Laws> {
        let shape = node.drawn()?;
        let bias = node.has_bias().then(|| self.init.bias_law(shape, self.bias));
        Some(Laws { weight: self.init.law(shape, self.gain), bias })
    }

    /// The nodes with drawn weights, in the order of the forward pass.
    pub fn weighted(&self) -> Vec<(&Node, Laws)> {
        self.network.nodes.iter().filter_map(|node| Some((node, self.laws(node)?))).collect()
    }

    /// Target and tolerance of the layers' standard deviations, if the initialization needs data.
    pub fn unit_variance(&self) -> Option<(f64, f64)> {
        self.weighted().iter().find_map(|(_, laws)| match laws.weight {
            Law::UnitVariance { target_std, tolerance } => Some((target_std, tolerance)),
            _ => None,
        })
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
        self.weighted().iter().any(|(_, laws)| what(&laws.weight) || laws.bias.as_ref().is_some_and(&what))
    }

    /// Every activation of the network once, with a name that no other has: `snake`, `snake_2`.
    pub fn activations(&self) -> impl Iterator<Item = (&Activation, &str)> {
        self.names.iter().map(|(activation, name)| (activation, name.as_str()))
    }

    pub fn name_of(&self, activation: &Activation) -> &str {
        self.activations().find(|(a, _)| *a == activation).map_or("", |(_, name)| name)
    }
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

fn fill_all(layers: &[Layer], activation: Option<&Activation>) -> Vec<Layer> {
    layers.iter().map(|layer| fill(layer, activation)).collect()
}

/// The layer with `activation` in every slot.
fn fill(layer: &Layer, activation: Option<&Activation>) -> Layer {
    match (layer, activation) {
        (Layer::Block(block), _) => block.map(&|layers| fill_all(layers, activation)).into(),
        (_, Some(activation)) if layer.as_kind::<Slot>().is_some() => Fixed(activation.clone()).into(),
        _ => layer.clone(),
    }
}
