//! Layers whose bias is added in a step of its own.

use candle_core::Tensor;

use super::links::{Links, name, output};
use crate::model::program::{Binary, Op, Operand, Plain, Program, Step, Stored};

/// Gives layers without a bias the one that is added to what they make.
pub fn recognize(program: &mut Program) {
    untransposed(program);
    let links = Links::of(program);
    for at in 0..program.steps.len() {
        if let Some((add, apart, bias)) = added_apart(program, &links, at) {
            program.steps[at].operands.truncate(2);
            program.steps[at].operands.push(bias);
            let step = &mut program.steps[add];
            (step.op, step.operands) = (Op::Plain(Plain::Identity), vec![Operand::Value(apart)]);
            continue;
        }
        let Some((add, bias)) = added(program, &links, at) else { continue };
        let layer = program.steps[at].clone();
        let mut operands = layer.operands;
        operands.truncate(2);
        operands.push(bias);
        let step = &mut program.steps[add];
        (step.op, step.operands) = (layer.op, operands);
        (step.place, step.original, step.module) = (layer.place, layer.original, layer.module);
    }
}

/// Takes weights as they are in the file where a step transposes them.
fn untransposed(program: &mut Program) {
    let links = Links::of(program);
    for at in 0..program.steps.len() {
        let Op::Linear { transposed } = program.steps[at].op else { continue };
        let maker = name(program.steps[at].operands.get(1)).and_then(|weight| links.maker(weight));
        let Some(maker) = maker.map(|maker| &program.steps[maker]) else { continue };
        let swaps = match &maker.op {
            Op::Plain(Plain::Permute(axes)) => axes.as_slice() == [1, 0],
            Op::Plain(Plain::Transpose(a, b)) => matches!((a, b), (0 | -2, 1 | -1) | (1 | -1, 0 | -2)),
            _ => false,
        };
        let Some(from) = name(maker.operands.first()).filter(|from| swaps && program.stored.contains_key(*from)) else {
            continue;
        };
        let from = Operand::Value(from.to_owned());
        let step = &mut program.steps[at];
        (step.op, step.operands[1]) = (Op::Linear { transposed: !transposed }, from);
    }
}

/// The step that adds a bias to a layer's result, and the bias.
fn added(program: &mut Program, links: &Links, at: usize) -> Option<(usize, Operand)> {
    let layer = &program.steps[at];
    if !matches!(layer.operands.get(2), None | Some(Operand::Absent)) {
        return None;
    }
    let add = links.only_user(output(layer))?;
    let Op::Plain(Plain::Binary(Binary::Add)) = program.steps[add].op else { return None };
    let other = other(&program.steps[add], output(layer))?.to_owned();
    let (units, places) = units(program, layer)?;
    let (source, tensor) = source(program, links, &other)?;
    // Units are the last axis, or stand before those of places.
    let dims = tensor.dims();
    let at = dims.len().checked_sub(places + 1)?;
    let alone = dims.iter().enumerate().all(|(axis, size)| *size == 1 || axis == at);
    if !alone || dims[at] != units {
        return None;
    }
    Some((add, flat(program, source, &other, &tensor)?))
}

/// The step that adds a bias to the units of a dense layer after they were put into several axes, the value that it is added
/// to, and the bias.
fn added_apart(program: &mut Program, links: &Links, at: usize) -> Option<(usize, String, Operand)> {
    let layer = &program.steps[at];
    if !matches!(layer.op, Op::Linear { .. }) || !matches!(layer.operands.get(2), None | Some(Operand::Absent)) {
        return None;
    }
    let apart = &program.steps[links.only_user(output(layer))?];
    let (Op::Plain(Plain::Unflatten { .. }), Some(Operand::List(sizes))) = (&apart.op, apart.operands.get(1)) else {
        return None;
    };
    let sizes = sizes.iter().map(|size| matches!(size, Operand::Number(size) if *size > 0.0).then_some(size));
    let sizes: Vec<_> = sizes.collect::<Option<Vec<_>>>()?.into_iter().cloned().collect();
    let apart = output(apart).to_owned();
    let add = links.only_user(&apart)?;
    let Op::Plain(Plain::Binary(Binary::Add)) = program.steps[add].op else { return None };
    let bias = other(&program.steps[add], &apart)?.to_owned();
    let tensor = program.stored.get(&bias).map(|stored| stored.tensor.clone()).filter(|one| one.dtype().is_float())?;
    let dims: Vec<_> = tensor.dims().iter().map(|size| Operand::Number(*size as f64)).collect();
    let (units, _) = units(program, &program.steps[at])?;
    if dims != sizes || tensor.elem_count() != units {
        return None;
    }
    Some((add, apart, flat(program, Some(bias.clone()), &bias, &tensor)?))
}

/// The other operand of a step of two.
pub fn other<'s>(step: &'s Step, one: &str) -> Option<&'s str> {
    match (name(step.operands.first()), name(step.operands.get(1))) {
        (Some(a), Some(b)) if a == one && b != one => Some(b),
        (Some(a), Some(b)) if b == one && a != one => Some(a),
        _ => None,
    }
}

/// How many units a layer has, and how many axes stand after them.
fn units(program: &Program, layer: &Step) -> Option<(usize, usize)> {
    let weight = &program.stored.get(name(layer.operands.get(1))?)?.tensor;
    match &layer.op {
        Op::Linear { transposed } => Some((*weight.dims().get(usize::from(*transposed))?, 0)),
        Op::Convolution(convolution) if convolution.is_transposed => {
            Some((weight.dims().get(1)? * convolution.groups, convolution.axes))
        }
        Op::Convolution(convolution) => Some((*weight.dims().first()?, convolution.axes)),
        _ => None,
    }
}

/// The tensor that a value is, and the parameter that it is made of by adding axes.
pub fn source(program: &Program, links: &Links, value: &str) -> Option<(Option<String>, Tensor)> {
    let mut value = value;
    let step = loop {
        if let Some(stored) = program.stored.get(value) {
            return stored.tensor.dtype().is_float().then(|| (Some(value.to_owned()), stored.tensor.clone()));
        }
        let step = &program.steps[links.maker(value)?];
        match step.op {
            Op::Plain(Plain::Identity) => value = name(step.operands.first())?,
            _ => break step,
        }
    };
    let Op::Plain(plain) = &step.op else { return None };
    let from = program.stored.get(name(step.operands.first())?)?;
    let tensor = match plain {
        Plain::Unsqueeze(axes) => {
            let rank = (from.tensor.rank() + axes.len()) as isize;
            let mut axes: Vec<_> = axes.iter().map(|at| if *at < 0 { at + rank } else { *at }).collect();
            axes.sort_unstable();
            axes.into_iter()
                .try_fold(from.tensor.clone(), |tensor, at| tensor.unsqueeze(usize::try_from(at).ok()?).ok())
        }
        Plain::Reshape { .. } => match step.operands.get(1)? {
            Operand::List(sizes) => {
                let size = |size: &Operand| match size {
                    Operand::Number(-1.0) => Some(from.tensor.elem_count()),
                    Operand::Number(size) => Some(*size as usize),
                    _ => None,
                };
                from.tensor.reshape(sizes.iter().map(size).collect::<Option<Vec<_>>>()?).ok()
            }
            _ => None,
        },
        _ => None,
    }?;
    Some((name(step.operands.first()).map(str::to_owned), tensor))
}

/// A parameter with one axis: as it is in the file, or kept so under a name of its own.
pub fn flat(program: &mut Program, source: Option<String>, value: &str, tensor: &Tensor) -> Option<Operand> {
    let from = source.as_ref().and_then(|name| program.stored.get(name)).cloned();
    if let (Some(name), Some(from)) = (&source, &from)
        && from.tensor.rank() == 1
    {
        return Some(Operand::Value(name.clone()));
    }
    let kept = format!("{value}#flat");
    let (name, is_trained) = from.map_or((value.to_owned(), true), |from| (from.name, from.is_trained));
    let tensor = tensor.flatten_all().ok()?;
    program.stored.insert(kept.clone(), Stored { name, is_trained, tensor });
    Some(Operand::Value(kept))
}
