//! Sums of products in index notation, as far as they are one product of matrices.

use super::super::call::Call;
use super::super::reader::Result;
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
    let unknown = || call.problem(format!("the equation `{equation}` is not known; only a product of two matrices is"));
    let (operands, result) = equation.split_once("->").ok_or_else(unknown)?;
    let (a, b) = operands.split_once(',').ok_or_else(unknown)?;
    let groups = groups(a, b, result).ok_or_else(unknown)?;
    let is_weight = call.is_layer_weight(1) && groups.both.is_empty();
    // All letters of the first go before the summed one where the second is a matrix.
    if groups.summed.len() != 1 || groups.right.len() != 1 || (groups.left.len() != 1 && !groups.both.is_empty()) {
        return Err(unknown());
    }
    let order = |of: &str, groups: &[&[char]]| -> Vec<isize> {
        groups.concat().iter().filter_map(|c| of.chars().position(|other| other == *c)).map(|at| at as isize).collect()
    };
    let Groups { both, left, right, summed } = &groups;
    let first = order(a, &[both, left, summed]);
    let second = order(b, &[both, summed, right]);
    let last: String = [both.as_slice(), left, right].concat().into_iter().collect();
    let back = result.chars().filter_map(|c| last.chars().position(|other| other == c)).map(|at| at as isize).collect();
    let x = call.value(0);
    let x = call.then_plain(Plain::Permute(first), vec![x])?;
    let w = call.value(1);
    let product = match is_weight {
        true => call.then(Op::Linear { transposed: second == [0, 1] }, vec![x, w, Operand::Absent])?,
        false => {
            let w = call.then_plain(Plain::Permute(second), vec![w])?;
            call.then_plain(Plain::MatMul, vec![x, w])?
        }
    };
    call.plain(Plain::Permute(back), vec![product])
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
