//! Values that are others under another name.

use std::collections::HashMap;

use candle_core::{DType, Tensor};

use super::links::{Links, name, output};
use super::names::is_parameter;
use crate::model::program::{Op, Operand, Plain, Program, Step};

/// Leaves out the steps that only hand a value on, so that what stands on both sides of one is seen together.
pub fn drop_copies(program: &mut Program) {
    let links = Links::of(program);
    let mut originals: HashMap<String, String> = HashMap::new();
    let outputs = program.outputs.clone();
    program.steps.retain_mut(|step| {
        step.operands.iter_mut().for_each(|operand| rename(operand, &originals));
        let from =
            name(step.operands.first()).filter(|from| step.op == Op::Plain(Plain::Identity) && links.is_live(from));
        let Some(from) = from.filter(|_| !outputs.iter().any(|name| name == output(step))) else { return true };
        originals.insert(output(step).to_owned(), from.to_owned());
        false
    });
}

/// Makes a matrix that an exporter turned beforehand the parameter again that it is: a head that is tied to an embedding.
pub fn tie(program: &mut Program) {
    let (named, others): (Vec<_>, Vec<_>) = program
        .stored
        .iter()
        .filter(|(_, stored)| stored.tensor.rank() == 2 && stored.tensor.dtype() == DType::F32)
        .map(|(value, stored)| (value.clone(), stored.clone()))
        .partition(|(_, stored)| is_parameter(&stored.name));
    let mut turned: Vec<_> = Vec::new();
    for (value, other) in others {
        let original = named.iter().find(|(_, own)| is_turned(&own.tensor, &other.tensor));
        turned.extend(original.map(|(original, _)| (value, original.clone())));
    }
    turned.sort();
    for (value, original) in turned {
        program.stored.remove(&value);
        let step = Step {
            op: Op::Plain(Plain::Permute(vec![1, 0])),
            operands: vec![Operand::Value(original)],
            outputs: vec![value],
            module: String::new(),
            place: String::new(),
            original: "Transpose".to_owned(),
        };
        program.steps.insert(0, step);
    }
}

/// Whether one matrix is the other one turned; not where all numbers are the same, as of what is not trained.
fn is_turned(own: &Tensor, other: &Tensor) -> bool {
    let (own_dims, dims) = (own.dims(), other.dims());
    if own_dims.iter().rev().ne(dims) {
        return false;
    }
    let numbers =
        |tensor: candle_core::Result<Tensor>| tensor.and_then(|tensor| tensor.flatten_all()?.to_vec1::<f32>());
    match (numbers(own.t().and_then(|own| own.contiguous())), numbers(Ok(other.clone()))) {
        (Ok(own), Ok(other)) => own == other && own.iter().any(|x| *x != own[0]),
        _ => false,
    }
}

fn rename(operand: &mut Operand, originals: &HashMap<String, String>) {
    match operand {
        Operand::Value(name) => {
            if let Some(original) = originals.get(name) {
                name.clone_from(original);
            }
        }
        Operand::List(list) => list.iter_mut().for_each(|one| rename(one, originals)),
        Operand::Number(_) | Operand::Absent => {}
    }
}
