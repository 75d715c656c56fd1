//! PyTorch: an `nn.Sequential` whose `state_dict()` has the names that scores read weights by.

use super::by_kind::by_kind;
use super::model::{Item, Laws, Model};
use super::source::{Source, camel_case, tuple};
use super::writer::{Chosen, ExportError, Writer};
use neartop_core::init::Law;
use neartop_core::layers::{
    AvgPool, BatchNorm, Concat, Conv, Conv1d, Conv2d, Dropout, Embedding, FirstChannels, Fixed, Flatten, Frame,
    GlobalAvgPool, GroupNorm, LayerNorm, Linear, MaxPool, Padding, Product, Save, Softmax, Sum, Use, Zero,
};
use neartop_core::network::{Activation, Block, Form, Layer, Node, Shape, Through};
use neartop_core::shape::Layout;

pub const WRITER: Writer = Writer { name: "pytorch", extension: "py", extensions: &["py"], write };

fn write(chosen: &Chosen<'_>) -> Result<String, ExportError> {
    let model = Model::new(chosen)?;
    let mut out = Source::default();
    out.line(format!("# {}", model.title));
    // Python looks for an encoding in the first two lines, so nothing of the user's stands there.
    out.line("# A network of PyTorch modules; input and weights are as in the preset.");
    for remark in &model.remarks {
        out.line(format!("# {remark}"));
    }
    out.line("");
    if model.draws(|law| matches!(law, Law::TruncatedNormal { .. })) {
        out.line("import math");
        out.line("");
    }
    out.line("import torch");
    out.line("from torch import nn");
    classes(&mut out, &model);
    build(&mut out, &model)?;
    initialize(&mut out, &model);
    main(&mut out, &model);
    Ok(out.finish())
}

fn is_expression(activation: &Activation) -> bool {
    !activation.entry().pytorch.starts_with("nn.")
}

/// The modules that PyTorch does not have.
fn classes(out: &mut Source, model: &Model) {
    if model.has_block(|block| block.as_residual().is_some()) {
        out.block(RESIDUAL);
    }
    if model.has_block(|block| block.as_residual().is_none()) {
        out.block(GRAPH);
    }
    let merges = [
        (model.has_kind(|_: &Concat| true), CONCAT),
        (model.has_kind(|_: &Product| true), PRODUCT),
        (model.has_kind(|_: &Save| true), SAVED),
    ];
    merges.iter().filter(|(is_there, _)| *is_there).for_each(|(_, text)| out.block(text));
    for axes in [1, 2] {
        if model.has(|node| is_padded(node, axes)) {
            out.block(&PADDED.replace("{axes}", &axes.to_string()));
        }
    }
    if model.has_kind(|_: &Zero| true) {
        out.block(ZERO);
    }
    if model.has_kind(|_: &FirstChannels| true) {
        out.block(FIRST_CHANNELS);
    }
    for (activation, name) in model.activations().filter(|(a, _)| is_expression(a)) {
        out.block(&format!("\n\nclass {}(nn.Module):", camel_case(name)));
        out.indent(|out| {
            out.line(format!("\"\"\"{activation}: {}\"\"\"", activation.entry().formula));
            out.line("");
            out.line("def forward(self, x):");
            out.indent(|out| out.line(format!("return {}", activation.fill(activation.entry().pytorch))));
        });
    }
}

const RESIDUAL: &str = r#"

class Residual(nn.Module):
    """The sum of a body and a shortcut."""

    def __init__(self, body, shortcut):
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x):
        return self.body(x) + self.shortcut(x)
"#;

const GRAPH: &str = r#"

class Graph(nn.Module):
    """A directed acyclic graph. Vertex 0 is the input; the last vertex is the output.

    Each of the vertices is (merge of a list, [(from vertex, name of the edge), ...], name of what follows the merge).
    """

    def __init__(self, modules, vertices):
        super().__init__()
        for path, module in modules.items():
            parent, *names = self, *path.split(".")
            for name in names[:-1]:
                if name not in parent._modules:
                    parent.add_module(name, nn.Module())
                parent = parent._modules[name]
            parent.add_module(names[-1], module)
        self.vertices = vertices

    def forward(self, x):
        values = [x]
        for merge, edges, then in self.vertices:
            branches = [self.get_submodule(name)(values[source]) for source, name in edges]
            merged = merge(branches) if len(branches) > 1 else branches[0]
            values.append(self.get_submodule(then)(merged))
        return values[-1]
"#;

const CONCAT: &str = r#"

class Concat:
    """The units of values, one after the other."""

    def __init__(self, dim):
        self.dim = dim

    def __call__(self, values):
        return torch.cat(values, dim=self.dim)
"#;

const PRODUCT: &str = r#"

def product(values):
    """The product of values, element by element."""
    result = values[0]
    for value in values[1:]:
        result = result * value
    return result
"#;

const SAVED: &str = r#"

class Save(nn.Module):
    """Keeps its input under a name, for a later `Use`."""

    def __init__(self, saved, name):
        super().__init__()
        self.saved, self.name = saved, name

    def forward(self, x):
        self.saved[self.name] = x
        return x


class Use(nn.Module):
    """What was saved under a name, in place of the input."""

    def __init__(self, saved, name):
        super().__init__()
        self.saved, self.name = saved, name

    def forward(self, x):
        return self.saved[self.name]
"#;

const PADDED: &str = r#"

class PaddedConv{axes}d(nn.Conv{axes}d):
    """A convolution with zeros before and after every axis, the last axis first."""

    def __init__(self, zeros, *arguments, **named):
        super().__init__(*arguments, **named)
        self.zeros = zeros

    def forward(self, x):
        return super().forward(nn.functional.pad(x, self.zeros))
"#;

const ZERO: &str = r#"

class Zero(nn.Module):
    """Zeros of the input's shape."""

    def forward(self, x):
        return torch.zeros_like(x)
"#;

const FIRST_CHANNELS: &str = r#"

class FirstChannels(nn.Module):
    """The first channels of the input."""

    def __init__(self, keep):
        super().__init__()
        self.keep = keep

    def forward(self, x):
        return x[:, : self.keep]
"#;

fn build(out: &mut Source, model: &Model) -> Result<(), ExportError> {
    out.block("\n\ndef build():");
    out.indent(|out| {
        let (input, output) = (&model.network.input.shape.0, &model.network.output().0);
        out.line(format!(
            "\"\"\"The network from [samples, {}] to [samples, {}]; see `initialize` for its weights.\"\"\"",
            list(input),
            list(output)
        ));
        if model.has_kind(|_: &Save| true) {
            out.line("saved = {}");
        }
        sequential(out, model, "", &model.layers, ["return ", ""])
    })
}

fn list(sizes: &[usize]) -> String {
    let sizes: Vec<_> = sizes.iter().map(usize::to_string).collect();
    sizes.join(", ")
}

/// `before nn.Sequential(...) after`, a line for each layer. The names of the layers' nodes start with `prefix`.
fn sequential(
    out: &mut Source,
    model: &Model,
    prefix: &str,
    layers: &[Layer],
    [before, after]: [&str; 2],
) -> Result<(), ExportError> {
    if layers.is_empty() {
        out.line(format!("{before}nn.Sequential(){after}"));
        return Ok(());
    }
    out.line(format!("{before}nn.Sequential("));
    out.indent(|out| model.items(prefix, layers).into_iter().try_for_each(|item| write_item(out, model, "", item)))?;
    out.line(format!("){after}"));
    Ok(())
}

/// `before` the module that stands for a layer.
fn write_item(out: &mut Source, model: &Model, before: &str, item: Item<'_>) -> Result<(), ExportError> {
    let (name, block) = match item {
        Item::Node(node) => {
            out.line(format!("{before}{},", constructor(model, node)?));
            return Ok(());
        }
        Item::Block { name, block } => (name, block),
    };
    let Some((body, shortcut)) = block.as_residual() else { return write_block(out, model, before, &name, block) };
    out.line(format!("{before}Residual("));
    out.indent(|out| {
        sequential(out, model, &format!("{name}.body."), body, ["body=", ","])?;
        sequential(out, model, &format!("{name}.shortcut."), shortcut, ["shortcut=", ","])
    })?;
    out.line("),");
    Ok(())
}

fn write_block(out: &mut Source, model: &Model, before: &str, name: &str, block: &Block) -> Result<(), ExportError> {
    out.line(format!("{before}Graph("));
    out.indent(|out| {
        out.line("modules={");
        out.indent(|out| {
            for (place, vertex) in block.vertices.iter().enumerate() {
                for edge in &vertex.edges {
                    let before = format!("{:?}: ", edge.name);
                    match &edge.through {
                        Through::Chain(layers) => {
                            sequential(out, model, &format!("{name}.{}.", edge.name), layers, [&before, ","])?;
                        }
                        Through::One(layer) => {
                            let item = model.item(format!("{name}.{}", edge.name), layer);
                            item.map_or(Ok(()), |item| write_item(out, model, &before, item))?;
                        }
                    }
                }
                let before = format!("\"{}\": ", place + 1);
                sequential(out, model, &format!("{name}.{}.", place + 1), &vertex.then, [&before, ","])?;
            }
            Ok::<_, ExportError>(())
        })?;
        out.line("},");
        out.line("vertices=[");
        out.indent(|out| {
            for (place, vertex) in block.vertices.iter().enumerate() {
                let edges: Vec<_> = vertex.edges.iter().map(|e| format!("({}, {:?})", e.from, e.name)).collect();
                let merge = match edges.len() {
                    1 => "None".to_owned(),
                    _ => merge(model.merged(name, place + 1)?)?,
                };
                out.line(format!("({merge}, [{}], \"{}\"),", edges.join(", "), place + 1));
            }
            Ok::<_, ExportError>(())
        })?;
        out.line("],");
        Ok::<_, ExportError>(())
    })?;
    out.line("),");
    Ok(())
}

/// The function of a list that merges branches.
fn merge(node: &Node) -> Result<String, ExportError> {
    Ok(by_kind! { &*node.operation;
        Sum as _ => "lambda values: sum(values[1:], values[0])".to_owned(),
        Concat as _ => format!("Concat({})", 1 + node.place.output.axis()),
        Product as _ => "product".to_owned(),
        else => return Err(ExportError::unknown("PyTorch", node)),
    })
}

fn constructor(model: &Model, node: &Node) -> Result<String, ExportError> {
    let channels = node.place.inputs[0].units();
    // Those that windows slide along.
    let axes = node.input().0.len().saturating_sub(1);
    Ok(by_kind! { &*node.operation;
        Save as Save(name) => format!("Save(saved, {name:?})"),
        Use as Use(name) => format!("Use(saved, {name:?})"),
        Embedding as embedding => format!("nn.Embedding({}, {})", vocab(&node.place.inputs[0]), embedding.out),
        Linear as linear => format!("nn.Linear({channels}, {}{})", linear.out, no_bias(linear.bias)),
        Conv1d as conv => convolution(node, conv),
        Conv2d as conv => convolution(node, conv),
        BatchNorm as _ => format!("nn.BatchNorm{}d({channels})", if is_image(node.input()) { 2 } else { 1 }),
        LayerNorm as _ => format!("nn.LayerNorm({})", tuple(&node.input().0)),
        GroupNorm as norm => format!("nn.GroupNorm({}, {channels})", norm.groups),
        MaxPool as MaxPool(frame) => format!("nn.MaxPool{axes}d({})", window(frame)),
        AvgPool as pool => {
            let count = if pool.count_include_pad { "" } else { ", count_include_pad=False" };
            format!("nn.AvgPool{axes}d({}{count})", window(&pool.frame))
        },
        GlobalAvgPool as _ => format!("nn.AdaptiveAvgPool{axes}d(1)"),
        Flatten as _ => "nn.Flatten()".to_owned(),
        Dropout as dropout => format!("nn.Dropout({:?})", dropout.p),
        Fixed as Fixed(activation) => match is_expression(activation) {
            true => format!("{}()", camel_case(model.name_of(activation))),
            false => activation.fill(activation.entry().pytorch),
        },
        Softmax as softmax => match softmax {
            Softmax::Softmax => "nn.Softmax(dim=1)".to_owned(),
            Softmax::LogSoftmax => "nn.LogSoftmax(dim=1)".to_owned(),
            Softmax::Softmin => "nn.Softmin(dim=1)".to_owned(),
        },
        Zero as _ => "Zero()".to_owned(),
        FirstChannels as first => format!("FirstChannels({})", first.keep),
        else => return Err(ExportError::unknown("PyTorch", node)),
    })
}

fn is_image(shape: &Shape) -> bool {
    shape.0.len() == 3
}

fn no_bias(bias: bool) -> &'static str {
    if bias { "" } else { ", bias=False" }
}

fn vocab(input: &Form) -> usize {
    match input.layout {
        Layout::Ids { vocab } => vocab,
        Layout::Channels | Layout::Features => 0,
    }
}

fn convolution<const D: usize>(node: &Node, conv: &Conv<D>) -> String {
    let channels = node.input().width();
    let pads = conv.pads_at(&node.place);
    let mut text = match has_uneven_zeros(conv, pads) {
        false => format!("nn.Conv{D}d("),
        // The last axis comes first.
        true => {
            let zeros: Vec<_> = pads.iter().rev().flat_map(|(before, after)| [*before, *after]).collect();
            format!("PaddedConv{D}d({}, ", tuple(&zeros))
        }
    };
    text += &format!("{channels}, {}, {}", conv.out, sides(conv.kernel));
    for (name, value) in [("stride", conv.stride), ("dilation", conv.dilation), ("groups", [conv.groups; D])] {
        if value != [1; D] {
            text += &format!(", {name}={}", sides(value));
        }
    }
    match conv.padding {
        Padding::Zeros(0) => {}
        Padding::Zeros(padding) => text += &format!(", padding={padding}"),
        Padding::Oblong(zeros) => text += &format!(", padding={}", tuple(&zeros)),
        Padding::Same if conv.stride == [1; D] => text += ", padding=\"same\"",
        Padding::Same if has_uneven_zeros(conv, pads) => {}
        Padding::Same => text += &format!(", padding={}", sides(pads.map(|(before, _)| before))),
    }
    text + no_bias(conv.bias) + ")"
}

/// Whether the zeros are such as PyTorch's convolutions do not have: uneven ones, but for stride 1.
fn has_uneven_zeros<const D: usize>(conv: &Conv<D>, pads: [(usize, usize); D]) -> bool {
    conv.stride != [1; D] && pads.iter().any(|(before, after)| before != after)
}

/// Whether a layer is a convolution over `axes` axes with such zeros.
fn is_padded(node: &Node, axes: usize) -> bool {
    let is_uneven = by_kind! { &*node.operation;
        Conv1d as conv => axes == 1 && has_uneven_zeros(conv, conv.pads_at(&node.place)),
        Conv2d as conv => axes == 2 && has_uneven_zeros(conv, conv.pads_at(&node.place)),
        else => false,
    };
    is_uneven
}

/// A number for each axis, or one for all.
fn sides<const D: usize>(sides: [usize; D]) -> String {
    if sides == [sides[0]; D] { sides[0].to_string() } else { tuple(&sides) }
}

fn window(pool: &Frame) -> String {
    let padding = if pool.padding == [0, 0] { String::new() } else { format!(", padding={}", sides(pool.padding)) };
    let ceil_mode = if pool.ceil_mode { ", ceil_mode=True" } else { "" };
    format!("{}, stride={}{padding}{ceil_mode}", sides(pool.kernel), sides(pool.stride))
}

fn initialize(out: &mut Source, model: &Model) {
    if model.draws(|law| matches!(law, Law::TruncatedNormal { .. })) {
        out.block(TRUNCATED_NORMAL);
    }
    if model.unit_variance().is_some() {
        out.block(UNIT_VARIANCE);
    }
    let arguments = if model.unit_variance().is_some() { "model, batch" } else { "model" };
    out.block(&format!("\n\n@torch.no_grad()\ndef initialize({arguments}):"));
    out.indent(|out| {
        out.line(format!("\"\"\"Draws the weights; {}\"\"\"", model.untouched()));
        for (node, laws) in model.weighted() {
            out.line(format!("layer = model.get_submodule({:?})", node.name()));
            draw(out, node, laws);
        }
        if let Some((target, tolerance)) = model.unit_variance() {
            let names: Vec<_> = model.rescaled().iter().map(|name| format!("{name:?}")).collect();
            out.line(format!("unit_variance(model, [{}], batch, {target:?}, {tolerance:?})", names.join(", ")));
        }
        out.line("return model");
    });
}

fn draw(out: &mut Source, node: &Node, laws: Laws) {
    let groups = node.drawn().map_or(1, |w| w.groups);
    let is_dense = node.drawn().is_some_and(|w| w.dims.len() == 2);
    out.line(match laws.weight {
        Law::Sparse { sparsity, std } => {
            let matrix = if is_dense { "layer.weight" } else { "layer.weight.flatten(1)" };
            format!("nn.init.sparse_({matrix}, {sparsity:?}, {std:?})")
        }
        Law::Identity if is_dense => "nn.init.eye_(layer.weight)".to_owned(),
        Law::Identity => format!("nn.init.dirac_(layer.weight, {groups})"),
        law => simple(law, "layer.weight"),
    });
    if let Some(law) = laws.bias {
        out.line(simple(law, "layer.bias"));
    }
}

fn simple(law: Law, tensor: &str) -> String {
    match law {
        Law::Uniform { low, high } => format!("nn.init.uniform_({tensor}, {low:?}, {high:?})"),
        Law::Normal { mean, std } => format!("nn.init.normal_({tensor}, {mean:?}, {std:?})"),
        Law::TruncatedNormal { mean, std, low, high } => {
            format!("truncated_normal_({tensor}, {mean:?}, {std:?}, {low:?}, {high:?})")
        }
        Law::Orthogonal { gain } => format!("nn.init.orthogonal_({tensor}, {gain:?})"),
        Law::Constant { value } => format!("nn.init.constant_({tensor}, {value:?})"),
        Law::UnitVariance { .. } => format!("nn.init.orthogonal_({tensor})"),
        // Both are written where the weight's shape is known.
        Law::Sparse { .. } | Law::Identity => String::new(),
    }
}

const TRUNCATED_NORMAL: &str = r#"

def truncated_normal_(tensor, mean, std, low, high):
    """N(mean, std^2) under the condition low <= x <= high, in double precision so that tails keep their digits."""
    a, b = (low - mean) / std, (high - mean) / std
    # The upper tail is drawn by its mirror image.
    mirror = -1.0 if a > 0 else 1.0
    at_low, at_high = (math.erfc(-mirror * z / math.sqrt(2)) / 2 for z in (a, b))
    u = torch.rand(tensor.shape, dtype=torch.float64, device=tensor.device)
    z = mirror * torch.special.ndtri(at_low + u * (at_high - at_low))
    return tensor.copy_((mean + std * z).clamp(low, high))
"#;

const UNIT_VARIANCE: &str = r#"

def unit_variance(model, names, batch, target, tolerance):
    """Divides each weight by the standard deviation of its layer's output on `batch` until that is the target.

    Normalizations use the statistics of the batch, dropout is off, and running statistics stay as they were.
    """

    def rescale(layer, inputs):
        for _ in range(10):
            output = layer.forward(*inputs)
            if layer.bias is not None:
                output = output - layer.bias.reshape(-1, *[1] * (output.dim() - 2))
            std = output.std(unbiased=False).item()
            if not 0 < std < float("inf") or abs(std - target) < tolerance:
                break
            layer.weight.mul_(target / std)

    training = {module: module.training for module in model.modules()}
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    hooks = [model.get_submodule(name).register_forward_pre_hook(rescale) for name in names]
    for module in model.modules():
        module.training = isinstance(module, nn.modules.batchnorm._BatchNorm)
    model(batch)
    for hook in hooks:
        hook.remove()
    for buffer, value in buffers:
        buffer.copy_(value)
    for module, mode in training.items():
        module.training = mode
"#;

fn main(out: &mut Source, model: &Model) {
    out.block("\n\nif __name__ == \"__main__\":");
    out.indent(|out| {
        out.line(format!("torch.manual_seed({})", model.seed));
        out.line(format!("batch = torch.randn(8, {})", list(&model.network.input.shape.0)));
        let arguments = if model.unit_variance().is_some() { "build(), batch" } else { "build()" };
        out.line(format!("network = initialize({arguments})"));
        out.line("print(\"output:\", list(network(batch).shape))");
        out.line("print(\"parameters:\", sum(p.numel() for p in network.parameters()))");
    });
}
