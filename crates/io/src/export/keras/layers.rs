//! Layers without drawn weights.

use super::axes::{all_axes, flatten, mean, permute, positions, reshape, select};
use super::initializers::{affine, plain};
use super::pooling::{adaptive, avg_pooling, global, max_pooling};
use super::terms::{identifier, saved};
use crate::export::by_kind::by_kind;
use crate::export::model::Model;
use crate::export::writer::ExportError;
use neartop_core::kernels::{RMS_EPSILON, Statistics, Upsampling};
use neartop_core::layers::{
    AdaptiveAvgPool, AvgPool, BatchNorm, ClassToken, Dropout, FirstChannels, Fixed, Flatten, GlobalAvgPool, GroupNorm,
    InstanceNorm, LayerNorm, MaxPool, Mean, Permute, Positions, Reshape, RmsNorm, Save, Scale, Select, Shift, Softmax,
    Upsample, Use, Zero,
};
use neartop_core::network::{Activation, Node};

/// The statements that send `x` through a node.
pub fn statements(node: &Node, model: &Model) -> Result<Vec<String>, ExportError> {
    let input = &node.place.inputs[0];
    let values: Vec<String> = by_kind! { &*node.operation;
        Save as _ => return Ok(model.is_used_later(node).then(|| format!("{} = x", saved(node.name()))).into_iter().collect()),
        Use as _ => model.saved(node).map(|node| saved(node.name())).into_iter().collect(),
        Mean as it => mean(input, it),
        Select as it => vec![select(it)],
        else => layers(node, model)?.into_iter().map(|layer| format!("{layer}(x)")).collect(),
    };
    Ok(values.into_iter().map(|value| format!("x = {value}")).collect())
}

/// The layers of Keras that a node is made of.
fn layers(node: &Node, model: &Model) -> Result<Vec<String>, ExportError> {
    let input = &node.place.inputs[0];
    if let Some(layer) = normalization(node, model)? {
        return Ok(vec![layer]);
    }
    let one = by_kind! { &*node.operation;
        MaxPool as MaxPool(frame) => return Ok(max_pooling(node, frame)),
        AvgPool as pool => return Ok(avg_pooling(node, pool)),
        Upsample as it => return Ok(upsample(node, it)),
        Flatten as _ => return Ok(flatten(input)),
        Permute as it => return Ok(permute(node, it)),
        Reshape as it => return Ok(reshape(node, it)),
        GlobalAvgPool as _ => global(input),
        AdaptiveAvgPool as _ => adaptive(&node.place.output),
        Dropout as dropout => format!("layers.Dropout({:?})", dropout.p),
        Fixed as Fixed(activation) => fixed(node, model, activation),
        Softmax as softmax => match softmax {
            Softmax::Softmax => "layers.Softmax(axis=-1)".to_owned(),
            Softmax::LogSoftmax | Softmax::Softmin => format!("layers.Activation({})", node.kind()),
        },
        Positions as _ => learned("Positions", node, model, ""),
        ClassToken as _ => learned("ClassToken", node, model, ""),
        Scale as scale => learned("Scale", node, model, if scale.is_single { ", True" } else { ", False" }),
        Zero as _ => "Zero()".to_owned(),
        FirstChannels as first => format!("FirstChannels({})", first.keep),
        Shift as shift => format!("Shift({})", shift.by),
        else => return Err(ExportError::unknown("Keras", node)),
    };
    Ok(vec![one])
}

fn normalization(node: &Node, model: &Model) -> Result<Option<String>, ExportError> {
    let (input, start) = (&node.place.inputs[0], affine(model, node));
    let named = |class: &str, arguments: String| {
        Some(format!("layers.{class}({arguments}, name=\"{}\"{start})", identifier(node.name())))
    };
    let grouped = |groups: usize| named("GroupNormalization", format!("{groups}, axis=-1, epsilon=1e-5"));
    Ok(by_kind! { &*node.operation;
        BatchNorm as _ => named("BatchNormalization", "axis=-1, momentum=0.9, epsilon=1e-5".to_owned()),
        LayerNorm as norm => {
            let by_position = matches!(norm.statistics(input), Statistics::Features | Statistics::Position);
            let is_whole = input.shape.0.len() > 1 && !by_position;
            let axes = if is_whole { all_axes(input) } else { "-1".to_owned() };
            named("LayerNormalization", format!("axis={axes}, epsilon=1e-5"))
        },
        GroupNorm as norm => grouped(norm.groups),
        InstanceNorm as _ => grouped(input.units()),
        RmsNorm as _ => match start.is_empty() {
            true => named("RMSNormalization", format!("axis=-1, epsilon={RMS_EPSILON:?}")),
            false => return Err(ExportError::unsupported("Keras", node, "an initialization of its own")),
        },
        else => None,
    })
}

/// A layer of a class of this file, with its weight.
fn learned(class: &str, node: &Node, model: &Model, arguments: &str) -> String {
    let start: String = node.weights.iter().map(|weight| plain(&model.law(node, weight))).collect();
    format!("{class}({start}{arguments}, name=\"{}\")", identifier(node.name()))
}

pub fn is_expression(activation: &Activation) -> bool {
    !activation.entry().keras.starts_with("layers.")
}

fn fixed(node: &Node, model: &Model, activation: &Activation) -> String {
    if is_expression(activation) {
        return format!("layers.Activation({})", model.name_of(activation));
    }
    let input = &node.place.inputs[0];
    let shared = if activation.is_by_unit() { positions(input) } else { all_axes(input) };
    let text = activation.fill(activation.entry().keras).replace("{shared_axes}", &shared);
    match (activation.has_weight(), text.strip_suffix(')')) {
        (true, Some(open)) => format!("{open}, name=\"{}\")", identifier(node.name())),
        _ => text,
    }
}

/// Keras interpolates images only.
fn upsample(node: &Node, upsample: &Upsample) -> Vec<String> {
    let (scale, output) = (upsample.scale, &node.place.output.shape.0);
    let larger = |scale: &str, mode: &str| {
        format!("layers.UpSampling2D({scale}, interpolation=\"{mode}\", data_format=\"channels_last\")")
    };
    match (output.as_slice(), upsample.mode) {
        ([_, _, _], Upsampling::Nearest) => vec![larger(&scale.to_string(), "nearest")],
        ([_, _, _], Upsampling::Linear) => vec![larger(&scale.to_string(), "bilinear")],
        (_, Upsampling::Nearest) => vec![format!("layers.UpSampling1D({scale})")],
        ([channels, length], Upsampling::Linear) => vec![
            format!("layers.Reshape(({}, 1, {channels}))", length / scale.max(1)),
            larger(&format!("({scale}, 1)"), "bilinear"),
            format!("layers.Reshape(({length}, {channels}))"),
        ],
        (_, Upsampling::Linear) => Vec::new(),
    }
}
