//! Elements by their order and by their places.

use super::steps::{Made, Steps, missing, number};
use crate::model::program::{Binary, Numbers, Operand, Plain, Reduce, Unary};
use crate::model::pt2::arguments::Arguments;

/// The number of truths among the types of the schema.
const TRUTH: u64 = 12;
/// Below this, a root has no derivative that is of use.
const LEAST: f64 = 1e-30;

/// What is chosen by its order.
pub fn order(s: &mut Steps<'_>, family: &str, a: &Arguments<'_>) -> Made {
    let Some(x) = a.at(0) else { return Ok(None) };
    let axis = a.whole("dim").unwrap_or(-1);
    let made = match family {
        "topk" => {
            let descending = a.number("largest").is_none_or(|largest| largest != 0.0);
            let end = a.operand("k").ok_or_else(missing)?;
            let places = s.plain(Plain::Order { axis, descending }, vec![x.clone()]);
            let places = s.plain(Plain::Slice { axis }, vec![places, number(0.0), end, number(1.0)]);
            vec![s.plain(Plain::Gather { axis }, vec![x, places.clone()]), places]
        }
        "sort" | "msort" => {
            let axis = if family == "msort" { 0 } else { axis };
            let places = s.plain(Plain::Order { axis, descending: a.flag("descending") }, vec![x.clone()]);
            vec![s.plain(Plain::Gather { axis }, vec![x, places.clone()]), places]
        }
        "argsort" => vec![s.plain(Plain::Order { axis, descending: a.flag("descending") }, vec![x])],
        "argmax" | "argmin" => {
            let (x, axis) = match a.whole("dim") {
                Some(axis) => (x, axis),
                None => (s.plain(Plain::Flatten { from: 0, to: -1 }, vec![x]), 0),
            };
            vec![nth(s, x, axis, family == "argmax", 0, a.flag("keepdim"))]
        }
        "max" | "min" if a.whole("dim").is_some() && s.is_used(1) => {
            let how = if family == "max" { Reduce::Largest } else { Reduce::Least };
            let keep = a.flag("keepdim");
            let places = nth(s, x.clone(), axis, family == "max", 0, keep);
            vec![s.reduce(how, vec![axis], keep, x), places]
        }
        "kthvalue" | "median" if s.outputs().len() == 2 => {
            let (_, size) = s.axis(&x, axis)?;
            let at = match a.whole("k") {
                Some(k) => usize::try_from(k - 1).map_err(|_| missing())?,
                None => size.saturating_sub(1) / 2,
            };
            let places = nth(s, x.clone(), axis, false, at, true);
            let value = s.plain(Plain::Gather { axis }, vec![x, places.clone()]);
            match a.flag("keepdim") {
                true => vec![value, places],
                false => [value, places].map(|one| s.plain(Plain::Squeeze(vec![axis]), vec![one])).to_vec(),
            }
        }
        _ => return by_places(s, family, x, a),
    };
    Ok(Some(made))
}

/// The place of the element that is so many places from the first by its order.
fn nth(s: &mut Steps<'_>, x: Operand, axis: isize, descending: bool, at: usize, keep: bool) -> Operand {
    let places = s.plain(Plain::Order { axis, descending }, vec![x]);
    let at = at as f64;
    match keep {
        true => s.plain(Plain::Slice { axis }, vec![places, number(at), number(at + 1.0), number(1.0)]),
        false => s.plain(Plain::Select { axis }, vec![places, number(at)]),
    }
}

/// What is put at places, and what tells them.
fn by_places(s: &mut Steps<'_>, family: &str, x: Operand, a: &Arguments<'_>) -> Made {
    let axis = a.whole("dim").unwrap_or(0);
    let made = match family {
        "one_hot" => {
            let classes = a.number("num_classes").filter(|classes| *classes > 0.0);
            let classes = classes.ok_or("its number of classes depends on the samples: give `num_classes`")?;
            let x = s.plain(Plain::Unsqueeze(vec![-1]), vec![x]);
            let all = s.plain(Plain::Arange, vec![number(0.0), number(classes), number(1.0)]);
            let truth = s.binary(Binary::Equal, x, all);
            s.plain(Plain::Cast(Numbers::Real), vec![truth])
        }
        "scatter" | "scatter_add" => {
            let adds = match a.text("reduce") {
                None => family == "scatter_add",
                Some("add") => true,
                Some(how) => return Err(format!("values that are put there by `{how}` are not known")),
            };
            let values = a.operand("src").or(a.operand("value")).ok_or_else(missing)?;
            s.plain(Plain::Put { axis, adds }, vec![x, a.operand("index").ok_or_else(missing)?, values])
        }
        "take_along_dim" => {
            let axis = a.whole("dim").ok_or("places among all elements are not known")?;
            s.plain(Plain::Gather { axis }, vec![x, a.operand("indices").ok_or_else(missing)?])
        }
        "index" => match a.operand("indices") {
            // How many elements that takes depends on the samples; where nothing but the same choice takes them, it is known.
            Some(Operand::List(list)) if list.iter().any(|one| s.numbers(one) == Some(TRUTH)) => {
                s.plain(Plain::Index, vec![x, Operand::Absent])
            }
            _ => return Ok(None),
        },
        "index_put" => put(s, x, a)?,
        "cdist" => distances(s, x, a)?,
        _ => return Ok(None),
    };
    Ok(Some(vec![made]))
}

/// `x[places] = values`, where places are truths as a choice.
fn put(s: &mut Steps<'_>, x: Operand, a: &Arguments<'_>) -> Result<Operand, String> {
    let places = a.operand("indices").ok_or_else(missing)?;
    let values = a.operand("values").ok_or_else(missing)?;
    let adds = a.flag("accumulate");
    let mask = match &places {
        Operand::List(list) => list.first().filter(|one| list.len() == 1 && s.numbers(one) == Some(TRUTH)).cloned(),
        _ => None,
    };
    let Some(mask) = mask.filter(|_| !adds) else { return Ok(s.plain(Plain::PutAt { adds }, vec![x, places, values])) };
    let chosen = match s.sizes(&values)?.iter().all(|size| *size == Some(1)) {
        true => values,
        // What is put where it holds may be what another value has there.
        false => s.masked(&values, &mask).ok_or("what it puts where a condition holds is not known")?,
    };
    if s.rank(&mask)? != s.rank(&x)? {
        return Err("its condition has other axes".into());
    }
    Ok(s.plain(Plain::Where, vec![mask, chosen, x]))
}

/// Distances of all rows of one value from all rows of another.
fn distances(s: &mut Steps<'_>, x: Operand, a: &Arguments<'_>) -> Result<Operand, String> {
    if a.number("p").is_some_and(|p| p != 2.0) {
        return Err("it is known for distances of order 2".into());
    }
    let rows = s.plain(Plain::Unsqueeze(vec![-2]), vec![x]);
    let columns = s.plain(Plain::Unsqueeze(vec![-3]), vec![a.at(1).ok_or_else(missing)?]);
    let way = s.binary(Binary::Subtract, rows, columns);
    let squares = s.unary(Unary::Square, way);
    let sum = s.reduce(Reduce::Sum, vec![-1], false, squares);
    let above = s.binary(Binary::Greatest, sum, number(LEAST));
    Ok(s.unary(Unary::Root, above))
}

/// What is drawn at every pass from a law that is even around its mean.
pub fn noise(s: &mut Steps<'_>, family: &str, a: &Arguments<'_>) -> Made {
    let mean = number(a.number("mean").unwrap_or(0.0));
    let made = match family {
        "randn" => s.plain(Plain::Noise { is_like: false }, vec![a.operand("size").ok_or_else(missing)?, mean]),
        "randn_like" | "normal_functional" => {
            s.plain(Plain::Noise { is_like: true }, vec![a.at(0).ok_or_else(missing)?, mean])
        }
        "normal" => match (a.operand("size"), a.operand("mean")) {
            (Some(size), _) => s.plain(Plain::Noise { is_like: false }, vec![size, mean]),
            // In place, or around a value.
            (None, Some(Operand::Value(around))) => {
                let around = Operand::Value(around);
                let noise = s.plain(Plain::Noise { is_like: true }, vec![around.clone(), number(0.0)]);
                s.binary(Binary::Add, around, noise)
            }
            (None, _) => s.plain(Plain::Noise { is_like: true }, vec![a.at(0).ok_or_else(missing)?, mean]),
        },
        _ => return Ok(None),
    };
    Ok(Some(vec![made]))
}

/// Places among bounds in their order.
pub fn bounds(s: &mut Steps<'_>, family: &str, a: &Arguments<'_>) -> Made {
    let (values, bounds) = match family {
        "bucketize" => (a.at(0), a.operand("boundaries")),
        "searchsorted" => (a.operand("self"), a.operand("sorted_sequence")),
        _ => return Ok(None),
    };
    let (values, bounds) = (values.ok_or_else(missing)?, bounds.ok_or_else(missing)?);
    if s.rank(&bounds)? != 1 {
        return Err("it is known for bounds that are the same for all".into());
    }
    let is_right = a.flag("right") || a.text("side") == Some("right");
    let column = s.plain(Plain::Unsqueeze(vec![-1]), vec![values]);
    let below = s.binary(if is_right { Binary::LessOrEqual } else { Binary::Less }, bounds, column);
    let below = s.plain(Plain::Cast(Numbers::Real), vec![below]);
    Ok(Some(vec![s.reduce(Reduce::Sum, vec![-1], false, below)]))
}
