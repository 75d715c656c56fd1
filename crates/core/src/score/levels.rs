//! A gain for each layer by which signals keep their size from layer to layer.
//!
//! Layers are looked at in the order of the forward pass, each after those before it have their gains. Mishkin & Matas 2016
//! (arXiv 1511.06422) divide single draws of weights like that; here the gains are means over draws, and part of the law.

use candle_core::Tensor;

use super::error::ScoreError;
use crate::kernels::with_elements;
use crate::network::Node;
use crate::network::forward::Probe;

/// Root mean square of the network's output, where training begins near the loss of chance and nothing has to be unlearnt.
const AT_OUTPUT: f64 = 0.1;

/// ln of the gains of one draw of weights, by the name of the layer; of layers whose output is linear in their weights.
pub(super) struct Levels<'a> {
    pub ln_gains: Vec<(String, f64)>,
    /// Root mean square of what a layer is to make of its input, before the activation that follows.
    size: f64,
    cancelled: &'a dyn Fn() -> bool,
}

impl<'a> Levels<'a> {
    pub fn new(size: f64, cancelled: &'a dyn Fn() -> bool) -> Self {
        Self { ln_gains: Vec::new(), size, cancelled }
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
        let target = if node.surroundings.is_output { AT_OUTPUT } else { self.size };
        let gain = target / squares.sqrt();
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
