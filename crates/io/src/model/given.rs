//! Inputs beside the samples: masks, positions and types of tokens, which usual names tell, are filled in as callers fill them in
//! who have nothing to leave out.

use std::collections::HashSet;

use super::program::{Binary, Input, Op, Operand, Plain, Program, Size, Step};

/// What an input is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filling {
    Ones,
    Zeros,
    /// The number of its place along the last axis, from 0.
    Places,
}

/// Names of inputs that are filled in, with what that means.
const KNOWN: [(&str, Filling, &str); 9] = [
    ("attention_mask", Filling::Ones, "ones: every token counts"),
    ("pixel_mask", Filling::Ones, "ones: every pixel counts"),
    ("key_padding_mask", Filling::Zeros, "zeros: no token is left out"),
    ("src_key_padding_mask", Filling::Zeros, "zeros: no token is left out"),
    ("padding_mask", Filling::Zeros, "zeros: no token is left out"),
    ("token_type_ids", Filling::Zeros, "zeros: all tokens are of one type"),
    ("segment_ids", Filling::Zeros, "zeros: all tokens are of one type"),
    ("position_ids", Filling::Places, "0, 1, 2, ... along the tokens"),
    ("positions", Filling::Places, "0, 1, 2, ... along the tokens"),
];

/// The names of inputs that are filled in.
pub fn known() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(name, ..)| *name)
}

/// Fills in inputs, where one is left that holds the samples; leaves those out that nothing takes.
pub fn fill(program: &mut Program) {
    if program.inputs.len() < 2 {
        return;
    }
    let mut taken = HashSet::new();
    let operands = program.steps.iter().flat_map(|step| &step.operands);
    operands.for_each(|operand| {
        operand.names(&mut |name| {
            taken.insert(name.to_owned());
        });
    });
    let is_needed = |input: &Input| taken.contains(&input.name) || program.outputs.contains(&input.name);
    let (mut inputs, unused): (Vec<_>, Vec<_>) = program.inputs.clone().into_iter().partition(is_needed);
    let (filled, others): (Vec<_>, Vec<_>) = inputs.drain(..).partition(|input| of(&input.name).is_some());
    let [samples] = others.as_slice() else { return };
    let made: Option<Vec<_>> = filled.iter().map(|input| steps(input, samples)).collect();
    let Some(made) = made else { return };
    for input in &filled {
        let Some((.., said)) = of(&input.name) else { continue };
        program.remarks.push(format!("its input `{}` is filled in with {said}", input.name));
    }
    let unused = unused.iter().map(|input| format!("nothing takes its input `{}`, which is left out", input.name));
    program.remarks.extend(unused);
    program.steps.splice(0..0, made.concat());
    program.inputs = others;
}

fn of(name: &str) -> Option<(Filling, &'static str)> {
    KNOWN.iter().find(|(known, ..)| *known == name).map(|(_, filling, said)| (*filling, *said))
}

/// What makes an input beside that of the samples; none where it cannot be told how large it is, or what it means.
fn steps(input: &Input, samples: &Input) -> Option<Vec<Step>> {
    let (filling, _) = of(&input.name)?;
    // Of more axes, a mask may hold what is added to scores.
    if filling == Filling::Ones && input.name == "attention_mask" && input.dims.len() != 2 {
        return None;
    }
    let step = |plain, operands, output: String| Step {
        op: Op::Plain(plain),
        operands,
        outputs: vec![output],
        module: String::new(),
        place: String::new(),
        original: format!("input {}", input.name),
    };
    let mut made = Vec::new();
    let mut sizes = Vec::new();
    for (at, size) in input.dims.iter().enumerate() {
        sizes.push(match size {
            Size::Known(size) => Operand::Number(*size as f64),
            Size::Free(_) => {
                let axis = like(size, at, input, samples)?;
                let name = format!("{}.size{at}", input.name);
                let taken = vec![Operand::Value(samples.name.clone())];
                made.push(step(Plain::Size { axis: axis as isize }, taken, name.clone()));
                Operand::Value(name)
            }
        });
    }
    let sizes = Operand::List(sizes);
    if filling != Filling::Places {
        let number = if filling == Filling::Ones { 1.0 } else { 0.0 };
        made.push(step(Plain::Full, vec![sizes, Operand::Number(number)], input.name.clone()));
        return Some(made);
    }
    let [ones, counted] = ["ones", "counted"].map(|part| format!("{}.{part}", input.name));
    made.push(step(Plain::Full, vec![sizes, Operand::Number(1.0)], ones.clone()));
    made.push(step(Plain::CumulativeSum { axis: -1 }, vec![Operand::Value(ones)], counted.clone()));
    let minus = vec![Operand::Value(counted), Operand::Number(1.0)];
    made.push(step(Plain::Binary(Binary::Subtract), minus, input.name.clone()));
    Some(made)
}

/// The axis of the samples' input that an axis is as long as.
fn like(size: &Size, at: usize, input: &Input, samples: &Input) -> Option<usize> {
    let same = samples.dims.iter().position(|other| other == size);
    let is_alike = at == 0 || input.dims.len() == samples.dims.len();
    same.or_else(|| (is_alike && at < samples.dims.len()).then_some(at))
}
