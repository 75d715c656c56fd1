//! Sums of products in index notation: dense layers and products of matrices, as far as they are that.

use super::super::call::Call;
use super::super::reader::Result;
use super::constants::numbers;
use crate::model::program::{Op, Operand, Plain};

/// The letters of an equation by what becomes of them.
struct Groups {
    /// In both operands and in the result.
    both: Vec<char>,
    /// Of the first only, and of the second only.
    left: Vec<char>,
    right: Vec<char>,
    /// In both operands, and summed over.
    summed: Vec<char>,
}

pub fn einsum(call: &mut Call) -> Result<()> {
    let equation: String = call.text("equation", "").chars().filter(|c| !c.is_whitespace()).collect();
    let unknown = || call.problem(format!("the equation `{equation}` is not known; those of two values are"));
    let (operands, result) = equation.split_once("->").ok_or_else(unknown)?;
    let (a, b) = operands.split_once(',').ok_or_else(unknown)?;
    let Some(groups) = groups(a, b, result) else { return plain(call, equation) };
    if call.is_layer_weight(1) && groups.both.is_empty() && !groups.summed.is_empty() && !groups.right.is_empty() {
        return dense(call, &groups, [a, b], result);
    }
    // All letters of the first go before the summed one where the second is a matrix.
    if groups.summed.len() != 1 || groups.right.len() != 1 || (groups.left.len() != 1 && !groups.both.is_empty()) {
        return plain(call, equation);
    }
    let Groups { both, left, right, summed } = &groups;
    let (first, second) = (order(a, &[both, left, summed]), order(b, &[both, summed, right]));
    let x = call.value(0);
    let x = call.then_plain(Plain::Permute(first), vec![x])?;
    let w = call.value(1);
    let w = call.then_plain(Plain::Permute(second), vec![w])?;
    let product = call.then_plain(Plain::MatMul, vec![x, w])?;
    call.plain(Plain::Permute(back(result, &[both, left, right])), vec![product])
}

/// As it stands.
fn plain(call: &mut Call, equation: String) -> Result<()> {
    let values = Operand::List(vec![call.value(0), call.value(1)]);
    call.plain(Plain::Einsum(equation), vec![values])
}

/// The places of letters in an operand.
fn order(of: &str, groups: &[&[char]]) -> Vec<isize> {
    groups.concat().iter().filter_map(|c| of.chars().position(|other| other == *c)).map(|at| at as isize).collect()
}

/// How axes that stand by groups come into the order of the result.
fn back(result: &str, groups: &[&[char]]) -> Vec<isize> {
    let made: String = groups.concat().into_iter().collect();
    order(&made, &[&result.chars().collect::<Vec<_>>()])
}

/// A dense layer: several letters may be its features, and several its units.
fn dense(call: &mut Call, groups: &Groups, [a, b]: [&str; 2], result: &str) -> Result<()> {
    let Groups { left, right, summed, .. } = groups;
    let (first, second) = (order(a, &[left, summed]), order(b, &[summed, right]));
    let (tensor, name) = (call.tensor(1).cloned(), call.need(1)?.to_owned());
    let Some(tensor) = tensor.filter(|tensor| tensor.rank() == second.len()) else {
        return Err(call.problem("its weight has other axes than the equation says"));
    };
    let dims: Vec<_> = second.iter().filter_map(|axis| tensor.dims().get(axis.unsigned_abs()).copied()).collect();
    let (features, units) = dims.split_at(summed.len());
    let (mut x, mut weight, mut transposed) = (call.value(0), call.value(1), true);
    if summed.len() == 1 && right.len() == 1 {
        transposed = second == [0, 1];
    } else {
        let order: Vec<_> = second.iter().map(|axis| axis.unsigned_abs()).collect();
        let to = (features.iter().product::<usize>(), units.iter().product::<usize>());
        let flat = tensor.permute(order).and_then(|tensor| tensor.contiguous()?.reshape(to));
        weight = call.stored_as(&name, flat.map_err(|error| call.problem(error.to_string()))?);
    }
    if !first.is_sorted() {
        x = call.then_plain(Plain::Permute(first), vec![x])?;
    }
    if summed.len() > 1 {
        x = call.then_plain(Plain::Flatten { from: left.len() as isize, to: -1 }, vec![x])?;
    }
    let linear = Op::Linear { transposed };
    let back = back(result, &[left, right]);
    let (is_in_order, operands) = (back.is_sorted(), vec![x, weight, Operand::Absent]);
    if is_in_order && right.len() == 1 {
        return call.emit(linear, operands);
    }
    let made = call.then(linear, operands)?;
    let sizes: Vec<_> = units.iter().map(|size| *size as isize).collect();
    let apart = (Plain::Unflatten { axis: left.len() as isize }, numbers(&sizes));
    match (right.len(), is_in_order) {
        (1, _) => call.plain(Plain::Permute(back), vec![made]),
        (_, true) => call.plain(apart.0, vec![made, apart.1]),
        (_, false) => {
            let made = call.then_plain(apart.0, vec![made, apart.1])?;
            call.plain(Plain::Permute(back), vec![made])
        }
    }
}

fn groups(a: &str, b: &str, result: &str) -> Option<Groups> {
    let letters = |of: &str| {
        let letters: Vec<char> = of.chars().collect();
        let is_once = |(at, c): (usize, &char)| c.is_ascii_alphabetic() && !letters[..at].contains(c);
        letters.iter().enumerate().all(is_once).then_some(letters)
    };
    let (a, b, result) = (letters(a)?, letters(b)?, letters(result)?);
    let only = |of: &[char], other: &[char], is_kept: bool| -> Vec<char> {
        of.iter().copied().filter(|c| !other.contains(c) && result.contains(c) == is_kept).collect()
    };
    // A letter of one operand alone that is summed over is no product of matrices.
    if !only(&a, &b, false).is_empty() || !only(&b, &a, false).is_empty() {
        return None;
    }
    let shared = |is_kept: bool| -> Vec<char> {
        a.iter().copied().filter(|c| b.contains(c) && result.contains(c) == is_kept).collect()
    };
    let (left, right) = (only(&a, &b, true), only(&b, &a, true));
    let groups = Groups { both: shared(true), left, right, summed: shared(false) };
    let all = groups.both.len() + groups.left.len() + groups.right.len();
    (all == result.len()).then_some(groups)
}
