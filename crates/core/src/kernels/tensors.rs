//! Elements of tensors.

use candle_core::{Device, Result, Storage, Tensor, bail};

use crate::shape::Shape;

/// Calls `f` with the elements of a tensor in row-major order.
///
/// # Errors
/// If the tensor is not of single precision or does not live on the CPU.
pub fn with_elements<R>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else { bail!("the tensor is not on the CPU") };
    let (start, end) = layout.contiguous_offsets().unwrap_or((0, 0));
    Ok(f(&storage.as_slice::<f32>()?[start..end]))
}

/// A tensor of `samples` samples of `shape`.
///
/// # Errors
/// If there are not as many elements.
pub fn batch(data: Vec<f32>, samples: usize, shape: &Shape) -> Result<Tensor> {
    let dims: Vec<_> = std::iter::once(samples).chain(shape.0.iter().copied()).collect();
    Tensor::from_vec(data, dims, &Device::Cpu)
}

/// Calls `f` with every element and its parameter; `run` elements in a row share one, and the parameters repeat.
///
/// # Errors
/// If the parameters are not of single precision on the CPU.
pub fn for_each_run(data: &mut [f32], parameters: &Tensor, run: usize, f: impl Fn(&mut f32, f32)) -> Result<()> {
    with_elements(parameters, |p| match run {
        0 | 1 => {
            for block in data.chunks_mut(p.len().max(1)) {
                block.iter_mut().zip(p).for_each(|(x, p)| f(x, *p));
            }
        }
        run => {
            for (run, p) in data.chunks_exact_mut(run).zip(p.iter().cycle()) {
                run.iter_mut().for_each(|x| f(x, *p));
            }
        }
    })
}

/// The standard deviation over all elements.
///
/// # Errors
/// If the tensor is not of single precision on the CPU.
pub fn standard_deviation(tensor: &Tensor) -> Result<f64> {
    with_elements(tensor, |x| {
        let n = x.len() as f64;
        let mean = x.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
        (x.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / n).sqrt()
    })
}
