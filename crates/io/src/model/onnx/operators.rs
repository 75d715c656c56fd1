//! What each operator becomes, by its name.

mod activations;
mod attention;
mod constants;
mod convolution;
mod dense;
mod einsum;
mod elementwise;
mod norms;
mod order;
mod pooling;
mod recurrent;
mod reduce;
mod resize;
mod shapes;
mod sizes;

use super::call::Operator;
pub use recurrent::start;

type Table = &'static [(&'static str, Operator)];

/// The operators of ONNX itself.
const ONNX: &[Table] = &[
    activations::TABLE,
    attention::TABLE,
    constants::TABLE,
    convolution::TABLE,
    dense::TABLE,
    elementwise::TABLE,
    norms::TABLE,
    order::TABLE,
    pooling::TABLE,
    recurrent::TABLE,
    reduce::TABLE,
    resize::TABLE,
    shapes::TABLE,
    sizes::TABLE,
];

/// Those of ONNX Runtime, which its optimizer writes.
const MICROSOFT: &[Table] = &[activations::MICROSOFT, dense::MICROSOFT, norms::MICROSOFT];

/// What takes the nodes of this name; none where the operator is not known.
pub fn find(domain: &str, name: &str) -> Option<Operator> {
    let tables = match domain {
        "" => ONNX,
        "com.microsoft" => MICROSOFT,
        _ => return None,
    };
    tables.iter().copied().flatten().find(|(known, _)| *known == name).map(|(_, operator)| *operator)
}
