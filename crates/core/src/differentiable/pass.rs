//! What layers may ask of a differentiable pass.

use candle_core::{Result, Tensor, bail};
use rand_chacha::ChaCha8Rng;

use super::normalize::Moments;
use crate::activation::Activation;

/// One pass through a network that is trained.
pub trait Pass {
    /// Whether this is a step of training: batch norm takes the batch's moments, and dropout drops.
    fn is_training(&self) -> bool;

    /// What fills the slot of this name.
    fn slot(&self, name: &str) -> Option<&Activation>;

    /// A weight of the layer at `place`, by its name.
    fn parameter(&self, place: &str, name: &str) -> Option<Tensor>;

    /// The running moments of the batch norm at `place`.
    fn running(&mut self, place: &str) -> Option<&mut Moments>;

    /// The generator of the next layer that draws numbers; none where nothing is drawn.
    fn draw(&mut self) -> Option<ChaCha8Rng>;
}

impl dyn Pass + '_ {
    /// [`Pass::parameter`], where there must be one.
    ///
    /// # Errors
    /// If there is none.
    pub fn need(&self, place: &str, name: &str) -> Result<Tensor> {
        match self.parameter(place, name) {
            Some(tensor) => Ok(tensor),
            None => bail!("layer {place} has no {name}"),
        }
    }

    /// `input` times the weight of the layer at `place`, and its bias added, where `run` elements in a row share both.
    ///
    /// # Errors
    /// If the layer has no weight or bias.
    pub fn scaled(&self, place: &str, input: &Tensor, run: usize) -> Result<Tensor> {
        super::normalize::affine(input, &self.need(place, "weight")?, &self.need(place, "bias")?, run)
    }
}

/// `input` times a factor for each of its elements.
///
/// # Errors
/// If there are not as many.
pub fn multiplied(input: &Tensor, factors: Vec<f64>) -> Result<Tensor> {
    input * Tensor::from_vec(factors, input.dims(), input.device())?.to_dtype(input.dtype())?
}
