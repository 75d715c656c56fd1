//! What is made of the numbers along axes.

use super::super::call::{Call, Operator};
use super::super::reader::Result;
use crate::model::program::{Plain, Reduce, Unary};

pub const TABLE: &[(&str, Operator)] = &[
    ("ReduceSum", |call| reduce(call, None, Reduce::Sum, None)),
    ("ReduceMean", |call| reduce(call, None, Reduce::Mean, None)),
    ("ReduceMax", |call| reduce(call, None, Reduce::Largest, None)),
    ("ReduceMin", |call| reduce(call, None, Reduce::Least, None)),
    ("ReduceProd", |call| reduce(call, None, Reduce::Product, None)),
    ("ReduceL1", |call| reduce(call, Some(Unary::Abs), Reduce::Sum, None)),
    ("ReduceL2", |call| reduce(call, None, Reduce::Norm, None)),
    ("ReduceSumSquare", |call| reduce(call, Some(Unary::Square), Reduce::Sum, None)),
    ("ReduceLogSum", |call| reduce(call, None, Reduce::Sum, Some(Unary::Log))),
    ("ReduceLogSumExp", |call| reduce(call, Some(Unary::Exp), Reduce::Sum, Some(Unary::Log))),
    ("CumSum", cumulative),
];

/// Reduces, with a function before and one after.
fn reduce(call: &mut Call, before: Option<Unary>, how: Reduce, after: Option<Unary>) -> Result<()> {
    call.need(0)?;
    let since = if call.node.proto.operator == "ReduceSum" { 13 } else { 18 };
    let axes = call.axes(since, 1)?.unwrap_or_default();
    let mut x = call.value(0);
    if axes.is_empty() && call.int("noop_with_empty_axes", 0) == 1 {
        return call.plain(Plain::Identity, vec![x]);
    }
    if let Some(function) = before {
        x = call.then_plain(Plain::Unary(function), vec![x])?;
    }
    // Over all axes, which are kept only where they are named.
    let keep = call.int("keepdims", 1) == 1;
    let axes = match axes.is_empty() && keep {
        true => (0..call.rank(0)? as isize).collect(),
        false => axes,
    };
    let plain = Plain::Reduce { how, axes, keep };
    match after {
        None => call.plain(plain, vec![x]),
        Some(function) => {
            let x = call.then_plain(plain, vec![x])?;
            call.plain(Plain::Unary(function), vec![x])
        }
    }
}

fn cumulative(call: &mut Call) -> Result<()> {
    if call.int("exclusive", 0) == 1 || call.int("reverse", 0) == 1 {
        return Err(call.problem("exclusive and reverse are not known"));
    }
    let axis = call.constant(1, "axis")?.and_then(|axis| axis.first().copied()).unwrap_or(0) as isize;
    let x = call.value(0);
    call.plain(Plain::CumulativeSum { axis }, vec![x])
}
