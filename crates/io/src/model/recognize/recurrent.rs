//! Recurrent layers of one stack, which exporters write one by one.

use super::links::{Links, name, output};
use crate::model::program::{Op, Operand, Plain, Program, Recurrent, Step};

/// Joins layers that the names of their weights tell to be one module's: `r.weight_ih_l0` and `r.weight_ih_l1`.
pub fn stack(program: &mut Program) {
    for at in 0..program.steps.len() {
        let links = Links::of(program);
        let Some(below) = below(program, &links, at) else { continue };
        let (lower, Op::Recurrent(upper)) = (program.steps[below].clone(), &program.steps[at].op) else { continue };
        let Op::Recurrent(first) = lower.op else { continue };
        let joined = Recurrent { layers: first.layers + upper.layers, ..first };
        let weights = program.steps[at].operands.split_off(3);
        let step = &mut program.steps[at];
        (step.op, step.operands) = (Op::Recurrent(joined), [lower.operands, weights].concat());
    }
}

/// The layer of the same module whose states a layer takes.
fn below(program: &Program, links: &Links, at: usize) -> Option<usize> {
    let upper = recurrent(&program.steps[at])?;
    let (module, layer) = place(program, &program.steps[at], upper, 0)?;
    let mut value = name(program.steps[at].operands.first())?;
    let below = loop {
        let maker = links.maker(value)?;
        let step = &program.steps[maker];
        match &step.op {
            Op::Recurrent(_) => break maker,
            // Directions and samples are moved about.
            Op::Plain(
                Plain::Unsqueeze(_)
                | Plain::Squeeze(_)
                | Plain::Permute(_)
                | Plain::Reshape { .. }
                | Plain::Unflatten { .. }
                | Plain::Flatten { .. }
                | Plain::Identity,
            ) => value = name(step.operands.first())?,
            _ => return None,
        }
    };
    let lower = recurrent(&program.steps[below])?;
    let (other, first) = place(program, &program.steps[below], lower, lower.layers - 1)?;
    let fits = other == module && first + 1 == layer && Recurrent { layers: 1, ..lower } == upper;
    let used = |step: &Step| step.outputs.iter().skip(1).any(|name| !links.users(name).is_empty());
    let starts = |step: &Step| step.operands[1..3].iter().any(|state| *state != Operand::Absent);
    let apart = [at, below].iter().any(|at| used(&program.steps[*at]) || starts(&program.steps[*at]));
    let states = output(&program.steps[below]);
    (fits && !apart && links.only_user(states).is_some()).then_some(below)
}

fn recurrent(step: &Step) -> Option<Recurrent> {
    match step.op {
        Op::Recurrent(recurrent) => Some(recurrent),
        _ => None,
    }
}

/// The module and the number of a layer, by the name of its weights.
fn place(program: &Program, step: &Step, recurrent: Recurrent, layer: usize) -> Option<(String, usize)> {
    let each = (1 + usize::from(recurrent.is_bidirectional)) * if recurrent.has_biases { 4 } else { 2 };
    let stored = program.stored.get(name(step.operands.get(3 + layer * each))?)?;
    let (module, number) = stored.name.rsplit_once("weight_ih_l")?;
    Some((module.to_owned(), number.parse().ok()?))
}
