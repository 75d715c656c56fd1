//! The modules of layers.

use crate::export::by_kind::by_kind;
use crate::export::model::Model;
use crate::export::source::{camel_case, list, tuple};
use crate::export::writer::ExportError;
use neartop_core::kernels::{RMS_EPSILON, Statistics, Upsampling};
use neartop_core::layers::{
    AdaptiveAvgPool, Attend, AvgPool, BatchNorm, ClassToken, Concat, Conv, Conv1d, Conv2d, ConvTranspose1d,
    ConvTranspose2d, Dropout, Embedding, FirstChannels, Fixed, Flatten, Frame, GlobalAvgPool, GroupNorm, InstanceNorm,
    LayerNorm, Linear, MaxPool, Mean, Padding, Permute, Positions, Product, Projection, Recurrence, Reshape, RmsNorm,
    Save, Scale, Select, Shift, Softmax, Sum, Transposed, Upsample, Use, Zero,
};
use neartop_core::network::{Activation, Form, Node, Shape};
use neartop_core::shape::Layout;

/// The function of a list that merges branches.
pub fn merge(node: &Node) -> Result<String, ExportError> {
    Ok(by_kind! { &*node.operation;
        Sum as _ => "lambda values: sum(values[1:], values[0])".to_owned(),
        Concat as _ => format!("Concat({})", 1 + node.place.output.axis()),
        Product as _ => "product".to_owned(),
        Attend as Attend { heads, kv_heads, causal } => format!("Attend({heads}, {kv_heads}, {})", truth(*causal)),
        else => return Err(ExportError::unknown("PyTorch", node)),
    })
}

pub fn constructor(model: &Model, node: &Node) -> Result<String, ExportError> {
    let channels = node.place.inputs[0].units();
    // Those that windows slide along.
    let axes = node.input().0.len().saturating_sub(1);
    Ok(by_kind! { &*node.operation;
        Save as Save(name) => format!("Save(saved, {name:?})"),
        Use as Use(name) => format!("Use(saved, {name:?})"),
        Embedding as embedding => format!("nn.Embedding({}, {})", vocab(&node.place.inputs[0]), embedding.out),
        Linear as linear => dense(channels, linear.out, linear.bias),
        Projection as projection => dense(channels, node.units(), projection.bias),
        Conv1d as conv => convolution(node, conv),
        Conv2d as conv => convolution(node, conv),
        ConvTranspose1d as conv => transposed(channels, conv),
        ConvTranspose2d as conv => transposed(channels, conv),
        Recurrence as recurrence => {
            let Recurrence { hidden, reverse, bias, .. } = recurrence;
            let reverse = if *reverse { ", reverse=True" } else { "" };
            format!("Recurrence({:?}, {channels}, {hidden}{}{reverse})", recurrence.cell_name(), no_bias(*bias))
        },
        BatchNorm as _ => format!("nn.BatchNorm{}d({channels})", if is_image(node.input()) { 2 } else { 1 }),
        LayerNorm as norm => match norm.statistics(&node.place.output) {
            Statistics::Features => format!("nn.LayerNorm({channels})"),
            Statistics::Position => format!("ChannelNorm({channels})"),
            Statistics::Sample | Statistics::Channel(_) | Statistics::Groups(_) => {
                format!("nn.LayerNorm({})", tuple(&node.input().0))
            }
        },
        RmsNorm as _ => format!("nn.RMSNorm({channels}, eps={RMS_EPSILON:?})"),
        InstanceNorm as _ => format!("nn.InstanceNorm{axes}d({channels}, affine=True)"),
        GroupNorm as norm => format!("nn.GroupNorm({}, {channels})", norm.groups),
        Flatten as _ => "nn.Flatten()".to_owned(),
        Dropout as dropout => format!("nn.Dropout({:?})", dropout.p),
        Fixed as Fixed(activation) => fixed(model, node, activation)?,
        Softmax as softmax => {
            let dim = 1 + node.place.output.axis();
            match softmax {
                Softmax::Softmax => format!("nn.Softmax(dim={dim})"),
                Softmax::LogSoftmax => format!("nn.LogSoftmax(dim={dim})"),
                Softmax::Softmin => format!("nn.Softmin(dim={dim})"),
            }
        },
        Zero as _ => "Zero()".to_owned(),
        FirstChannels as first => format!("FirstChannels({})", first.keep),
        Shift as shift => format!("Shift({})", shift.by),
        else => return resampling(node),
    })
}

/// The module of a layer without weights or with none but its own, that moves, merges or picks elements.
fn resampling(node: &Node) -> Result<String, ExportError> {
    let channels = node.place.inputs[0].units();
    let axes = node.input().0.len().saturating_sub(1);
    Ok(by_kind! { &*node.operation;
        MaxPool as MaxPool(frame) => format!("nn.MaxPool{axes}d({})", window(axes, frame)),
        AvgPool as pool => {
            let count = if pool.count_include_pad { "" } else { ", count_include_pad=False" };
            format!("nn.AvgPool{axes}d({}{count})", window(axes, &pool.frame))
        },
        GlobalAvgPool as _ => format!("nn.AdaptiveAvgPool{axes}d(1)"),
        AdaptiveAvgPool as pool => format!("nn.AdaptiveAvgPool{axes}d({})", sides(pool.size)),
        Upsample as Upsample { scale, mode } => match (mode, axes) {
            (Upsampling::Nearest, _) => format!("nn.Upsample(scale_factor={scale})"),
            (Upsampling::Linear, 1) => format!("nn.Upsample(scale_factor={scale}, mode=\"linear\")"),
            (Upsampling::Linear, _) => format!("nn.Upsample(scale_factor={scale}, mode=\"bilinear\")"),
        },
        Positions as _ => format!("Positions({})", list(&node.input().0)),
        ClassToken as _ => format!("ClassToken({channels})"),
        Scale as scale => {
            let (factors, after) = if scale.is_single { (1, 0) } else { (channels, axes - node.place.output.axis()) };
            format!("Scale({factors}, {:?}, {after})", scale.init)
        },
        Permute as permute => format!("Permute({})", list(&permute.axes)),
        Reshape as reshape => format!("Reshape({})", list(&reshape.dims)),
        Mean as mean => {
            let units = 1 + node.place.inputs[0].axis();
            let dims: Vec<_> = (1..=axes + 1).filter(|dim| (*dim == units) == mean.over_units).collect();
            format!("Mean({})", list(&dims))
        },
        Select as Select(position) => {
            let dim = 2 - node.place.inputs[0].axis();
            format!("Select({dim}, {})", position.map_or_else(|| "-1".to_owned(), |at| at.to_string()))
        },
        else => return Err(ExportError::unknown("PyTorch", node)),
    })
}

fn dense(features: usize, out: usize, bias: bool) -> String {
    format!("nn.Linear({features}, {out}{})", no_bias(bias))
}

fn fixed(model: &Model, node: &Node, activation: &Activation) -> Result<String, ExportError> {
    if activation.is_by_unit() {
        // PyTorch's slopes belong to the second axis.
        return match node.place.output.axis() {
            0 => Ok(format!("nn.PReLU({}, init={:?})", node.units(), activation.number("init"))),
            _ => Err(ExportError::unsupported("PyTorch", node, "slopes of the features of tokens")),
        };
    }
    Ok(match is_expression(activation) {
        true => format!("{}()", camel_case(model.name_of(activation))),
        false => activation.fill(activation.entry().pytorch),
    })
}

fn truth(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}

fn transposed<const D: usize>(channels: usize, conv: &Transposed<D>) -> String {
    let mut text = format!("nn.ConvTranspose{D}d({channels}, {}, {}", conv.out, sides(conv.kernel));
    let named = [
        ("stride", conv.stride, 1),
        ("padding", conv.padding, 0),
        ("output_padding", conv.output_padding, 0),
        ("groups", [conv.groups; D], 1),
        ("dilation", conv.dilation, 1),
    ];
    for (name, value, default) in named {
        if value != [default; D] {
            text += &format!(", {name}={}", sides(value));
        }
    }
    text + no_bias(conv.bias) + ")"
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
pub fn is_padded(node: &Node, axes: usize) -> bool {
    let (along, across) = (node.operation.as_kind::<Conv1d>(), node.operation.as_kind::<Conv2d>());
    match axes {
        1 => along.is_some_and(|conv| has_uneven_zeros(conv, conv.pads_at(&node.place))),
        _ => across.is_some_and(|conv| has_uneven_zeros(conv, conv.pads_at(&node.place))),
    }
}

/// A number for each axis, or one for all.
fn sides<const D: usize>(sides: [usize; D]) -> String {
    if sides == [sides[0]; D] { sides[0].to_string() } else { tuple(&sides) }
}

fn window(axes: usize, pool: &Frame) -> String {
    let of = |pair: [usize; 2]| if axes == 1 { pair[1].to_string() } else { sides(pair) };
    let padding = if pool.padding == [0, 0] { String::new() } else { format!(", padding={}", of(pool.padding)) };
    let ceil_mode = if pool.ceil_mode { ", ceil_mode=True" } else { "" };
    format!("{}, stride={}{padding}{ceil_mode}", of(pool.kernel), of(pool.stride))
}

/// Whether an activation is written as an expression, for lack of a module.
pub fn is_expression(activation: &Activation) -> bool {
    !activation.entry().pytorch.starts_with("nn.")
}

/// Whether it is a layer norm over the channels of every position.
pub fn is_channel_norm(node: &Node) -> bool {
    let norm = node.operation.as_kind::<LayerNorm>();
    norm.is_some_and(|norm| matches!(norm.statistics(&node.place.output), Statistics::Position))
}
