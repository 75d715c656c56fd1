//! What depends on no input, computed while the file is read.
//!
//! What is made of constants alone is kept like a tensor of the file. What is made of parameters is known here, and its
//! steps stay, so that the parameter is still seen.

use candle_core::{DType, Device, Result, Tensor, bail};

use super::limits::CONSTANTS as BUDGET;
use super::reader::Reader;
use crate::model::program::{Binary, Numbers, Op, Operand, Plain, Step, Unary};

/// Elements of the largest constant of which it is remembered how it was computed: those of norms are small.
const REMEMBERED: usize = 1 << 16;

impl Reader<'_> {
    /// Adds a step, or what it makes where that is known.
    pub(super) fn add(&mut self, step: Step) {
        if let Some(tensor) = self.compute(&step) {
            let name = step.outputs.first().cloned().unwrap_or_default();
            if !self.is_of_parameters(&step) {
                if tensor.dtype().is_float() && tensor.elem_count() <= REMEMBERED {
                    self.program.folded.push(step);
                }
                self.store(&name, tensor, false);
                return;
            }
            self.constants.insert(name, tensor);
        }
        self.program.steps.push(step);
    }

    fn is_of_parameters(&self, step: &Step) -> bool {
        if matches!(step.op, Op::Plain(Plain::Shape)) {
            return false;
        }
        let mut is = false;
        let made = |name: &str| match self.program.stored.get(name) {
            Some(stored) => stored.is_trained || super::super::recognize::is_named(name),
            None => true,
        };
        step.operands.iter().for_each(|operand| operand.names(&mut |name| is |= made(name)));
        is
    }

    fn compute(&mut self, step: &Step) -> Option<Tensor> {
        let (Op::Plain(plain), [_]) = (&step.op, step.outputs.as_slice()) else { return None };
        let lists = matches!(plain, Plain::Concat { .. } | Plain::Stack { .. });
        let operands = match step.operands.as_slice() {
            [Operand::List(list)] if lists => list.iter().map(|one| self.operand(one)).collect::<Option<Vec<_>>>()?,
            operands => operands.iter().map(|one| self.operand(one)).collect::<Option<Vec<_>>>()?,
        };
        let tensor = compute(plain, &operands, self.budget).ok()??;
        if holds_all(&tensor) {
            self.budget = self.budget.checked_sub(tensor.elem_count())?;
        }
        Some(tensor)
    }

    fn operand(&self, operand: &Operand) -> Option<Tensor> {
        match operand {
            Operand::Value(name) => self.constants.get(name).cloned(),
            Operand::Number(x) => Tensor::new(*x, &Device::Cpu).ok(),
            Operand::List(list) => {
                let number = |one: &Operand| match one {
                    Operand::Number(x) => Some(*x as i64),
                    _ => None,
                };
                Tensor::new(list.iter().map(number).collect::<Option<Vec<_>>>()?, &Device::Cpu).ok()
            }
            Operand::Absent => Tensor::new(&[] as &[i64], &Device::Cpu).ok(),
        }
    }
}

/// Whether memory is held for each element, as it is not for one that is broadcast.
fn holds_all(tensor: &Tensor) -> bool {
    !tensor.stride().contains(&0)
}

fn whole(tensor: &Tensor) -> Result<Vec<i64>> {
    tensor.to_dtype(DType::I64)?.flatten_all()?.to_vec1()
}

fn number(tensor: &Tensor) -> Result<f64> {
    match whole_or_real(tensor)?.as_slice() {
        [number] => Ok(*number),
        _ => bail!("not one number"),
    }
}

fn whole_or_real(tensor: &Tensor) -> Result<Vec<f64>> {
    tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()
}

/// An axis counted from 0.
fn axis(axis: isize, rank: usize) -> Result<usize> {
    let at = if axis < 0 { axis + rank as isize } else { axis };
    match usize::try_from(at) {
        Ok(at) if at < rank => Ok(at),
        _ => bail!("no axis {axis}"),
    }
}

/// What a step makes of constants; none where that is left for later.
fn compute(plain: &Plain, operands: &[Tensor], budget: usize) -> Result<Option<Tensor>> {
    let first = || operands.first().ok_or_else(|| candle_core::Error::Msg("no operand".to_owned()));
    if let Plain::Full = plain {
        return full(first()?, operands.get(1)).map(Some);
    }
    if operands.iter().map(Tensor::elem_count).sum::<usize>() > budget {
        return Ok(None);
    }
    let made = match plain {
        Plain::Identity => first()?.clone(),
        Plain::Cast(numbers) => cast(first()?, *numbers)?,
        Plain::Shape => Tensor::new(first()?.dims().iter().map(|dim| *dim as i64).collect::<Vec<_>>(), &Device::Cpu)?,
        Plain::Concat { axis: at } => Tensor::cat(operands, axis(*at, first()?.rank())?)?,
        Plain::Reshape { zero_copies } => reshape(first()?, operands.get(1), *zero_copies)?,
        Plain::Permute(axes) => {
            let rank = first()?.rank();
            first()?.permute(axes.iter().map(|at| axis(*at, rank)).collect::<Result<Vec<_>>>()?)?.contiguous()?
        }
        Plain::Transpose(a, b) => {
            let rank = first()?.rank();
            first()?.transpose(axis(*a, rank)?, axis(*b, rank)?)?.contiguous()?
        }
        Plain::Expand { by_broadcast: true } => expand(first()?, operands.get(1))?,
        Plain::Unsqueeze(axes) => unsqueeze(first()?, axes)?,
        Plain::Squeeze(axes) => squeeze(first()?, axes)?,
        Plain::Slice { axis: at } => slice(first()?, *at, &operands[1..])?,
        Plain::Select { axis: at } => select(first()?, *at, operands.get(1))?,
        Plain::Take { axis: at } => take(first()?, *at, operands.get(1))?,
        Plain::Arange => arange(operands, budget)?,
        Plain::Unary(function) => unary(*function, first()?)?,
        Plain::Binary(function) => binary(*function, operands, budget)?,
        Plain::Where => choose(operands, budget)?,
        _ => return Ok(None),
    };
    Ok(Some(made))
}

fn full(sizes: &Tensor, value: Option<&Tensor>) -> Result<Tensor> {
    let sizes = whole(sizes)?.into_iter().map(usize::try_from).collect::<std::result::Result<Vec<_>, _>>();
    let sizes = sizes.map_err(candle_core::Error::wrap)?;
    let count = sizes.iter().try_fold(1usize, |count, size| count.checked_mul(*size));
    let value = value.map_or_else(|| Tensor::new(0f32, &Device::Cpu), Tensor::flatten_all)?;
    match count {
        Some(count) if count <= BUDGET && value.elem_count() == 1 => value.reshape(())?.broadcast_as(sizes),
        _ => bail!("too large"),
    }
}

fn cast(x: &Tensor, numbers: Numbers) -> Result<Tensor> {
    match numbers {
        Numbers::Real => x.to_dtype(DType::F32),
        Numbers::Whole => x.to_dtype(DType::I64),
        Numbers::Truth => x.ne(&x.zeros_like()?),
    }
}

fn reshape(x: &Tensor, sizes: Option<&Tensor>, zero_copies: bool) -> Result<Tensor> {
    let asked = sizes.map_or(Ok(Vec::new()), whole)?;
    let known = |(at, size): (usize, &i64)| match size {
        0 if zero_copies => x.dims().get(at).copied(),
        size => usize::try_from(*size).ok(),
    };
    let sizes: Vec<_> = asked.iter().enumerate().map(known).collect();
    let others: usize = sizes.iter().flatten().try_fold(1usize, |n, size| n.checked_mul(*size)).unwrap_or(0);
    let left = x.elem_count().checked_div(others).unwrap_or(0);
    x.reshape(sizes.into_iter().map(|size| size.unwrap_or(left)).collect::<Vec<_>>())
}

/// Copies without memory of their own.
fn expand(x: &Tensor, sizes: Option<&Tensor>) -> Result<Tensor> {
    let sizes = sizes.map_or(Ok(Vec::new()), whole)?.into_iter().map(usize::try_from);
    let sizes = sizes.collect::<std::result::Result<Vec<_>, _>>().map_err(candle_core::Error::wrap)?;
    let count = sizes.iter().try_fold(x.elem_count(), |count, size| count.checked_mul(*size));
    match count {
        Some(count) if count <= BUDGET => x.broadcast_as(x.shape().broadcast_shape_binary_op(&sizes.into(), "expand")?),
        _ => bail!("too large"),
    }
}

fn unsqueeze(x: &Tensor, axes: &[isize]) -> Result<Tensor> {
    let rank = x.rank() + axes.len();
    let mut axes = axes.iter().map(|at| axis(*at, rank)).collect::<Result<Vec<_>>>()?;
    axes.sort_unstable();
    axes.into_iter().try_fold(x.clone(), |x, at| x.unsqueeze(at))
}

fn squeeze(x: &Tensor, axes: &[isize]) -> Result<Tensor> {
    let named = axes.iter().map(|at| axis(*at, x.rank())).collect::<Result<Vec<_>>>()?;
    let goes = |at: usize, size: usize| if axes.is_empty() { size == 1 } else { named.contains(&at) };
    let kept: Vec<_> =
        x.dims().iter().enumerate().filter(|(at, size)| !goes(*at, **size)).map(|(_, size)| *size).collect();
    x.reshape(kept)
}

fn slice(x: &Tensor, at: isize, bounds: &[Tensor]) -> Result<Tensor> {
    let at = axis(at, x.rank())?;
    let bound = |which: usize| bounds.get(which).filter(|bound| bound.elem_count() == 1).map(whole).transpose();
    let first = |bound: Option<Vec<i64>>| bound.and_then(|bound| bound.first().copied());
    let (start, end, step) = (first(bound(0)?), first(bound(1)?), first(bound(2)?).unwrap_or(1));
    let size = x.dims()[at] as i64;
    let from_end = |place: i64| if place < 0 { place.saturating_add(size) } else { place };
    let places: Vec<i64> = match step {
        0 => bail!("a step of 0"),
        1.. => {
            let start = from_end(start.unwrap_or(0)).clamp(0, size);
            let end = from_end(end.unwrap_or(size)).clamp(0, size);
            if step == 1 {
                return x.narrow(at, start as usize, (end - start).max(0) as usize)?.contiguous();
            }
            (start..end).step_by(step as usize).collect()
        }
        _ => {
            let start = from_end(start.unwrap_or(size - 1)).min(size - 1);
            let end = end.map_or(-1, |end| from_end(end).max(-1));
            (end + 1..=start).rev().step_by(step.unsigned_abs() as usize).collect()
        }
    };
    x.contiguous()?.index_select(&Tensor::new(places, &Device::Cpu)?, at)
}

fn places(x: &Tensor, at: usize, places: Option<&Tensor>) -> Result<Tensor> {
    let Some(asked) = places else { bail!("no places") };
    let size = x.dims()[at] as i64;
    let from_start = |place: i64| if place < 0 { place + size } else { place };
    let found: Vec<_> = whole(asked)?.into_iter().map(from_start).collect();
    match found.iter().all(|place| (0..size).contains(place)) {
        true => Tensor::from_vec(found, asked.dims(), &Device::Cpu),
        false => bail!("a place outside"),
    }
}

fn take(x: &Tensor, at: isize, asked: Option<&Tensor>) -> Result<Tensor> {
    let at = axis(at, x.rank())?;
    let places = places(x, at, asked)?;
    let dims = [&x.dims()[..at], places.dims(), &x.dims()[at + 1..]].concat();
    x.contiguous()?.index_select(&places.flatten_all()?, at)?.reshape(dims)
}

fn select(x: &Tensor, at: isize, asked: Option<&Tensor>) -> Result<Tensor> {
    let Some(place) = asked else { bail!("no place") };
    take(x, at, Some(&place.reshape(())?))
}

fn arange(operands: &[Tensor], budget: usize) -> Result<Tensor> {
    let [start, end, step] = operands else { bail!("no bounds") };
    let is_whole = operands.iter().all(|bound| bound.dtype() == DType::I64);
    let (start, end, step) = (number(start)?, number(end)?, number(step)?);
    let count = ((end - start) / step).ceil().max(0.0);
    if !count.is_finite() || count > budget as f64 {
        bail!("too long");
    }
    let values: Vec<_> = (0..count as usize).map(|at| start + at as f64 * step).collect();
    Tensor::new(values, &Device::Cpu)?.to_dtype(if is_whole { DType::I64 } else { DType::F32 })
}

fn unary(function: Unary, x: &Tensor) -> Result<Tensor> {
    let real = |x: &Tensor, f: fn(f64) -> f64| {
        let dtype = x.dtype();
        let values: Vec<_> = whole_or_real(x)?.into_iter().map(f).collect();
        Tensor::from_vec(values, x.dims(), &Device::Cpu)?.to_dtype(dtype)
    };
    match function {
        Unary::Abs => real(x, f64::abs),
        Unary::Ceil => real(x, f64::ceil),
        Unary::Cos => real(x, f64::cos),
        Unary::Erf => real(x, libm::erf),
        Unary::Exp => real(x, f64::exp),
        Unary::Floor => real(x, f64::floor),
        Unary::Log => real(x, f64::ln),
        Unary::Negative => real(x, |x| -x),
        Unary::Not => x.eq(&x.zeros_like()?),
        Unary::Reciprocal => real(x, f64::recip),
        Unary::ReciprocalRoot => real(x, |x| x.sqrt().recip()),
        Unary::Round => real(x, f64::round_ties_even),
        Unary::Sign => real(x, |x| if x == 0.0 { 0.0 } else { x.signum() }),
        Unary::Sin => real(x, f64::sin),
        Unary::Root => real(x, f64::sqrt),
        Unary::Square => real(x, |x| x * x),
    }
}

fn binary(function: Binary, operands: &[Tensor], budget: usize) -> Result<Tensor> {
    let [a, b] = operands else { bail!("not two operands") };
    let shape = a.shape().broadcast_shape_binary_op(b.shape(), "binary")?;
    if shape.elem_count() > budget {
        bail!("too large");
    }
    let kind = match (a.dtype(), b.dtype()) {
        // A number of a step has the kind of what it meets.
        (DType::F64, other) | (other, DType::F64) => other,
        (DType::I64, DType::I64) => DType::I64,
        (DType::U8, DType::U8) => DType::U8,
        _ => DType::F32,
    };
    let numbers = |x: &Tensor| whole_or_real(&x.broadcast_as(&shape)?);
    let (left, right) = (numbers(a)?, numbers(b)?);
    let values: Vec<_> = left.into_iter().zip(right).map(|(a, b)| function.of(a, b)).collect();
    let is_truth = is_truth(function);
    Tensor::from_vec(values, &shape, &Device::Cpu)?.to_dtype(if is_truth { DType::U8 } else { kind })
}

fn choose(operands: &[Tensor], budget: usize) -> Result<Tensor> {
    let [condition, a, b] = operands else { bail!("not three operands") };
    let shape = a.shape().broadcast_shape_binary_op(b.shape(), "where")?;
    let shape = shape.broadcast_shape_binary_op(condition.shape(), "where")?;
    if shape.elem_count() > budget {
        bail!("too large");
    }
    let kind = if a.dtype() == DType::F64 { b.dtype() } else { a.dtype() };
    let of_kind = |x: &Tensor| x.to_dtype(kind)?.broadcast_as(&shape)?.contiguous();
    let condition = condition.to_dtype(DType::U8)?.broadcast_as(&shape)?.contiguous()?;
    condition.where_cond(&of_kind(a)?, &of_kind(b)?)
}

fn is_truth(function: Binary) -> bool {
    !matches!(
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
    )
}
