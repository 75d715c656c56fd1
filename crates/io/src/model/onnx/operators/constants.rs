//! Tensors that a file holds in its nodes or tells how to make.

use candle_core::{Device, Tensor};

use super::super::call::{Call, Operator};
use super::super::reader::Result;
use crate::model::program::{Operand, Plain};

pub const TABLE: &[(&str, Operator)] = &[
    ("Constant", constant),
    ("ConstantOfShape", filled),
    ("Range", range),
    ("Identity", identity),
    ("Dropout", dropout),
    ("Trilu", triangle),
];

fn constant(call: &mut Call) -> Result<()> {
    let reals = |numbers: Vec<f64>| numbers.into_iter().map(|x| x as f32).collect::<Vec<_>>();
    let made = if let Some(tensor) = call.attribute_tensor("value")? {
        Ok(tensor)
    } else if call.has("value_float") {
        Tensor::new(call.float("value_float", 0.0) as f32, &Device::Cpu)
    } else if call.has("value_int") {
        Tensor::new(call.int("value_int", 0), &Device::Cpu)
    } else if let Some(numbers) = call.floats("value_floats").filter(|numbers| !numbers.is_empty()) {
        Tensor::new(reals(numbers), &Device::Cpu)
    } else if let Some(numbers) = call.ints("value_ints") {
        Tensor::new(numbers, &Device::Cpu)
    } else {
        return Err(call.problem("its value is no tensor of numbers"));
    };
    let tensor = made.map_err(|error| call.problem(error.to_string()))?;
    let output = call.output(0);
    call.keep(output, tensor);
    Ok(())
}

fn filled(call: &mut Call) -> Result<()> {
    let value = match call.attribute_tensor("value")? {
        Some(value) => Ok(value),
        None => Tensor::new(0f32, &Device::Cpu),
    };
    let value = value.map_err(|error| call.problem(error.to_string()))?;
    let name = call.fresh();
    let value = call.keep(name, value);
    let sizes = call.list(0);
    call.plain(Plain::Full, vec![sizes, value])
}

fn range(call: &mut Call) -> Result<()> {
    call.need(2)?;
    let bounds = (0..3).map(|at| call.value(at)).collect();
    call.plain(Plain::Arange, bounds)
}

/// Whether this is what the older exporter calls the bias of a convolution that a batch norm was folded into: equal ones are copies.
fn is_bias_of_folded(name: &str, tensor: &candle_core::Tensor) -> bool {
    name.starts_with(super::convolution::FOLDED) && tensor.rank() == 1
}

/// Exporters write one parameter that equals another as its copy; it stays a parameter under its own name.
fn identity(call: &mut Call) -> Result<()> {
    let (from, output) = (call.need(0)?.to_owned(), call.output(0));
    if let Some(stored) = call.reader.program.stored.get(&from).cloned()
        && (crate::model::recognize::is_named(&output) || is_bias_of_folded(&output, &stored.tensor))
    {
        call.reader.store(&output, stored.tensor, true);
        return Ok(());
    }
    let x = call.value(0);
    call.plain(Plain::Identity, vec![x])?;
    // A copy of a weight that has no name is the same weight: what is drawn for one is drawn for both.
    let original = call.reader.program.stored.get(&from).filter(|stored| is_weight(&stored.tensor)).cloned();
    if let (Some(original), Some(copy)) = (original, call.reader.program.stored.get_mut(&output)) {
        copy.name = original.name;
    }
    Ok(())
}

/// Whether it is a matrix or kernel of different numbers, which no two layers have by chance.
fn is_weight(tensor: &Tensor) -> bool {
    let numbers = || tensor.flatten_all().and_then(|tensor| tensor.to_vec1::<f32>()).unwrap_or_default();
    tensor.rank() > 1 && numbers().windows(2).any(|pair| pair[0] != pair[1])
}

fn dropout(call: &mut Call) -> Result<()> {
    let (x, output) = (call.value(0), call.output(0));
    call.emit_to(crate::model::program::Op::Dropout, vec![x], vec![output])
}

fn triangle(call: &mut Call) -> Result<()> {
    let diagonal = call.constant(1, "diagonal")?.and_then(|k| k.first().copied()).unwrap_or(0);
    let x = call.value(0);
    call.plain(Plain::Triangle { is_lower: call.int("upper", 1) == 0, diagonal }, vec![x])
}

/// Numbers as operands.
pub fn numbers(sizes: &[isize]) -> Operand {
    Operand::List(sizes.iter().map(|size| Operand::Number(*size as f64)).collect())
}
