//! Arithmetic on what does not depend on the samples.

use candle_core::{DType, Device, Result, Tensor, bail};
use neartop_core::arithmetic::{Arithmetic, Binary};
use neartop_core::network::Stored;

use super::values::Fixed;
use crate::model::program::{Numbers, Plain, Unary};

/// The most elements of a constant: beyond it a file asks for more than a network can need.
const MOST: usize = 1 << 28;

/// An axis of so many, of which negative ones count from the end.
pub fn axis(axis: isize, rank: usize) -> Result<usize> {
    let at = if axis < 0 { axis + rank as isize } else { axis };
    match usize::try_from(at) {
        Ok(at) if at < rank.max(1) => Ok(at),
        _ => bail!("there is no axis {axis} among {rank}"),
    }
}

/// Sizes of which one may be -1: what is left of `elements`.
pub fn sizes(asked: &[f64], old: &[usize], zero_copies: bool) -> Result<Vec<usize>> {
    let elements: usize = old.iter().product();
    let known = |(at, size): (usize, &f64)| match *size {
        -1.0 => Ok(None),
        0.0 if zero_copies => Ok(Some(old.get(at).copied().unwrap_or(0))),
        size if size >= 0.0 && size.fract() == 0.0 && size < MOST as f64 => Ok(Some(size as usize)),
        size => bail!("{size} is no size of an axis"),
    };
    let sizes = asked.iter().enumerate().map(known).collect::<Result<Vec<_>>>()?;
    let others: usize = sizes.iter().flatten().product();
    Ok(sizes.into_iter().map(|size| size.unwrap_or(elements / others.max(1))).collect())
}

/// A place along an axis of so many, of which negative ones count from the end.
pub fn place(at: f64, size: usize) -> Result<usize> {
    let from_start = if at < 0.0 { at + size as f64 } else { at };
    match from_start >= 0.0 && from_start < size as f64 && from_start.fract() == 0.0 {
        true => Ok(from_start as usize),
        false => bail!("there is no place {at} among {size}"),
    }
}

/// Start, length and step of a slice, as Python reads one.
pub fn slice(size: usize, start: Option<f64>, end: Option<f64>, step: Option<f64>) -> Result<[usize; 3]> {
    let step = step.unwrap_or(1.0);
    if step < 1.0 {
        bail!("a step of {step} is not known");
    }
    let clamp = |at: f64| (if at < 0.0 { at + size as f64 } else { at }).clamp(0.0, size as f64) as usize;
    let (start, end) = (clamp(start.unwrap_or(0.0)), clamp(end.unwrap_or(f64::MAX)));
    Ok([start, end.saturating_sub(start).div_ceil(step as usize), step as usize])
}

/// The places of a slice that goes backwards, as Python reads one.
pub fn backwards(size: usize, start: Option<f64>, end: Option<f64>, step: f64) -> Result<Vec<usize>> {
    if step.fract() != 0.0 || step > -1.0 {
        bail!("a step of {step} is not known");
    }
    let last = size as f64 - 1.0;
    let from_start = |at: f64| (if at < 0.0 { at + size as f64 } else { at }).clamp(-1.0, last);
    let (start, end) = (start.map_or(last, from_start), end.map_or(-1.0, from_start));
    let count = ((start - end) / -step).ceil().max(0.0) as usize;
    Ok((0..count).map(|at| (start + at as f64 * step) as usize).collect())
}

/// The whole numbers from `start` to before `end`.
pub fn arange(start: f64, end: f64, step: f64) -> Result<Tensor> {
    let count = ((end - start) / step).ceil().max(0.0);
    if !count.is_finite() || count > MOST as f64 {
        bail!("a range from {start} to {end} by {step} is too long");
    }
    let values: Vec<_> = (0..count as usize).map(|at| start + at as f64 * step).collect();
    Tensor::new(values, &Device::Cpu)
}

/// A tensor of one value.
pub fn full(sizes: Vec<usize>, value: f64) -> Result<Tensor> {
    check(&sizes)?;
    Tensor::full(value, sizes, &Device::Cpu)
}

/// Refuses what is too large.
pub fn check(sizes: &[usize]) -> Result<()> {
    match sizes.iter().try_fold(1usize, |n, size| n.checked_mul(*size)) {
        Some(n) if n <= MOST => Ok(()),
        _ => bail!("a constant of {sizes:?} is too large"),
    }
}

/// Ones on and below the diagonal, or on and above it.
pub fn triangle([rows, columns]: [usize; 2], is_lower: bool, diagonal: i64) -> Result<Tensor> {
    check(&[rows, columns])?;
    let inside = |at: usize| {
        let beyond = (at % columns) as i64 - (at / columns) as i64 - diagonal;
        f64::from(u8::from(if is_lower { beyond <= 0 } else { beyond >= 0 }))
    };
    Tensor::from_vec((0..rows * columns).map(inside).collect::<Vec<_>>(), (rows, columns), &Device::Cpu)
}

/// What stands within a triangle of the last two axes, with zeros in place of the rest, which may be infinite.
pub fn within_triangle(x: Fixed, is_lower: bool, diagonal: i64) -> Result<Fixed> {
    let [.., rows, columns] = x.tensor.dims() else { bail!("it is no matrix") };
    let inside = Fixed::constant(triangle([*rows, *columns], is_lower, diagonal)?);
    let is_truth = x.is_truth;
    let made = eval(&Arithmetic::Where, &[inside, x, Fixed::number(0.0)?])?;
    Ok(Fixed { is_truth, ..made })
}

/// What arithmetic makes of constants, in double precision.
pub fn eval(arithmetic: &Arithmetic, operands: &[Fixed]) -> Result<Fixed> {
    let tensors = operands.iter().map(|fixed| fixed.tensor.to_dtype(DType::F64)).collect::<Result<Vec<_>>>()?;
    let dims: Vec<_> = tensors.iter().map(Tensor::dims).collect();
    check(&arithmetic.dims(&dims).map_err(candle_core::Error::Msg)?)?;
    let is_trained = operands.iter().any(|fixed| fixed.is_trained);
    let source = match operands {
        [one] => source(arithmetic, one),
        _ => None,
    };
    // A view of a parameter keeps its precision, and its numbers.
    let tensor = match (&source, operands) {
        (Some(_), [one]) => arithmetic.eval(std::slice::from_ref(&one.tensor))?,
        _ => arithmetic.eval(&tensors)?,
    };
    let is_frozen = is_trained && operands.iter().all(|fixed| fixed.is_frozen || !fixed.is_trained);
    Ok(Fixed { tensor, is_trained, is_frozen, is_truth: is_truth(arithmetic, operands), source })
}

/// Whether a result is of truths.
fn is_truth(arithmetic: &Arithmetic, operands: &[Fixed]) -> bool {
    match arithmetic {
        Arithmetic::Cast(numbers) => *numbers == Numbers::Truth,
        Arithmetic::Unary(function) => *function == Unary::Not,
        Arithmetic::Binary(function) => !matches!(
            function,
            Binary::Add
                | Binary::Subtract
                | Binary::Multiply
                | Binary::Divide
                | Binary::FloorDivide
                | Binary::Remainder
                | Binary::Power
                | Binary::Least
                | Binary::Greatest
        ),
        Arithmetic::Reduce { .. } | Arithmetic::Softmax { .. } | Arithmetic::CumulativeSum { .. } => false,
        Arithmetic::MatMul => false,
        Arithmetic::Where => operands.iter().skip(1).all(|fixed| fixed.is_truth),
        _ => operands.iter().all(|fixed| fixed.is_truth),
    }
}

/// The parameter that is still seen after a rearrangement.
fn source(arithmetic: &Arithmetic, of: &Fixed) -> Option<Stored> {
    let source = of.source.clone()?;
    let dims = of.tensor.dims();
    match arithmetic {
        Arithmetic::Identity | Arithmetic::Cast(Numbers::Real) => Some(source),
        Arithmetic::Permute(axes) if axes.as_slice() == [1, 0] && source.rows.is_none() => {
            Some(Stored { is_transposed: !source.is_transposed, ..source })
        }
        Arithmetic::Slice { axis: 0, start, length, step: 1 } if !source.is_transposed => {
            let first = source.rows.map_or(0, |[first, _]| first);
            let all = *length == dims[0] && source.rows.is_none();
            Some(Stored { rows: (!all).then_some([first + start, *length]), ..source })
        }
        Arithmetic::Expand(to) => is_repeated(dims, to).then_some(source),
        Arithmetic::Reshape(to) => (plain(to) == plain(dims)).then_some(source),
        _ => None,
    }
}

/// Sizes but for those of 1.
fn plain(dims: &[usize]) -> Vec<usize> {
    dims.iter().copied().filter(|size| *size > 1).collect()
}

/// Whether the numbers are these, repeated along one axis at the most, which may be that of the samples.
fn is_repeated(dims: &[usize], to: &[usize]) -> bool {
    let new = to.len().saturating_sub(dims.len());
    let old = std::iter::repeat_n(1, new).chain(dims.iter().copied());
    old.zip(to).filter(|(old, to)| old != *to).count() < 2
}

/// Steps that are elementwise, whatever they take.
pub fn elementwise(plain: &Plain) -> Option<Arithmetic> {
    match plain {
        Plain::Unary(function) => Some(Arithmetic::Unary(*function)),
        Plain::Binary(function) => Some(Arithmetic::Binary(*function)),
        Plain::Where => Some(Arithmetic::Where),
        Plain::Cast(numbers) => Some(Arithmetic::Cast(*numbers)),
        Plain::Identity => Some(Arithmetic::Identity),
        _ => None,
    }
}
