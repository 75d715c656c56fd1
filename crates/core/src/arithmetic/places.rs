//! Elements by their order and by their places.

use std::cmp::Ordering;

use candle_core::{DType, Result, Tensor, bail};

/// The places of the elements along an axis in their order, equal ones as they stand. What is no number comes as the largest.
pub(super) fn order(x: &Tensor, axis: usize, descending: bool) -> Result<Tensor> {
    let last = x.rank() - 1;
    let rows = x.detach().transpose(axis, last)?.contiguous()?;
    let size = rows.dim(last)?.max(1);
    let numbers = rows.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    let mut places = Vec::with_capacity(numbers.len());
    for row in numbers.chunks(size) {
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by(|a, b| match descending {
            true => compare(row[*b], row[*a]),
            false => compare(row[*a], row[*b]),
        });
        places.extend(order.into_iter().map(|place| place as f64));
    }
    let places = Tensor::from_vec(places, rows.dims(), x.device())?.to_dtype(x.dtype())?;
    places.transpose(axis, last)?.contiguous()
}

fn compare(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// For every place, the element there along an axis and at the place's own along the others.
pub(super) fn gather(x: &Tensor, places: &Tensor, axis: usize) -> Result<Tensor> {
    x.contiguous()?.gather(&whole(places, x.dim(axis)?)?, axis)
}

/// The rows of a table `[1, rows, ...]`.
pub(super) fn rows(table: &Tensor, places: &Tensor) -> Result<Tensor> {
    let [_, rows, rest @ ..] = table.dims() else { bail!("a table of {:?} has no rows", table.dims()) };
    let flat = table.reshape((*rows, rest.iter().product::<usize>()))?;
    let taken = flat.index_select(&whole(places, *rows)?.flatten_all()?, 0)?;
    taken.reshape([places.dims(), rest].concat())
}

/// `base` with values put at places along an axis, or added there.
pub(super) fn scatter(base: &Tensor, places: &Tensor, values: &Tensor, axis: usize, adds: bool) -> Result<Tensor> {
    let mut dims = places.dims().to_vec();
    dims[axis] = base.dim(axis)?;
    let base = base.broadcast_as(dims)?.contiguous()?;
    let values = values.broadcast_as(places.dims())?.contiguous()?;
    if adds {
        return added(&base, places, &values, axis);
    }
    let at = whole(places, base.dim(axis)?)?;
    let zeros = base.zeros_like()?.detach();
    let is_put = zeros.scatter(&at, &values.ones_like()?.detach(), axis)?.ne(&zeros)?;
    // What stays may be infinite.
    is_put.where_cond(&zeros.scatter(&at, &values, axis)?, &base)
}

/// `base` with values added at places along an axis, as places of all its elements in a row.
fn added(base: &Tensor, places: &Tensor, values: &Tensor, axis: usize) -> Result<Tensor> {
    let inner: usize = places.dims()[axis + 1..].iter().product();
    let (own, size) = (places.dim(axis)?, base.dim(axis)?);
    let numbers = whole(places, size)?.flatten_all()?.to_vec1::<u32>()?;
    let flat = numbers.into_iter().enumerate().map(|(at, place)| {
        let (outer, along) = (at / (own * inner), at % inner);
        ((outer * size + place as usize) * inner + along) as u32
    });
    let flat = Tensor::from_iter(flat, base.device())?;
    base.flatten_all()?.index_add(&flat, &values.flatten_all()?, 0)?.reshape(base.dims())
}

/// Places among so many as whole numbers, which have no derivative. Negative ones count from the end.
fn whole(places: &Tensor, size: usize) -> Result<Tensor> {
    let places = places.detach();
    let from_end = (places.lt(&places.zeros_like()?)?.to_dtype(places.dtype())? * size as f64)?;
    (places + from_end)?.to_dtype(DType::U32)?.contiguous()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    fn row(numbers: &[f64]) -> Tensor {
        Tensor::new(numbers, &Device::Cpu).unwrap().unsqueeze(0).unwrap()
    }

    #[test]
    fn equal_elements_keep_their_order_both_ways() {
        let x = row(&[1.0, 3.0, 1.0, f64::NAN, 3.0]);
        assert_eq!(order(&x, 1, true).unwrap().to_vec2::<f64>().unwrap(), [[3.0, 1.0, 4.0, 0.0, 2.0]]);
        assert_eq!(order(&x, 1, false).unwrap().to_vec2::<f64>().unwrap(), [[0.0, 2.0, 1.0, 4.0, 3.0]]);
        let columns = x.t().unwrap();
        assert_eq!(order(&columns, 0, true).unwrap().t().unwrap().to_vec2::<f64>().unwrap()[0][0], 3.0);
    }

    #[test]
    fn values_that_are_chosen_have_a_derivative_and_their_places_have_none() {
        let x = Var::from_tensor(&row(&[0.5, 2.0, -1.0])).unwrap();
        let two = order(&x, 1, true).unwrap().narrow(1, 0, 2).unwrap();
        let chosen = gather(&x, &two, 1).unwrap();
        let gates = scatter(&row(&[0.0, 0.0, f64::NEG_INFINITY]), &two, &chosen, 1, false).unwrap();
        assert_eq!(gates.to_vec2::<f64>().unwrap(), [[0.5, 2.0, f64::NEG_INFINITY]]);
        let loss = gates.narrow(1, 0, 2).unwrap().sqr().unwrap().sum_all().unwrap();
        let gradient = loss.backward().unwrap();
        assert_eq!(gradient.get(&x).unwrap().to_vec2::<f64>().unwrap(), [[1.0, 4.0, 0.0]]);
    }

    #[test]
    fn negative_places_count_from_the_end() {
        let (x, places) = (row(&[4.0, 5.0, 6.0]), row(&[-1.0, 0.0]));
        assert_eq!(gather(&x, &places, 1).unwrap().to_vec2::<f64>().unwrap(), [[6.0, 4.0]]);
    }

    #[test]
    fn what_shares_a_place_is_put_there_once_or_added_each_time() {
        let base = Var::from_tensor(&row(&[1.0, 1.0, 1.0])).unwrap();
        let values = Var::from_tensor(&row(&[3.0, 3.0])).unwrap();
        for (adds, made, of_base) in [(false, [1.0, 3.0, 1.0], [1.0, 0.0, 1.0]), (true, [1.0, 7.0, 1.0], [1.0; 3])] {
            let put = scatter(&base, &row(&[1.0, 1.0]), &values, 1, adds).unwrap();
            assert_eq!(put.to_vec2::<f64>().unwrap(), [made]);
            let gradient = put.sum_all().unwrap().backward().unwrap();
            assert_eq!(gradient.get(&base).unwrap().to_vec2::<f64>().unwrap(), [of_base]);
            assert_eq!(gradient.get(&values).unwrap().to_vec2::<f64>().unwrap(), [[1.0, 1.0]]);
        }
    }
}
