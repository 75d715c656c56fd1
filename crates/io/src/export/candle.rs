//! candle: a Rust module with a struct that takes its weights by the names of PyTorch's `state_dict()`.

mod helpers;

use super::by_kind::by_kind;
use super::model::{Item, Laws, Model};
use super::source::Source;
use super::writer::{Chosen, ExportError, Writer};
use neartop_core::init::Law;
use neartop_core::layers::{
    AvgPool, BatchNorm, Concat, Conv, Conv1d, Conv2d, Dropout, FirstChannels, Fixed, Flatten, Frame, GlobalAvgPool,
    GroupNorm, LayerNorm, Linear, MaxPool, Product, Softmax, Sum, Zero,
};
use neartop_core::network::{Block, Layer, Node, Through};

pub const WRITER: Writer = Writer { name: "candle", extension: "rs", extensions: &["rs"], write };

fn write(chosen: &Chosen<'_>) -> Result<String, ExportError> {
    let model = Model::new(chosen)?;
    let mut out = Source::default();
    out.line(format!("// {}", model.title));
    out.line("// A network for candle-core and candle-nn 0.11; input and names of weights are as in the preset.");
    for remark in &model.remarks {
        out.line(format!("// {remark}"));
    }
    out.line("");
    imports(&mut out, &model);
    structure(&mut out, &model)?;
    out.line("");
    out.line("impl Network {");
    out.indent(|out| {
        constructor(out, &model)?;
        forward(out, &model)
    })?;
    out.line("}");
    building(&mut out, &model);
    for (activation, name) in model.activations().filter(|(a, _)| !a.has_weight()) {
        out.line("");
        out.line(format!("/// {activation}: {}", activation.entry().formula));
        out.line(format!("pub fn {name}(x: &Tensor) -> Result<Tensor> {{"));
        out.indent(|out| out.line(activation.fill(activation.entry().candle)));
        out.line("}");
    }
    helpers::write(&mut out, &model);
    Ok(out.finish())
}

fn imports(out: &mut Source, model: &Model) {
    let has_slope = |node: &Node| node.operation.as_kind().is_some_and(|Fixed(a)| a.has_weight());
    let calls_forward = |node: &Node| node.drawn().is_some() || has_slope(node);
    out.line("use candle_core::{DType, Device, Result, Tensor};");
    let mut traits = Vec::new();
    if model.has(calls_forward) {
        traits.push("Module");
    }
    if model.has_kind(|_: &BatchNorm| true) {
        traits.push("ModuleT");
    }
    traits.extend(["VarBuilder", "VarMap"]);
    out.line(format!("use candle_nn::{{{}}};", traits.join(", ")));
}

/// The type of a node's field, if it has weights.
fn field_type(node: &Node) -> Result<Option<&'static str>, ExportError> {
    if node.weights.is_empty() {
        return Ok(None);
    }
    Ok(Some(by_kind! { &*node.operation;
        Linear as _ => "candle_nn::Linear",
        Conv1d as _ => "candle_nn::Conv1d",
        Conv2d as _ => "candle_nn::Conv2d",
        BatchNorm as _ => "candle_nn::BatchNorm",
        LayerNorm as _ => "Norm",
        GroupNorm as _ => "Norm",
        Fixed as _ => "candle_nn::PReLU",
        else => return Err(ExportError::unknown("candle", node)),
    }))
}

fn field(node: &Node) -> String {
    identifier(node.name())
}

fn identifier(name: &str) -> String {
    let letters = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    format!("layer_{}", letters.collect::<String>())
}

fn structure(out: &mut Source, model: &Model) -> Result<(), ExportError> {
    out.line("");
    out.line("/// The layers that have weights.");
    out.line("pub struct Network {");
    out.indent(|out| {
        for node in &model.network.nodes {
            if let Some(kind) = field_type(node)? {
                out.line(format!("{}: {kind},", field(node)));
            }
        }
        Ok::<_, ExportError>(())
    })?;
    out.line("}");
    Ok(())
}

fn constructor(out: &mut Source, model: &Model) -> Result<(), ExportError> {
    out.line("/// Takes the weights by their names in PyTorch's `nn.Sequential.state_dict()`.");
    out.line("pub fn new(vb: VarBuilder) -> Result<Self> {");
    out.indent(|out| {
        out.line("Ok(Self {");
        out.indent(|out| {
            for node in model.network.nodes.iter().filter(|node| !node.weights.is_empty()) {
                out.line(format!("{}: {},", field(node), construct(node)?));
            }
            Ok::<_, ExportError>(())
        })?;
        out.line("})");
        Ok::<_, ExportError>(())
    })?;
    out.line("}");
    Ok(())
}

/// How a layer with weights is made from `vb`.
fn construct(node: &Node) -> Result<String, ExportError> {
    let name = node.name();
    let start = |dims: &[usize], what: &str, value: f64| {
        format!("vb.get_with_hints({}, \"{name}.{what}\", candle_nn::Init::Const({value:?}))?", shape(dims))
    };
    let norm = |groups: usize, dims: &[usize]| {
        format!(
            "Norm {{ groups: {groups}, weight: {}, bias: {} }}",
            start(dims, "weight", 1.0),
            start(dims, "bias", 0.0)
        )
    };
    Ok(by_kind! { &*node.operation;
        Linear as _ => format!("candle_nn::Linear::new({})", drawn_from_builder(node)),
        Conv1d as conv => format!("candle_nn::Conv1d::new({}, {})", drawn_from_builder(node), config(node, conv)?),
        Conv2d as conv => format!("candle_nn::Conv2d::new({}, {})", drawn_from_builder(node), config(node, conv)?),
        BatchNorm as _ => format!(
            "candle_nn::batch_norm({}, candle_nn::BatchNormConfig {{ eps: 1e-5, ..Default::default() }}, \
             vb.pp(\"{name}\"))?",
            node.input().width()
        ),
        LayerNorm as _ => norm(1, &node.input().0),
        GroupNorm as GroupNorm { groups } => {
            let mut dims = vec![node.input().width()];
            dims.resize(node.input().0.len(), 1);
            let channels = &dims[..1];
            let each = |what, value| format!("{}.reshape({})?", start(channels, what, value), shape(&dims));
            let (weight, bias) = match dims.len() {
                1 => (start(channels, "weight", 1.0), start(channels, "bias", 0.0)),
                _ => (each("weight", 1.0), each("bias", 0.0)),
            };
            format!("Norm {{ groups: {groups}, weight: {weight}, bias: {bias} }}")
        },
        Fixed as Fixed(a) => format!("candle_nn::PReLU::new({}, true)", start(&[1], "weight", a.number("init"))),
        else => return Err(ExportError::unknown("candle", node)),
    })
}

/// Weight and bias of a layer whose weight is drawn.
fn drawn_from_builder(node: &Node) -> String {
    let get = |name: &str| {
        let weight = node.weights.iter().find(|weight| weight.name == name)?;
        Some(format!("vb.get({}, \"{}.{name}\")?", shape(&weight.dims), node.name()))
    };
    let bias = get("bias").map_or_else(|| "None".to_owned(), |bias| format!("Some({bias})"));
    format!("{}, {bias}", get("weight").unwrap_or_default())
}

/// A shape as candle takes it: `128`, `(128, 64)`.
fn shape(dims: &[usize]) -> String {
    let sizes: Vec<_> = dims.iter().map(usize::to_string).collect();
    if sizes.len() == 1 { sizes[0].clone() } else { format!("({})", sizes.join(", ")) }
}

fn config<const D: usize>(node: &Node, conv: &Conv<D>) -> Result<String, ExportError> {
    let refuse = |what| ExportError::unsupported("candle", node, what);
    let square = |sides: [usize; D]| same_on_all(sides).ok_or_else(|| refuse("a window that is not square"));
    square(conv.kernel)?;
    let settings = [
        // Other padding is put on before the convolution.
        ("padding", own_padding(node, conv).unwrap_or(0), 0),
        ("stride", square(conv.stride)?, 1),
        ("dilation", square(conv.dilation)?, 1),
        ("groups", conv.groups, 1),
    ];
    let settings: Vec<_> =
        settings.iter().filter(|(_, value, default)| value != default).map(|(n, v, _)| format!("{n}: {v}")).collect();
    Ok(match settings.as_slice() {
        [] => format!("candle_nn::Conv{D}dConfig::default()"),
        _ => format!("candle_nn::Conv{D}dConfig {{ {}, ..Default::default() }}", settings.join(", ")),
    })
}

/// What is the same for all axes.
fn same_on_all<T: PartialEq + Copy, const D: usize>(sides: [T; D]) -> Option<T> {
    sides.iter().all(|side| *side == sides[0]).then_some(sides[0])
}

/// The padding that a convolution of candle can have itself: the same on all sides.
fn own_padding<const D: usize>(node: &Node, conv: &Conv<D>) -> Option<usize> {
    same_on_all(conv.pads_at(&node.place)).filter(|(before, after)| before == after).map(|(before, _)| before)
}

fn forward(out: &mut Source, model: &Model) -> Result<(), ExportError> {
    let watched = model.unit_variance().is_some();
    let has_dropout = model.has_kind(|_: &Dropout| true);
    let by_mode = model.has_kind(|_: &BatchNorm| true) || (!watched && has_dropout);
    let train = if by_mode { "train" } else { "_train" };
    let (input, output) = (list(&model.network.input.shape.0), list(&model.network.output().0));
    out.line("");
    out.line(format!("/// From `[samples, {input}]` to `[samples, {output}]`."));
    if watched {
        let dropout = if has_dropout { "dropout" } else { "_dropout" };
        out.line("pub fn forward(&self, x: &Tensor, train: bool) -> Result<Tensor> {");
        out.indent(|out| out.line("self.pass(x, train, train, &mut |_, _| Ok(()))"));
        out.line("}");
        out.line("");
        out.line(
            "/// A forward pass in which `watch` sees each weight's name and what its layer gives without its bias.",
        );
        out.line("pub fn pass(");
        out.indent(|out| {
            out.line("&self,");
            out.line("x: &Tensor,");
            out.line(format!("{train}: bool,"));
            out.line(format!("{dropout}: bool,"));
            out.line("watch: &mut dyn FnMut(&str, &dyn Fn() -> Result<Tensor>) -> Result<()>,");
        });
        out.line(") -> Result<Tensor> {");
    } else {
        out.line(format!("pub fn forward(&self, x: &Tensor, {train}: bool) -> Result<Tensor> {{"));
    }
    out.indent(|out| {
        out.line("let x = x.clone();");
        Writing { model, watched }.chain(out, "", &model.layers)?;
        out.line("Ok(x)");
        Ok::<_, ExportError>(())
    })?;
    out.line("}");
    Ok(())
}

fn list(sizes: &[usize]) -> String {
    let sizes: Vec<_> = sizes.iter().map(usize::to_string).collect();
    sizes.join(", ")
}

/// What the statements of a forward pass depend on.
struct Writing<'a> {
    model: &'a Model,
    /// Whether somebody sees the outputs of layers with drawn weights.
    watched: bool,
}

impl Writing<'_> {
    /// Sends `x` through layers whose nodes' names start with `prefix`.
    fn chain(&self, out: &mut Source, prefix: &str, layers: &[Layer]) -> Result<(), ExportError> {
        self.model.items(prefix, layers).into_iter().try_for_each(|item| self.item(out, Some(item)))
    }

    /// Sends `x` through what stands for a layer.
    fn item(&self, out: &mut Source, item: Option<Item<'_>>) -> Result<(), ExportError> {
        let node = match item {
            Some(Item::Block { name, block }) => return self.block(out, &name, block),
            Some(Item::Node(node)) => node,
            None => return Ok(()),
        };
        out.line_if(by_kind! { &*node.operation;
            Conv1d as conv => pad_apart(node, conv),
            Conv2d as conv => pad_apart(node, conv),
            else => None,
        });
        if self.watched && self.model.rescaled().contains(&node.name()) {
            let layer = without_bias(node)?;
            out.line(format!("watch(\"{}.weight\", &|| {layer}.forward(&x))?;", node.name()));
        }
        out.line(format!("let x = {};", self.apply(node)?));
        Ok(())
    }

    fn block(&self, out: &mut Source, name: &str, block: &Block) -> Result<(), ExportError> {
        let place = identifier(name);
        let is_used = |vertex: usize| block.vertices.iter().any(|v| v.edges.iter().any(|e| e.from == vertex));
        if is_used(0) {
            out.line(format!("let {place}_0 = x;"));
        }
        for (at, vertex) in block.vertices.iter().enumerate() {
            let mut branches = Vec::with_capacity(vertex.edges.len());
            for (number, edge) in vertex.edges.iter().enumerate() {
                let branch = format!("{place}_{}_from_{number}", at + 1);
                out.line(format!("let x = {place}_{}.clone();", edge.from));
                match &edge.through {
                    Through::Chain(layers) => self.chain(out, &format!("{name}.{}.", edge.name), layers)?,
                    Through::One(layer) => self.item(out, self.model.item(format!("{name}.{}", edge.name), layer))?,
                }
                out.line(format!("let {branch} = x;"));
                branches.push(branch);
            }
            out.line(match branches.as_slice() {
                [one] => format!("let x = {one};"),
                _ => merge(self.model.merged(name, at + 1)?, &branches)?,
            });
            self.chain(out, &format!("{name}.{}.", at + 1), &vertex.then)?;
            if is_used(at + 1) {
                out.line(format!("let {place}_{} = x;", at + 1));
            }
        }
        Ok(())
    }

    /// What comes out of a node, from `x`.
    fn apply(&self, node: &Node) -> Result<String, ExportError> {
        let layer = || format!("self.{}.forward(&x)?", field(node));
        Ok(by_kind! { &*node.operation;
            Linear as _ => layer(),
            Conv1d as _ => layer(),
            Conv2d as _ => layer(),
            LayerNorm as _ => layer(),
            GroupNorm as _ => layer(),
            BatchNorm as _ => format!("self.{}.forward_t(&x, train)?", field(node)),
            MaxPool as MaxPool(frame) => max_pooling(node, frame)?,
            AvgPool as pool => avg_pooling(node, pool)?,
            GlobalAvgPool as _ => match node.input().0.len() {
                3 => "x.mean_keepdim((2, 3))?".to_owned(),
                _ => "x.mean_keepdim(2)?".to_owned(),
            },
            Flatten as _ => "x.flatten_from(1)?".to_owned(),
            Dropout as Dropout { p } => dropout(*p, self.watched),
            Fixed as Fixed(a) => match a.has_weight() {
                true => layer(),
                false => format!("{}(&x)?", self.model.name_of(a)),
            },
            Softmax as softmax => match softmax {
                Softmax::Softmax => "candle_nn::ops::softmax(&x, 1)?".to_owned(),
                Softmax::LogSoftmax => "candle_nn::ops::log_softmax(&x, 1)?".to_owned(),
                Softmax::Softmin => "candle_nn::ops::softmax(&x.neg()?, 1)?".to_owned(),
            },
            Zero as _ => "x.zeros_like()?".to_owned(),
            FirstChannels as FirstChannels { keep } => format!("x.narrow(1, 0, {keep})?"),
            else => return Err(ExportError::unknown("candle", node)),
        })
    }
}

/// Padding that a convolution of candle cannot have itself.
fn pad_apart<const D: usize>(node: &Node, conv: &Conv<D>) -> Option<String> {
    let pads = conv.pads_at(&node.place).into_iter().zip(2..);
    let pads: Vec<_> =
        pads.map(|((before, after), axis)| format!(".pad_with_zeros({axis}, {before}, {after})?")).collect();
    own_padding(node, conv).is_none().then(|| format!("let x = x{};", pads.concat()))
}

/// The same layer without its bias.
fn without_bias(node: &Node) -> Result<String, ExportError> {
    let layer = format!("self.{}", field(node));
    Ok(by_kind! { &*node.operation;
        Linear as _ => format!("candle_nn::Linear::new({layer}.weight().clone(), None)"),
        Conv1d as _ => convolution_without_bias(1, &layer),
        Conv2d as _ => convolution_without_bias(2, &layer),
        else => return Err(ExportError::unknown("candle", node)),
    })
}

fn convolution_without_bias(axes: usize, layer: &str) -> String {
    format!("candle_nn::Conv{axes}d::new({layer}.weight().clone(), None, *{layer}.config())")
}

fn merge(node: &Node, branches: &[String]) -> Result<String, ExportError> {
    let folded = |with: &dyn Fn(String, &String) -> String| {
        branches.split_first().map_or_else(String::new, |(first, rest)| rest.iter().fold(first.clone(), with))
    };
    let merged = by_kind! { &*node.operation;
        Concat as _ => format!("Tensor::cat(&[{}], {})?", branches.join(", "), 1 + node.place.output.axis()),
        Sum as _ => folded(&|sum, branch| format!("({sum} + {branch})?")),
        Product as _ => folded(&|product, branch| format!("{product}.broadcast_mul({branch})?")),
        else => return Err(ExportError::unknown("candle", node)),
    };
    Ok(format!("let x = {merged};"))
}

fn dropout(p: f64, watched: bool) -> String {
    let flag = if watched { "dropout" } else { "train" };
    // candle refuses to drop everything.
    let dropped = match p {
        1.0 => "x.zeros_like()?".to_owned(),
        p => format!("candle_nn::ops::dropout(&x, {:?})?", p as f32),
    };
    format!("if {flag} {{ {dropped} }} else {{ x }}")
}

/// Kernel, stride and padding of a window that candle has.
fn square(node: &Node, frame: &Frame) -> Result<[usize; 3], ExportError> {
    let refuse = |what| ExportError::unsupported("candle", node, what);
    if node.place.inputs[0].image().is_none() {
        return Err(refuse("sequences"));
    }
    if frame.ceil_mode {
        return Err(refuse("ceil_mode"));
    }
    match [frame.kernel, frame.stride, frame.padding].map(same_on_all) {
        [Some(kernel), Some(stride), Some(padding)] => Ok([kernel, stride, padding]),
        _ => Err(refuse("a window that is not square")),
    }
}

fn max_pooling(node: &Node, frame: &Frame) -> Result<String, ExportError> {
    let [kernel, stride, padding] = square(node, frame)?;
    Ok(match padding {
        0 => format!("x.max_pool2d_with_stride({kernel}, {stride})?"),
        _ => format!("pad(&x, {padding}, f32::NEG_INFINITY)?.max_pool2d_with_stride({kernel}, {stride})?"),
    })
}

fn avg_pooling(node: &Node, pool: &AvgPool) -> Result<String, ExportError> {
    let [kernel, stride, padding] = square(node, &pool.frame)?;
    let mean = |x: &str| format!("pad({x}, {padding}, 0.0)?.avg_pool2d_with_stride({kernel}, {stride})?");
    Ok(match (padding, pool.count_include_pad) {
        (0, _) => format!("x.avg_pool2d_with_stride({kernel}, {stride})?"),
        (_, true) => mean("&x"),
        (_, false) => format!("({} / {})?", mean("&x"), mean("&x.ones_like()?")),
    })
}

fn building(out: &mut Source, model: &Model) {
    let unit_variance = model.unit_variance();
    let (argument, pass) = match unit_variance {
        Some(_) => (", batch: &Tensor", ", &network, batch"),
        None => ("", ""),
    };
    let parameter = if unit_variance.is_some() { ", network: &Network, batch: &Tensor" } else { "" };
    let untouched = model.untouched();
    out.block(&format!(
        r"
/// A network with freshly drawn weights, and its variables, `running_mean` and `running_var` among them.
pub fn build(device: &Device{argument}) -> Result<(VarMap, Network)> {{
    let mut vars = VarMap::new();
    let network = Network::new(VarBuilder::from_varmap(&vars, DType::F32, device))?;
    initialize(&mut vars, device{pass})?;
    Ok((vars, network))
}}

/// Draws the weights; {untouched}
pub fn initialize(vars: &mut VarMap, device: &Device{parameter}) -> Result<()> {{"
    ));
    out.indent(|out| {
        for (node, laws) in model.weighted() {
            draw(out, node, laws);
        }
        match unit_variance {
            Some((target, tolerance)) => {
                out.line(format!("unit_variance(vars, network, batch, {target:?}, {tolerance:?})"))
            }
            None => out.line("Ok(())"),
        }
    });
    out.line("}");
}

fn draw(out: &mut Source, node: &Node, laws: Laws) {
    let (name, groups) = (node.name(), node.drawn().map_or(1, |weight| weight.groups));
    for (what, law) in [("weight", Some(laws.weight)), ("bias", laws.bias)] {
        let weight = node.weights.iter().find(|weight| weight.name == what);
        if let (Some(weight), Some(law)) = (weight, law) {
            out.line(format!("vars.set_one(\"{name}.{what}\", {}?)?;", drawn(law, &weight.dims, groups)));
        }
    }
}

/// An expression for a fresh tensor.
fn drawn(law: Law, dims: &[usize], groups: usize) -> String {
    let single = |x: f64| format!("{:?}f32", x as f32);
    match law {
        Law::Uniform { low, high } => {
            format!("Tensor::rand({}, {}, {}, device)", single(low), single(high), shape(dims))
        }
        Law::Normal { mean, std } => {
            format!("Tensor::randn({}, {}, {}, device)", single(mean), single(std), shape(dims))
        }
        Law::TruncatedNormal { mean, std, low, high } => {
            format!("truncated_normal(&{dims:?}, [{mean:?}, {std:?}], [{low:?}, {high:?}], device)")
        }
        Law::Orthogonal { gain } => format!("orthogonal(&{dims:?}, {gain:?}, device)"),
        Law::UnitVariance { .. } => format!("orthogonal(&{dims:?}, 1.0, device)"),
        Law::Sparse { sparsity, std } => format!("sparse(&{dims:?}, {sparsity:?}, {}, device)", single(std)),
        Law::Identity => format!("dirac(&{dims:?}, {groups}, device)"),
        Law::Constant { value } => format!("Tensor::full({}, {}, device)", single(value), shape(dims)),
    }
}
