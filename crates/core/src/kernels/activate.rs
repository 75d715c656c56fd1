//! Activations of tensors.

use candle_core::{Device, Result, Tensor};

use super::tensors::{for_each_run, with_elements};
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

/// x where it is positive, else a learned slope times x; `run` elements in a row share a slope.
///
/// # Errors
/// If the tensors are not of single precision on the CPU.
pub fn prelu(input: &Tensor, slopes: &Tensor, run: usize) -> Result<Tensor> {
    by_run(input, slopes, run, |x, slope| *x *= if *x < 0.0 { slope } else { 1.0 })
}

/// x times a factor, where `run` elements in a row share a factor.
///
/// # Errors
/// If the tensors are not of single precision on the CPU.
pub fn scaled(input: &Tensor, factors: &Tensor, run: usize) -> Result<Tensor> {
    by_run(input, factors, run, |x, factor| *x *= factor)
}

fn by_run(input: &Tensor, parameters: &Tensor, run: usize, f: impl Fn(&mut f32, f32)) -> Result<Tensor> {
    let mut data = with_elements(input, <[f32]>::to_vec)?;
    for_each_run(&mut data, parameters, run, f)?;
    Tensor::from_vec(data, input.dims(), &Device::Cpu)
}
