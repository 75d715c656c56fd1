//! Elements by their order and by their places.

use super::super::call::{Call, Operator};
use super::super::reader::Result;
use crate::model::program::{Op, Operand, Plain};

pub const TABLE: &[(&str, Operator)] = &[
    ("TopK", topk),
    ("ArgMax", |call| first(call, true)),
    ("ArgMin", |call| first(call, false)),
    ("ScatterElements", scatter),
    ("Scatter", scatter),
    ("RandomNormal", |call| noise(call, false)),
    ("RandomNormalLike", |call| noise(call, true)),
];

fn topk(call: &mut Call) -> Result<()> {
    let (axis, x) = (call.axis("axis", -1), call.value(0));
    let count = match call.has("k") {
        true => Operand::Number(call.int("k", 1) as f64),
        false => Operand::Number(call.constant(1, "K")?.and_then(|k| k.first().copied()).unwrap_or(1) as f64),
    };
    let descending = call.int("largest", 1) == 1;
    let places = call.then_plain(Plain::Order { axis, descending }, vec![x.clone()])?;
    let bounds = vec![places, Operand::Number(0.0), count, Operand::Number(1.0)];
    let places = call.then_plain(Plain::Slice { axis }, bounds)?;
    let [values, at] = [0, 1].map(|output| call.output(output));
    if !at.is_empty() {
        call.emit_to(Op::Plain(Plain::Identity), vec![places.clone()], vec![at])?;
    }
    match values.is_empty() {
        true => Ok(()),
        false => call.emit_to(Op::Plain(Plain::Gather { axis }), vec![x, places], vec![values]),
    }
}

fn first(call: &mut Call, descending: bool) -> Result<()> {
    if call.int("select_last_index", 0) == 1 {
        return Err(call.problem("the last of equal elements is not known"));
    }
    let (axis, x) = (call.axis("axis", 0), call.value(0));
    let places = call.then_plain(Plain::Order { axis, descending }, vec![x])?;
    match call.int("keepdims", 1) == 1 {
        true => call.plain(
            Plain::Slice { axis },
            vec![places, Operand::Number(0.0), Operand::Number(1.0), Operand::Number(1.0)],
        ),
        false => call.plain(Plain::Select { axis }, vec![places, Operand::Number(0.0)]),
    }
}

fn scatter(call: &mut Call) -> Result<()> {
    let adds = match call.text("reduction", "none").as_str() {
        "none" => false,
        "add" => true,
        how => return Err(call.problem(format!("the reduction {how} is not known"))),
    };
    let axis = call.axis("axis", 0);
    let operands = (0..3).map(|at| call.value(at)).collect();
    call.plain(Plain::Put { axis, adds }, operands)
}

/// What is drawn at every pass, which is taken as its mean.
fn noise(call: &mut Call, is_like: bool) -> Result<()> {
    let mean = Operand::Number(call.float("mean", 0.0));
    let like = match call.ints("shape").filter(|_| !is_like) {
        Some(sizes) => Operand::List(sizes.into_iter().map(|size| Operand::Number(size as f64)).collect()),
        None => call.value(0),
    };
    call.plain(Plain::Noise { is_like }, vec![like, mean])
}
