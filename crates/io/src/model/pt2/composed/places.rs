//! Copies, parts, other orders and windows.

use super::steps::{Made, Steps, list, missing, number};
use crate::model::program::{Binary, Op, Operand, Padding, Plain, Pool, Reduce};
use crate::model::pt2::arguments::Arguments;

/// Copies, parts and other orders.
pub fn rearrangement(s: &mut Steps<'_>, family: &str, a: &Arguments<'_>) -> Made {
    let Some(x) = a.at(0) else { return Ok(None) };
    let axis = a.whole("dim").unwrap_or(0);
    let made =
        match family {
            "unbind" => {
                let count = s.outputs().len();
                let select = |at| s.plain(Plain::Select { axis }, vec![x.clone(), number(at as f64)]);
                return Ok(Some((0..count).map(select).collect()));
            }
            "narrow" => {
                let (start, length) = (a.at(2).ok_or_else(missing)?, a.at(3).ok_or_else(missing)?);
                let end = s.binary(Binary::Add, start.clone(), length);
                s.plain(Plain::Slice { axis }, vec![x, start, end, number(1.0)])
            }
            "expand_as" | "view_as" | "reshape_as" => {
                let shape = s.plain(Plain::Shape, vec![a.at(1).ok_or_else(missing)?]);
                let to = match family {
                    "expand_as" => Plain::Expand { by_broadcast: false },
                    _ => Plain::Reshape { zero_copies: false },
                };
                s.plain(to, vec![x, shape])
            }
            "flip" => a.list("dims").unwrap_or_default().into_iter().fold(x, |x, axis| {
                s.plain(Plain::Slice { axis }, vec![x, Operand::Absent, Operand::Absent, number(-1.0)])
            }),
            "fliplr" | "flipud" => {
                let axis = isize::from(family == "fliplr");
                s.plain(Plain::Slice { axis }, vec![x, Operand::Absent, Operand::Absent, number(-1.0)])
            }
            "movedim" | "moveaxis" => moved(s, x, a)?,
            "mT" | "mH" | "adjoint" => s.plain(Plain::Transpose(-2, -1), vec![x]),
            "T" | "numpy_T" => {
                let order = (0..s.rank(&x)? as isize).rev().collect();
                s.plain(Plain::Permute(order), vec![x])
            }
            "repeat" | "tile" => repeated(s, x, a)?,
            "repeat_interleave" => interleaved(s, x, a)?,
            "hstack" | "vstack" => {
                let Operand::List(all) = &x else { return Ok(None) };
                let rank = s.rank(all.first().ok_or_else(missing)?)?;
                match (family, rank) {
                    ("vstack", 1) => s.plain(Plain::Stack { axis: 0 }, vec![x]),
                    ("vstack", _) | (_, 1) => s.plain(Plain::Concat { axis: 0 }, vec![x]),
                    _ => s.plain(Plain::Concat { axis: 1 }, vec![x]),
                }
            }
            _ => return Ok(None),
        };
    Ok(Some(vec![made]))
}

/// Axes that move to other places, the others in the order that they had.
fn moved(s: &mut Steps<'_>, x: Operand, a: &Arguments<'_>) -> Result<Operand, String> {
    let rank = s.rank(&x)?;
    let axes = |name: &str| {
        let axes = a.list(name).unwrap_or_default().into_iter();
        axes.map(|axis| if axis < 0 { axis + rank as isize } else { axis }).collect::<Vec<_>>()
    };
    let (from, to) = (axes("source"), axes("destination"));
    let mut rest = (0..rank as isize).filter(|axis| !from.contains(axis));
    let order: Option<Vec<_>> = (0..rank as isize)
        .map(|place| match to.iter().position(|to| *to == place) {
            Some(at) => from.get(at).copied(),
            None => rest.next(),
        })
        .collect();
    let order = order.ok_or("it moves axes that are not there")?;
    Ok(s.plain(Plain::Permute(order), vec![x]))
}

/// Copies side by side: of an axis of size 1 as an expansion, which may be by the number of samples.
fn repeated(s: &mut Steps<'_>, x: Operand, a: &Arguments<'_>) -> Result<Operand, String> {
    let Some(Operand::List(mut times)) = a.at(1) else { return Err("how often it repeats is missing".into()) };
    let sizes = s.sizes(&x)?;
    // `tile` may name fewer axes.
    while times.len() < sizes.len() {
        times.insert(0, number(1.0));
    }
    let new = times.len() - sizes.len();
    let is_single = |at: usize| at < new || sizes[at - new] == Some(1);
    let expanded = times.iter().enumerate().map(|(at, times)| match times {
        times if at < new => times.clone(),
        Operand::Number(1.0) => number(-1.0),
        times if is_single(at) => times.clone(),
        _ => number(-1.0),
    });
    let expanded: Vec<_> = expanded.collect();
    let mut x = match expanded.iter().all(|size| *size == number(-1.0)) {
        true => x,
        false => s.plain(Plain::Expand { by_broadcast: false }, vec![x, Operand::List(expanded)]),
    };
    for (at, times) in times.iter().enumerate().filter(|(at, _)| !is_single(*at)) {
        match times {
            Operand::Number(times) if *times >= 1.0 && *times <= 1024.0 => {
                if *times > 1.0 {
                    let copies = vec![x; *times as usize];
                    x = s.plain(Plain::Concat { axis: at as isize }, vec![Operand::List(copies)]);
                }
            }
            _ => return Err("it repeats an axis as often as callers choose".into()),
        }
    }
    Ok(x)
}

/// Every place of an axis so many times in a row.
fn interleaved(s: &mut Steps<'_>, x: Operand, a: &Arguments<'_>) -> Result<Operand, String> {
    let (Some(times), Some(axis)) = (a.number("repeats"), a.whole("dim")) else {
        return Err("it is known for one number of repeats along one axis".into());
    };
    let (axis, _) = s.axis(&x, axis)?;
    let rank = s.rank(&x)?;
    let x = s.plain(Plain::Unsqueeze(vec![axis as isize + 1]), vec![x]);
    let to = list((0..=rank).map(|at| if at == axis + 1 { times } else { -1.0 }));
    let x = s.plain(Plain::Expand { by_broadcast: false }, vec![x, to]);
    Ok(s.plain(Plain::Flatten { from: axis as isize, to: axis as isize + 1 }, vec![x]))
}

/// Windows, borders that are made of what is inside, and the largest of parts.
pub fn windows(s: &mut Steps<'_>, family: &str, a: &Arguments<'_>) -> Made {
    let Some(x) = a.at(0) else { return Ok(None) };
    let made = match family {
        "tensor_split" => {
            let axis = a.whole("dim").unwrap_or(0);
            let (_, size) = s.axis(&x, axis)?;
            let parts = s.outputs().len().max(1);
            let sizes = list((0..parts).map(|at| (size / parts + usize::from(at < size % parts)) as f64));
            if a.number("sections").is_none() {
                return Ok(None);
            }
            return split(s, axis, x, sizes, parts);
        }
        "unfold" => {
            let (axis, size) = s.axis(&x, a.whole("dimension").unwrap_or(0))?;
            let [length, step] = ["size", "step"].map(|name| a.whole(name).map_or(0, |n| n.max(0) as usize));
            if length == 0 || step == 0 || length > size {
                return Err(format!("it has no windows of {length} among {size}"));
            }
            let count = (size - length) / step + 1;
            let places = (0..count).flat_map(|window| (0..length).map(move |at| (window * step + at) as f64));
            let rank = s.rank(&x)? as isize;
            let axis = axis as isize;
            let x = s.plain(Plain::Take { axis }, vec![x, list(places)]);
            let x = s.plain(Plain::Unflatten { axis }, vec![x, list([count as f64, length as f64])]);
            let order = (0..=rank).filter(|at| *at != axis + 1).chain([axis + 1]).collect();
            s.plain(Plain::Permute(order), vec![x])
        }
        "pad" => match a.text("mode") {
            Some(mode @ ("reflect" | "replicate" | "circular")) => bordered(s, x, mode, a)?,
            _ => return Ok(None),
        },
        "reflection_pad1d" | "reflection_pad2d" => bordered(s, x, "reflect", a)?,
        "replication_pad1d" | "replication_pad2d" => bordered(s, x, "replicate", a)?,
        "adaptive_max_pool1d" | "adaptive_max_pool2d" => largest(s, x, a)?,
        _ => return Ok(None),
    };
    Ok(Some(vec![made]))
}

fn split(s: &mut Steps<'_>, axis: isize, x: Operand, sizes: Operand, parts: usize) -> Made {
    let Operand::List(list) = &sizes else { return Ok(None) };
    let mut start = 0.0;
    let mut made = Vec::with_capacity(parts);
    for size in list {
        let Operand::Number(size) = size else { return Ok(None) };
        let operands = vec![x.clone(), number(start), number(start + size), number(1.0)];
        made.push(s.plain(Plain::Slice { axis }, operands));
        start += size;
    }
    Ok(Some(made))
}

/// Borders of what is inside: mirrored, repeated, or from the other end.
fn bordered(s: &mut Steps<'_>, x: Operand, mode: &str, a: &Arguments<'_>) -> Result<Operand, String> {
    let pads = a.list("pad").or(a.list("padding")).ok_or("its sizes are not known")?;
    let axes: Vec<_> = (0..pads.len() / 2).map(|at| s.axis(&x, -1 - at as isize)).collect::<Result<_, _>>()?;
    let mut x = x;
    for ((axis, size), pair) in axes.into_iter().zip(pads.chunks_exact(2)) {
        let size = size as isize;
        let [before, after] = [pair[0], pair[1]];
        let most = if mode == "reflect" { size - 1 } else { size };
        if [before, after].iter().any(|pad| *pad < 0 || (mode != "replicate" && *pad > most)) {
            return Err(format!("it pads {size} places by {before} and {after}"));
        }
        if [before, after] == [0, 0] {
            continue;
        }
        let places = (-before..size + after).map(|at| match mode {
            "reflect" if at < 0 => -at,
            "reflect" if at >= size => 2 * (size - 1) - at,
            "circular" => at.rem_euclid(size),
            _ => at.clamp(0, size - 1),
        });
        x = s.plain(Plain::Take { axis: axis as isize }, vec![x, list(places.map(|at| at as f64))]);
    }
    Ok(x)
}

/// The largest of equal parts of the last axes.
fn largest(s: &mut Steps<'_>, x: Operand, a: &Arguments<'_>) -> Result<Operand, String> {
    let to = a.list("output_size").ok_or("its size is missing")?;
    let last = -(to.len() as isize);
    if to.iter().all(|to| *to == 1) {
        return Ok(s.reduce(Reduce::Largest, (last..0).collect(), true, x));
    }
    let sizes = (0..to.len()).map(|at| s.axis(&x, last + at as isize).map(|(_, size)| size));
    let sizes: Vec<_> = sizes.collect::<Result<_, _>>()?;
    let kernel = sizes.iter().zip(&to).map(|(size, to)| {
        let to = usize::try_from(*to).ok().filter(|to| *to > 0 && size.is_multiple_of(*to));
        to.map(|to| size / to).ok_or_else(|| "it is known where all parts are of one size".to_owned())
    });
    let kernel: Vec<_> = kernel.collect::<Result<_, _>>()?;
    let axes = kernel.len();
    let pool = Pool {
        is_average: false,
        stride: kernel.clone(),
        kernel,
        padding: Padding::By(vec![(0, 0); axes]),
        dilation: vec![1; axes],
        ceil: false,
        counts_padding: true,
    };
    Ok(s.op(Op::Pool(pool), vec![x]))
}

/// Constants that are computed.
pub fn constants(s: &mut Steps<'_>, family: &str, a: &Arguments<'_>) -> Made {
    let made = match family {
        "linspace" => {
            let [start, end] = ["start", "end"].map(|name| a.number(name).unwrap_or(0.0));
            let steps = a.number("steps").ok_or_else(missing)?;
            let places = s.plain(Plain::Arange, vec![number(0.0), number(steps), number(1.0)]);
            let places = s.binary(Binary::Multiply, places, number((end - start) / (steps - 1.0).max(1.0)));
            s.binary(Binary::Add, places, number(start))
        }
        "eye" => {
            let rows = a.number("n").ok_or_else(missing)?;
            let sizes = list([rows, a.number("m").unwrap_or(rows)]);
            let ones = s.plain(Plain::Full, vec![sizes, number(1.0)]);
            let lower = s.plain(Plain::Triangle { is_lower: true, diagonal: 0 }, vec![ones]);
            s.plain(Plain::Triangle { is_lower: false, diagonal: 0 }, vec![lower])
        }
        _ => return Ok(None),
    };
    Ok(Some(vec![made]))
}
