//! Pooling. Keras pads no window and lets none hang over the end, so what a window needs is put around the input before.

use super::terms::{padding, pairs};
use crate::export::sliding::Sliding;
use crate::export::source::tuple;
use neartop_core::layers::{AvgPool, Frame};
use neartop_core::network::{Form, Node};

fn pooling(sliding: &Sliding, class: &str) -> String {
    let axes = sliding.kernel.len();
    let (kernel, stride) = (sides(&sliding.kernel), sides(&sliding.stride));
    format!("layers.{class}Pooling{axes}D({kernel}, strides={stride}, data_format=\"channels_last\")")
}

/// A number for each axis, or one for all.
fn sides(sides: &[usize]) -> String {
    match sides {
        [first, rest @ ..] if rest.iter().all(|side| side == first) => first.to_string(),
        _ => tuple(sides),
    }
}

pub fn max_pooling(node: &Node, frame: &Frame) -> Vec<String> {
    let sliding = Sliding::new(node, frame);
    let needs_padding = sliding.has_pads() || sliding.goes_beyond();
    let padding = needs_padding.then(|| format!("PadWithMinusInfinity({})", pairs(&sliding.around())));
    padding.into_iter().chain([pooling(&sliding, "Max")]).collect()
}

pub fn avg_pooling(node: &Node, pool: &AvgPool) -> Vec<String> {
    let sliding = Sliding::new(node, &pool.frame);
    if sliding.goes_beyond() || (sliding.has_pads() && !pool.count_include_pad) {
        let [counted, uncounted] = sliding.counted(pool.count_include_pad).map(|pads| pairs(&pads));
        let (kernel, stride) = (tuple(&sliding.kernel), tuple(&sliding.stride));
        return vec![format!("CountedAveragePooling({kernel}, {stride}, {counted}, {uncounted})")];
    }
    let (axes, around) = (sliding.kernel.len(), padding(&sliding.pads));
    let zeros = format!("layers.ZeroPadding{axes}D({around}, data_format=\"channels_last\")");
    sliding.has_pads().then_some(zeros).into_iter().chain([pooling(&sliding, "Average")]).collect()
}

pub fn adaptive(output: &Form) -> String {
    format!("AdaptiveAveragePooling({})", tuple(&output.shape.0[1..]))
}

pub fn global(input: &Form) -> String {
    let axes = input.shape.0.len() - 1;
    format!("layers.GlobalAveragePooling{axes}D(data_format=\"channels_last\", keepdims=True)")
}
