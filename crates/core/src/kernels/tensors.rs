//! Elements of tensors.

use std::cell::Cell;

use candle_core::{CpuStorage, Device, InplaceOp1, Layout, Result, Storage, Tensor, bail};

use super::memory::{copied, keep, to_write, zeros};
use crate::shape::Shape;

/// Calls `f` with the elements of a tensor in row-major order.
///
/// # Errors
/// If the tensor is not of single precision or does not live on the CPU.
pub fn with_elements<R>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> R) -> Result<R> {
    if is_one_zero(tensor) {
        let zeros = zeros(tensor.elem_count());
        let result = f(&zeros);
        keep(zeros);
        return Ok(result);
    }
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    Ok(f(elements(&storage, layout)?))
}

fn elements<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    let Storage::Cpu(storage) = storage else { bail!("the tensor is not on the CPU") };
    let (start, end) = layout.contiguous_offsets().unwrap_or((0, 0));
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// The same with several tensors.
///
/// # Errors
/// If one is not of single precision or does not live on the CPU.
pub fn with_elements_of<R>(tensors: &[Tensor], f: impl FnOnce(&[&[f32]]) -> R) -> Result<R> {
    let tensors = tensors.iter().map(Tensor::contiguous).collect::<Result<Vec<_>>>()?;
    let all: Vec<_> = tensors.iter().map(Tensor::storage_and_layout).collect();
    let elements = all.iter().map(|(storage, layout)| elements(storage, layout));
    Ok(f(&elements.collect::<Result<Vec<_>>>()?))
}

/// Keeps the memory of a tensor, which has it for itself and which nothing reads afterwards, for others to write to.
///
/// # Errors
/// If the tensor does not live on the CPU.
pub fn recycle(tensor: &Tensor) -> Result<()> {
    Source::spare(tensor).take()?.into_iter().for_each(keep);
    Ok(())
}

/// Whether a tensor is a single zero that is seen everywhere.
#[must_use]
pub fn is_one_zero(tensor: &Tensor) -> bool {
    if tensor.stride().iter().any(|stride| *stride != 0) {
        return false;
    }
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cpu(CpuStorage::F32(data)) = &*storage else { return false };
    data.get(layout.start_offset()) == Some(&0.0)
}

/// A tensor whose elements go into another.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    tensor: &'a Tensor,
    is_spare: bool,
}

impl<'a> From<&'a Tensor> for Source<'a> {
    fn from(tensor: &'a Tensor) -> Self {
        Self { tensor, is_spare: false }
    }
}

impl<'a> Source<'a> {
    /// A tensor that has its memory for itself and that nothing reads afterwards.
    #[must_use]
    pub fn spare(tensor: &'a Tensor) -> Self {
        Self { tensor, is_spare: true }
    }

    #[must_use]
    pub fn dims(self) -> &'a [usize] {
        self.tensor.dims()
    }

    /// `f` of every `block` elements in row-major order, in their own memory if that is spare, else in a copy, which is made
    /// block by block.
    ///
    /// # Errors
    /// If the tensor is not of single precision or does not live on the CPU.
    pub fn in_blocks(self, block: usize, mut f: impl FnMut(&mut [f32])) -> Result<Vec<f32>> {
        if let Some(mut data) = self.take()? {
            data.chunks_mut(block).for_each(f);
            return Ok(data);
        }
        with_elements(self.tensor, |x| {
            let mut data = to_write(x.len());
            for (to, from) in data.chunks_mut(block).zip(x.chunks(block)) {
                to.copy_from_slice(from);
                f(to);
            }
            data
        })
    }

    /// All elements in row-major order.
    ///
    /// # Errors
    /// If the tensor is not of single precision or does not live on the CPU.
    pub fn elements(self) -> Result<Vec<f32>> {
        match self.take()? {
            Some(data) => Ok(data),
            None => with_elements(self.tensor, copied),
        }
    }

    /// The memory itself, if it is spare and holds these elements and no others.
    fn take(self) -> Result<Option<Vec<f32>>> {
        if !self.is_spare {
            return Ok(None);
        }
        let taken = Take(Cell::new(None));
        self.tensor.inplace_op1(&taken)?;
        Ok(taken.0.into_inner())
    }
}

/// Takes the memory of a tensor and leaves none.
struct Take(Cell<Option<Vec<f32>>>);

impl InplaceOp1 for Take {
    fn name(&self) -> &'static str {
        "take"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        if let CpuStorage::F32(data) = storage
            && layout.contiguous_offsets() == Some((0, data.len()))
        {
            self.0.set(Some(std::mem::take(data)));
        }
        Ok(())
    }
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
