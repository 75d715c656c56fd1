//! What comes into a program, and what its output depends on.

use std::collections::HashSet;

use neartop_core::shape::{Form, Shape};

use super::sizes;
use super::values::{Live, Part};
use crate::model::program::{Operand, Program, Size};
use crate::model::{ModelError, given};

/// Samples of a program that leaves their number to the caller: a prime, so that no other size is taken for it.
const SAMPLES: usize = 31;

/// The form of a sample, the input in the file, and the number of samples there.
pub(super) fn entry(program: &Program, given: Option<&Form>) -> std::result::Result<(Form, Live, usize), ModelError> {
    let unknown = |what: String, help: &str| ModelError::Unknown { what, help: Some(help.to_owned()) };
    let [input] = program.inputs.as_slice() else {
        let names: Vec<_> = program.inputs.iter().map(|input| input.name.as_str()).collect();
        return Err(unknown(
            format!("it takes {} inputs ({}), and a network takes one", names.len(), names.join(", ")),
            &format!(
                "export a module whose `forward` takes one tensor and passes the others itself; filled in are inputs of one number \
                 for each token that are called {}",
                given::known().collect::<Vec<_>>().join(", ")
            ),
        ));
    };
    let [samples, sizes @ ..] = input.dims.as_slice() else {
        return Err(unknown(format!("its input `{}` has no axis of samples", input.name), "export it with a batch"));
    };
    let samples = if let Size::Known(samples) = samples { *samples } else { SAMPLES };
    let known = sizes.iter().enumerate().map(|(axis, size)| match (size, given.and_then(|g| g.shape.0.get(axis))) {
        (Size::Known(size), _) => Ok(*size),
        (Size::Free(_), Some(size)) => Ok(*size),
        (Size::Free(name), None) => Err(unknown(
            format!("axis {} of its input `{}` has no size (`{name}`)", axis + 1, input.name),
            "say it by `network: {model: ..., input: [...]}`, or export it with only the axis of the samples dynamic",
        )),
    });
    let shape = known.collect::<std::result::Result<Vec<_>, _>>()?;
    let dims = std::iter::once(vec![Part::Samples]).chain(shape.iter().map(|size| vec![Part::Of(*size)])).collect();
    let layout = sizes::layout_of_input(program, input, shape.len());
    if let Some(given) = given.filter(|given| given.shape.0 != shape) {
        let what = format!("its input is {}, not {given}", Form { shape: Shape(shape), layout });
        return Err(unknown(what, "leave `input` out, or write it as the model has it"));
    }
    Ok((Form { shape: Shape(shape), layout }, Live { value: 0, dims }, samples))
}

/// The values that an output depends on.
pub(super) fn needed<'p>(program: &'p Program, output: &'p str) -> HashSet<&'p str> {
    fn names<'a>(operand: &'a Operand, into: &mut HashSet<&'a str>) {
        match operand {
            Operand::Value(name) => {
                into.insert(name);
            }
            Operand::List(list) => list.iter().for_each(|one| names(one, into)),
            Operand::Number(_) | Operand::Absent => {}
        }
    }
    let mut needed = HashSet::from([output]);
    for step in program.steps.iter().rev() {
        if step.outputs.iter().any(|name| needed.contains(name.as_str())) {
            step.operands.iter().for_each(|operand| names(operand, &mut needed));
        }
    }
    needed
}
