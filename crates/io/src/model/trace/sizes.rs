//! What a program says of its input beside its sizes.

use neartop_core::shape::Layout;

use crate::model::program::{Input, Op, Operand, Program};

/// Where the units of the input are: tokens where they are embedded, features last where the first layer takes them so.
pub fn layout_of_input(program: &Program, input: &Input, axes: usize) -> Layout {
    if input.is_whole
        && let Some(vocab) = vocabulary(program)
    {
        return Layout::Ids { vocab };
    }
    let first = program.steps.iter().find_map(|step| match &step.op {
        Op::Convolution(_) | Op::BatchNorm { .. } | Op::GroupNorm { .. } | Op::InstanceNorm { .. } | Op::Pool(_) => {
            Some(Layout::Channels)
        }
        Op::Linear { .. } | Op::LayerNorm { .. } | Op::RmsNorm { .. } | Op::Recurrent(_) => Some(Layout::Features),
        _ => None,
    });
    match axes {
        0 | 1 => Layout::Features,
        2 => first.unwrap_or(Layout::Channels),
        _ => Layout::Channels,
    }
}

/// The number of rows of the first table that rows are taken from.
fn vocabulary(program: &Program) -> Option<usize> {
    program.steps.iter().filter(|step| matches!(step.op, Op::Embedding { .. })).find_map(|step| {
        match step.operands.first()? {
            Operand::Value(name) => program.stored.get(name)?.tensor.dims().first().copied(),
            _ => None,
        }
    })
}
