//! Arithmetic and rearrangement.

use super::arguments::{Arguments, Known};
use crate::model::program::{Binary, Numbers, Op, Operand, Plain, Reduce, Unary};

type Found = Result<Option<Known>, String>;

/// Functions of numbers, sums, products.
pub fn read(family: &str, a: &Arguments<'_>) -> Found {
    let (x, other) = (a.at(0), a.at(1));
    if let Some(function) = unary(family) {
        return Ok(Some((Op::Plain(Plain::Unary(function)), vec![x])));
    }
    if let Some(function) = binary(family) {
        let is_scaled = a.number("alpha").is_some_and(|alpha| alpha != 1.0);
        let is_rounded = a.text("rounding_mode");
        let function = match (function, is_rounded) {
            (Binary::Divide, Some("floor")) => Binary::FloorDivide,
            (Binary::Divide, Some(mode)) => return Err(format!("a quotient rounded by `{mode}` is not known")),
            (Binary::Subtract, _) if family == "rsub" => {
                return Ok(Some((plain(Plain::Binary(function)), vec![other, x])));
            }
            (function, _) => function,
        };
        if is_scaled {
            return Err("its factor alpha is not known".into());
        }
        return Ok(Some((Op::Plain(Plain::Binary(function)), vec![x, other])));
    }
    if let Some(how) = reduction(family, a) {
        let axes = a.list("dim").unwrap_or_default();
        let has_place =
            matches!(family, "max" | "min") && other.as_ref().is_some_and(|o| matches!(o, Operand::Value(_)));
        if has_place {
            let function = if family == "max" { Binary::Greatest } else { Binary::Least };
            return Ok(Some((plain(Plain::Binary(function)), vec![x, other])));
        }
        return Ok(Some((plain(Plain::Reduce { how, axes, keep: a.flag("keepdim") }), vec![x])));
    }
    Ok(Some(match family {
        "where" => (plain(Plain::Where), vec![x, other, a.at(2)]),
        "masked_fill" => (plain(Plain::Where), vec![other, a.operand("value"), x]),
        "clamp" | "clip" => (plain(Plain::Clamp), vec![x, a.operand("min"), a.operand("max")]),
        "clamp_min" => (plain(Plain::Clamp), vec![x, other]),
        "clamp_max" => (plain(Plain::Clamp), vec![x, None, other]),
        "matmul" | "mm" | "bmm" => (plain(Plain::MatMul), vec![x, other]),
        "cumsum" => (plain(Plain::CumulativeSum { axis: a.whole("dim").unwrap_or(0) }), vec![x]),
        "to" | "_to_copy" | "type_as" | "float" | "sym_float" => match a.numbers("dtype") {
            Some(12) => (plain(Plain::Cast(Numbers::Truth)), vec![x]),
            Some(1..=5) => (plain(Plain::Cast(Numbers::Whole)), vec![x]),
            _ => (plain(Plain::Identity), vec![x]),
        },
        "bool" => (plain(Plain::Cast(Numbers::Truth)), vec![x]),
        "tril" | "triu" => {
            let diagonal = a.whole("diagonal").unwrap_or(0) as i64;
            (plain(Plain::Triangle { is_lower: family == "tril", diagonal }), vec![x])
        }
        _ => return Ok(None),
    }))
}

fn plain(plain: Plain) -> Op {
    Op::Plain(plain)
}

fn unary(family: &str) -> Option<Unary> {
    Some(match family {
        "abs" => Unary::Abs,
        "ceil" => Unary::Ceil,
        "cos" => Unary::Cos,
        "exp" => Unary::Exp,
        "floor" => Unary::Floor,
        "log" => Unary::Log,
        "neg" => Unary::Negative,
        "logical_not" | "bitwise_not" => Unary::Not,
        "reciprocal" => Unary::Reciprocal,
        "rsqrt" => Unary::ReciprocalRoot,
        "round" => Unary::Round,
        "sign" => Unary::Sign,
        "sin" => Unary::Sin,
        "sqrt" => Unary::Root,
        "square" => Unary::Square,
        _ => return None,
    })
}

fn binary(family: &str) -> Option<Binary> {
    Some(match family {
        "add" => Binary::Add,
        "sub" | "subtract" | "rsub" => Binary::Subtract,
        "mul" | "multiply" => Binary::Multiply,
        "div" | "divide" | "true_divide" | "truediv" => Binary::Divide,
        "floordiv" | "floor_divide" => Binary::FloorDivide,
        "mod" | "remainder" | "fmod" => Binary::Remainder,
        "pow" => Binary::Power,
        "minimum" => Binary::Least,
        "maximum" => Binary::Greatest,
        "eq" => Binary::Equal,
        "ne" => Binary::NotEqual,
        "lt" => Binary::Less,
        "le" => Binary::LessOrEqual,
        "gt" => Binary::Greater,
        "ge" => Binary::GreaterOrEqual,
        "__and__" | "logical_and" | "bitwise_and" => Binary::And,
        "__or__" | "logical_or" | "bitwise_or" => Binary::Or,
        "__xor__" | "logical_xor" | "bitwise_xor" => Binary::Xor,
        _ => return None,
    })
}

fn reduction(family: &str, a: &Arguments<'_>) -> Option<Reduce> {
    let corrected = a.number("correction").or(a.number("unbiased")).is_none_or(|correction| correction != 0.0);
    Some(match family {
        "sum" => Reduce::Sum,
        "mean" => Reduce::Mean,
        "amax" | "max" => Reduce::Largest,
        "amin" | "min" => Reduce::Least,
        "prod" => Reduce::Product,
        "var" => Reduce::Variance { corrected },
        "linalg_vector_norm" | "norm" if a.number("ord").or(a.number("p")).is_none_or(|order| order == 2.0) => {
            Reduce::Norm
        }
        _ => return None,
    })
}

/// Other borders, other orders, parts and copies.
pub fn rearrangement(family: &str, a: &Arguments<'_>) -> Found {
    let x = a.at(0);
    let axis = |usual: isize| a.whole("dim").unwrap_or(usual);
    Ok(Some(match family {
        "view" | "reshape" | "_unsafe_view" | "_reshape_alias" => {
            (plain(Plain::Reshape { zero_copies: false }), vec![x, a.at(1)])
        }
        "flatten" => {
            let [from, to] = [a.whole("start_dim").unwrap_or(0), a.whole("end_dim").unwrap_or(-1)];
            (plain(Plain::Flatten { from, to }), vec![x])
        }
        "unflatten" => (plain(Plain::Unflatten { axis: axis(0) }), vec![x, a.operand("sizes")]),
        "permute" => (plain(Plain::Permute(a.list("dims").unwrap_or_default())), vec![x]),
        "transpose" | "swapaxes" | "swapdims" => {
            let [first, second] =
                [("dim0", "axis0"), ("dim1", "axis1")].map(|(a0, a1)| a.whole(a0).or(a.whole(a1)).unwrap_or(0));
            (plain(Plain::Transpose(first, second)), vec![x])
        }
        "t" => (plain(Plain::Transpose(-2, -1)), vec![x]),
        "expand" => (plain(Plain::Expand { by_broadcast: false }), vec![x, a.at(1)]),
        "squeeze" => (plain(Plain::Squeeze(a.list("dim").unwrap_or_default())), vec![x]),
        "unsqueeze" => (plain(Plain::Unsqueeze(vec![axis(0)])), vec![x]),
        "slice" => {
            let operands = vec![x, a.operand("start"), a.operand("end"), a.operand("step")];
            (plain(Plain::Slice { axis: axis(0) }), operands)
        }
        "select" => (plain(Plain::Select { axis: axis(0) }), vec![x, a.operand("index")]),
        "split" | "split_with_sizes" => (plain(Plain::Split { axis: axis(0) }), vec![x, a.at(1)]),
        "chunk" => {
            let parts = a.whole("chunks").and_then(|parts| usize::try_from(parts).ok()).unwrap_or(1);
            (plain(Plain::Chunk { axis: axis(0), parts }), vec![x])
        }
        "cat" | "concat" | "concatenate" => (plain(Plain::Concat { axis: axis(0) }), vec![x]),
        "stack" => (plain(Plain::Stack { axis: axis(0) }), vec![x]),
        "index_select" => (plain(Plain::Take { axis: axis(0) }), vec![x, a.operand("index")]),
        "index" => (plain(Plain::Index), vec![x, a.operand("indices")]),
        "pad" | "constant_pad_nd" => match a.text("mode") {
            None | Some("constant") => (plain(Plain::Pad), vec![x, a.operand("pad"), a.operand("value")]),
            Some(mode) => return Err(format!("padding by `{mode}` is not known")),
        },
        "diff" if a.whole("n").is_none_or(|n| n == 1) => {
            return Ok(Some((plain(Plain::Difference { axis: axis(-1) }), vec![x, a.operand("prepend")])));
        }
        "sym_size" => (plain(Plain::Size { axis: axis(0) }), vec![x]),
        "contiguous" | "clone" | "detach" | "alias" | "lift_fresh_copy" | "lift_fresh" | "_assert_tensor_metadata" => {
            (plain(Plain::Identity), vec![x])
        }
        _ => return moved(family, a),
    }))
}

/// Elements by their places, and sums by letters.
fn moved(family: &str, a: &Arguments<'_>) -> Found {
    let x = a.at(0);
    let axis = |usual: isize| a.whole("dim").unwrap_or(usual);
    Ok(Some(match family {
        "gather" => (plain(Plain::Gather { axis: axis(0) }), vec![x, a.operand("index")]),
        "einsum" => {
            let letters = a.text("equation").ok_or("its letters are missing")?.to_owned();
            (plain(Plain::Einsum(letters)), vec![a.operand("tensors")])
        }
        "glu" => (plain(Plain::Glu { axis: axis(-1) }), vec![x]),
        "pixel_shuffle" | "pixel_unshuffle" => {
            let factor = a.whole("upscale_factor").or(a.whole("downscale_factor")).unwrap_or(1);
            let factor = usize::try_from(factor).unwrap_or(0);
            (plain(Plain::PixelShuffle { factor, is_inverse: family == "pixel_unshuffle" }), vec![x])
        }
        "channel_shuffle" | "native_channel_shuffle" => {
            let groups = a.whole("groups").and_then(|groups| usize::try_from(groups).ok()).unwrap_or(0);
            (plain(Plain::ChannelShuffle { groups }), vec![x])
        }
        "roll" => {
            let [shifts, axes] = ["shifts", "dims"].map(|name| a.list(name).unwrap_or_default());
            (plain(Plain::Roll { shifts, axes }), vec![x])
        }
        "_weight_norm" => (plain(Plain::WeightNorm { axis: axis(0) }), vec![x, a.operand("g")]),
        "fill" => (plain(Plain::FullLike), vec![x, a.operand("value")]),
        _ => return made(family, a),
    }))
}

/// Constants.
fn made(family: &str, a: &Arguments<'_>) -> Found {
    let x = a.at(0);
    let value = |x: f64| Some(Operand::Number(x));
    Ok(Some(match family {
        "zeros" | "empty" => (plain(Plain::Full), vec![x, value(0.0)]),
        "ones" => (plain(Plain::Full), vec![x, value(1.0)]),
        "full" => (plain(Plain::Full), vec![x, a.operand("fill_value")]),
        "new_zeros" | "new_empty" => (plain(Plain::Full), vec![a.operand("size"), value(0.0)]),
        "new_ones" => (plain(Plain::Full), vec![a.operand("size"), value(1.0)]),
        "new_full" => (plain(Plain::Full), vec![a.operand("size"), a.operand("fill_value")]),
        "zeros_like" | "empty_like" => (plain(Plain::FullLike), vec![x, value(0.0)]),
        "ones_like" => (plain(Plain::FullLike), vec![x, value(1.0)]),
        "full_like" => (plain(Plain::FullLike), vec![x, a.operand("fill_value")]),
        "scalar_tensor" => (plain(Plain::Identity), vec![x]),
        "arange" => {
            let (start, step) = (a.operand("start").or(value(0.0)), a.operand("step").or(value(1.0)));
            (plain(Plain::Arange), vec![start, a.operand("end"), step])
        }
        _ => return Ok(None),
    }))
}
