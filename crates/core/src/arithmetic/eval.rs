//! Results.

use candle_core::{DType, Result, Tensor, bail};

use super::places::{gather, order, rows, scatter};
use super::{Arithmetic, Binary, Numbers, Reduce, Unary, matmul};

impl Arithmetic {
    /// The result, which a backward pass can go through where the function has a derivative.
    ///
    /// # Errors
    /// If the tensors do not fit, see [`Arithmetic::dims`].
    pub fn eval(&self, inputs: &[Tensor]) -> Result<Tensor> {
        let Some(x) = inputs.first() else { bail!("there is nothing to compute with") };
        match self {
            Self::Unary(function) => function.eval(x),
            Self::Binary(function) => match inputs {
                [a, b] => function.eval(a, b),
                _ => bail!("{function:?} takes two tensors"),
            },
            Self::Where => match inputs {
                [condition, a, b] => choose(condition, a, b),
                _ => bail!("a choice takes three tensors"),
            },
            Self::MatMul => match inputs {
                [a, b] => matmul(a, b),
                _ => bail!("a product takes two tensors"),
            },
            Self::Reduce { how, axes, keep } => how.eval(x, axes, *keep),
            Self::Softmax { axis, is_log } => softmax(x, *axis, *is_log),
            Self::CumulativeSum { axis } => cumulative_sum(x, *axis),
            Self::Reshape(dims) => x.reshape(dims.as_slice()),
            Self::Permute(axes) => x.permute(axes.as_slice())?.contiguous(),
            Self::Expand(dims) => x.broadcast_as(dims.as_slice())?.contiguous(),
            Self::Slice { axis, start, length, step: 1 } => x.narrow(*axis, *start, *length)?.contiguous(),
            Self::Slice { axis, start, length, step } => {
                let places: Vec<_> = (0..*length).map(|at| start + at * step).collect();
                take(x, *axis, &places)
            }
            Self::Concat { axis } => Tensor::cat(inputs, *axis),
            Self::Take { axis, places } => take(x, *axis, places),
            Self::Order { axis, descending } => order(x, *axis, *descending),
            Self::Gather { .. } | Self::Rows | Self::Scatter { .. } => self.by_places(inputs),
            Self::Pad { axis, before, after, value } => pad(x, *axis, [*before, *after], *value),
            Self::Cast(Numbers::Real) | Self::Identity => Ok(x.clone()),
            Self::Cast(Numbers::Whole) => truncated(x),
            Self::Cast(Numbers::Truth) => as_numbers(&x.ne(&x.zeros_like()?)?, x),
        }
    }
}

impl Arithmetic {
    fn by_places(&self, inputs: &[Tensor]) -> Result<Tensor> {
        match (self, inputs) {
            (Self::Gather { axis }, [x, places]) => gather(x, places, *axis),
            (Self::Rows, [table, places]) => rows(table, places),
            (Self::Scatter { axis, adds }, [x, places, values]) => scatter(x, places, values, *axis, *adds),
            _ => bail!("places are missing"),
        }
    }
}

impl Unary {
    fn eval(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Abs => x.abs(),
            Self::Ceil => x.ceil(),
            Self::Cos => x.cos(),
            Self::Erf => x.erf(),
            Self::Exp => x.exp(),
            Self::Floor => x.floor(),
            Self::Log => x.log(),
            Self::Negative => x.neg(),
            Self::Not => as_numbers(&x.eq(&x.zeros_like()?)?, x),
            Self::Reciprocal => x.recip(),
            Self::ReciprocalRoot => x.sqrt()?.recip(),
            Self::Round => x.round(),
            Self::Sign => x.sign(),
            Self::Sin => x.sin(),
            Self::Root => x.sqrt(),
            Self::Square => x.sqr(),
        }
    }
}

impl Binary {
    /// Of two numbers; truths are 1 and 0.
    #[must_use]
    pub fn of(self, a: f64, b: f64) -> f64 {
        let truth = |is: bool| f64::from(u8::from(is));
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::FloorDivide => (a / b).floor(),
            Self::Remainder => a - (a / b).floor() * b,
            Self::Power => a.powf(b),
            Self::Least => a.min(b),
            Self::Greatest => a.max(b),
            Self::Equal => truth(a == b),
            Self::NotEqual => truth(a != b),
            Self::Less => truth(a < b),
            Self::LessOrEqual => truth(a <= b),
            Self::Greater => truth(a > b),
            Self::GreaterOrEqual => truth(a >= b),
            Self::And => truth(a != 0.0 && b != 0.0),
            Self::Or => truth(a != 0.0 || b != 0.0),
            Self::Xor => truth((a != 0.0) != (b != 0.0)),
        }
    }

    fn eval(self, a: &Tensor, b: &Tensor) -> Result<Tensor> {
        let truth = |x: &Tensor| as_numbers(&x.ne(&x.zeros_like()?)?, x);
        let holds = |truth: Result<Tensor>| as_numbers(&truth?, a);
        match self {
            Self::Add => a.broadcast_add(b),
            Self::Subtract => a.broadcast_sub(b),
            Self::Multiply => a.broadcast_mul(b),
            Self::Divide => a.broadcast_div(b),
            Self::FloorDivide => a.broadcast_div(b)?.floor(),
            Self::Remainder => a.broadcast_sub(&a.broadcast_div(b)?.floor()?.broadcast_mul(b)?),
            Self::Power => power(a, b),
            Self::Least => a.broadcast_minimum(b),
            Self::Greatest => a.broadcast_maximum(b),
            Self::Equal => holds(a.broadcast_eq(b)),
            Self::NotEqual => holds(a.broadcast_ne(b)),
            Self::Less => holds(a.broadcast_lt(b)),
            Self::LessOrEqual => holds(a.broadcast_le(b)),
            Self::Greater => holds(a.broadcast_gt(b)),
            Self::GreaterOrEqual => holds(a.broadcast_ge(b)),
            Self::And => truth(a)?.broadcast_mul(&truth(b)?),
            Self::Or => truth(a)?.broadcast_maximum(&truth(b)?),
            Self::Xor => holds(truth(a)?.broadcast_ne(&truth(b)?)),
        }
    }
}

impl Reduce {
    fn eval(self, x: &Tensor, axes: &[usize], keep: bool) -> Result<Tensor> {
        let count: usize = axes.iter().map(|axis| x.dims().get(*axis).copied().unwrap_or(1)).product();
        let one =
            |f: &dyn Fn(&Tensor, usize) -> Result<Tensor>| axes.iter().try_fold(x.clone(), |x, axis| f(&x, *axis));
        let kept = match self {
            Self::Sum => x.sum_keepdim(axes)?,
            Self::Mean => x.mean_keepdim(axes)?,
            Self::Largest => one(&|x, axis| x.max_keepdim(axis))?,
            Self::Least => one(&|x, axis| x.min_keepdim(axis))?,
            Self::Product => one(&|x, axis| product(x, axis))?,
            Self::Variance { corrected } => {
                let centred = x.broadcast_sub(&x.mean_keepdim(axes)?)?;
                let divisor = if corrected { count.saturating_sub(1) } else { count };
                (centred.sqr()?.sum_keepdim(axes)? / divisor as f64)?
            }
            Self::Norm => x.sqr()?.sum_keepdim(axes)?.sqrt()?,
        };
        if keep {
            return Ok(kept);
        }
        let rest: Vec<_> = (0..x.rank()).filter(|axis| !axes.contains(axis)).map(|axis| x.dims()[axis]).collect();
        kept.reshape(rest)
    }
}

/// Truths as ones and zeros of the precision of `like`.
fn as_numbers(truth: &Tensor, like: &Tensor) -> Result<Tensor> {
    truth.to_dtype(like.dtype())
}

fn truncated(x: &Tensor) -> Result<Tensor> {
    x.sign()?.mul(&x.abs()?.floor()?)
}

fn power(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    // Common powers as products are exact and defined for negative numbers.
    if b.elem_count() == 1 {
        let exponent = b.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?[0];
        let dims = super::broadcast(a.dims(), b.dims()).map_err(candle_core::Error::Msg)?;
        let a = a.broadcast_as(dims)?.contiguous()?;
        return match exponent {
            0.5 => a.sqrt(),
            -0.5 => a.sqrt()?.recip(),
            -1.0 => a.recip(),
            2.0 => a.sqr(),
            3.0 => a.sqr()? * a,
            4.0 => a.sqr()?.sqr(),
            exponent => a.powf(exponent),
        };
    }
    a.broadcast_pow(b)
}

/// `a` where the condition holds, else `b`.
fn choose(condition: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let message = candle_core::Error::Msg;
    let dims = super::broadcast(a.dims(), b.dims()).map_err(message)?;
    let dims = super::broadcast(&dims, condition.dims()).map_err(message)?;
    let [condition, a, b] = [condition, a, b].map(|x| x.broadcast_as(dims.as_slice()));
    let condition = condition?;
    condition.ne(&condition.zeros_like()?)?.where_cond(&a?.contiguous()?, &b?.contiguous()?)
}

fn softmax(x: &Tensor, axis: usize, is_log: bool) -> Result<Tensor> {
    let largest = x.max_keepdim(axis)?.detach();
    // Rows that see nothing hold minus infinity alone, and give what the formula gives.
    let shifted = x.broadcast_sub(&largest)?;
    let powers = shifted.exp()?;
    let sums = powers.sum_keepdim(axis)?;
    if is_log { shifted.broadcast_sub(&sums.log()?) } else { powers.broadcast_div(&sums) }
}

fn cumulative_sum(x: &Tensor, axis: usize) -> Result<Tensor> {
    let mut sums = Vec::with_capacity(x.dim(axis)?);
    for at in 0..x.dim(axis)? {
        let one = x.narrow(axis, at, 1)?;
        let sum = sums.last().map_or(Ok(one.clone()), |last| &one + last)?;
        sums.push(sum);
    }
    if sums.is_empty() { Ok(x.clone()) } else { Tensor::cat(&sums, axis) }
}

fn product(x: &Tensor, axis: usize) -> Result<Tensor> {
    let ones = x.narrow(axis, 0, 1)?.ones_like()?;
    (0..x.dim(axis)?).try_fold(ones, |product, at| product * x.narrow(axis, at, 1)?)
}

fn take(x: &Tensor, axis: usize, places: &[usize]) -> Result<Tensor> {
    let places: Vec<_> = places.iter().map(|place| *place as u32).collect();
    let places = Tensor::new(places, x.device())?;
    x.contiguous()?.index_select(&places, axis)
}

fn pad(x: &Tensor, axis: usize, [before, after]: [usize; 2], value: f64) -> Result<Tensor> {
    let block = |size: usize| {
        let mut dims = x.dims().to_vec();
        dims[axis] = size;
        Tensor::full(value, dims, x.device())?.to_dtype(x.dtype())
    };
    let parts = [(before > 0).then(|| block(before)), Some(Ok(x.clone())), (after > 0).then(|| block(after))];
    Tensor::cat(&parts.into_iter().flatten().collect::<Result<Vec<_>>>()?, axis)
}
