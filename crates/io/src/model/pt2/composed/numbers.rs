//! Functions of numbers, and sums.

use super::steps::{Made, Steps, missing, number};
use crate::model::program::{Binary, Numbers, Operand, Plain, Reduce, Unary};
use crate::model::pt2::arguments::Arguments;

/// Elementwise functions.
pub fn functions(s: &mut Steps<'_>, family: &str, a: &Arguments<'_>) -> Made {
    let Some(x) = a.at(0) else { return Ok(None) };
    let made = match family {
        "log1p" => {
            let more = s.binary(Binary::Add, x, number(1.0));
            s.unary(Unary::Log, more)
        }
        "expm1" => {
            let power = s.unary(Unary::Exp, x);
            s.binary(Binary::Subtract, power, number(1.0))
        }
        "exp2" => s.binary(Binary::Power, number(2.0), x),
        "log2" | "log10" => {
            let natural = s.unary(Unary::Log, x);
            let base: f64 = if family == "log2" { 2.0 } else { 10.0 };
            s.binary(Binary::Divide, natural, number(base.ln()))
        }
        "tan" => {
            let (sine, cosine) = (s.unary(Unary::Sin, x.clone()), s.unary(Unary::Cos, x));
            s.binary(Binary::Divide, sine, cosine)
        }
        "sinh" | "cosh" => {
            let negative = s.unary(Unary::Negative, x.clone());
            let (rising, falling) = (s.unary(Unary::Exp, x), s.unary(Unary::Exp, negative));
            let how = if family == "sinh" { Binary::Subtract } else { Binary::Add };
            let both = s.binary(how, rising, falling);
            s.binary(Binary::Multiply, both, number(0.5))
        }
        "erfc" => {
            let other = s.unary(Unary::Erf, x);
            s.binary(Binary::Subtract, number(1.0), other)
        }
        "trunc" | "fix" => truncated(s, x),
        "frac" => {
            let whole = truncated(s, x.clone());
            s.binary(Binary::Subtract, x, whole)
        }
        "isnan" => s.binary(Binary::NotEqual, x.clone(), x),
        // What is not finite has no rank, and fails.
        "nan_to_num" => x,
        _ => return of_several(s, family, x, a),
    };
    Ok(Some(vec![made]))
}

fn truncated(s: &mut Steps<'_>, x: Operand) -> Operand {
    let (sign, size) = (s.unary(Unary::Sign, x.clone()), s.unary(Unary::Abs, x));
    let whole = s.unary(Unary::Floor, size);
    s.binary(Binary::Multiply, sign, whole)
}

/// x, times a factor that is not 1.
fn scaled(s: &mut Steps<'_>, x: Operand, factor: Option<f64>) -> Operand {
    match factor {
        None | Some(1.0) => x,
        Some(factor) => s.binary(Binary::Multiply, x, number(factor)),
    }
}

/// x W y for each unit, and its bias.
fn bilinear(s: &mut Steps<'_>, x: Operand, y: Operand, a: &Arguments<'_>) -> Result<Operand, String> {
    let letters = Plain::Einsum("...i,oij->...oj".to_owned());
    let half = s.plain(letters, vec![Operand::List(vec![x, a.at(2).ok_or_else(missing)?])]);
    let y = s.plain(Plain::Unsqueeze(vec![-2]), vec![y]);
    let products = s.binary(Binary::Multiply, half, y);
    let sums = s.reduce(Reduce::Sum, vec![-1], false, products);
    Ok(match a.at(3) {
        None | Some(Operand::Absent) => sums,
        Some(bias) => s.binary(Binary::Add, sums, bias),
    })
}

/// Elementwise functions of two values or more, and products with sums.
fn of_several(s: &mut Steps<'_>, family: &str, x: Operand, a: &Arguments<'_>) -> Made {
    let second = || a.at(1).ok_or_else(missing);
    let made = match family {
        "add" | "sub" | "rsub" if a.number("alpha").is_some_and(|alpha| alpha != 1.0) => {
            let how = if family == "add" { Binary::Add } else { Binary::Subtract };
            let (x, y) = if family == "rsub" { (second()?, x) } else { (x, second()?) };
            let y = scaled(s, y, a.number("alpha"));
            s.binary(how, x, y)
        }
        "addcmul" | "addcdiv" => {
            let how = if family == "addcmul" { Binary::Multiply } else { Binary::Divide };
            let made = s.binary(how, second()?, a.at(2).ok_or_else(missing)?);
            let made = scaled(s, made, a.number("value"));
            s.binary(Binary::Add, x, made)
        }
        "lerp" => {
            let way = s.binary(Binary::Subtract, second()?, x.clone());
            let part = s.binary(Binary::Multiply, way, a.at(2).ok_or_else(missing)?);
            s.binary(Binary::Add, x, part)
        }
        "baddbmm" => {
            let product = s.plain(Plain::MatMul, vec![second()?, a.at(2).ok_or_else(missing)?]);
            let product = scaled(s, product, a.number("alpha"));
            let x = scaled(s, x, a.number("beta"));
            s.binary(Binary::Add, x, product)
        }
        "logaddexp" => {
            let y = second()?;
            let largest = s.binary(Binary::Greatest, x.clone(), y.clone());
            let powers = [x, y].map(|one| {
                let below = s.binary(Binary::Subtract, one, largest.clone());
                s.unary(Unary::Exp, below)
            });
            let [one, other] = powers;
            let sum = s.binary(Binary::Add, one, other);
            let sum = s.unary(Unary::Log, sum);
            s.binary(Binary::Add, largest, sum)
        }
        "outer" | "ger" => {
            let column = s.plain(Plain::Unsqueeze(vec![1]), vec![x]);
            let row = s.plain(Plain::Unsqueeze(vec![0]), vec![second()?]);
            s.binary(Binary::Multiply, column, row)
        }
        "bilinear" => bilinear(s, x, second()?, a)?,
        "cosine_similarity" => cosine(s, x, second()?, a),
        "mv" => s.plain(Plain::MatMul, vec![x, second()?]),
        "dot" | "vdot" => {
            let product = s.binary(Binary::Multiply, x, second()?);
            s.reduce(Reduce::Sum, vec![-1], false, product)
        }
        _ => return Ok(None),
    };
    Ok(Some(vec![made]))
}

fn cosine(s: &mut Steps<'_>, x: Operand, y: Operand, a: &Arguments<'_>) -> Operand {
    let axes = vec![a.whole("dim").unwrap_or(1)];
    let least = a.number("eps").unwrap_or(1e-8);
    let product = s.binary(Binary::Multiply, x.clone(), y.clone());
    let product = s.reduce(Reduce::Sum, axes.clone(), false, product);
    let [one, other] = [x, y].map(|one| {
        let norm = s.reduce(Reduce::Norm, axes.clone(), false, one);
        s.binary(Binary::Greatest, norm, number(least))
    });
    let norms = s.binary(Binary::Multiply, one, other);
    s.binary(Binary::Divide, product, norms)
}

/// What many numbers come to.
pub fn sums(s: &mut Steps<'_>, family: &str, a: &Arguments<'_>) -> Made {
    let Some(x) = a.at(0) else { return Ok(None) };
    let (axes, keep) = (a.list("dim").unwrap_or_default(), a.flag("keepdim"));
    let corrected = a.number("correction").or(a.number("unbiased")).is_none_or(|correction| correction != 0.0);
    let order = a.number("ord").or(a.number("p"));
    let made = match family {
        "std" | "var_mean" | "std_mean" => {
            let variance = s.reduce(Reduce::Variance { corrected }, axes.clone(), keep, x.clone());
            let spread = if family == "var_mean" { variance } else { s.unary(Unary::Root, variance) };
            match family {
                "std" => vec![spread],
                _ => vec![spread, s.reduce(Reduce::Mean, axes, keep, x)],
            }
        }
        "any" | "all" => {
            let truth = s.plain(Plain::Cast(Numbers::Truth), vec![x]);
            let how = if family == "any" { Reduce::Largest } else { Reduce::Least };
            let made = s.reduce(how, axes, keep, truth);
            vec![s.plain(Plain::Cast(Numbers::Truth), vec![made])]
        }
        "logsumexp" => {
            let largest = s.reduce(Reduce::Largest, axes.clone(), true, x.clone());
            let below = s.binary(Binary::Subtract, x.clone(), largest);
            let powers = s.unary(Unary::Exp, below);
            let sum = s.reduce(Reduce::Sum, axes.clone(), keep, powers);
            let (sum, largest) = (s.unary(Unary::Log, sum), s.reduce(Reduce::Largest, axes, keep, x));
            vec![s.binary(Binary::Add, sum, largest)]
        }
        "linalg_norm" if axes.len() == 1 && order.is_none_or(|order| order == 2.0) => {
            vec![s.reduce(Reduce::Norm, axes, keep, x)]
        }
        "linalg_vector_norm" | "norm" | "linalg_norm" if order == Some(1.0) && !axes.is_empty() => {
            let sizes = s.unary(Unary::Abs, x);
            vec![s.reduce(Reduce::Sum, axes, keep, sizes)]
        }
        _ => return Ok(None),
    };
    Ok(Some(made))
}
