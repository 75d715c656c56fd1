//! Norms that are told only where the sizes of all values are known.

use super::links::{Links, Sizes, name, output};
use super::moments::{self, Evaluate};
use super::{by_channel, channels, names, norms};
use crate::model::program::{Op, Operand, Plain, Program, Step};

/// Whether a program may hold norms that only sizes tell.
pub fn is_open(program: &Program) -> bool {
    let reduces = |step: &Step| matches!(step.op, Op::Plain(Plain::Reduce { .. }));
    let is_onnx = |step: &Step| step.original.starts_with("Reduce");
    let has_root = || program.steps.iter().any(moments::is_root);
    !program.folded.is_empty() || program.steps.iter().any(|step| reduces(step) && (is_onnx(step) || has_root()))
}

/// The program with the norms that are told by sizes; none where there are none. `evaluate` computes constants.
pub fn with_sizes(program: &Program, sizes: &Sizes, evaluate: Evaluate<'_>) -> Option<Program> {
    let mut found = program.clone();
    simplify(&mut found, sizes);
    found.drop_unused();
    let layers = |program: &Program| program.steps.iter().filter(|step| is_layer(step)).count();
    let before = layers(&found);
    norms::means(&mut found);
    found.drop_unused();
    let moves_channels = moments::recognize(&mut found, sizes, evaluate);
    found.drop_unused();
    if moves_channels {
        channels::put_off_moves(&mut found);
    }
    by_channel::recognize(&mut found, sizes);
    found.drop_unused();
    (layers(&found) > before).then(|| {
        // A .pt2 names all that it holds.
        if program.steps.iter().all(|step| !step.original.starts_with("aten.")) {
            names::give(&mut found);
        }
        found
    })
}

fn is_layer(step: &Step) -> bool {
    matches!(
        step.op,
        Op::LayerNorm { .. }
            | Op::RmsNorm { .. }
            | Op::GroupNorm { .. }
            | Op::InstanceNorm { .. }
            | Op::BatchNorm { .. }
            | Op::Prelu
    )
}

/// Writes what changes nothing as such, and sums over the last axis in one way.
fn simplify(program: &mut Program, sizes: &Sizes) {
    let links = Links::of(program);
    for at in 0..program.steps.len() {
        let step = &program.steps[at];
        let plain = match &step.op {
            Op::Plain(Plain::Where) => chosen(program, step, sizes).map(|one| (Plain::Identity, vec![one])),
            Op::Plain(Plain::Reshape { .. } | Plain::Expand { .. }) => unmoved(program, &links, step, sizes),
            Op::Plain(Plain::Reduce { how, axes, keep }) => {
                let rank = name(step.operands.first()).and_then(|from| sizes.get(from)).map_or(0, Vec::len) as isize;
                let is_last = axes.as_slice() == [rank - 1] && rank > 1;
                let plain = Plain::Reduce { how: *how, axes: vec![-1], keep: *keep };
                is_last.then(|| (plain, step.operands.clone()))
            }
            _ => None,
        };
        if let Some((plain, operands)) = plain {
            let step = &mut program.steps[at];
            (step.op, step.operands) = (Op::Plain(plain), operands);
        }
    }
}

/// What a choice always is, where the other could not change its sizes.
fn chosen(program: &Program, step: &Step, sizes: &Sizes) -> Option<Operand> {
    let condition = &program.stored.get(name(step.operands.first())?)?.tensor;
    let holds = condition.to_dtype(candle_core::DType::U8).and_then(|all| all.flatten_all()?.to_vec1::<u8>()).ok()?;
    let first = *holds.first()? != 0;
    let chosen = step.operands.get(if first { 1 } else { 2 })?;
    let same =
        holds.iter().all(|one| (*one != 0) == first) && sizes.get(name(Some(chosen))?)? == sizes.get(output(step))?;
    same.then(|| chosen.clone())
}

/// Other borders between axes that are the same ones, or only one of size 1 more after a sum along the last axis.
fn unmoved(program: &Program, links: &Links, step: &Step, sizes: &Sizes) -> Option<(Plain, Vec<Operand>)> {
    let from = name(step.operands.first())?;
    let (before, after) = (sizes.get(from)?, sizes.get(output(step))?);
    if before == after {
        return Some((Plain::Identity, vec![step.operands[0].clone()]));
    }
    let reduce = &program.steps[links.maker(from)?];
    let Op::Plain(Plain::Reduce { how, axes, keep: false }) = &reduce.op else { return None };
    let is_last = axes.as_slice() == [-1] && after.split_last() == Some((&1, before.as_slice()));
    is_last.then(|| (Plain::Reduce { how: *how, axes: vec![-1], keep: true }, reduce.operands.clone()))
}
