//! What comes out of a layer, from `x`.

use super::fields::{field_type, is_by_feature};
use super::pooling::{adaptive, avg_pooling, max_pooling};
use super::terms::{field, saved};
use crate::export::by_kind::by_kind;
use crate::export::model::Model;
use crate::export::source::list;
use crate::export::writer::ExportError;
use neartop_core::kernels::Upsampling;
use neartop_core::layers::{
    AdaptiveAvgPool, AvgPool, BatchNorm, ClassToken, Dropout, Embedding, FirstChannels, Fixed, Flatten, GlobalAvgPool,
    MaxPool, Mean, Permute, Positions, Reshape, RmsNorm, Scale, Select, Shift, Softmax, Upsample, Use, Zero,
};
use neartop_core::network::Node;
use neartop_core::shape::Layout;

/// What comes out of a node, from `x`.
pub fn apply(model: &Model, node: &Node, watched: bool) -> Result<String, ExportError> {
    Ok(by_kind! { &*node.operation;
        Fixed as Fixed(activation) => match (activation.has_weight(), is_by_feature(activation, &node.place.inputs[0])) {
            (false, _) => format!("{}(&x)?", model.name_of(activation)),
            (true, true) => format!("prelu(&x, &self.{})?", field(node)),
            (true, false) => format!("self.{}.forward(&x)?", field(node)),
        },
        Use as _ => match model.saved(node) {
            Some(save) => format!("{}.clone()", saved(save.name())),
            None => return Err(ExportError::unknown("candle", node)),
        },
        Dropout as Dropout { p } => dropout(*p, watched),
        else => match field_type(node)? {
            Some(_) => with_weights(node),
            None => without_weights(node)?,
        },
    })
}

fn with_weights(node: &Node) -> String {
    let field = field(node);
    by_kind! { &*node.operation;
        BatchNorm as _ => format!("self.{field}.forward_t(&x, train)?"),
        // The other one has no backward pass.
        RmsNorm as _ => format!("self.{field}.forward_diff(&x)?"),
        Embedding as _ => format!("self.{field}.forward(&x.to_dtype(DType::U32)?)?"),
        Positions as _ => format!("x.broadcast_add(&self.{field})?"),
        ClassToken as _ => format!("Tensor::cat(&[&self.{field}.broadcast_left(x.dim(0)?)?, &x], 1)?"),
        Scale as _ => format!("x.broadcast_mul(&self.{field})?"),
        else => format!("self.{field}.forward(&x)?"),
    }
}

fn without_weights(node: &Node) -> Result<String, ExportError> {
    let (input, output) = (&node.place.inputs[0], &node.place.output);
    Ok(by_kind! { &*node.operation;
        MaxPool as MaxPool(frame) => max_pooling(node, frame),
        AvgPool as pool => avg_pooling(node, pool),
        AdaptiveAvgPool as _ => adaptive(output),
        GlobalAvgPool as _ => match input.shape.0.len() {
            3 => "x.mean_keepdim((2, 3))?".to_owned(),
            _ => "x.mean_keepdim(2)?".to_owned(),
        },
        Upsample as Upsample { mode, .. } => upsample(*mode, &output.shape.0),
        Flatten as _ => "x.flatten_from(1)?".to_owned(),
        Permute as Permute { axes, .. } => {
            let axes: Vec<_> = std::iter::once(0).chain(axes.iter().map(|axis| axis + 1)).collect();
            format!("x.permute({})?.contiguous()?", tuple(&axes))
        },
        Reshape as Reshape { dims, .. } => format!("x.reshape((x.dim(0)?, {}))?", list(dims)),
        Mean as Mean { over_units } => mean(*over_units, input.layout, input.shape.0.len()),
        Select as Select(position) => {
            let axis = 2 - input.axis();
            let at = position.unwrap_or(input.shape.0[axis - 1] - 1);
            format!("x.narrow({axis}, {at}, 1)?.squeeze({axis})?.contiguous()?")
        },
        Softmax as softmax => {
            let axis = 1 + output.axis();
            match softmax {
                Softmax::Softmax => format!("candle_nn::ops::softmax(&x, {axis})?"),
                Softmax::LogSoftmax => format!("candle_nn::ops::log_softmax(&x, {axis})?"),
                Softmax::Softmin => format!("candle_nn::ops::softmax(&x.neg()?, {axis})?"),
            }
        },
        Zero as _ => "x.zeros_like()?".to_owned(),
        FirstChannels as FirstChannels { keep } => format!("x.narrow({}, 0, {keep})?", 1 + output.axis()),
        Shift as Shift { by } => {
            let [_, height, width] = output.image().unwrap_or_default();
            format!(
                "x.pad_with_zeros(2, 0, {by})?.pad_with_zeros(3, 0, {by})?.narrow(2, {by}, {height})?.narrow(3, {by}, {width})?"
            )
        },
        else => return Err(ExportError::unknown("candle", node)),
    })
}

fn tuple(numbers: &[usize]) -> String {
    format!("({})", list(numbers))
}

fn mean(over_units: bool, layout: Layout, axes: usize) -> String {
    let units_first = layout == Layout::Channels;
    match (over_units, units_first) {
        (false, true) => "x.flatten_from(2)?.mean(2)?".to_owned(),
        (false, false) => format!("x.flatten(1, {})?.mean(1)?", axes - 1),
        (true, true) => "x.mean(1)?.flatten_from(1)?".to_owned(),
        (true, false) => format!("x.mean({axes})?.flatten_from(1)?"),
    }
}

/// candle interpolates images only.
fn upsample(mode: Upsampling, output: &[usize]) -> String {
    match (mode, output) {
        (Upsampling::Nearest, [_, height, width]) => format!("x.upsample_nearest2d({height}, {width})?"),
        (Upsampling::Linear, [_, height, width]) => format!("x.upsample_bilinear2d({height}, {width}, false)?"),
        (Upsampling::Nearest, _) => {
            let length = output.last().copied().unwrap_or(1);
            format!("x.unsqueeze(2)?.upsample_nearest2d(1, {length})?.squeeze(2)?")
        }
        (Upsampling::Linear, _) => {
            let length = output.last().copied().unwrap_or(1);
            format!("x.unsqueeze(2)?.upsample_bilinear2d(1, {length}, false)?.squeeze(2)?")
        }
    }
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
