//! Laws as initializers of Keras.

use crate::export::model::Model;
use neartop_core::init::Law;
use neartop_core::layer::Weight;
use neartop_core::network::Node;

/// How a weight starts. Keras's variance-scaling initializers have conventions of their own, so every law is written with
/// its numbers.
pub fn initializer(law: &Law, is_dense: bool, groups: usize) -> String {
    match *law {
        Law::Uniform { low, high } => format!("initializers.RandomUniform({low:?}, {high:?})"),
        Law::Normal { mean, std } => format!("initializers.RandomNormal({mean:?}, {std:?})"),
        Law::TruncatedNormal { mean, std, .. } if is_cut_as_in_keras(law) => {
            format!("initializers.TruncatedNormal({mean:?}, {std:?})")
        }
        Law::TruncatedNormal { mean, std, low, high } => {
            format!("TruncatedWithin({mean:?}, {std:?}, {low:?}, {high:?})")
        }
        Law::Orthogonal { gain } => format!("initializers.Orthogonal({gain:?})"),
        Law::UnitVariance { .. } => "initializers.Orthogonal()".to_owned(),
        Law::Sparse { sparsity, std } => format!("Sparse({sparsity:?}, {std:?})"),
        Law::Identity if is_dense => "initializers.Identity()".to_owned(),
        Law::Identity => format!("Dirac({groups})"),
        Law::Constant { value } => format!("initializers.Constant({value:?})"),
    }
}

/// How a vector or a table starts.
pub fn plain(law: &Law) -> String {
    initializer(law, true, 1)
}

/// How the weights of a normalization start, where that is not as Keras starts them.
pub fn affine(model: &Model, node: &Node) -> String {
    let start = |weight: &Weight| {
        let keyword = if weight.name == "weight" { "gamma" } else { "beta" };
        format!(", {keyword}_initializer={}", plain(&model.law(node, weight)))
    };
    node.weights.iter().filter(|weight| !model.starts_as_built(node, weight)).map(start).collect()
}

/// Whether the bounds are two standard deviations from 0, where Keras cuts.
fn is_cut_as_in_keras(law: &Law) -> bool {
    match *law {
        Law::TruncatedNormal { mean, std, low, high } => {
            mean == 0.0 && (low + 2.0 * std).abs() < 1e-12 * std && (high - 2.0 * std).abs() < 1e-12 * std
        }
        _ => false,
    }
}
