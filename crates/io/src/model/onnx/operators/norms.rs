//! Norms.

use super::super::call::{Call, Operator};
use super::super::reader::Result;
use crate::model::program::{Binary, Op, Operand, Plain, Reduce, Unary};

pub const TABLE: &[(&str, Operator)] = &[
    ("BatchNormalization", batch),
    ("LayerNormalization", layer),
    ("GroupNormalization", group),
    ("InstanceNormalization", instance),
    ("RMSNormalization", root_mean_square),
    ("SimplifiedLayerNormalization", root_mean_square),
    ("MeanVarianceNormalization", mean_variance),
    ("LpNormalization", by_norm),
];

pub const MICROSOFT: &[(&str, Operator)] = &[
    ("LayerNormalization", layer),
    ("SimplifiedLayerNormalization", root_mean_square),
    ("SkipLayerNormalization", skip_layer),
];

fn batch(call: &mut Call) -> Result<()> {
    if call.int("spatial", 1) == 0 {
        return Err(call.problem("spatial: 0, statistics of each place by itself, is not known"));
    }
    call.need(4)?;
    let operands = (0..5).map(|at| call.value(at)).collect();
    call.reader
        .program
        .stored
        .iter_mut()
        .filter(|(name, _)| call.node.proto.inputs[3..5].contains(name))
        .for_each(|(_, stored)| stored.is_trained = false);
    let op = Op::BatchNorm { epsilon: call.float("epsilon", 1e-5) };
    call.emit(op, operands)
}

/// The number of axes from `axis` on.
fn axes(call: &Call) -> Result<usize> {
    match call.axis("axis", -1) {
        axis if axis < 0 => Ok(axis.unsigned_abs()),
        axis => {
            let rank = call.rank(0)?;
            rank.checked_sub(axis as usize).ok_or_else(|| call.problem(format!("there is no axis {axis} among {rank}")))
        }
    }
}

fn layer(call: &mut Call) -> Result<()> {
    let op = Op::LayerNorm { axes: axes(call)?, epsilon: call.float("epsilon", 1e-5) };
    call.need(0)?;
    let operands = (0..3).map(|at| call.value(at)).collect();
    call.emit(op, operands)
}

/// A sum that a layer norm follows, as ONNX Runtime joins them.
fn skip_layer(call: &mut Call) -> Result<()> {
    let (x, skip, bias) = (call.value(0), call.value(1), call.value(4));
    let mut sum = call.then_plain(Plain::Binary(Binary::Add), vec![x, skip])?;
    if bias != Operand::Absent {
        sum = call.then_plain(Plain::Binary(Binary::Add), vec![sum, bias])?;
    }
    let op = Op::LayerNorm { axes: 1, epsilon: call.float("epsilon", 1e-12) };
    let operands = vec![sum, call.value(2), call.value(3)];
    call.emit(op, operands)
}

/// Before version 21 scales were by group.
fn group(call: &mut Call) -> Result<()> {
    let groups = usize::try_from(call.int("num_groups", 0)).map_err(|_| call.problem("its num_groups is negative"))?;
    let op = Op::GroupNorm { groups, epsilon: call.float("epsilon", 1e-5) };
    let x = call.value(0);
    if call.node.version >= 21 {
        let operands = vec![x, call.value(1), call.value(2)];
        return call.emit(op, operands);
    }
    let is = |at: usize, number: f64| call.numbers(at).is_some_and(|numbers| numbers.iter().all(|x| *x == number));
    if is(1, 1.0) && is(2, 0.0) {
        return call.emit(op, vec![x]);
    }
    Err(call.problem("scales by group, as before version 21, are not known; export it again with opset_version=21"))
}

fn instance(call: &mut Call) -> Result<()> {
    let op = Op::InstanceNorm { epsilon: call.float("epsilon", 1e-5) };
    call.need(2)?;
    let operands = (0..3).map(|at| call.value(at)).collect();
    call.emit(op, operands)
}

fn root_mean_square(call: &mut Call) -> Result<()> {
    if axes(call)? != 1 {
        return Err(call.problem("only the last axis is known"));
    }
    let op = Op::RmsNorm { epsilon: call.float("epsilon", 1e-5) };
    let operands = vec![call.value(0), call.value(1)];
    call.emit(op, operands)
}

/// (x - mean) / sqrt(variance)
fn mean_variance(call: &mut Call) -> Result<()> {
    let axes = call.ints("axes").unwrap_or_else(|| vec![0, 2, 3]);
    let axes: Vec<_> = axes.into_iter().map(|axis| axis as isize).collect();
    let x = call.value(0);
    let reduce = |how| Plain::Reduce { how, axes: axes.clone(), keep: true };
    let mean = call.then_plain(reduce(Reduce::Mean), vec![x.clone()])?;
    let rest = call.then_plain(Plain::Binary(Binary::Subtract), vec![x.clone(), mean])?;
    let variance = call.then_plain(reduce(Reduce::Variance { corrected: false }), vec![x])?;
    let root = call.then_plain(Plain::Unary(Unary::Root), vec![variance])?;
    let root = call.then_plain(Plain::Binary(Binary::Add), vec![root, Operand::Number(1e-9)])?;
    call.plain(Plain::Binary(Binary::Divide), vec![rest, root])
}

fn by_norm(call: &mut Call) -> Result<()> {
    let axes = vec![call.axis("axis", -1)];
    let x = call.value(0);
    let norm = match call.int("p", 2) {
        1 => {
            let size = call.then_plain(Plain::Unary(Unary::Abs), vec![x.clone()])?;
            call.then_plain(Plain::Reduce { how: Reduce::Sum, axes, keep: true }, vec![size])?
        }
        _ => call.then_plain(Plain::Reduce { how: Reduce::Norm, axes, keep: true }, vec![x.clone()])?,
    };
    call.plain(Plain::Binary(Binary::Divide), vec![x, norm])
}
