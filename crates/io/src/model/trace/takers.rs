//! Who takes what in a program.

use std::collections::HashMap;

use crate::model::program::{Operand, Program};

/// The places of the steps that take a value, by its name.
pub type Takers<'p> = HashMap<&'p str, Vec<usize>>;

/// Who takes what in a program.
pub fn takers(program: &Program) -> Takers<'_> {
    fn names<'p>(operand: &'p Operand, take: &mut dyn FnMut(&'p str)) {
        match operand {
            Operand::Value(name) => take(name),
            Operand::List(list) => list.iter().for_each(|operand| names(operand, take)),
            Operand::Number(_) | Operand::Absent => {}
        }
    }
    let mut takers = Takers::new();
    for (place, step) in program.steps.iter().enumerate() {
        step.operands.iter().for_each(|operand| {
            names(operand, &mut |name| takers.entry(name).or_default().push(place));
        });
    }
    takers
}
