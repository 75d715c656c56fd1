//! Activations of tensors.

use candle_core::{Device, Result, Tensor};

use super::tensors::{Source, for_each_run};
use crate::activation::Activation;

/// Applies an activation to every element; `slope` stands for the learned slope of PReLU.
///
/// # Errors
/// If the tensor is not of single precision on the CPU.
pub fn activate<'a>(input: impl Into<Source<'a>>, activation: &Activation, slope: Option<f32>) -> Result<Tensor> {
    let input = input.into();
    let apply = |block: &mut [f32]| match slope {
        Some(a) => block.iter_mut().for_each(|x| *x *= if *x < 0.0 { a } else { 1.0 }),
        None => activation.apply(block),
    };
    // Block by block, while a block is in the nearest cache.
    let data = input.in_blocks(4096, apply)?;
    Tensor::from_vec(data, input.dims(), &Device::Cpu)
}

/// x where it is positive, else a learned slope times x; `run` elements in a row share a slope.
///
/// # Errors
/// If the tensors are not of single precision on the CPU.
pub fn prelu<'a>(input: impl Into<Source<'a>>, slopes: &Tensor, run: usize) -> Result<Tensor> {
    by_run(input.into(), slopes, run, |x, slope| *x *= if *x < 0.0 { slope } else { 1.0 })
}

/// x times a factor, where `run` elements in a row share a factor.
///
/// # Errors
/// If the tensors are not of single precision on the CPU.
pub fn scaled<'a>(input: impl Into<Source<'a>>, factors: &Tensor, run: usize) -> Result<Tensor> {
    by_run(input.into(), factors, run, |x, factor| *x *= factor)
}

fn by_run(input: Source<'_>, parameters: &Tensor, run: usize, f: impl Fn(&mut f32, f32)) -> Result<Tensor> {
    let mut data = input.elements()?;
    for_each_run(&mut data, parameters, run, f)?;
    Tensor::from_vec(data, input.dims(), &Device::Cpu)
}
