//! A candidate as all code writers see it: slots filled, laws resolved.

use super::source::comment;
use super::{Chosen, ExportError};
use neartop_core::network::init::Law;
use neartop_core::network::{Activation, BiasInit, Edge, Graph, Init, Layer, Merge, Module, Network, Op, Vertex};

/// A candidate's network and initialization.
#[derive(Debug)]
pub struct Model {
    /// No slot is left in it.
    pub network: Network,
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

/// The laws of a module with a drawn weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Laws {
    pub weight: Law,
    /// None where the module has no bias.
    pub bias: Option<Law>,
}

impl Model {
    pub fn new(chosen: &Chosen<'_>) -> Result<Self, ExportError> {
        let preset = &chosen.preset;
        let activation = chosen.activation.as_ref();
        let input = &preset.network.input;
        let network = Network::build(input, &fill_all(&chosen.layers, activation))?;
        let (init, bias) = (chosen.init.clone(), preset.search.bias);
        let gain = match activation {
            Some(activation) if init.depends_on_activation() => activation.gain(),
            _ => 1.0,
        };
        let mut remarks = Vec::new();
        if !preset.name.is_empty() {
            remarks.push(format!("Preset: {}", comment(&preset.name)));
        }
        remarks.push(format!("Network: {}", comment(&Network::build(input, &chosen.layers)?.summary())));
        if let Some(activation) = activation {
            remarks.push(format!("Activation {activation}: {}", activation.entry().formula));
        }
        remarks.push(format!("Initialization {init}: {}", init.entry().formula));
        let (title, names) = (comment(&chosen.note), name_activations(&network));
        let model = Self { network, seed: preset.seed, title, remarks, init, bias, gain, names };
        model.check_finite()?;
        Ok(model)
    }

    fn check_finite(&self) -> Result<(), ExportError> {
        for (module, laws) in self.weighted() {
            if !numbers(&laws.weight).iter().all(|x| x.is_finite()) {
                return Err(ExportError::NotFinite(format!("the initialization of layer {}", module.name)));
            }
        }
        Ok(())
    }

    /// The laws of a linear or convolution module.
    pub fn laws(&self, module: &Module) -> Option<Laws> {
        let shape = module.weight.as_ref()?;
        let has_bias = match &module.op {
            Op::Linear { bias } => *bias,
            Op::Conv2d(conv) => conv.bias,
            _ => false,
        };
        let bias = has_bias.then(|| self.init.bias_law(shape, self.bias));
        Some(Laws { weight: self.init.law(shape, self.gain), bias })
    }

    /// The modules with drawn weights, in the order of the forward pass.
    pub fn weighted(&self) -> Vec<(&Module, Laws)> {
        self.network.all_modules().into_iter().filter_map(|m| Some((m, self.laws(m)?))).collect()
    }

    /// Target and tolerance of the layers' standard deviations, if the initialization needs data.
    pub fn unit_variance(&self) -> Option<(f64, f64)> {
        self.weighted().iter().find_map(|(_, laws)| match laws.weight {
            Law::UnitVariance { target_std, tolerance } => Some((target_std, tolerance)),
            _ => None,
        })
    }

    pub fn has(&self, what: impl Fn(&Module) -> bool) -> bool {
        self.network.all_modules().into_iter().any(what)
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

/// Whether a graph is the sum of a `body` and a `shortcut`, as a residual makes it.
pub fn residual<L>(graph: &Graph<L>) -> Option<(&[L], &[L])> {
    let [Vertex { edges, merge: Merge::Sum, then }] = graph.vertices.as_slice() else { return None };
    match edges.as_slice() {
        [body, shortcut] if then.is_empty() && body.name == "body" && shortcut.name == "shortcut" => {
            Some((&body.through, &shortcut.through))
        }
        _ => None,
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
    for module in network.all_modules() {
        let Op::Activation(activation) = &module.op else { continue };
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
        (Layer::Slot, Some(activation)) => Layer::Activation(activation.clone()),
        (Layer::Residual { body, shortcut }, _) => {
            Layer::Residual { body: fill_all(body, activation), shortcut: fill_all(shortcut, activation) }
        }
        (Layer::Graph(graph), _) => {
            let edge = |edge: &Edge<Layer>| Edge { through: fill_all(&edge.through, activation), ..edge.clone() };
            let vertex = |vertex: &Vertex<Layer>| Vertex {
                edges: vertex.edges.iter().map(edge).collect(),
                merge: vertex.merge,
                then: fill_all(&vertex.then, activation),
            };
            Layer::Graph(Graph { vertices: graph.vertices.iter().map(vertex).collect() })
        }
        _ => layer.clone(),
    }
}
