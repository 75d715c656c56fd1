//! What candle calls things.

use neartop_core::network::Node;

/// The field of a node with weights.
pub fn field(node: &Node) -> String {
    identifier(node.name())
}

pub fn identifier(name: &str) -> String {
    format!("layer_{}", letters(name))
}

/// The variable that holds what the node of this name saved.
pub fn saved(name: &str) -> String {
    format!("saved_{}", letters(name))
}

fn letters(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// A shape as candle takes it: `128`, `(128, 64)`.
pub fn shape(dims: &[usize]) -> String {
    let sizes: Vec<_> = dims.iter().map(usize::to_string).collect();
    if sizes.len() == 1 { sizes[0].clone() } else { format!("({})", sizes.join(", ")) }
}

/// What is the same for all axes.
pub fn same_on_all<T: PartialEq + Copy, const D: usize>(sides: [T; D]) -> Option<T> {
    sides.iter().all(|side| *side == sides[0]).then_some(sides[0])
}
