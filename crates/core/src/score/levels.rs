//! A gain for each layer by which signals keep their size from layer to layer.
//!
//! Layers are looked at in the order of the forward pass, each after those before it have their gains. Mishkin & Matas 2016
//! (arXiv 1511.06422) divide single draws of weights like that; here the gains are means over draws, and part of the law.

use candle_core::Tensor;

use super::error::ScoreError;
use crate::kernels::with_elements;
use crate::network::Node;
use crate::network::forward::Probe;

/// The root mean squares of what layers are to make of their inputs, before the activation that follows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizes {
    /// Of the first layer.
    pub first: f64,
    /// Of those between.
    pub inner: f64,
    /// Of the network's output.
    pub output: f64,
}

/// ln of the gains of one draw of weights, by the name of the layer; of layers whose output is linear in their weights.
pub(super) struct Levels<'a> {
    pub ln_gains: Vec<(String, f64)>,
    sizes: Sizes,
    cancelled: &'a dyn Fn() -> bool,
}

impl<'a> Levels<'a> {
    pub fn new(sizes: Sizes, cancelled: &'a dyn Fn() -> bool) -> Self {
        Self { ln_gains: Vec::new(), sizes, cancelled }
    }

    fn target(&self, node: &Node) -> f64 {
        if node.surroundings.is_output {
            self.sizes.output
        } else if self.ln_gains.is_empty() {
            self.sizes.first
        } else {
            self.sizes.inner
        }
    }
}

impl Probe for Levels<'_> {
    type Stop = ScoreError;

    fn receive(&mut self, node: &Node, output: Tensor) -> Result<Tensor, ScoreError> {
        if (self.cancelled)() {
            return Err(ScoreError::Cancelled);
        }
        let is_linear = node.drawn().is_some_and(|shape| shape.gates == 0);
        if !is_linear || !node.shared.is_empty() {
            return Ok(output);
        }
        let squares =
            with_elements(&output, |y| y.iter().map(|y| f64::from(*y).powi(2)).sum::<f64>() / y.len() as f64)?;
        let gain = self.target(node) / squares.sqrt();
        // What is nothing, or overflows, no gain mends.
        if !gain.is_normal() {
            return Ok(output);
        }
        self.ln_gains.push((node.name().to_owned(), gain.ln()));
        Ok((output * gain)?)
    }

    fn observe(&mut self, _: &Node, _: &Tensor) -> Result<(), ScoreError> {
        Ok(())
    }
}
