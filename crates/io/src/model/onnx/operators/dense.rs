//! Products with matrices.

use super::super::call::{Call, Operator};
use super::super::reader::Result;
use super::einsum;
use crate::model::program::{Binary, Op, Operand, Plain};

pub const TABLE: &[(&str, Operator)] = &[("Gemm", gemm), ("MatMul", matmul), ("Einsum", einsum::einsum)];
pub const MICROSOFT: &[(&str, Operator)] = &[("FusedMatMul", fused)];

/// alpha A B + beta C, with A and B transposed where it says so.
fn gemm(call: &mut Call) -> Result<()> {
    let (alpha, beta) = (call.float("alpha", 1.0), call.float("beta", 1.0));
    let (mut a, b) = (call.value(0), call.value(1));
    call.need(0)?;
    call.need(1)?;
    if call.int("transA", 0) == 1 {
        a = call.then_plain(Plain::Transpose(0, 1), vec![a])?;
    }
    let transposed = call.int("transB", 0) == 0;
    let bias = call.input(2).filter(|_| beta != 0.0).map(str::to_owned);
    let is_layer = call.is_layer_weight(1);
    if let (true, 1.0, 1.0) = (is_layer, alpha, beta)
        && let Some(bias) = one_axis(call, bias.as_deref(), transposed)?
    {
        return call.emit(Op::Linear { transposed }, vec![a, b, bias]);
    }
    let mut product = match (is_layer, transposed) {
        (true, _) => call.then(Op::Linear { transposed }, vec![a, b, Operand::Absent])?,
        (false, true) => call.then_plain(Plain::MatMul, vec![a, b])?,
        (false, false) => {
            let b = call.then_plain(Plain::Transpose(0, 1), vec![b])?;
            call.then_plain(Plain::MatMul, vec![a, b])?
        }
    };
    if alpha != 1.0 {
        product = call.then_plain(Plain::Binary(Binary::Multiply), vec![product, Operand::Number(alpha)])?;
    }
    let Some(bias) = bias else { return call.plain(Plain::Identity, vec![product]) };
    let mut bias = Operand::Value(bias);
    if beta != 1.0 {
        bias = call.then_plain(Plain::Binary(Binary::Multiply), vec![bias, Operand::Number(beta)])?;
    }
    call.plain(Plain::Binary(Binary::Add), vec![product, bias])
}

/// A bias as a layer has it, with one number for each unit; none where it is added in another way.
fn one_axis(call: &mut Call, name: Option<&str>, transposed: bool) -> Result<Option<Operand>> {
    let Some(name) = name else { return Ok(Some(Operand::Absent)) };
    let units = call.tensor(1).and_then(|weight| weight.dims().get(usize::from(transposed)).copied());
    let Some(bias) = call.reader.constants.get(name).cloned() else { return Ok(None) };
    let is_row = matches!(bias.dims(), [n] | [1, n] if Some(*n) == units);
    if !is_row || !call.is_layer_weight(2) && bias.rank() != 1 {
        return Ok(None);
    }
    let flat = bias.flatten_all().map_err(|error| call.problem(error.to_string()))?;
    Ok(Some(call.stored_as(name, flat)))
}

fn matmul(call: &mut Call) -> Result<()> {
    call.need(0)?;
    call.need(1)?;
    let (a, b) = (call.value(0), call.value(1));
    if call.is_layer_weight(1) && call.tensor(1).is_some_and(|weight| weight.rank() == 2) && call.tensor(0).is_none() {
        return call.emit(Op::Linear { transposed: true }, vec![a, b, Operand::Absent]);
    }
    call.plain(Plain::MatMul, vec![a, b])
}

fn fused(call: &mut Call) -> Result<()> {
    let (mut a, mut b) = (call.value(0), call.value(1));
    if call.int("transA", 0) == 1 {
        a = call.then_plain(Plain::Transpose(-2, -1), vec![a])?;
    }
    if call.int("transB", 0) == 1 {
        b = call.then_plain(Plain::Transpose(-2, -1), vec![b])?;
    }
    let product = call.then_plain(Plain::MatMul, vec![a, b])?;
    let alpha = Operand::Number(call.float("alpha", 1.0));
    call.plain(Plain::Binary(Binary::Multiply), vec![product, alpha])
}

impl Call<'_, '_, '_> {
    /// Whether what it takes is real numbers that depend on no input, as a layer's weight is.
    pub fn is_layer_weight(&self, at: usize) -> bool {
        self.tensor(at).is_some_and(|tensor| tensor.dtype().is_float())
    }
}
