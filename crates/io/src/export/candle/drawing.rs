//! How weights are drawn.

use super::terms::shape;
use crate::export::model::{Model, is_by_element};
use crate::export::source::Source;
use neartop_core::init::{Law, WeightShape};
use neartop_core::layer::Role;
use neartop_core::network::Node;

/// Functions that make a network with fresh weights.
pub fn building(out: &mut Source, model: &Model) {
    let unit_variance = model.unit_variance();
    let (argument, pass) = match unit_variance {
        Some(_) => (", batch: &Tensor", ", &network, batch"),
        None => ("", ""),
    };
    let untouched = model.untouched();
    let parameter = if unit_variance.is_some() { ", network: &Network, batch: &Tensor" } else { "" };
    out.block(&format!(
        r"
/// A network with freshly drawn weights, and its variables, `running_mean` and `running_var` among them.
pub fn build(device: &Device{argument}) -> Result<(VarMap, Network)> {{
    let mut vars = VarMap::new();
    let network = Network::new(VarBuilder::from_varmap(&vars, DType::F32, device))?;
    initialize(&mut vars, device{pass})?;
    Ok((vars, network))
}}

/// Draws the weights; {untouched}
pub fn initialize(vars: &mut VarMap, device: &Device{parameter}) -> Result<()> {{"
    ));
    out.indent(|out| {
        model.network.nodes.iter().for_each(|node| draw(out, model, node));
        match unit_variance {
            Some((target, tolerance)) => {
                out.line(format!("unit_variance(vars, network, batch, {target:?}, {tolerance:?})"))
            }
            None => out.line("Ok(())"),
        }
    });
    out.line("}");
}

/// Draws the weights that do not start as they are built.
fn draw(out: &mut Source, model: &Model, node: &Node) {
    for weight in node.weights.iter().filter(|weight| !model.starts_as_built(node, weight)) {
        let law = model.law(node, weight);
        let value = match &weight.role {
            Role::Drawn(shape) if shape.gates > 1 && !is_by_element(&law) => by_gate(law, shape),
            Role::Drawn(shape) => format!("{}?", drawn(law, &weight.dims, shape.groups)),
            _ => format!("{}?", drawn(law, &weight.dims, 1)),
        };
        out.line(format!("vars.set_one(\"{}.{}\", {value})?;", node.name(), weight.name));
    }
}

/// The matrices of the gates, drawn apart and put below each other.
fn by_gate(law: Law, shape: &WeightShape) -> String {
    let gate = |gate| format!("{}?", drawn(law, &shape.gate(gate).dims, 1));
    let gates: Vec<_> = (0..shape.gates).map(gate).collect();
    format!("Tensor::cat(&[{}], 0)?", gates.join(", "))
}

/// An expression for a fresh tensor.
fn drawn(law: Law, dims: &[usize], groups: usize) -> String {
    let single = |x: f64| format!("{:?}f32", x as f32);
    match law {
        Law::Uniform { low, high } => {
            format!("Tensor::rand({}, {}, {}, device)", single(low), single(high), shape(dims))
        }
        Law::Normal { mean, std } => {
            format!("Tensor::randn({}, {}, {}, device)", single(mean), single(std), shape(dims))
        }
        Law::TruncatedNormal { mean, std, low, high } => {
            format!("truncated_normal(&{dims:?}, [{mean:?}, {std:?}], [{low:?}, {high:?}], device)")
        }
        Law::Orthogonal { gain } => format!("orthogonal(&{dims:?}, {gain:?}, device)"),
        Law::UnitVariance { .. } => format!("orthogonal(&{dims:?}, 1.0, device)"),
        Law::Sparse { sparsity, std } => format!("sparse(&{dims:?}, {sparsity:?}, {}, device)", single(std)),
        Law::Identity => format!("dirac(&{dims:?}, {groups}, device)"),
        Law::Constant { value } => format!("Tensor::full({}, {}, device)", single(value), shape(dims)),
    }
}
