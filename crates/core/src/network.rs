//! A network as a list of layers, with every shape inferred and checked from the input on.
//!
//! [`Layer`] is what a preset says; [`Network::build`] turns a list of them into [`Module`]s that know their place, their
//! shapes and their weights. Modules are named as in PyTorch's `nn.Sequential.state_dict()`.

pub mod activation;
pub mod forward;
pub mod init;
pub mod nas;
pub mod ops;
pub mod scale;
pub mod weights;

use std::fmt;

pub use activation::Activation;
pub use init::{BiasInit, Init};

use init::WeightShape;

/// The shape of one sample: `[features]` or `[channels, height, width]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape(pub Vec<usize>);

impl Shape {
    #[must_use]
    pub fn elements(&self) -> usize {
        self.0.iter().product()
    }

    /// Channels of an image, features of a vector: the number of columns of the layer's rank matrix.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.first().copied().unwrap_or(0)
    }

    fn image(&self) -> Option<[usize; 3]> {
        self.0.as_slice().try_into().ok()
    }

    fn vector(&self) -> Option<usize> {
        match self.0.as_slice() {
            [features] => Some(*features),
            _ => None,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [features] => write!(f, "{features} features"),
            dims => {
                let dims: Vec<_> = dims.iter().map(usize::to_string).collect();
                write!(f, "{} (channels x height x width)", dims.join(" x "))
            }
        }
    }
}

/// Padding of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    Zeros(usize),
    /// As much as keeps height and width, for stride 1.
    Same,
}

/// A two-dimensional convolution with a square kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conv2d {
    pub out: usize,
    pub kernel: usize,
    pub stride: usize,
    pub padding: Padding,
    pub dilation: usize,
    pub groups: usize,
    pub bias: bool,
}

impl Conv2d {
    /// A convolution with PyTorch's defaults.
    #[must_use]
    pub fn new(out: usize, kernel: usize) -> Self {
        Self { out, kernel, stride: 1, padding: Padding::Zeros(0), dilation: 1, groups: 1, bias: true }
    }

    /// Zeros before and after a row or column of the image.
    #[must_use]
    pub fn pads(&self) -> (usize, usize) {
        match self.padding {
            Padding::Zeros(p) => (p, p),
            Padding::Same => {
                let total = self.dilation.saturating_mul(self.kernel.saturating_sub(1));
                (total / 2, total - total / 2)
            }
        }
    }
}

/// A pooling window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    /// Whether an average counts the padding, as PyTorch does unless told otherwise.
    pub count_include_pad: bool,
}

impl Pool {
    #[must_use]
    pub fn new(kernel: usize) -> Self {
        Self { kernel, stride: kernel, padding: 0, count_include_pad: true }
    }
}

/// Activations over all features of a sample; they can be fixed layers but not searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Softmax {
    Softmax,
    LogSoftmax,
    Softmin,
}

impl Softmax {
    pub const ALL: [Self; 3] = [Self::Softmax, Self::LogSoftmax, Self::Softmin];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Softmax => "softmax",
            Self::LogSoftmax => "log_softmax",
            Self::Softmin => "softmin",
        }
    }
}

/// A layer as a preset writes it.
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    Linear {
        out: usize,
        bias: bool,
    },
    Conv2d(Conv2d),
    BatchNorm,
    LayerNorm,
    GroupNorm {
        groups: usize,
    },
    MaxPool(Pool),
    AvgPool(Pool),
    GlobalAvgPool,
    Flatten,
    /// Dropout is the identity here: scores are those of the network that will be used.
    Dropout {
        p: f64,
    },
    /// The sum of the body and the shortcut, which is the identity unless given.
    Residual {
        body: Vec<Layer>,
        shortcut: Vec<Layer>,
    },
    /// The slot that a search fills.
    Slot,
    Activation(Activation),
    Softmax(Softmax),
    /// Gives zeros of the input's shape.
    Zero,
    /// Leaves out all channels but the first.
    FirstChannels {
        keep: usize,
    },
    Graph(Graph<Layer>),
}

/// A directed acyclic graph of layers. Vertex 0 is the input; the last vertex is the output.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph<L> {
    /// The vertices after the input, in topological order.
    pub vertices: Vec<Vertex<L>>,
}

/// A vertex of a graph: what comes in along its edges, merged.
#[derive(Debug, Clone, PartialEq)]
pub struct Vertex<L> {
    pub edges: Vec<Edge<L>>,
    pub merge: Merge,
    /// Applied to what was merged.
    pub then: Vec<L>,
}

/// An edge from an earlier vertex, through layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge<L> {
    pub from: usize,
    pub name: String,
    pub through: Vec<L>,
}

/// How a vertex puts together what comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    Sum,
    /// Along the channels.
    Concat,
}

/// What a module does.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    Linear { bias: bool },
    Conv2d(Conv2d),
    BatchNorm,
    LayerNorm,
    GroupNorm { groups: usize },
    MaxPool(Pool),
    AvgPool(Pool),
    GlobalAvgPool,
    Flatten,
    Dropout { p: f64 },
    Slot,
    Activation(Activation),
    Softmax(Softmax),
    Zero,
    FirstChannels { keep: usize },
    Graph(Graph<Module>),
}

/// A layer in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Module {
    /// As in `nn.Sequential.state_dict()`: `0`, or `4.body.1` inside a residual.
    pub name: String,
    pub op: Op,
    pub input: Shape,
    pub output: Shape,
    /// The drawn weight of a linear or convolution module.
    pub weight: Option<WeightShape>,
}

impl Module {
    /// The name of this kind of layer in presets; `activation` for the slot.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.op {
            Op::Linear { .. } => "linear",
            Op::Conv2d(_) => "conv2d",
            Op::BatchNorm => "batch_norm",
            Op::LayerNorm => "layer_norm",
            Op::GroupNorm { .. } => "group_norm",
            Op::MaxPool(_) => "max_pool",
            Op::AvgPool(_) => "avg_pool",
            Op::GlobalAvgPool => "global_avg_pool",
            Op::Flatten => "flatten",
            Op::Dropout { .. } => "dropout",
            Op::Slot => "activation",
            Op::Activation(a) => a.name(),
            Op::Softmax(s) => s.name(),
            Op::Zero => "zero",
            Op::FirstChannels { .. } => "first_channels",
            Op::Graph(_) => "graph",
        }
    }

    /// Whether NEAR counts this module's output: modules with weights, and activations.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.is_activation()
            || matches!(
                self.op,
                Op::Linear { .. } | Op::Conv2d(_) | Op::BatchNorm | Op::LayerNorm | Op::GroupNorm { .. }
            )
    }

    #[must_use]
    pub fn is_activation(&self) -> bool {
        matches!(self.op, Op::Slot | Op::Activation(_) | Op::Softmax(_))
    }

    /// Number of trained parameters, but for the slot's.
    fn parameters(&self) -> u64 {
        match &self.op {
            Op::Linear { bias } => self.weight_elements() + if *bias { self.output.width() as u64 } else { 0 },
            Op::Conv2d(conv) => self.weight_elements() + if conv.bias { conv.out as u64 } else { 0 },
            Op::BatchNorm | Op::GroupNorm { .. } => 2 * self.input.width() as u64,
            Op::LayerNorm => 2 * self.input.elements() as u64,
            Op::Activation(a) => u64::from(a.has_weight()),
            _ => 0,
        }
    }

    fn weight_elements(&self) -> u64 {
        self.weight.as_ref().map_or(0, |w| w.elements() as u64)
    }

    /// Calls `visit` for this module and those inside it, in the order of the forward pass.
    pub(crate) fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        if let Op::Graph(graph) = &self.op {
            for vertex in &graph.vertices {
                for module in vertex.edges.iter().flat_map(|e| &e.through).chain(&vertex.then) {
                    module.walk(visit);
                }
            }
        }
    }
}

/// A checked network.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    pub input: Shape,
    pub modules: Vec<Module>,
}

/// A layer that does not fit what comes in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("layer {module} ({kind}): {problem}")]
pub struct ShapeError {
    /// The name of the module.
    pub module: String,
    pub kind: String,
    pub problem: String,
}

/// The largest number of elements that one shape or weight may have; beyond it sums could overflow.
const MOST_ELEMENTS: u64 = 1 << 40;

impl Network {
    /// Infers all shapes.
    ///
    /// # Errors
    /// Names the first layer that does not fit, what comes in, and what it needs.
    pub fn build(input: &Shape, layers: &[Layer]) -> Result<Self, ShapeError> {
        let mut builder = Builder { weights: 0 };
        let modules = builder.chain("", input, layers)?;
        Ok(Self { input: input.clone(), modules })
    }

    #[must_use]
    pub fn output(&self) -> &Shape {
        self.modules.last().map_or(&self.input, |m| &m.output)
    }

    /// Every module, those inside graphs too, in the order of the forward pass.
    #[must_use]
    pub fn all_modules(&self) -> Vec<&Module> {
        let mut all = Vec::new();
        for module in &self.modules {
            module.walk(&mut |m| all.push(m));
        }
        all
    }

    /// The modules whose effective ranks make up NEAR, in the order of the forward pass.
    #[must_use]
    pub fn counted(&self) -> Vec<&Module> {
        let mut all = self.all_modules();
        all.retain(|m| m.is_counted());
        all
    }

    #[must_use]
    pub fn has_slot(&self) -> bool {
        self.all_modules().iter().any(|m| m.op == Op::Slot)
    }

    /// The number of modules before the first that a search changes: the same for all activations.
    #[must_use]
    pub fn shared_prefix(&self) -> usize {
        let fixed = |module: &&Module| {
            let mut slots = 0;
            module.walk(&mut |m| slots += usize::from(m.op == Op::Slot));
            slots == 0
        };
        self.modules.iter().take_while(fixed).count()
    }

    /// Number of trained parameters with `activation` in the slots.
    #[must_use]
    pub fn parameters(&self, activation: Option<&Activation>) -> u64 {
        let slot = u64::from(activation.is_some_and(Activation::has_weight));
        self.all_modules().iter().map(|m| if m.op == Op::Slot { slot } else { m.parameters() }).sum()
    }

    /// The number of samples whose rows fill the largest rank matrix: a dense layer of width n takes n samples, a
    /// convolution with C channels takes C of its positions.
    #[must_use]
    pub fn samples_needed(&self) -> usize {
        let rows_per_sample = |s: &Shape| s.0[1..].iter().product::<usize>().max(1);
        self.counted().iter().map(|m| m.output.width().div_ceil(rows_per_sample(&m.output))).max().unwrap_or(1)
    }

    /// Bytes that one repetition holds at the most, roughly: all weights and their draws, the largest layer's input and
    /// output for a batch, and the largest rank matrix with the workspace of its decomposition.
    #[must_use]
    pub fn memory(&self, samples: usize) -> u64 {
        // Sizes may be as large as 2^40 each, so their products need more than 64 bits.
        let wide = |n: usize| n as u128;
        let all = self.all_modules();
        let layer = |m: &&Module| {
            let unfolded = match &m.op {
                Op::Conv2d(c) => {
                    let positions = m.output.elements() / m.output.width().max(1);
                    (wide(m.input.width()) * wide(c.kernel).pow(2)).saturating_mul(wide(positions))
                }
                _ => 0,
            };
            let through = wide(samples) * (wide(m.input.elements()) + wide(m.output.elements()));
            through.saturating_add(unfolded)
        };
        let held = self.modules.iter().filter(|m| matches!(m.op, Op::Graph(_))).count().min(1) as u128 * 3;
        let passing = all.iter().map(layer).max().unwrap_or(0).saturating_mul(1 + held);
        let widest = all.iter().filter(|m| m.is_counted()).map(|m| wide(m.output.width())).max().unwrap_or(0);
        let values = (2 * u128::from(self.parameters(None)) + 6 * widest * widest).saturating_add(passing);
        u64::try_from(values.saturating_mul(4)).unwrap_or(u64::MAX)
    }

    /// The network in one line: `784 > linear 128 > * > linear 10`, the slot as a star.
    #[must_use]
    pub fn summary(&self) -> String {
        let input: Vec<_> = self.input.0.iter().map(usize::to_string).collect();
        let mut parts = vec![input.join("x")];
        for module in &self.modules {
            parts.push(match &module.op {
                Op::Linear { .. } => module.output.width().to_string(),
                Op::Slot => "*".to_owned(),
                Op::Conv2d(c) => format!("conv{} {}", c.kernel, c.out),
                Op::Activation(a) => a.to_string(),
                Op::Graph(_) => "residual".to_owned(),
                Op::BatchNorm => "bn".to_owned(),
                Op::MaxPool(p) | Op::AvgPool(p) => format!("{} {}", module.kind(), p.kernel),
                _ => module.kind().to_owned(),
            });
        }
        let mut runs: Vec<(String, usize)> = Vec::new();
        for part in parts {
            match runs.last_mut() {
                Some((last, count)) if *last == part => *count += 1,
                _ => runs.push((part, 1)),
            }
        }
        let runs: Vec<_> = runs.into_iter().map(|(p, n)| if n > 1 { format!("{p} x{n}") } else { p }).collect();
        runs.join(" > ")
    }
}

/// Walks layers in the order of the forward pass and numbers the weights that will be drawn.
struct Builder {
    weights: usize,
}

impl Builder {
    fn chain(&mut self, prefix: &str, input: &Shape, layers: &[Layer]) -> Result<Vec<Module>, ShapeError> {
        let mut modules: Vec<Module> = Vec::with_capacity(layers.len());
        for (place, layer) in layers.iter().enumerate() {
            let input = modules.last().map_or(input, |m| &m.output).clone();
            modules.push(self.module(format!("{prefix}{place}"), input, layer)?);
        }
        Ok(modules)
    }

    fn module(&mut self, name: String, input: Shape, layer: &Layer) -> Result<Module, ShapeError> {
        let fail = |kind: &str, problem: String| ShapeError { module: name.clone(), kind: kind.to_owned(), problem };
        let wants_image = |kind: &str| {
            input
                .image()
                .ok_or_else(|| fail(kind, format!("{input} come in, but it needs an image: channels x height x width")))
        };
        let mut weight = None;
        let (op, output) = match layer {
            Layer::Linear { out, bias } => {
                let features = input.vector().ok_or_else(|| {
                    fail(
                        "linear",
                        format!("{input} comes in, but it needs a vector of features: put `flatten` before it"),
                    )
                })?;
                weight = Some(self.weight(vec![*out, features], 1));
                (Op::Linear { bias: *bias }, Shape(vec![*out]))
            }
            Layer::Conv2d(conv) => {
                let [channels, height, width] = wants_image("conv2d")?;
                if channels % conv.groups != 0 || conv.out % conv.groups != 0 {
                    let problem = format!(
                        "{channels} channels in and {} out cannot be split into {} groups",
                        conv.out, conv.groups
                    );
                    return Err(fail("conv2d", problem));
                }
                if conv.padding == Padding::Same && conv.stride != 1 {
                    return Err(fail("conv2d", "`padding: same` needs stride 1".to_owned()));
                }
                let (before, after) = conv.pads();
                let slide = |size: usize| {
                    slide(size, conv.kernel, conv.stride, before, after, conv.dilation).ok_or_else(|| {
                        let problem = format!(
                            "a kernel of {} with dilation {} and padding {before} does not fit into {input}",
                            conv.kernel, conv.dilation
                        );
                        fail("conv2d", problem)
                    })
                };
                let output = Shape(vec![conv.out, slide(height)?, slide(width)?]);
                let dims = vec![conv.out, channels / conv.groups, conv.kernel, conv.kernel];
                weight = Some(self.weight(dims, conv.groups));
                (Op::Conv2d(conv.clone()), output)
            }
            Layer::MaxPool(pool) | Layer::AvgPool(pool) => {
                let is_max = matches!(layer, Layer::MaxPool(_));
                let kind = if is_max { "max_pool" } else { "avg_pool" };
                let [channels, height, width] = wants_image(kind)?;
                if pool.padding > pool.kernel / 2 {
                    return Err(fail(kind, format!("padding {} is more than half the kernel", pool.padding)));
                }
                let slide = |size: usize| {
                    slide(size, pool.kernel, pool.stride, pool.padding, pool.padding, 1)
                        .ok_or_else(|| fail(kind, format!("a window of {} does not fit into {input}", pool.kernel)))
                };
                let output = Shape(vec![channels, slide(height)?, slide(width)?]);
                let op = if is_max { Op::MaxPool(pool.clone()) } else { Op::AvgPool(pool.clone()) };
                (op, output)
            }
            Layer::GlobalAvgPool => {
                let [channels, ..] = wants_image("global_avg_pool")?;
                (Op::GlobalAvgPool, Shape(vec![channels, 1, 1]))
            }
            Layer::GroupNorm { groups } => {
                if !input.width().is_multiple_of(*groups) {
                    let problem = format!("{} channels cannot be split into {groups} groups", input.width());
                    return Err(fail("group_norm", problem));
                }
                (Op::GroupNorm { groups: *groups }, input.clone())
            }
            Layer::Residual { body, shortcut } => {
                let edge =
                    |name: &str, through: &[Layer]| Edge { from: 0, name: name.to_owned(), through: through.to_vec() };
                let vertex = Vertex {
                    edges: vec![edge("body", body), edge("shortcut", shortcut)],
                    merge: Merge::Sum,
                    then: Vec::new(),
                };
                let graph = self.graph("residual", &name, &input, &Graph { vertices: vec![vertex] })?;
                let output = graph.1;
                (Op::Graph(graph.0), output)
            }
            Layer::Graph(graph) => {
                let (graph, output) = self.graph("graph", &name, &input, graph)?;
                (Op::Graph(graph), output)
            }
            Layer::Flatten => (Op::Flatten, Shape(vec![input.elements()])),
            Layer::BatchNorm => (Op::BatchNorm, input.clone()),
            Layer::LayerNorm => (Op::LayerNorm, input.clone()),
            Layer::Dropout { p } => (Op::Dropout { p: *p }, input.clone()),
            Layer::Slot => (Op::Slot, input.clone()),
            Layer::Activation(a) => (Op::Activation(a.clone()), input.clone()),
            Layer::Softmax(s) => (Op::Softmax(*s), input.clone()),
            Layer::Zero => (Op::Zero, input.clone()),
            Layer::FirstChannels { keep } => {
                let [channels, height, width] = wants_image("first_channels")?;
                if *keep > channels {
                    return Err(fail("first_channels", format!("{channels} channels come in, fewer than {keep}")));
                }
                (Op::FirstChannels { keep: *keep }, Shape(vec![*keep, height, width]))
            }
        };
        let module = Module { name, op, input, output, weight };
        let too_large = |dims: &[usize]| {
            dims.iter().try_fold(1u64, |n, d| n.checked_mul(*d as u64)).is_none_or(|n| n > MOST_ELEMENTS)
        };
        if too_large(&module.output.0) || module.weight.as_ref().is_some_and(|w| too_large(&w.dims)) {
            let problem = "its output or its weight would have more than 2^40 elements".to_owned();
            return Err(ShapeError { module: module.name.clone(), kind: module.kind().to_owned(), problem });
        }
        Ok(module)
    }

    fn weight(&mut self, dims: Vec<usize>, groups: usize) -> WeightShape {
        self.weights += 1;
        WeightShape { dims, groups, index: self.weights - 1 }
    }

    fn graph(
        &mut self,
        kind: &str,
        name: &str,
        input: &Shape,
        graph: &Graph<Layer>,
    ) -> Result<(Graph<Module>, Shape), ShapeError> {
        let mut shapes = vec![input.clone()];
        let mut vertices = Vec::with_capacity(graph.vertices.len());
        for (place, vertex) in graph.vertices.iter().enumerate() {
            let mut merged: Option<Shape> = None;
            let mut edges = Vec::with_capacity(vertex.edges.len());
            for edge in &vertex.edges {
                let through = self.chain(&format!("{name}.{}.", edge.name), &shapes[edge.from], &edge.through)?;
                let shape = through.last().map_or(&shapes[edge.from], |m| &m.output).clone();
                merged = Some(match merged {
                    None => shape,
                    Some(sum) => merge(vertex.merge, &sum, &shape).ok_or_else(|| ShapeError {
                        module: name.to_owned(),
                        kind: kind.to_owned(),
                        problem: format!("its branches give {sum} and {shape}, which cannot be put together"),
                    })?,
                });
                edges.push(Edge { from: edge.from, name: edge.name.clone(), through });
            }
            let merged = merged.ok_or_else(|| ShapeError {
                module: name.to_owned(),
                kind: kind.to_owned(),
                problem: format!("nothing comes into vertex {}", place + 1),
            })?;
            let then = self.chain(&format!("{name}.{}.", place + 1), &merged, &vertex.then)?;
            shapes.push(then.last().map_or(&merged, |m| &m.output).clone());
            vertices.push(Vertex { edges, merge: vertex.merge, then });
        }
        let output = shapes.pop().unwrap_or_else(|| input.clone());
        Ok((Graph { vertices }, output))
    }
}

fn merge(how: Merge, a: &Shape, b: &Shape) -> Option<Shape> {
    match how {
        Merge::Sum => (a == b).then(|| a.clone()),
        Merge::Concat => {
            let rest = a.0.get(1..)? == b.0.get(1..)?;
            let mut dims = a.0.clone();
            dims[0] += b.width();
            rest.then_some(Shape(dims))
        }
    }
}

/// How many times a window fits along a side.
fn slide(size: usize, kernel: usize, stride: usize, before: usize, after: usize, dilation: usize) -> Option<usize> {
    let reach = dilation.checked_mul(kernel.checked_sub(1)?)?.checked_add(1)?;
    let padded = size.checked_add(before)?.checked_add(after)?;
    Some(padded.checked_sub(reach)?.checked_div(stride)? + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(out: usize) -> Layer {
        Layer::Linear { out, bias: true }
    }

    #[test]
    fn shapes_and_parameters_of_a_small_cnn() {
        let conv = |out, stride, padding| Layer::Conv2d(Conv2d { stride, padding, ..Conv2d::new(out, 3) });
        let layers = [
            conv(8, 1, Padding::Same),
            Layer::BatchNorm,
            Layer::Slot,
            Layer::MaxPool(Pool::new(2)),
            conv(16, 2, Padding::Zeros(1)),
            Layer::Slot,
            Layer::Flatten,
            linear(10),
        ];
        let network = Network::build(&Shape(vec![3, 12, 12]), &layers).unwrap();
        let shapes: Vec<_> = network.modules.iter().map(|m| m.output.0.clone()).collect();
        assert_eq!(shapes[0], [8, 12, 12]);
        assert_eq!(shapes[3], [8, 6, 6]);
        assert_eq!(shapes[4], [16, 3, 3]);
        assert_eq!(shapes[6], [144]);
        assert_eq!(network.parameters(None), (8 * 27 + 8) + 16 + (16 * 72 + 16) + (144 * 10 + 10));
        assert_eq!(network.shared_prefix(), 2);
        assert_eq!(network.samples_needed(), 10);
    }

    #[test]
    fn residuals_name_their_modules_as_pytorch_would() {
        let layers = [linear(8), Layer::Residual { body: vec![linear(8), Layer::Slot, linear(8)], shortcut: vec![] }];
        let network = Network::build(&Shape(vec![4]), &layers).unwrap();
        let names: Vec<_> = network.counted().iter().map(|m| m.name.clone()).collect();
        assert_eq!(names, ["0", "1.body.0", "1.body.1", "1.body.2"]);
        assert_eq!(network.counted()[3].weight.as_ref().unwrap().index, 2);
    }

    #[test]
    fn layers_that_do_not_fit_are_named() {
        let fails =
            |input: &[usize], layers: &[Layer]| Network::build(&Shape(input.to_vec()), layers).unwrap_err().to_string();
        assert_eq!(
            fails(&[3, 8, 8], &[linear(10)]),
            "layer 0 (linear): 3 x 8 x 8 (channels x height x width) comes in, but it needs a vector of features: put \
             `flatten` before it"
        );
        assert!(fails(&[3, 8, 8], &[Layer::Conv2d(Conv2d::new(4, 9))]).contains("does not fit"));
        assert!(fails(&[8], &[Layer::MaxPool(Pool::new(2))]).contains("8 features come in"));
        let residual = Layer::Residual { body: vec![linear(9)], shortcut: vec![] };
        assert!(fails(&[8], &[residual]).contains("9 features and 8 features"));
        assert!(fails(&[1 << 30], &[linear(1 << 30)]).contains("2^40"));
    }
}
