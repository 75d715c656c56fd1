//! Where Keras holds the axes of a value: channels come last, whatever else stays as it is.

use crate::export::source::tuple;
use neartop_core::layers::{Mean, Permute, Reshape, Select};
use neartop_core::network::{Form, Node};
use neartop_core::shape::Layout;

/// The axes of a sample, in the order in which Keras holds them.
fn order(form: &Form) -> Vec<usize> {
    let axes = form.shape.0.len();
    match form.layout {
        Layout::Channels if axes > 1 => (1..axes).chain([0]).collect(),
        Layout::Channels | Layout::Features | Layout::Ids { .. } => (0..axes).collect(),
    }
}

/// Puts axes that stand as in `from` as in `to`; none where that is the same.
fn permutation(from: &[usize], to: &[usize]) -> Option<String> {
    let places: Vec<_> = to.iter().filter_map(|axis| from.iter().position(|other| other == axis)).collect();
    let is_same = places.iter().copied().eq(0..to.len());
    let places: Vec<_> = places.iter().map(|place| place + 1).collect();
    (!is_same).then(|| format!("layers.Permute({})", tuple(&places)))
}

fn plain_order(form: &Form) -> Vec<usize> {
    (0..form.shape.0.len()).collect()
}

/// The layer that puts a value of the network as Keras holds it.
pub fn to_keras(form: &Form) -> Option<String> {
    permutation(&plain_order(form), &order(form))
}

/// The layer that puts a value as the network has it.
pub fn from_keras(form: &Form) -> Option<String> {
    permutation(&order(form), &plain_order(form))
}

/// Channels first, as PyTorch flattens; with one position there is only one order.
pub fn flatten(input: &Form) -> Vec<String> {
    let first = from_keras(input).filter(|_| input.rows() > 1);
    first.into_iter().chain(["layers.Flatten(data_format=\"channels_last\")".to_owned()]).collect()
}

pub fn permute(node: &Node, permute: &Permute) -> Vec<String> {
    let output = order(&node.place.output);
    let wanted: Vec<_> = output.iter().filter_map(|axis| permute.axes.get(*axis).copied()).collect();
    permutation(&order(&node.place.inputs[0]), &wanted).into_iter().collect()
}

pub fn reshape(node: &Node, reshape: &Reshape) -> Vec<String> {
    let reshaped = format!("layers.Reshape({})", tuple(&reshape.dims));
    from_keras(&node.place.inputs[0]).into_iter().chain([reshaped]).chain(to_keras(&node.place.output)).collect()
}

/// The mean of `x`; its units are last.
pub fn mean(input: &Form, mean: &Mean) -> Vec<String> {
    let axes = input.shape.0.len();
    if !mean.over_units {
        let positions: Vec<_> = (1..axes).collect();
        return vec![format!("keras.ops.mean(x, axis={})", tuple(&positions))];
    }
    let flat = (axes > 2).then(|| "layers.Flatten(data_format=\"channels_last\")(x)".to_owned());
    std::iter::once("keras.ops.mean(x, axis=-1)".to_owned()).chain(flat).collect()
}

/// One position of the sequence `x`.
pub fn select(select: &Select) -> String {
    select.0.map_or_else(|| "x[:, -1]".to_owned(), |at| format!("x[:, {at}]"))
}

/// All axes of a sample but none of the batch.
pub fn all_axes(form: &Form) -> String {
    let axes: Vec<_> = (1..=form.shape.0.len()).map(|axis| axis.to_string()).collect();
    format!("[{}]", axes.join(", "))
}

/// All axes of positions, without that of the units.
pub fn positions(form: &Form) -> String {
    let axes: Vec<_> = (1..form.shape.0.len()).map(|axis| axis.to_string()).collect();
    if axes.is_empty() { "None".to_owned() } else { format!("[{}]", axes.join(", ")) }
}
