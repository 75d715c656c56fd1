//! Elements of constants by their places.

use candle_core::{DType, Tensor};
use neartop_core::arithmetic::{Arithmetic, Binary};

use super::values::{Fixed, Traced};
use super::{Result, Tracer, fixed, text};
use crate::model::program::{Operand, Reduce, Step};

impl Tracer<'_> {
    pub(super) fn taken_of_fixed(x: Fixed, axis: usize, places: &Fixed) -> Result<Fixed> {
        let sizes = x.tensor.dims().to_vec();
        let found = places.numbers().map_err(text)?;
        let found =
            found.iter().map(|place| fixed::place(*place, sizes[axis])).collect::<candle_core::Result<Vec<_>>>();
        let taken = fixed::eval(&Arithmetic::Take { axis, places: found.map_err(text)? }, &[x]).map_err(text)?;
        let to = [&sizes[..axis], places.tensor.dims(), &sizes[axis + 1..]].concat();
        let tensor = taken.tensor.reshape(to).map_err(text)?;
        Ok(taken.seen(tensor, None))
    }

    /// `x[i, j]` with whole numbers by axis, from the first on.
    pub(super) fn index_of_fixed(&self, step: &Step, x: Fixed) -> Result<Fixed> {
        let Some(Operand::List(list)) = step.operands.get(1) else { return Err("its places are missing".into()) };
        let taken = list.iter().map(|operand| self.take(Some(operand))).collect::<Result<Vec<_>>>()?;
        let named: Vec<_> = taken.into_iter().enumerate().filter_map(|(axis, one)| Some((axis, one?))).collect();
        let fixed = named.iter().map(|(axis, one)| match one {
            Traced::Fixed(one) if !one.is_truth => Ok((*axis, one.clone())),
            _ => Err("which elements it takes depends on the input, or on truths".to_owned()),
        });
        let fixed = fixed.collect::<Result<Vec<_>>>()?;
        match fixed.as_slice() {
            [(axis, places)] => Self::taken_of_fixed(x, *axis, places),
            many if many.iter().enumerate().all(|(at, (axis, _))| at == *axis) => Self::at_all(x, many),
            _ => Err("it takes elements by several axes that are not the first ones".into()),
        }
    }

    /// The elements at places that all first axes name together.
    fn at_all(x: Fixed, places: &[(usize, Fixed)]) -> Result<Fixed> {
        let sizes = x.tensor.dims().to_vec();
        let (named, rest) = sizes.split_at(places.len());
        let places: Vec<_> = places.iter().map(|(_, one)| one.clone()).collect();
        let rows = flat(&places, named)?;
        let flat = [&[named.iter().product::<usize>()], rest].concat();
        let flat = x.tensor.to_dtype(DType::F64).and_then(|tensor| tensor.reshape(flat)).map_err(text)?;
        Self::taken_of_fixed(Fixed { tensor: flat, source: None, ..x }, 0, &rows)
    }

    /// `torch.gather`
    pub(super) fn gathered(&self, step: &Step, x: Fixed, axis: usize) -> Result<Fixed> {
        let places = match self.need(step, 1)? {
            Traced::Fixed(places) => places,
            Traced::Live(places) => return alike(&x, places.sizes(self.samples)),
        };
        let (sizes, to) = (x.tensor.dims().to_vec(), places.tensor.dims().to_vec());
        if sizes.len() != to.len() || sizes.is_empty() {
            return Err("its places have other axes".into());
        }
        let (values, numbers) = (x.numbers().map_err(text)?, places.numbers().map_err(text)?);
        let mut found = Vec::with_capacity(numbers.len());
        for (at, number) in numbers.iter().enumerate() {
            let (mut rest, mut run, mut flat) = (at, 1, 0);
            for (which, (size, own)) in sizes.iter().zip(&to).enumerate().rev() {
                let along = rest % own.max(&1);
                rest /= own.max(&1);
                let place = if which == axis { fixed::place(*number, *size).map_err(text)? } else { along };
                flat += place * run;
                run *= size;
            }
            found.push(*values.get(flat).ok_or("it takes what is not there")?);
        }
        let tensor = Tensor::from_vec(found, to, &candle_core::Device::Cpu).map_err(text)?;
        Ok(x.seen(tensor, None))
    }

    /// A constant with a part of it changed.
    pub(super) fn scatter(&self, step: &Step, parts: &[(isize, [Option<i64>; 3])]) -> Result<Fixed> {
        let (x, value) = (self.fixed(step, 0)?.ok_or("it is missing")?, self.fixed(step, 1)?.ok_or("it is missing")?);
        let sizes = x.tensor.dims().to_vec();
        let mut taken: Vec<Vec<usize>> = sizes.iter().map(|size| (0..*size).collect()).collect();
        for (axis, part) in parts {
            let axis = fixed::axis(*axis, sizes.len()).map_err(text)?;
            let [start, end, by] = part.map(|at| at.map(|at| at as f64));
            let [start, length, by] = fixed::slice(taken[axis].len(), start, end, by).map_err(text)?;
            taken[axis] = (0..length).map(|at| taken[axis][start + at * by]).collect();
        }
        let dims: Vec<_> = taken.iter().map(Vec::len).collect();
        let value =
            value.tensor.to_dtype(DType::F64).and_then(|value| value.broadcast_as(dims.as_slice())?.contiguous());
        let values = value.and_then(|value| value.flatten_all()?.to_vec1::<f64>()).map_err(text)?;
        let mut all = x.numbers().map_err(text)?;
        for (at, value) in values.into_iter().enumerate() {
            let (mut rest, mut run, mut flat) = (at, 1, 0);
            for (places, size) in taken.iter().zip(&sizes).rev() {
                flat += places[rest % places.len()] * run;
                rest /= places.len();
                run *= size;
            }
            all[flat] = value;
        }
        let tensor = Tensor::from_vec(all, sizes, &candle_core::Device::Cpu).map_err(text)?;
        Ok(x.seen(tensor, None))
    }

    /// v/|v| g
    pub(super) fn weight_norm(&self, step: &Step, axis: isize) -> Result<Fixed> {
        let (v, g) = (
            self.fixed(step, 0)?.ok_or("its direction is missing")?,
            self.fixed(step, 1)?.ok_or("its size is missing")?,
        );
        let rank = v.tensor.rank();
        let axis = fixed::axis(axis, rank).map_err(text)?;
        let axes = (0..rank).filter(|at| *at != axis).collect();
        let norm = fixed::eval(&Arithmetic::Reduce { how: Reduce::Norm, axes, keep: true }, std::slice::from_ref(&v));
        let factor = fixed::eval(&Arithmetic::Binary(Binary::Divide), &[g, norm.map_err(text)?]).map_err(text)?;
        fixed::eval(&Arithmetic::Binary(Binary::Multiply), &[v, factor]).map_err(text)
    }
}

/// What is taken of a constant at places that depend on the input, where all of its elements are alike.
pub(super) fn alike(x: &Fixed, to: Vec<usize>) -> Result<Fixed> {
    let numbers = x.numbers().map_err(text)?;
    match numbers.split_first() {
        Some((first, rest)) if !x.is_trained && rest.iter().all(|number| number == first) => {
            Ok(x.seen(fixed::full(to, *first).map_err(text)?, None))
        }
        _ => Err("its operand 1 depends on the input, and must not".into()),
    }
}

/// Places by several axes of these sizes, as places of one axis in their stead.
pub(super) fn flat(places: &[Fixed], sizes: &[usize]) -> Result<Fixed> {
    let dims = places
        .iter()
        .try_fold(Vec::new(), |dims, one| neartop_core::arithmetic::broadcast(&dims, one.tensor.dims()))?;
    fixed::check(&dims).map_err(text)?;
    let mut rows = vec![0usize; dims.iter().product()];
    for (one, size) in places.iter().zip(sizes) {
        let spread = one.tensor.broadcast_as(dims.as_slice()).and_then(|one| one.contiguous()).map_err(text)?;
        for (row, number) in rows.iter_mut().zip(Fixed::constant(spread).numbers().map_err(text)?) {
            *row = *row * size + fixed::place(number, *size).map_err(text)?;
        }
    }
    let rows = rows.into_iter().map(|row| row as f64).collect::<Vec<_>>();
    Tensor::from_vec(rows, dims, &candle_core::Device::Cpu).map(Fixed::constant).map_err(text)
}
