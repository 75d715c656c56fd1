//! Layers with weights that are drawn, each over several lines.

use super::initializers::{initializer, plain};
use super::recurrent::recurrence;
use super::terms::{identifier, padding, sides};
use crate::export::by_kind::by_kind;
use crate::export::model::Model;
use crate::export::source::Source;
use crate::export::writer::ExportError;
use neartop_core::init::Law;
use neartop_core::layer::Weight;
use neartop_core::layers::{
    Conv, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Embedding, Linear, Projection, Recurrence, Transposed,
};
use neartop_core::network::Node;
use neartop_core::shape::Layout;

/// A layer of Keras, and what stands around it.
#[derive(Default)]
struct Weighted {
    class: String,
    /// Layers before and after it.
    before: Option<String>,
    after: Option<String>,
    arguments: Vec<String>,
}

impl Weighted {
    fn new(class: impl Into<String>, arguments: Vec<String>) -> Self {
        Self { class: class.into(), arguments, ..Self::default() }
    }
}

/// Sends `x` through a layer with drawn weights; says whether the node is one.
pub fn write(out: &mut Source, model: &Model, node: &Node) -> Result<bool, ExportError> {
    let layer = by_kind! { &*node.operation;
        Linear as _ => dense(model, node),
        Projection as _ => dense(model, node),
        Conv1d as conv => convolution(model, node, conv),
        Conv2d as conv => convolution(model, node, conv),
        ConvTranspose1d as conv => transposed(model, node, conv)?,
        ConvTranspose2d as conv => transposed(model, node, conv)?,
        Embedding as _ => embedding(model, node)?,
        Recurrence as cell => {
            let (class, arguments, after) = recurrence(model, node, cell);
            Weighted { after, ..Weighted::new(class, arguments) }
        },
        else => return Ok(false),
    };
    let through = |layer: String| format!("x = {layer}");
    out.line_if(layer.before.map(through));
    out.line(format!("x = layers.{}(", layer.class));
    out.indent(|out| {
        layer.arguments.iter().for_each(|argument| out.line(format!("{argument},")));
        out.line(format!("name=\"{}\",", identifier(node.name())));
    });
    out.line(")(x)");
    out.line_if(layer.after.map(through));
    Ok(true)
}

fn dense(model: &Model, node: &Node) -> Weighted {
    let mut arguments = vec![node.units().to_string()];
    arguments.extend(kernel_and_bias(model, node));
    Weighted::new("Dense", arguments)
}

/// How kernel and bias start.
fn kernel_and_bias(model: &Model, node: &Node) -> Vec<String> {
    let is_dense = node.drawn().is_none_or(|shape| shape.dims.len() == 2);
    let groups = node.drawn().map_or(1, |shape| shape.groups);
    let start = |weight: &Weight| match weight.name {
        "weight" => format!("kernel_initializer={}", initializer(&model.law(node, weight), is_dense, groups)),
        _ => format!("bias_initializer={}", plain(&model.law(node, weight))),
    };
    let no_bias = node.weights.iter().all(|weight| weight.name != "bias").then(|| "use_bias=False".to_owned());
    node.weights.iter().map(start).chain(no_bias).collect()
}

fn embedding(model: &Model, node: &Node) -> Result<Weighted, ExportError> {
    let vocab = match node.place.inputs[0].layout {
        Layout::Ids { vocab } => vocab,
        Layout::Channels | Layout::Features => return Err(ExportError::unknown("Keras", node)),
    };
    let mut arguments = vec![vocab.to_string(), node.units().to_string()];
    for weight in &node.weights {
        let law = model.law(node, weight);
        if matches!(law, Law::Sparse { .. }) {
            return Err(ExportError::unsupported("Keras", node, "a sparse initialization"));
        }
        arguments.push(format!("embeddings_initializer={}", plain(&law)));
    }
    Ok(Weighted::new("Embedding", arguments))
}

/// Settings of a convolution that are not 1.
fn settings<const D: usize>(settings: &[(&str, [usize; D])]) -> Vec<String> {
    let changed = settings.iter().filter(|(_, value)| *value != [1; D]);
    changed.map(|(name, value)| format!("{name}={}", sides(*value))).collect()
}

fn convolution<const D: usize>(model: &Model, node: &Node, conv: &Conv<D>) -> Weighted {
    let pads = conv.pads_at(&node.place);
    let zeros = format!("layers.ZeroPadding{D}D({}, data_format=\"channels_last\")(x)", padding(&pads));
    // Keras refuses strides together with dilation, so such strides come after the convolution.
    let is_apart = conv.dilation != [1; D] && conv.stride != [1; D];
    let stride = sides(conv.stride);
    let strides = format!("layers.MaxPooling{D}D(1, strides={stride}, data_format=\"channels_last\")(x)");
    let own_stride = if is_apart { [1; D] } else { conv.stride };
    let mut arguments = vec![node.units().to_string(), sides(conv.kernel)];
    arguments.extend(settings(&[
        ("strides", own_stride),
        ("dilation_rate", conv.dilation),
        ("groups", [conv.groups; D]),
    ]));
    arguments.push("data_format=\"channels_last\"".to_owned());
    arguments.extend(kernel_and_bias(model, node));
    let (before, after) = ((pads != [(0, 0); D]).then_some(zeros), is_apart.then_some(strides));
    Weighted { before, after, ..Weighted::new(format!("Conv{D}D"), arguments) }
}

/// Keras pads no transposed convolution as PyTorch does, so what padding takes away is cut off afterwards.
fn transposed<const D: usize>(model: &Model, node: &Node, conv: &Transposed<D>) -> Result<Weighted, ExportError> {
    let more: [usize; D] = std::array::from_fn(|axis| conv.output_padding[axis].saturating_sub(conv.padding[axis]));
    let cut: [_; D] =
        std::array::from_fn(|axis| (conv.padding[axis], conv.padding[axis].saturating_sub(conv.output_padding[axis])));
    if let Some(what) = refused(conv, more) {
        return Err(ExportError::unsupported("Keras", node, what));
    }
    let mut arguments = vec![node.units().to_string(), sides(conv.kernel)];
    arguments.extend(settings(&[("strides", conv.stride), ("dilation_rate", conv.dilation)]));
    // Without it Keras lets the output end with the stride where that is longer than the kernel.
    if more != [0; D] || (0..D).any(|axis| conv.stride[axis] > conv.kernel[axis]) {
        arguments.push(format!("output_padding={}", sides(more)));
    }
    arguments.push("data_format=\"channels_last\"".to_owned());
    arguments.extend(kernel_and_bias(model, node));
    let format = if D == 1 { "" } else { ", data_format=\"channels_last\"" };
    let crop = format!("layers.Cropping{D}D({}{format})(x)", padding(&cut));
    let after = (cut != [(0, 0); D]).then_some(crop);
    Ok(Weighted { after, ..Weighted::new(format!("Conv{D}DTranspose"), arguments) })
}

/// What Keras cannot do of a transposed convolution.
fn refused<const D: usize>(conv: &Transposed<D>, more: [usize; D]) -> Option<&'static str> {
    if conv.groups != 1 {
        Some("groups")
    } else if conv.dilation != [1; D] && conv.stride != [1; D] {
        Some("a stride and dilation")
    } else if (0..D).any(|axis| more[axis] > 0 && more[axis] >= conv.stride[axis]) {
        Some("such an output padding")
    } else {
        None
    }
}
