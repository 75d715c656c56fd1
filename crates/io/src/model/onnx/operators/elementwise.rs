//! Functions of numbers.

use super::super::call::{Call, Operator};
use super::super::reader::Result;
use crate::model::program::{Binary, Numbers, Operand, Plain, Unary};

pub const TABLE: &[(&str, Operator)] = &[
    ("Abs", |call| call.unary(Unary::Abs)),
    ("Ceil", |call| call.unary(Unary::Ceil)),
    ("Cos", |call| call.unary(Unary::Cos)),
    ("Erf", |call| call.unary(Unary::Erf)),
    ("Exp", |call| call.unary(Unary::Exp)),
    ("Floor", |call| call.unary(Unary::Floor)),
    ("Log", |call| call.unary(Unary::Log)),
    ("Neg", |call| call.unary(Unary::Negative)),
    ("Not", |call| call.unary(Unary::Not)),
    ("Reciprocal", |call| call.unary(Unary::Reciprocal)),
    ("Round", |call| call.unary(Unary::Round)),
    ("Sign", |call| call.unary(Unary::Sign)),
    ("Sin", |call| call.unary(Unary::Sin)),
    ("Sqrt", |call| call.unary(Unary::Root)),
    ("Tan", tan),
    ("Sinh", |call| hyperbolic(call, Binary::Subtract)),
    ("Cosh", |call| hyperbolic(call, Binary::Add)),
    ("Add", |call| binary(call, Binary::Add)),
    ("Sub", |call| binary(call, Binary::Subtract)),
    ("Mul", |call| binary(call, Binary::Multiply)),
    ("Div", divide),
    ("Pow", |call| binary(call, Binary::Power)),
    ("Mod", remainder),
    ("Equal", |call| binary(call, Binary::Equal)),
    ("Less", |call| binary(call, Binary::Less)),
    ("LessOrEqual", |call| binary(call, Binary::LessOrEqual)),
    ("Greater", |call| binary(call, Binary::Greater)),
    ("GreaterOrEqual", |call| binary(call, Binary::GreaterOrEqual)),
    ("And", |call| binary(call, Binary::And)),
    ("Or", |call| binary(call, Binary::Or)),
    ("Xor", |call| binary(call, Binary::Xor)),
    ("Min", |call| many(call, Binary::Least)),
    ("Max", |call| many(call, Binary::Greatest)),
    ("Sum", |call| many(call, Binary::Add)),
    ("Mean", mean),
    ("Where", choose),
    ("IsNaN", is_nan),
    ("Cast", cast),
    ("CastLike", cast_like),
];

fn binary(call: &mut Call, function: Binary) -> Result<()> {
    let (a, mut b) = (call.operand(0), call.operand(1));
    call.need(0)?;
    call.need(1)?;
    // Before version 7 the second started at an axis of the first.
    if call.node.version < 7 && call.int("broadcast", 0) == 1 && call.has("axis") {
        b = aligned(call, b)?;
    }
    call.plain(Plain::Binary(function), vec![a, b])
}

/// The second operand with axes of size 1 after its own, so that it starts at the named axis of the first.
fn aligned(call: &mut Call, b: Operand) -> Result<Operand> {
    let (rank, own) = (call.rank(0)? as isize, call.rank(1)? as isize);
    let axis = call.axis("axis", 0);
    let axis = if axis < 0 { axis + rank } else { axis };
    let after = rank - axis - own;
    match after {
        0 => Ok(b),
        1.. => call.then_plain(Plain::Unsqueeze((own..own + after).collect()), vec![b]),
        _ => Err(call.problem(format!("there is no axis {axis} for {own} among {rank}"))),
    }
}

fn divide(call: &mut Call) -> Result<()> {
    let is_whole = call.is_whole(0) && call.is_whole(1);
    binary(call, if is_whole { Binary::FloorDivide } else { Binary::Divide })
}

/// The remainder has the sign of the divisor, as in Python, unless `fmod` says that of the dividend.
fn remainder(call: &mut Call) -> Result<()> {
    if call.int("fmod", 0) == 0 {
        return binary(call, Binary::Remainder);
    }
    let (a, b) = (call.operand(0), call.operand(1));
    let of = |call: &mut Call, x: &Operand, function| call.then_plain(Plain::Unary(function), vec![x.clone()]);
    let (size, by, sign) = (of(call, &a, Unary::Abs)?, of(call, &b, Unary::Abs)?, of(call, &a, Unary::Sign)?);
    let rest = call.then_plain(Plain::Binary(Binary::Remainder), vec![size, by])?;
    call.plain(Plain::Binary(Binary::Multiply), vec![rest, sign])
}

/// A function of two numbers, for any number of them.
fn many(call: &mut Call, function: Binary) -> Result<()> {
    call.need(0)?;
    let folded = fold(call, function)?;
    call.plain(Plain::Identity, vec![folded])
}

fn fold(call: &mut Call, function: Binary) -> Result<Operand> {
    let mut folded = call.operand(0);
    for at in 1..call.len() {
        let next = call.operand(at);
        folded = call.then_plain(Plain::Binary(function), vec![folded, next])?;
    }
    Ok(folded)
}

fn mean(call: &mut Call) -> Result<()> {
    let sum = fold(call, Binary::Add)?;
    let count = Operand::Number(call.len() as f64);
    call.plain(Plain::Binary(Binary::Divide), vec![sum, count])
}

fn tan(call: &mut Call) -> Result<()> {
    let x = call.value(0);
    let sine = call.then_plain(Plain::Unary(Unary::Sin), vec![x.clone()])?;
    let cosine = call.then_plain(Plain::Unary(Unary::Cos), vec![x])?;
    call.plain(Plain::Binary(Binary::Divide), vec![sine, cosine])
}

/// (e^x +- e^-x) / 2
fn hyperbolic(call: &mut Call, function: Binary) -> Result<()> {
    let x = call.value(0);
    let up = call.then_plain(Plain::Unary(Unary::Exp), vec![x])?;
    let down = call.then_plain(Plain::Unary(Unary::Reciprocal), vec![up.clone()])?;
    let both = call.then_plain(Plain::Binary(function), vec![up, down])?;
    call.plain(Plain::Binary(Binary::Divide), vec![both, Operand::Number(2.0)])
}

fn choose(call: &mut Call) -> Result<()> {
    call.need(2)?;
    let operands = vec![call.value(0), call.operand(1), call.operand(2)];
    call.plain(Plain::Where, operands)
}

fn is_nan(call: &mut Call) -> Result<()> {
    let x = call.value(0);
    call.plain(Plain::Binary(Binary::NotEqual), vec![x.clone(), x])
}

fn cast(call: &mut Call) -> Result<()> {
    let to = call.int("to", 0);
    let numbers = i32::try_from(to).ok().and_then(super::super::facts::numbers);
    let numbers = numbers.ok_or_else(|| call.problem(format!("numbers of type {to} are not read")))?;
    let x = call.value(0);
    // Precision is single everywhere, so what is real already stays as it is.
    let is_such = numbers == Numbers::Real && call.fact(0).numbers == Some(Numbers::Real);
    call.plain(if is_such { Plain::Identity } else { Plain::Cast(numbers) }, vec![x])
}

fn cast_like(call: &mut Call) -> Result<()> {
    let numbers = call.fact(1).numbers.unwrap_or(Numbers::Real);
    let x = call.value(0);
    // As for `Cast`; of what is computed the kind is often not said.
    let is_such = numbers == Numbers::Real && matches!(call.fact(0).numbers, None | Some(Numbers::Real));
    call.plain(if is_such { Plain::Identity } else { Plain::Cast(numbers) }, vec![x])
}
