//! Images made larger or smaller.

use super::super::call::{Call, Operator, list};
use super::super::reader::Result;
use crate::model::program::{Interpolation, Op, Operand, Plain};

pub const TABLE: &[(&str, Operator)] = &[("Upsample", upsample), ("Resize", resize)];

/// As it was before version 10.
fn upsample(call: &mut Call) -> Result<()> {
    let scales = match call.floats("scales") {
        Some(scales) => Some(scales),
        None => call.numbers(1),
    };
    let scales = scales.ok_or_else(|| call.problem("its scales must be constant"))?;
    let mode = match call.text("mode", "nearest").as_str() {
        "nearest" => Interpolation::Nearest,
        other => {
            return Err(call.problem(format!(
                "the mode {other} of this version is not known; export it again with opset_version=11 or later"
            )));
        }
    };
    let factors = factors(call, scales, None)?;
    let x = call.value(0);
    call.emit(Op::Upsample { mode }, vec![x, Operand::Absent, list(factors)])
}

fn resize(call: &mut Call) -> Result<()> {
    let is_first = call.node.version < 11;
    let (scales_at, sizes_at) = if is_first { (1, usize::MAX) } else { (2, 3) };
    let axes = call.ints("axes");
    let scales = call.numbers(scales_at).filter(|scales| !scales.is_empty());
    let x = call.value(0);
    if let Some(scales) = scales {
        let factors = factors(call, scales, axes)?;
        let mode = mode(call, Some(&factors))?;
        return call.emit(Op::Upsample { mode }, vec![x, Operand::Absent, list(factors)]);
    }
    let mode = mode(call, None)?;
    if call.input(sizes_at).is_none() {
        return Err(call.problem("its scales depend on what comes in, and must be constant"));
    }
    if call.text("keep_aspect_ratio_policy", "stretch") != "stretch" {
        return Err(call.problem("keep_aspect_ratio_policy is not known"));
    }
    let first = if axes.is_some() { 0 } else { 2 };
    let sizes = match call.numbers(sizes_at) {
        Some(sizes) => list(sizes.into_iter().skip(first).collect()),
        None => {
            let sizes = call.value(sizes_at);
            let bounds = vec![sizes, Operand::Number(first as f64), Operand::Absent, Operand::Absent];
            call.then_plain(Plain::Slice { axis: 0 }, bounds)?
        }
    };
    call.emit(Op::Upsample { mode }, vec![x, sizes, Operand::Absent])
}

/// Factors of the axes after the channels.
fn factors(call: &Call, scales: Vec<f64>, axes: Option<Vec<i64>>) -> Result<Vec<f64>> {
    let only_places = || call.problem(format!("scales of {scales:?} change samples or channels"));
    match axes {
        None => match scales.split_at_checked(2) {
            Some(([1.0, 1.0], factors)) => Ok(factors.to_vec()),
            _ => Err(only_places()),
        },
        Some(axes) => {
            let rank = call.rank(0)? as i64;
            let named: Vec<_> = axes.iter().map(|axis| if *axis < 0 { axis + rank } else { *axis }).collect();
            (named == (2..rank).collect::<Vec<_>>()).then(|| scales.clone()).ok_or_else(only_places)
        }
    }
}

/// How it is made larger, where that is one of the ways of PyTorch.
fn mode(call: &Call, factors: Option<&[f64]>) -> Result<Interpolation> {
    let first = if call.node.version < 11 { "asymmetric" } else { "half_pixel" };
    let places = match call.text("coordinate_transformation_mode", "").as_str() {
        "" => first.to_owned(),
        said => said.to_owned(),
    };
    let rounds = match call.node.version {
        ..11 => "floor".to_owned(),
        _ => call.text("nearest_mode", "round_prefer_floor"),
    };
    let is_whole = factors.is_some_and(|factors| factors.iter().all(|factor| factor.fract() == 0.0));
    let is_double = factors.is_some_and(|factors| factors.iter().all(|factor| *factor == 2.0 || *factor == 1.0));
    if call.int("antialias", 0) == 1 {
        return Err(call.problem("antialias is not known"));
    }
    match (call.text("mode", "nearest").as_str(), places.as_str(), rounds.as_str()) {
        ("nearest", "asymmetric", "floor") => Ok(Interpolation::Nearest),
        ("nearest", "asymmetric", "round_prefer_floor") if is_double => Ok(Interpolation::Nearest),
        ("nearest", "half_pixel" | "pytorch_half_pixel" | "tf_half_pixel_for_nn", _) if is_whole => {
            Ok(Interpolation::Nearest)
        }
        ("linear", "half_pixel" | "pytorch_half_pixel", _) => Ok(Interpolation::Linear { aligns_corners: false }),
        ("linear", "align_corners", _) => Ok(Interpolation::Linear { aligns_corners: true }),
        (mode, places, rounds) => Err(call.problem(format!(
            "the mode {mode} with {places} and {rounds} is not known; nearest and linear as in PyTorch are"
        ))),
    }
}
