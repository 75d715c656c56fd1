//! Tensors rearranged.

use super::super::call::{Call, Operator, list};
use super::super::reader::{PartSizes, Parts, Result};
use super::constants::numbers;
use crate::model::program::{Binary, Numbers, Op, Operand, Plain, Step};

pub const TABLE: &[(&str, Operator)] = &[
    ("Concat", concat),
    ("Split", split),
    ("Slice", slice),
    ("Gather", gather),
    ("GatherElements", |call| {
        let axis = call.axis("axis", 0);
        let (x, places) = (call.value(0), call.value(1));
        call.plain(Plain::Gather { axis }, vec![x, places])
    }),
    ("GatherND", gather_nd),
    ("Transpose", transpose),
    ("Tile", tile),
    ("Pad", pad),
    ("DepthToSpace", depth_to_space),
    ("SpaceToDepth", space_to_depth),
    ("OneHot", one_hot),
    ("SplitToSequence", split_to_sequence),
    ("SequenceAt", sequence_at),
];

fn concat(call: &mut Call) -> Result<()> {
    let axis = call.axis("axis", 1);
    let all = (0..call.len()).map(|at| call.value(at)).collect();
    call.plain(Plain::Concat { axis }, vec![Operand::List(all)])
}

/// Sizes are an attribute at first, an input later, or all the same.
fn split(call: &mut Call) -> Result<()> {
    let axis = call.axis("axis", 0);
    let sizes = match call.ints("split") {
        Some(sizes) => list(sizes.into_iter().map(|size| size as f64).collect()),
        None => call.list(1),
    };
    let outputs = call.node.proto.outputs.clone();
    let x = call.value(0);
    match sizes {
        Operand::Absent => call.emit_to(Op::Plain(Plain::Chunk { axis, parts: outputs.len() }), vec![x], outputs),
        sizes => call.emit_to(Op::Plain(Plain::Split { axis }), vec![x, sizes], outputs),
    }
}

/// Remembers the parts: each is made where it is taken.
fn split_to_sequence(call: &mut Call) -> Result<()> {
    let (of, axis) = (call.need(0)?.to_owned(), call.axis("axis", 0));
    let sizes = match (call.input(1), call.numbers(1), call.fact(1).rank) {
        (None, ..) => PartSizes::Ones { keep: call.int("keepdims", 1) != 0 },
        (Some(_), Some(sizes), Some(0)) => PartSizes::Even(sizes.first().copied().unwrap_or(1.0)),
        (Some(_), Some(sizes), _) => PartSizes::Each(sizes),
        (Some(_), None, _) => return Err(call.problem("the sizes of its parts depend on what comes in")),
    };
    let output = call.output(0);
    call.reader.sequences.insert(output.clone(), Parts { of, axis, sizes });
    call.reader.facts.entry(output).or_default().is_made = true;
    Ok(())
}

fn sequence_at(call: &mut Call) -> Result<()> {
    let parts = call.reader.sequences.get(call.need(0)?).cloned();
    let parts = parts.ok_or_else(|| call.problem("only a tensor that was split is known as a sequence"))?;
    let place = call.constant(1, "position")?.and_then(|places| places.first().copied());
    let place = place.ok_or_else(|| call.problem("its position is missing"))?;
    let bounds = parts.bounds(place).ok_or_else(|| call.problem(format!("part {place} is not known")))?;
    let x = Operand::Value(parts.of);
    match (parts.sizes, bounds) {
        (PartSizes::Ones { keep: false }, [start, _]) => {
            call.plain(Plain::Select { axis: parts.axis }, vec![x, Operand::Number(start)])
        }
        (_, [start, end]) => {
            let bounds = [start, end, 1.0].map(Operand::Number);
            call.plain(Plain::Slice { axis: parts.axis }, std::iter::once(x).chain(bounds).collect())
        }
    }
}

/// Bounds by axis, which were attributes before version 10.
fn slice(call: &mut Call) -> Result<()> {
    let (starts, ends, axes, steps) = if call.node.version < 10 {
        let numbers = |name: &str| call.ints(name).map(|ints| ints.into_iter().map(|x| x as f64).collect::<Vec<_>>());
        let (starts, ends) = (numbers("starts").unwrap_or_default(), numbers("ends").unwrap_or_default());
        (list(starts), list(ends), call.axes(i64::MAX, 0)?, None)
    } else {
        let axes = call.constant(3, "axes")?.map(|axes| axes.into_iter().map(|axis| axis as isize).collect::<Vec<_>>());
        (call.list(1), call.list(2), axes, call.constant(4, "steps")?)
    };
    let count = match (&axes, &starts, &ends) {
        (Some(axes), ..) => axes.len(),
        (None, Operand::List(list), _) | (None, _, Operand::List(list)) => list.len(),
        _ => call.fact(1).rank.map_or(0, |_| 1),
    };
    let axes = axes.unwrap_or_else(|| (0..count as isize).collect());
    let mut x = call.value(0);
    for (at, axis) in axes.iter().enumerate() {
        let (start, end) = (element(call, &starts, at)?, element(call, &ends, at)?);
        let step = steps.as_ref().and_then(|steps| steps.get(at)).filter(|step| **step != 1);
        let step = step.map_or(Operand::Absent, |step| Operand::Number(*step as f64));
        let operands = vec![x, start, end, step];
        if at + 1 == axes.len() {
            return call.plain(Plain::Slice { axis: *axis }, operands);
        }
        x = call.then_plain(Plain::Slice { axis: *axis }, operands)?;
    }
    call.plain(Plain::Identity, vec![x])
}

/// One of a list of numbers.
fn element(call: &mut Call, of: &Operand, at: usize) -> Result<Operand> {
    match of {
        Operand::List(list) => list.get(at).cloned().ok_or_else(|| call.problem("it has fewer bounds than axes")),
        of => call.then_plain(Plain::Select { axis: 0 }, vec![of.clone(), Operand::Number(at as f64)]),
    }
}

/// Rows of a table of weights are an embedding.
fn gather(call: &mut Call) -> Result<()> {
    call.need(0)?;
    call.need(1)?;
    let axis = call.axis("axis", 0);
    let (x, places) = (call.value(0), call.value(1));
    let is_table = axis == 0 && call.is_layer_weight(0) && call.tensor(0).is_some_and(|table| table.rank() == 2);
    if is_table && call.tensor(1).is_none() {
        return call.emit(Op::Embedding { padding: None }, vec![x, places]);
    }
    match (call.numbers(1).as_deref(), call.fact(1).rank) {
        (Some([place]), Some(0)) => {
            let place = Operand::Number(*place);
            call.plain(Plain::Select { axis }, vec![x, place])
        }
        (None, Some(0)) => call.plain(Plain::Select { axis }, vec![x, places]),
        _ => call.plain(Plain::Take { axis }, vec![x, places]),
    }
}

/// Places along the first axes, whose numbers stand in the last axis of the second input.
fn gather_nd(call: &mut Call) -> Result<()> {
    call.need(0)?;
    let is_of_all = call.int("batch_dims", 0) == 0;
    let known = call.tensor(1).cloned().filter(|places| places.rank() > 0 && is_of_all);
    let Some(known) = known else {
        let parts = places_by_axis(call, 1).filter(|_| is_of_all);
        let parts = parts.ok_or_else(|| {
            call.problem(
                "its places depend on what comes in, or are counted in each sample, in a way that is not known",
            )
        })?;
        let x = call.value(0);
        return call.plain(Plain::Index, vec![x, Operand::List(parts)]);
    };
    let failed = |error: candle_core::Error| call.problem(error.to_string());
    let last = known.rank() - 1;
    let axes = known.dims()[last];
    let places = (0..axes).map(|at| known.narrow(last, at, 1)?.squeeze(last)?.contiguous());
    let places = places.collect::<candle_core::Result<Vec<_>>>().map_err(failed)?;
    let made = call.need(1)?.to_owned();
    let mut names = places.into_iter().enumerate().map(|(at, tensor)| call.stored_as(&format!("{made}#{at}"), tensor));
    match (names.next(), axes) {
        (Some(only), 1) => {
            let x = call.value(0);
            call.plain(Plain::Take { axis: 0 }, vec![x, only])
        }
        (first, _) => {
            let list = Operand::List(first.into_iter().chain(names).collect());
            let x = call.value(0);
            call.plain(Plain::Index, vec![x, list])
        }
    }
}

/// Numbers of places by axis, which exporters bring to one size and put side by side in a new last axis.
fn places_by_axis(call: &Call, at: usize) -> Option<Vec<Operand>> {
    let steps = &call.reader.program.steps;
    let maker = |operand: &Operand| match operand {
        Operand::Value(name) => steps.iter().rev().find(|step| step.outputs.contains(name)),
        _ => None,
    };
    let first = |step: &Step| step.operands.first().cloned();
    let joined = maker(&call.value(at)).filter(|step| step.op == Op::Plain(Plain::Concat { axis: -1 }))?;
    let Some(Operand::List(parts)) = joined.operands.first() else { return None };
    let own = parts.iter().map(|part| {
        let lifted = maker(part).filter(|step| has_new_last_axis(call, step))?;
        let spread = maker(&first(lifted)?);
        let is_spread = |step: &&Step| matches!(step.op, Op::Plain(Plain::Expand { .. }));
        let shape = spread.filter(is_spread).and_then(|step| maker(step.operands.get(1)?));
        let all = shape.filter(|step| step.op == Op::Plain(Plain::Shape)).and_then(|step| maker(&first(step)?));
        let is_of_all = |step: &&Step| matches!(step.op, Op::Plain(Plain::Binary(Binary::Greatest) | Plain::Identity));
        match (spread, all.filter(is_of_all)) {
            // Places are brought to one size where they are taken.
            (Some(spread), Some(_)) => first(spread),
            _ => first(lifted),
        }
    });
    own.collect()
}

fn has_new_last_axis(call: &Call, step: &Step) -> bool {
    let (Op::Plain(Plain::Unsqueeze(axes)), Some(Operand::Value(of))) = (&step.op, step.operands.first()) else {
        return false;
    };
    let rank = call.reader.facts.get(of).and_then(|fact| fact.rank);
    matches!(axes.as_slice(), [axis] if *axis == -1 || rank.is_some_and(|rank| *axis == rank as isize))
}

fn transpose(call: &mut Call) -> Result<()> {
    let axes = match call.ints("perm") {
        Some(axes) => axes.into_iter().map(|axis| axis as isize).collect(),
        None => (0..call.rank(0)? as isize).rev().collect(),
    };
    let x = call.value(0);
    call.plain(Plain::Permute(axes), vec![x])
}

/// Copies along axes.
fn tile(call: &mut Call) -> Result<()> {
    let repeats = match call.node.version {
        ..6 => return Err(call.problem("this version is not known; export it again with opset_version=20")),
        _ => call.constant(1, "repeats")?.unwrap_or_default(),
    };
    let mut x = call.value(0);
    for (axis, times) in repeats.iter().enumerate().filter(|(_, times)| **times != 1) {
        if !(1..=1024).contains(times) {
            return Err(call.problem(format!("{times} copies along an axis are not known")));
        }
        let copies = Operand::List(vec![x; *times as usize]);
        x = call.then_plain(Plain::Concat { axis: axis as isize }, vec![copies])?;
    }
    call.plain(Plain::Identity, vec![x])
}

/// Pads stand as all before and then all after; in a step, by axis from the last on.
fn pad(call: &mut Call) -> Result<()> {
    let given = call.ints("pads").or_else(|| call.ints("paddings"));
    let (pads, value) = match given {
        Some(pads) => (pads, Operand::Number(call.float("value", 0.0))),
        None if call.numbers(1).is_none() && call.input(3).is_none() && call.input(1).is_some() => {
            return pad_by_sizes(call);
        }
        None => (call.constant(1, "pads")?.unwrap_or_default(), call.operand(2)),
    };
    let value = if value == Operand::Absent { Operand::Number(0.0) } else { value };
    let half = pads.len() / 2;
    let axes = match call.constant(3, "axes")? {
        Some(axes) => {
            let rank = call.rank(0)?;
            let place = |axis: i64| if axis < 0 { axis + rank as i64 } else { axis };
            axes.into_iter().map(|axis| place(axis) as usize).collect()
        }
        None => (0..half).collect::<Vec<_>>(),
    };
    let rank = if call.input(3).is_some() { call.rank(0)? } else { half };
    let by_axis = |axis: usize| match axes.iter().position(|named| *named == axis) {
        Some(at) => [pads.get(at), pads.get(half + at)].map(|pad| pad.copied().unwrap_or(0) as f64),
        None => [0.0; 2],
    };
    let pads: Vec<_> = (0..rank).rev().flat_map(by_axis).collect();
    let mode = call.text("mode", "constant");
    if mode != "constant" {
        return copied_pads(call, &mode, &pads);
    }
    // Axes that stay as they are need not be named.
    let last = pads.iter().rposition(|pad| *pad != 0.0).map_or(0, |at| at / 2 * 2 + 2);
    let x = call.value(0);
    match last {
        0 => call.plain(Plain::Identity, vec![x]),
        _ => call.plain(Plain::Pad, vec![x, list(pads[..last].to_vec()), value]),
    }
}

/// Pads that are computed of sizes: those of the last axis stand first in a step.
fn pad_by_sizes(call: &mut Call) -> Result<()> {
    let rank = call.rank(0)?;
    let mode = call.text("mode", "constant");
    if mode != "constant" {
        return Err(call.problem(format!("pads that depend on sizes are known with a constant only, not with {mode}")));
    }
    let places = (0..rank).rev().flat_map(|axis| [axis, rank + axis]).map(|place| place as f64).collect();
    let (x, pads, value) = (call.value(0), call.value(1), call.operand(2));
    let pads = call.then_plain(Plain::Take { axis: 0 }, vec![pads, list(places)])?;
    let value = if value == Operand::Absent { Operand::Number(0.0) } else { value };
    call.plain(Plain::Pad, vec![x, pads, value])
}

/// Pads that are copies of elements inside, by axis from the last on.
fn copied_pads(call: &mut Call, mode: &str, pads: &[f64]) -> Result<()> {
    let rank = pads.len() / 2;
    let mut x = call.value(0);
    for (axis, pads) in pads.chunks_exact(2).enumerate().filter(|(_, pads)| pads.iter().any(|pad| *pad != 0.0)) {
        let axis = (rank - 1 - axis) as isize;
        let (before, after) = (1..=(pads[0] as i64).min(1 << 16), 1..=(pads[1] as i64).min(1 << 16));
        let places: [Vec<i64>; 2] = match mode {
            "reflect" => [before.rev().collect(), after.map(|at| -1 - at).collect()],
            "edge" => [before.map(|_| 0).collect(), after.map(|_| -1).collect()],
            "wrap" => [before.rev().map(|at| -at).collect(), after.map(|at| at - 1).collect()],
            _ => return Err(call.problem(format!("the mode {mode} is not known"))),
        };
        if pads.iter().any(|pad| *pad < 0.0) {
            return Err(call.problem("negative pads are known with a constant only"));
        }
        let mut sides = Vec::new();
        for places in places {
            let places = places.into_iter().map(|place| place as f64).collect::<Vec<_>>();
            let is_there = !places.is_empty();
            let side = is_there.then(|| call.then_plain(Plain::Take { axis }, vec![x.clone(), list(places)]));
            sides.push(side.transpose()?);
        }
        let (after, before) = (sides.pop().flatten(), sides.pop().flatten());
        let parts = [before, Some(x), after].into_iter().flatten().collect();
        x = call.then_plain(Plain::Concat { axis }, vec![Operand::List(parts)])?;
    }
    call.plain(Plain::Identity, vec![x])
}

fn block(call: &Call) -> Result<isize> {
    let block = call.int("blocksize", 0);
    (1..1 << 16).contains(&block).then_some(block as isize).ok_or_else(|| call.problem("its blocksize is wrong"))
}

/// Channels become places, as in a pixel shuffle.
fn depth_to_space(call: &mut Call) -> Result<()> {
    let b = block(call)?;
    let x = call.value(0);
    let (parts, axes) = match call.text("mode", "DCR").as_str() {
        "CRD" => ([-1, b, b], vec![0, 1, 4, 2, 5, 3]),
        _ => ([b, b, -1], vec![0, 3, 4, 1, 5, 2]),
    };
    let x = call.then_plain(Plain::Unflatten { axis: 1 }, vec![x, numbers(&parts)])?;
    let x = call.then_plain(Plain::Permute(axes), vec![x])?;
    let x = call.then_plain(Plain::Flatten { from: 4, to: 5 }, vec![x])?;
    call.plain(Plain::Flatten { from: 2, to: 3 }, vec![x])
}

fn space_to_depth(call: &mut Call) -> Result<()> {
    let b = block(call)?;
    let x = call.value(0);
    let x = call.then_plain(Plain::Unflatten { axis: 3 }, vec![x, numbers(&[-1, b])])?;
    let x = call.then_plain(Plain::Unflatten { axis: 2 }, vec![x, numbers(&[-1, b])])?;
    let x = call.then_plain(Plain::Permute(vec![0, 3, 5, 1, 2, 4]), vec![x])?;
    call.plain(Plain::Flatten { from: 1, to: 3 }, vec![x])
}

/// Ones at the places of classes, in a new last axis.
fn one_hot(call: &mut Call) -> Result<()> {
    let depth = call.numbers(1).and_then(|depth| depth.first().copied());
    let values = call.numbers(2);
    let (Some(depth), Some([off, on])) = (depth, values.as_deref()) else {
        return Err(call.problem("its depth and values must be constant"));
    };
    if call.axis("axis", -1) != -1 {
        return Err(call.problem("another axis than the last is not known"));
    }
    let (off, on, x) = (*off, *on, call.value(0));
    let x = call.then_plain(Plain::Unsqueeze(vec![-1]), vec![x])?;
    let bounds = [0.0, depth, 1.0].map(Operand::Number).to_vec();
    let classes = call.then_plain(Plain::Arange, bounds)?;
    let is_class = call.then_plain(Plain::Binary(Binary::Equal), vec![x, classes])?;
    let ones = call.then_plain(Plain::Cast(Numbers::Real), vec![is_class])?;
    let scaled = call.then_plain(Plain::Binary(Binary::Multiply), vec![ones, Operand::Number(on - off)])?;
    call.plain(Plain::Binary(Binary::Add), vec![scaled, Operand::Number(off)])
}
