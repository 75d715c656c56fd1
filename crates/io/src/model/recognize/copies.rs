//! Values that are others under another name.

use std::collections::HashMap;

use super::links::{Links, name, output};
use crate::model::program::{Op, Operand, Plain, Program};

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
