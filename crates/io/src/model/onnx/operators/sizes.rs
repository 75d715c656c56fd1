//! Sizes of axes, and tensors with others.

use super::super::call::{Call, Operator, list};
use super::super::reader::Result;
use super::constants::numbers;
use crate::model::program::{Operand, Plain, Reduce};

pub const TABLE: &[(&str, Operator)] = &[
    ("Shape", shape),
    ("Size", size),
    ("Reshape", reshape),
    ("Flatten", flatten),
    ("Squeeze", squeeze),
    ("Unsqueeze", unsqueeze),
    ("Expand", expand),
];

fn shape(call: &mut Call) -> Result<()> {
    let x = call.value(0);
    if !call.has("start") && !call.has("end") {
        return call.plain(Plain::Shape, vec![x]);
    }
    let all = call.then_plain(Plain::Shape, vec![x])?;
    let start = Operand::Number(call.int("start", 0) as f64);
    let end = if call.has("end") { Operand::Number(call.int("end", 0) as f64) } else { Operand::Absent };
    call.plain(Plain::Slice { axis: 0 }, vec![all, start, end, Operand::Absent])
}

fn size(call: &mut Call) -> Result<()> {
    let x = call.value(0);
    let all = call.then_plain(Plain::Shape, vec![x])?;
    call.plain(Plain::Reduce { how: Reduce::Product, axes: vec![0], keep: false }, vec![all])
}

fn reshape(call: &mut Call) -> Result<()> {
    let sizes = match call.ints("shape") {
        Some(sizes) => list(sizes.into_iter().map(|size| size as f64).collect()),
        None => call.list(1),
    };
    if sizes == Operand::Absent {
        return Err(call.problem("its shape is missing"));
    }
    let x = call.value(0);
    call.plain(Plain::Reshape { zero_copies: call.int("allowzero", 0) == 0 }, vec![x, sizes])
}

/// Always two axes.
fn flatten(call: &mut Call) -> Result<()> {
    let (x, axis) = (call.value(0), call.axis("axis", 1));
    let rank = call.fact(0).rank.map(|rank| rank as isize);
    let axis = if axis < 0 { axis + call.rank(0)? as isize } else { axis };
    match (axis, rank) {
        (1, Some(2)) => call.plain(Plain::Identity, vec![x]),
        (1, Some(3..) | None) => call.plain(Plain::Flatten { from: 1, to: -1 }, vec![x]),
        (0, _) => call.plain(Plain::Reshape { zero_copies: false }, vec![x, numbers(&[1, -1])]),
        (axis, Some(rank)) if axis == rank => {
            call.plain(Plain::Reshape { zero_copies: false }, vec![x, numbers(&[-1, 1])])
        }
        (axis, Some(rank)) if axis == rank - 1 => call.plain(Plain::Flatten { from: 0, to: axis - 1 }, vec![x]),
        (axis, _) => {
            let x = call.then_plain(Plain::Flatten { from: axis, to: -1 }, vec![x])?;
            call.plain(Plain::Flatten { from: 0, to: axis - 1 }, vec![x])
        }
    }
}

fn squeeze(call: &mut Call) -> Result<()> {
    let axes = call.axes(13, 1)?.unwrap_or_default();
    let x = call.value(0);
    call.plain(Plain::Squeeze(axes), vec![x])
}

fn unsqueeze(call: &mut Call) -> Result<()> {
    let axes = call.axes(13, 1)?.ok_or_else(|| call.problem("its axes are missing"))?;
    let x = call.value(0);
    call.plain(Plain::Unsqueeze(axes), vec![x])
}

fn expand(call: &mut Call) -> Result<()> {
    call.need(1)?;
    let (x, sizes) = (call.value(0), call.list(1));
    call.plain(Plain::Expand { by_broadcast: true }, vec![x, sizes])
}
