//! What a layer is: the trait that every kind implements, and how layers stand together.
//!
//! A network is written as a list of [`Layer`]s and built as a graph of nodes. Most layers are one node, an
//! [`Operation`]. A [`Block`] is several ways that part and meet again. Each kind of operation has a file of its own under
//! `layers/` and states there all that anybody asks of it.

mod arguments;
mod block;
mod own;
mod weight;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use candle_core::{Result as Computed, Tensor};

use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::init::OwnInit;
use crate::parameters::Parameters;
use crate::shape::{Form, Shape};

pub use weight::{Role, Weight, own};

/// A kind of layer, as presets and documentation know it.
#[derive(Debug)]
pub struct Kind {
    /// The name in presets.
    pub name: &'static str,
    /// What it does, in one line of documentation.
    pub about: &'static str,
    pub params: &'static [Param],
    /// The parameter that may stand alone in place of the map of all.
    pub short: Short,
    /// How it is written, for messages and documentation.
    pub example: &'static str,
    pub make: Make,
    /// Small networks with such layers, on which tests compare gradients with finite differences and code that is
    /// written for other libraries with the forward pass.
    pub trials: fn() -> Vec<Trial>,
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Kind {
    /// A layer of the kind with these values of its parameters.
    #[must_use]
    pub fn made_of(&'static self, values: Vec<Value>) -> Layer {
        let arguments = Arguments { kind: self, values };
        match self.make {
            Make::Layer(make) => make(&arguments),
            Make::Repeat(make) => make(&arguments),
        }
    }
}

/// A small network.
#[derive(Debug, Clone)]
pub struct Trial {
    pub input: Form,
    pub layers: Vec<Layer>,
}

impl Trial {
    #[must_use]
    pub fn new(input: &[usize], layers: Vec<Layer>) -> Self {
        Self { input: Form::of_input(Shape(input.to_vec())), layers }
    }

    /// The same with tokens as input.
    #[must_use]
    pub fn of_tokens(input: Form, layers: Vec<Layer>) -> Self {
        Self { input, layers }
    }
}

/// A parameter of a kind of layer.
#[derive(Debug)]
pub struct Param {
    pub name: &'static str,
    /// What messages call it.
    pub label: &'static str,
    pub domain: Domain,
    pub default: Default,
    pub about: &'static str,
}

/// What a parameter accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// A whole number of at least 1: a number of units, or whatever cannot be larger.
    Size,
    /// As `Size`; presets may write `auto` for as many as the labels ask for.
    Outputs,
    /// A whole number within the limits, both included.
    Whole { least: u64, most: u64 },
    /// A number within the limits, both included.
    Number { least: f64, most: f64 },
    /// true or false
    Flag,
    /// A whole number up to the limit, or one of the words.
    WholeOrWord { most: u64, words: &'static [&'static str] },
    /// A list of layers; where a word is given, it stands for an empty list.
    Layers { nothing: Option<&'static str> },
    /// A list of lists of layers.
    Branches,
    /// One of the words.
    Word(&'static [&'static str]),
    /// A name that the user chooses.
    Name,
    /// The name of a slot.
    Slot,
    /// A whole number within the limits for each of so many axes, or one for all of them.
    Sides { axes: usize, least: u64, most: u64 },
    /// As `Sides`, or one of the words.
    SidesOrWord { axes: usize, most: u64, words: &'static [&'static str] },
    /// A list of whole numbers within the limits.
    List { least: u64, most: u64 },
}

/// The value of a parameter that is not given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Default {
    /// It must be given.
    Needed,
    Whole(u64),
    Number(f64),
    Flag(bool),
    /// The value of an earlier parameter.
    Of(&'static str),
    /// An empty list of layers.
    NoLayers,
    Word(&'static str),
    Name(&'static str),
}

/// Which parameter may stand alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Short {
    /// None.
    Never,
    /// This one, which messages then call by the label. It is still written within the map.
    Read { param: &'static str, label: &'static str },
    /// This one, and it is written so where all others have their defaults.
    Written { param: &'static str, label: &'static str },
}

/// What comes of a kind's arguments.
#[derive(Debug, Clone, Copy)]
pub enum Make {
    Layer(fn(&Arguments) -> Layer),
    /// The layers of the argument `layers`, `times` times. Presets take them in place; this makes one layer of them.
    Repeat(fn(&Arguments) -> Layer),
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Whole(u64),
    Number(f64),
    Flag(bool),
    Word(&'static str),
    Layers(Vec<Layer>),
    Branches(Vec<Vec<Layer>>),
    Name(String),
    /// One number for each axis.
    Sides(Vec<u64>),
}

/// The values of all parameters of a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Arguments {
    pub kind: &'static Kind,
    /// In the order of the kind's parameters.
    pub values: Vec<Value>,
}

/// Whether NEAR counts an output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Counted<'a> {
    /// That of a layer with weights.
    Weighted,
    /// That of an activation; which one, if it is elementwise and known.
    Activation(Option<&'a Activation>),
    No,
}

/// What a factor in its input does to a layer's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scaling {
    /// f(c x) = c f(x) for every c > 0, and a factor in its weight is a factor in its output, but for a bias.
    Weighted,
    /// f(c x) = c f(x) for every c > 0.
    Passes,
    /// Anything else, or what depends on several inputs.
    Changes,
}

/// What a layer takes to compute for one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Numbers that are held beside inputs, output and weights; once for all samples.
    pub workspace: u128,
    /// Products of weights, or of values with one another as in attention, that are summed. Norms, activations, pooling, lookups
    /// and biases have none.
    pub multiply_adds: u128,
}

impl Cost {
    pub const NOTHING: Self = Self { workspace: 0, multiply_adds: 0 };
}

/// Where an operation stands in a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// As in `nn.Sequential.state_dict()`: `0`, or `4.body.1` inside a residual.
    pub name: String,
    pub inputs: Vec<Form>,
    pub output: Form,
}

impl Place {
    /// Places of units that a sample has in the first input: its elements by its units.
    #[must_use]
    pub fn rows_in(&self) -> usize {
        self.inputs.first().map_or(1, Form::rows)
    }

    /// The shape of the first input.
    #[must_use]
    pub fn input(&self) -> &Shape {
        static NOTHING: Shape = Shape(Vec::new());
        self.inputs.first().map_or(&NOTHING, |form| &form.shape)
    }
}

/// What a node of a network does. Every kind states all of it: nothing is assumed of a new one.
pub trait Operation: Any + fmt::Debug + Send + Sync {
    fn kind(&self) -> &'static Kind;

    /// The values of the kind's parameters, in their order.
    fn values(&self) -> Vec<Value>;

    /// What it is called in reports, where that is not the name of its kind.
    fn name(&self) -> &'static str {
        self.kind().name
    }

    /// How it stands in a summary of the network: `128`, `conv3 16`.
    fn summary(&self) -> String;

    /// What comes out.
    ///
    /// # Errors
    /// Says what comes in and what is needed.
    fn output(&self, inputs: &[Form]) -> Result<Form, String>;

    /// The parameters that training changes, with `slot` in the slots.
    fn weights(&self, inputs: &[Form], slot: Option<&Activation>) -> Vec<Weight>;

    /// Whether NEAR counts its output, with `slot` in the slots.
    fn counted<'a>(&'a self, slot: Option<&'a Activation>) -> Counted<'a>;

    /// Whether what a sample becomes does not depend on those that pass with it.
    fn is_by_sample(&self) -> bool;

    /// What a factor in the input does, with `slot` in the slots.
    fn scaling(&self, slot: Option<&Activation>) -> Scaling;

    /// Whether an activation after it still belongs to the layer before it.
    fn passes_units(&self) -> bool;

    fn cost(&self, place: &Place) -> Cost;

    /// The output `[samples, ...]` from the inputs `[samples, ...]`. Absent parameters have their neutral values.
    ///
    /// # Errors
    /// If the tensors do not fit.
    fn forward(
        &self,
        place: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        slot: Option<&Activation>,
    ) -> Computed<Tensor>;

    /// The same as nodes of candle's graph, which a backward pass can go through.
    ///
    /// # Errors
    /// If the tensors do not fit.
    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor>;

    /// Whether its output has memory of its own, whatever comes in, rather than a view of that. Such memory is used again once
    /// nothing else needs what is in it, and so is that of its inputs.
    fn makes_anew(&self) -> bool {
        false
    }

    /// Whether each row of its output, a row for every position of every sample, is x W^T + b for the same row x of its first
    /// input, with its parameters `weight` and `bias`.
    fn is_dense(&self, _place: &Place) -> bool {
        false
    }

    /// The most that the rank of its output's rows can be, a row for every position of every sample, from the same of its
    /// inputs. Never less than it is but for rounding; all units where nothing is known.
    fn most_rank(&self, place: &Place, _inputs: &[usize]) -> usize {
        place.output.units()
    }

    /// Where its parameter of this name starts from, if that is a tensor of its own: see [`Role::Kept`].
    fn kept(&self, _name: &str) -> Option<&Tensor> {
        None
    }

    /// The row of its table that is of zeros and that looking it up does not train: that of the token which stands for nothing.
    fn blank_row(&self) -> Option<usize> {
        None
    }

    /// Of a layer that fixes how it starts: the same layer without that, and how it starts. None for any kind of layer.
    fn fixed_start(&self) -> Option<(&dyn Operation, &OwnInit)> {
        None
    }
}

impl PartialEq for dyn Operation {
    fn eq(&self, other: &Self) -> bool {
        let same_start = self.own_init() == other.own_init();
        same_start && self.kind() == other.kind() && self.name() == other.name() && self.values() == other.values()
    }
}

impl dyn Operation {
    /// The operation as one of the kind `T`.
    #[must_use]
    pub fn as_kind<T: Operation>(&self) -> Option<&T> {
        let any: &dyn Any = match self.fixed_start() {
            Some((layer, _)) => layer,
            None => self,
        };
        any.downcast_ref()
    }

    /// How it starts whatever the candidate's initialization says, where it fixes that.
    #[must_use]
    pub fn own_init(&self) -> Option<&OwnInit> {
        self.fixed_start().map(|(_, own)| own)
    }

    #[must_use]
    pub fn is<T: Operation>(&self) -> bool {
        self.as_kind::<T>().is_some()
    }

    #[must_use]
    pub fn arguments(&self) -> Arguments {
        Arguments { kind: self.kind(), values: self.values() }
    }
}

/// A layer as a preset writes it.
#[derive(Debug, Clone)]
pub enum Layer {
    Operation(Arc<dyn Operation>),
    Block(Block),
}

impl PartialEq for Layer {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Operation(a), Self::Operation(b)) => **a == **b,
            (Self::Block(a), Self::Block(b)) => a == b,
            _ => false,
        }
    }
}

impl<T: Operation> From<T> for Layer {
    fn from(operation: T) -> Self {
        Self::Operation(Arc::new(operation))
    }
}

impl From<Block> for Layer {
    fn from(block: Block) -> Self {
        Self::Block(block)
    }
}

impl Layer {
    /// The layer as an operation of the kind `T`.
    #[must_use]
    pub fn as_kind<T: Operation>(&self) -> Option<&T> {
        match self {
            Self::Operation(operation) => operation.as_kind(),
            Self::Block(_) => None,
        }
    }

    /// The operation; none for a block.
    #[must_use]
    pub fn operation(&self) -> Option<&dyn Operation> {
        match self {
            Self::Operation(operation) => Some(&**operation),
            Self::Block(_) => None,
        }
    }

    /// The kind and the values of its parameters.
    #[must_use]
    pub fn arguments(&self) -> Arguments {
        match self {
            Self::Operation(operation) => operation.arguments(),
            Self::Block(block) => Arguments { kind: block.kind, values: block.values.clone() },
        }
    }

    #[must_use]
    pub fn is_activation(&self) -> bool {
        self.operation().is_some_and(|operation| matches!(operation.counted(None), Counted::Activation(_)))
    }

    /// The number of units that it is written with: of dense layers and convolutions.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        match self.operation()?.arguments().get("out")? {
            Value::Whole(n) => usize::try_from(*n).ok(),
            _ => None,
        }
    }
}

/// A layer of several nodes: a directed acyclic graph of layers. Vertex 0 is the input; the last vertex is the output.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    pub kind: &'static Kind,
    /// The values of the kind's parameters, in their order.
    pub values: Vec<Value>,
    /// The vertices after the input, in topological order.
    pub vertices: Vec<Vertex>,
}

/// A vertex of a block: what comes in along its edges, merged.
#[derive(Debug, Clone)]
pub struct Vertex {
    pub edges: Vec<Edge>,
    /// Takes what comes along the edges, in their order, where there are several.
    pub merge: Arc<dyn Operation>,
    /// Applied to what was merged.
    pub then: Vec<Layer>,
}

impl PartialEq for Vertex {
    fn eq(&self, other: &Self) -> bool {
        self.edges == other.edges && *self.merge == *other.merge && self.then == other.then
    }
}

/// An edge from an earlier vertex, through layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    pub from: usize,
    /// The names of the layers' nodes start with it.
    pub name: String,
    pub through: Through,
}

/// The layers along an edge.
#[derive(Debug, Clone, PartialEq)]
pub enum Through {
    /// Numbered within the edge's name: `4.body.0`, `4.body.1`.
    Chain(Vec<Layer>),
    /// One that has the edge's name: `4.q_proj`.
    One(Layer),
}

impl Through {
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        match self {
            Self::Chain(layers) => layers,
            Self::One(layer) => std::slice::from_ref(layer),
        }
    }
}
