//! Rows of tables.

use candle_core::{Device, Result, Tensor, bail};

use super::tensors::with_elements;

/// The numbers of rows of a table of `rows` rows.
///
/// # Errors
/// If one is no whole number from 0 to below `rows`; the error names it.
pub fn whole_numbers(ids: &Tensor, rows: usize) -> Result<Vec<usize>> {
    let whole = |id: &f64| match *id {
        id if id >= 0.0 && id < rows as f64 && id.fract() == 0.0 => Ok(id as usize),
        id => bail!("{id} is no whole number from 0 to {}", rows.saturating_sub(1)),
    };
    ids.flatten_all()?.to_dtype(candle_core::DType::F64)?.to_vec1::<f64>()?.iter().map(whole).collect()
}

/// The rows of `weight` `[rows, features]` that `ids` `[...]` names: `[..., features]`.
///
/// # Errors
/// If an id is no whole number from 0 to below the number of rows; the error names it.
pub fn gather(ids: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let (rows, features) = weight.dims2()?;
    let places = whole_numbers(ids, rows)?;
    let y = with_elements(weight, |w| {
        let mut y = Vec::with_capacity(places.len() * features);
        places.iter().for_each(|place| y.extend_from_slice(&w[place * features..][..features]));
        y
    })?;
    let dims: Vec<_> = ids.dims().iter().copied().chain([features]).collect();
    Tensor::from_vec(y, dims, &Device::Cpu)
}
