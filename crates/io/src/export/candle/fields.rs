//! Layers with weights: their types, and how they are made from a `VarBuilder`.

use super::terms::{same_on_all, shape};
use crate::export::by_kind::by_kind;
use crate::export::writer::ExportError;
use neartop_core::kernels::{Cell, RMS_EPSILON, Statistics};
use neartop_core::layers::{
    BatchNorm, ClassToken, Conv, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Embedding, Fixed, GroupNorm,
    InstanceNorm, LayerNorm, Linear, Positions, Projection, Recurrence, RmsNorm, Scale, Transposed,
};
use neartop_core::network::{Activation, Form, Node};
use neartop_core::shape::Layout;

/// The type of a node's field, if it has weights.
pub fn field_type(node: &Node) -> Result<Option<&'static str>, ExportError> {
    if node.weights.is_empty() {
        return Ok(None);
    }
    Ok(Some(by_kind! { &*node.operation;
        Linear as _ => "candle_nn::Linear",
        Projection as _ => "candle_nn::Linear",
        Conv1d as _ => "candle_nn::Conv1d",
        Conv2d as _ => "candle_nn::Conv2d",
        ConvTranspose1d as _ => "candle_nn::ConvTranspose1d",
        ConvTranspose2d as _ => "candle_nn::ConvTranspose2d",
        Embedding as _ => "candle_nn::Embedding",
        BatchNorm as _ => "candle_nn::BatchNorm",
        LayerNorm as norm => match norm.statistics(&node.place.inputs[0]) {
            Statistics::Position => "PositionNorm",
            _ => "Norm",
        },
        GroupNorm as _ => "Norm",
        InstanceNorm as _ => "Norm",
        RmsNorm as _ => "candle_nn::RmsNorm",
        Fixed as Fixed(activation) => match is_by_feature(activation, &node.place.inputs[0]) {
            true => "Tensor",
            false => "candle_nn::PReLU",
        },
        Positions as _ => "Tensor",
        ClassToken as _ => "Tensor",
        Scale as _ => "Tensor",
        Recurrence as _ => "Recurrence",
        else => return Err(ExportError::unknown("candle", node)),
    }))
}

/// Whether such a field has `forward` by the trait `Module`, or calls something that has.
pub fn calls_forward(field_type: &str) -> bool {
    !matches!(field_type, "candle_nn::BatchNorm" | "candle_nn::RmsNorm" | "Norm" | "PositionNorm" | "Tensor")
}

/// Whether slopes belong to the features of every token, while candle's belong to the second axis.
pub fn is_by_feature(activation: &Activation, input: &Form) -> bool {
    activation.is_by_unit() && input.layout == Layout::Features && input.shape.0.len() > 1
}

/// A weight that starts at a value.
fn start(node: &Node, name: &str, dims: &[usize], value: f64) -> String {
    let module = node.name();
    format!("vb.get_with_hints({}, \"{module}.{name}\", candle_nn::Init::Const({value:?}))?", shape(dims))
}

/// A weight that is drawn later.
fn get(node: &Node, name: &str) -> Option<String> {
    let weight = node.weights.iter().find(|weight| weight.name == name)?;
    Some(format!("vb.get({}, \"{}.{name}\")?", shape(&weight.dims), node.name()))
}

/// How a layer with weights is made from `vb`.
pub fn construct(node: &Node) -> Result<String, ExportError> {
    let weight = || get(node, "weight").unwrap_or_default();
    let drawn = || dense(node, "weight", "bias");
    Ok(by_kind! { &*node.operation;
        Linear as _ => format!("candle_nn::Linear::new({})", drawn()),
        Projection as _ => format!("candle_nn::Linear::new({})", drawn()),
        Conv1d as conv => format!("candle_nn::Conv1d::new({}, {})", drawn(), config(node, conv)?),
        Conv2d as conv => format!("candle_nn::Conv2d::new({}, {})", drawn(), config(node, conv)?),
        ConvTranspose1d as conv => {
            format!("candle_nn::ConvTranspose1d::new({}, {})", drawn(), transposed_config(node, conv)?)
        },
        ConvTranspose2d as conv => {
            format!("candle_nn::ConvTranspose2d::new({}, {})", drawn(), transposed_config(node, conv)?)
        },
        Embedding as _ => format!("candle_nn::Embedding::new({}, {})", weight(), node.units()),
        Positions as _ => weight(),
        ClassToken as _ => weight(),
        Recurrence as it => recurrence(node, it),
        else => with_start(node)?,
    })
}

/// How a layer is made whose weights start at values of its own.
fn with_start(node: &Node) -> Result<String, ExportError> {
    let (name, input) = (node.name(), &node.place.inputs[0]);
    Ok(by_kind! { &*node.operation;
        BatchNorm as _ => match input.layout == Layout::Features && input.shape.0.len() > 1 {
            true => return Err(ExportError::unsupported("candle", node, "tokens")),
            false => format!(
                "candle_nn::batch_norm({}, candle_nn::BatchNormConfig {{ eps: 1e-5, ..Default::default() }}, \
                 vb.pp(\"{name}\"))?",
                input.units()
            ),
        },
        LayerNorm as norm => match norm.statistics(input) {
            Statistics::Features => grouped(node, input.rows()),
            Statistics::Position => {
                let [weight, bias] = affine(node);
                format!("PositionNorm {{ weight: {weight}, bias: {bias} }}")
            }
            _ => grouped(node, 1),
        },
        GroupNorm as GroupNorm { groups } => grouped(node, *groups),
        InstanceNorm as _ => grouped(node, input.units()),
        RmsNorm as _ => {
            format!("candle_nn::RmsNorm::new({}, {RMS_EPSILON:?})", start(node, "weight", &[input.units()], 1.0))
        },
        Scale as scale => spread(node, start(node, "weight", &node.weights[0].dims, scale.init)),
        Fixed as Fixed(activation) => {
            let slopes = start(node, "weight", &node.weights[0].dims, activation.number("init"));
            match is_by_feature(activation, input) {
                true => slopes,
                false => format!("candle_nn::PReLU::new({slopes}, {})", !activation.is_by_unit()),
            }
        },
        else => return Err(ExportError::unknown("candle", node)),
    })
}

fn grouped(node: &Node, groups: usize) -> String {
    let [weight, bias] = affine(node);
    format!("Norm {{ groups: {groups}, weight: {weight}, bias: {bias} }}")
}

/// Weight and bias of a normalization.
fn affine(node: &Node) -> [String; 2] {
    [("weight", 1.0), ("bias", 0.0)].map(|(name, value)| {
        let dims = node.weights.iter().find(|weight| weight.name == name).map(|weight| weight.dims.clone());
        spread(node, start(node, name, &dims.unwrap_or_default(), value))
    })
}

/// A weight by channel, so that it meets the channels of what comes in.
fn spread(node: &Node, weight: String) -> String {
    let input = &node.place.inputs[0];
    let is_by_unit = node.weights.iter().all(|weight| weight.dims == [input.units()]);
    if !is_by_unit || input.layout != Layout::Channels || input.shape.0.len() < 2 {
        return weight;
    }
    let mut dims = vec![1; input.shape.0.len()];
    dims[0] = input.units();
    format!("{weight}.reshape({})?", shape(&dims))
}

/// Weight and bias of a layer whose weight is drawn.
fn dense(node: &Node, weight: &str, bias: &str) -> String {
    let bias = get(node, bias).map_or_else(|| "None".to_owned(), |bias| format!("Some({bias})"));
    format!("{}, {bias}", get(node, weight).unwrap_or_default())
}

fn recurrence(node: &Node, recurrence: &Recurrence) -> String {
    let linear = |weight, bias| format!("candle_nn::Linear::new({})", dense(node, weight, bias));
    let step = match recurrence.cell {
        Cell::Lstm => "lstm_step",
        Cell::Gru => "gru_step",
        Cell::Tanh => "rnn_step",
    };
    let (input, state) = (linear("weight_ih", "bias_ih"), linear("weight_hh", "bias_hh"));
    let (hidden, reverse) = (recurrence.hidden, recurrence.reverse);
    format!("Recurrence {{ input: {input}, state: {state}, hidden: {hidden}, reverse: {reverse}, step: {step} }}")
}

/// What is the same for all axes; candle knows nothing else.
fn square<const D: usize>(node: &Node, sides: [usize; D], what: &'static str) -> Result<usize, ExportError> {
    same_on_all(sides).ok_or_else(|| ExportError::unsupported("candle", node, what))
}

fn config<const D: usize>(node: &Node, conv: &Conv<D>) -> Result<String, ExportError> {
    let settings = [
        // Other padding is put on before the convolution.
        ("padding", own_padding(node, conv).unwrap_or(0), 0),
        ("stride", square(node, conv.stride, "a stride for each axis")?, 1),
        ("dilation", square(node, conv.dilation, "a dilation for each axis")?, 1),
        ("groups", conv.groups, 1),
    ];
    Ok(settings_text(&format!("candle_nn::Conv{D}dConfig"), &settings))
}

fn transposed_config<const D: usize>(node: &Node, conv: &Transposed<D>) -> Result<String, ExportError> {
    if D > 1 && conv.groups != 1 {
        return Err(ExportError::unsupported("candle", node, "groups"));
    }
    let settings = [
        ("padding", square(node, conv.padding, "a padding for each axis")?, 0),
        ("output_padding", square(node, conv.output_padding, "an output padding for each axis")?, 0),
        ("stride", square(node, conv.stride, "a stride for each axis")?, 1),
        ("dilation", square(node, conv.dilation, "a dilation for each axis")?, 1),
        ("groups", conv.groups, 1),
    ];
    Ok(settings_text(&format!("candle_nn::ConvTranspose{D}dConfig"), &settings))
}

/// The settings that are not the defaults.
fn settings_text(class: &str, settings: &[(&str, usize, usize)]) -> String {
    let changed = settings.iter().filter(|(_, value, default)| value != default);
    let changed: Vec<_> = changed.map(|(name, value, _)| format!("{name}: {value}")).collect();
    match changed.as_slice() {
        [] => format!("{class}::default()"),
        _ => format!("{class} {{ {}, ..Default::default() }}", changed.join(", ")),
    }
}

/// The padding that a convolution of candle can have itself: the same on all sides.
pub fn own_padding<const D: usize>(node: &Node, conv: &Conv<D>) -> Option<usize> {
    same_on_all(conv.pads_at(&node.place)).filter(|(before, after)| before == after).map(|(before, _)| before)
}
