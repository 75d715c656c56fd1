//! Activations of tensors.

use candle_core::{Device, Result, Tensor};

use super::tensors::with_elements;
use crate::activation::Activation;

/// Applies an activation to every element; `slope` stands for the learned slope of PReLU.
///
/// # Errors
/// If the tensor is not of single precision on the CPU.
pub fn activate(input: &Tensor, activation: &Activation, slope: Option<f32>) -> Result<Tensor> {
    let apply = |block: &mut [f32]| match slope {
        Some(a) => block.iter_mut().for_each(|x| *x *= if *x < 0.0 { a } else { 1.0 }),
        None => activation.apply(block),
    };
    // Copied and applied block by block, while a block is in the nearest cache.
    let data = with_elements(input, |x| {
        let mut data = Vec::with_capacity(x.len());
        for block in x.chunks(4096) {
            let start = data.len();
            data.extend_from_slice(block);
            apply(&mut data[start..]);
        }
        data
    })?;
    Tensor::from_vec(data, input.dims(), &Device::Cpu)
}
