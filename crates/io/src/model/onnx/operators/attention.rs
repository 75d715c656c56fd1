//! Attention as one operator.

use super::super::call::{Call, Operator};
use super::super::reader::Result;
use super::constants::numbers;
use crate::model::program::{Op, Operand, Plain};

pub const TABLE: &[(&str, Operator)] = &[("Attention", attention)];

/// Queries, keys and values have an axis of heads, or hold all heads side by side.
fn attention(call: &mut Call) -> Result<()> {
    call.need(2)?;
    if call.input(4).is_some() || call.input(5).is_some() {
        return Err(call.problem("keys and values of earlier calls are not known; export it without a cache"));
    }
    if call.float("softcap", 0.0) != 0.0 {
        return Err(call.problem("a softcap is not known"));
    }
    if call.node.proto.outputs.iter().skip(1).any(|name| !name.is_empty()) {
        return Err(call.problem("only its first output is known"));
    }
    let scale = call.has("scale").then(|| call.float("scale", 1.0));
    let op = Op::Attention { is_causal: call.int("is_causal", 0) == 1, scale };
    let mask = call.value(3);
    if call.rank(0)? == 4 {
        let operands = vec![call.value(0), call.value(1), call.value(2), mask];
        return call.emit(op, operands);
    }
    let (heads, key_heads) = (call.int("q_num_heads", 0), call.int("kv_num_heads", 0));
    let mut operands = Vec::new();
    for (at, heads) in [(0, heads), (1, key_heads), (2, key_heads)] {
        let x = call.value(at);
        operands.push(apart(call, x, heads)?);
    }
    operands.push(mask);
    let all = call.then(op, operands)?;
    let all = call.then_plain(Plain::Permute(vec![0, 2, 1, 3]), vec![all])?;
    call.plain(Plain::Flatten { from: 2, to: 3 }, vec![all])
}

/// Heads that stand side by side, in an axis of their own.
fn apart(call: &mut Call, x: Operand, heads: i64) -> Result<Operand> {
    if !(1..1 << 20).contains(&heads) {
        return Err(call.problem("its number of heads is missing"));
    }
    let apart = call.then_plain(Plain::Unflatten { axis: 2 }, vec![x, numbers(&[heads as isize, -1])])?;
    call.then_plain(Plain::Permute(vec![0, 2, 1, 3]), vec![apart])
}
