//! Norms, taken apart to means and roots or to others.

use candle_core::Tensor;

use super::cone::{Cone, cones, constant};
use super::dense::{flat, other, source};
use super::links::{Links, name, output};
use crate::model::program::{Binary, Op, Operand, Plain, Program, Step};

pub fn recognize(program: &mut Program) {
    groups(program);
    program.drop_unused();
    means(program);
}

/// Group norms as instance norms between two reshapes, with a scale and a shift by channel after them.
fn groups(program: &mut Program) {
    let links = Links::of(program);
    for at in 0..program.steps.len() {
        let Some(found) = group(program, &links, at) else { continue };
        let (place, module) = (program.steps[at].place.clone(), program.steps[at].module.clone());
        let (mut last, mut operands) = (found.last, vec![Operand::Value(found.from)]);
        let scale = affine(program, &links, last, Binary::Multiply);
        if let Some((next, weight)) = scale {
            operands.push(weight);
            last = next;
            if let Some((next, bias)) = affine(program, &links, last, Binary::Add) {
                operands.push(bias);
                last = next;
            }
        }
        let step = &mut program.steps[last];
        step.op = Op::GroupNorm { groups: found.groups, epsilon: found.epsilon };
        (step.operands, step.place, step.module) = (operands, place, module);
        step.original = "InstanceNormalization".to_owned();
    }
}

struct Group {
    from: String,
    last: usize,
    groups: usize,
    epsilon: f64,
}

fn group(program: &Program, links: &Links, at: usize) -> Option<Group> {
    let norm = &program.steps[at];
    let Op::InstanceNorm { epsilon } = norm.op else { return None };
    let all = |at: usize, number: f64| {
        let numbers = norm.operands.get(at).and_then(|operand| constant(program, operand));
        numbers.filter(|numbers| numbers.iter().all(|x| *x == number)).map(|numbers| numbers.len())
    };
    let groups = all(1, 1.0)?;
    all(2, 0.0)?;
    let before = &program.steps[links.maker(name(norm.operands.first())?)?];
    let Op::Plain(Plain::Reshape { .. }) = before.op else { return None };
    let Some(Operand::List(sizes)) = before.operands.get(1) else { return None };
    let [_, Operand::Number(second), _] = sizes.as_slice() else { return None };
    if *second != groups as f64 {
        return None;
    }
    let last = links.only_user(output(norm))?;
    let Op::Plain(Plain::Reshape { .. }) = program.steps[last].op else { return None };
    Some(Group { from: name(before.operands.first())?.to_owned(), last, groups, epsilon })
}

/// The step after one that multiplies by, or adds, a number for each channel, and those.
fn affine(program: &mut Program, links: &Links, at: usize, function: Binary) -> Option<(usize, Operand)> {
    let value = output(&program.steps[at]).to_owned();
    let next = links.only_user(&value)?;
    if program.steps[next].op != Op::Plain(Plain::Binary(function)) {
        return None;
    }
    let other = other(&program.steps[next], &value)?.to_owned();
    let (source, tensor) = source(program, links, &other)?;
    let long = tensor.dims().iter().filter(|size| **size != 1).count();
    let is_by_channel = long <= 1 && tensor.rank() > 1 && tensor.dims().last() == Some(&1);
    if !is_by_channel {
        return None;
    }
    Some((next, flat(program, source, &other, &tensor)?))
}

/// Layer and root mean square norms over the last axis.
pub fn means(program: &mut Program) {
    let links = Links::of(program);
    for end in (0..program.steps.len()).rev() {
        if !is_part(&program.steps[end]) || matches!(program.steps[end].op, Op::Plain(Plain::Reduce { .. })) {
            continue;
        }
        let found = cones(program, &links, end, &is_part).into_iter().find_map(|cone| {
            let reduces = cone.steps.iter().any(|at| matches!(program.steps[*at].op, Op::Plain(Plain::Reduce { .. })));
            reduces.then(|| norm(program, &cone)).flatten().map(|norm| (norm, cone))
        });
        let Some(((op, weights), cone)) = found else { continue };
        let weights = weights.into_iter().map(|weight| as_vector(program, weight)).collect();
        let first = program.steps[cone.steps[0]].clone();
        let step = &mut program.steps[end];
        step.operands = [vec![Operand::Value(cone.from)], weights].concat();
        (step.op, step.module) = (op, first.module);
    }
}

fn is_part(step: &Step) -> bool {
    match &step.op {
        Op::Plain(Plain::Reduce { axes, keep: true, .. }) => axes.as_slice() == [-1],
        Op::Plain(Plain::Unary(_) | Plain::Binary(_) | Plain::Identity) => step.outputs.len() == 1,
        _ => is_bound(step),
    }
}

/// Whether a step keeps what is rounded below zero from it, as a variance of means of squares: it looks like an activation.
pub fn is_bound(step: &Step) -> bool {
    matches!(&step.op, Op::Activation(activation) if activation.name() == "relu")
}

/// Features of a norm without weights, whose number is not known here.
const FEATURES: usize = 12;

/// The norm that a cone is, with its weights: three rows of numbers tell scale and shift by feature.
fn norm(program: &Program, cone: &Cone) -> Option<(Op, Vec<Operand>)> {
    let constants = cone.constants(program);
    let features = constants.iter().map(Vec::len).filter(|length| *length > 1).max().unwrap_or(FEATURES);
    let row =
        |seed: f64| (0..features).map(|at| ((at as f64 + 1.3) * seed).sin() * 2.0 + seed * 0.4).collect::<Vec<_>>();
    let rows = [row(1.7), row(0.83), row(2.9)];
    let made = rows.iter().map(|row| cone.evaluate(program, row)).collect::<Option<Vec<_>>>()?;
    let epsilons = constants.iter().filter_map(|numbers| match numbers.as_slice() {
        [x] if (0.0..0.1).contains(x) => Some(*x),
        _ => None,
    });
    epsilons.chain([0.0]).find_map(|epsilon| {
        let epsilon = format!("{:e}", epsilon as f32).parse().unwrap_or(epsilon);
        [true, false].into_iter().find_map(|is_centred| {
            let normed: Vec<_> = rows.iter().map(|row| normed(row, epsilon, is_centred)).collect();
            let (scale, shift) = affine_of(&normed, &made)?;
            let weights = weights(program, cone, &scale, &shift, is_centred)?;
            let op = if is_centred { Op::LayerNorm { axes: 1, epsilon } } else { Op::RmsNorm { epsilon } };
            Some((op, weights))
        })
    })
}

fn normed(row: &[f64], epsilon: f64, is_centred: bool) -> Vec<f64> {
    let count = row.len() as f64;
    let mean = if is_centred { row.iter().sum::<f64>() / count } else { 0.0 };
    let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    row.iter().map(|x| (x - mean) / (variance + epsilon).sqrt()).collect()
}

/// Scale and shift by feature that make `made` of `normed`, where there are such.
fn affine_of(normed: &[Vec<f64>], made: &[Vec<f64>]) -> Option<(Vec<f64>, Vec<f64>)> {
    let ([a, b, c], [x, y, z]) = (normed.first_chunk()?, made.first_chunk()?);
    let scale: Vec<_> = (0..a.len()).map(|at| (y[at] - x[at]) / (b[at] - a[at])).collect();
    let shift: Vec<_> = (0..a.len()).map(|at| x[at] - scale[at] * a[at]).collect();
    let close = |at: usize| (z[at] - scale[at] * c[at] - shift[at]).abs() <= 1e-6 * (1.0 + z[at].abs());
    (0..a.len()).all(close).then_some((scale, shift))
}

/// The tensor with one axis that a constant is, or was made of by other borders between its axes.
fn vector(program: &Program, operand: &Operand) -> Option<Operand> {
    let mut value = name(Some(operand))?;
    while Tensor::rank(&program.stored.get(value)?.tensor) != 1 {
        let stored = program.stored.get(value)?;
        let Some(made) = program.folded.iter().rev().find(|step| output(step) == value) else {
            return (!stored.is_trained).then(|| operand.clone());
        };
        let Op::Plain(Plain::Reshape { .. } | Plain::Unsqueeze(_)) = made.op else { return None };
        value = name(made.operands.first())?;
    }
    Some(Operand::Value(value.to_owned()))
}

/// A constant with one axis, which is kept under a name of its own where the file has more of them.
fn as_vector(program: &mut Program, operand: Operand) -> Operand {
    let Some(value) = name(Some(&operand)).map(str::to_owned) else { return operand };
    let tensor = program.stored.get(&value).map(|stored| stored.tensor.clone());
    tensor.and_then(|tensor| flat(program, Some(value.clone()), &value, &tensor)).unwrap_or(operand)
}

/// The weights of the file that have these numbers; none where some number is not in the file as such.
fn weights(program: &Program, cone: &Cone, scale: &[f64], shift: &[f64], is_centred: bool) -> Option<Vec<Operand>> {
    let is_all = |numbers: &[f64], x: f64| numbers.iter().all(|number| (number - x).abs() < 1e-6);
    let found = |numbers: &[f64]| {
        let mut operands = cone.steps.iter().flat_map(|at| &program.steps[*at].operands);
        operands.find(|operand| {
            let known = matches!(operand, Operand::Value(_)).then(|| constant(program, operand)).flatten();
            known.is_some_and(|known| {
                known.len() == numbers.len()
                    && known.iter().zip(numbers).all(|(a, b)| (a - b).abs() <= 1e-5 * (1.0 + a.abs()))
            })
        })
    };
    let of = |numbers: &[f64], neutral: f64| match found(numbers) {
        Some(operand) => vector(program, operand),
        None => is_all(numbers, neutral).then_some(Operand::Absent),
    };
    let (scale, shift) = (of(scale, 1.0)?, of(shift, 0.0)?);
    match (is_centred, &shift) {
        (true, _) => Some(vec![scale, shift]),
        (false, Operand::Absent) => Some(vec![scale]),
        (false, _) => None,
    }
}
