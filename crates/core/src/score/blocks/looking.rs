//! How the blocks of an architecture pass what comes in: what training-free orders of architectures stand on.
//!
//! The first samples of a batch are looked at as they pass with all of it, with batch norm as in training. The entropies of
//! what blocks give are the expressivity and progressivity of Lee & Ham 2024 (AZ-NAS, arXiv 2403.19232). The rectifiers on the
//! way give the kernel of Mellor et al. 2021 (NASWOT, arXiv 2006.04647) and the correlations of Jiang et al. 2023 (MeCo,
//! NeurIPS).

use candle_core::Tensor;

use super::Blocks;
use super::codes::Codes;
use super::measures::{Dims, entropy_of_channels, least_correlation};
use crate::activation::Activation;
use crate::fill::Fill;
use crate::kernels::with_elements;
use crate::network::forward::Probe;
use crate::network::{Network, Node, ValueId};
use crate::score::error::ScoreError;
use crate::score::rank_matrix::Reading;

/// Samples that are looked at, at the most.
const SAMPLES: usize = 8;

/// Looks at what blocks and activations give.
#[derive(Clone)]
pub(in crate::score) struct BlocksProbe<'a> {
    fill: Option<&'a Fill>,
    cancelled: &'a dyn Fn() -> bool,
    samples: usize,
    /// What enters the first block and what each gives, in order.
    values: Vec<(ValueId, Dims)>,
    entropies: Vec<f64>,
    correlations: Vec<f64>,
    codes: Codes,
    seen: Vec<Seen>,
}

/// What an activation without weights made of a value. Edges of cells that leave one node begin with the same.
#[derive(Clone)]
struct Seen {
    value: ValueId,
    activation: Activation,
    correlation: f64,
    /// Of the codes, before and after them.
    codes: [Vec<u64>; 2],
}

impl<'a> BlocksProbe<'a> {
    /// For a pass of a batch `[samples, ...]`; none without blocks that give images.
    ///
    /// # Errors
    /// If the batch is not of single precision on the CPU.
    pub fn of(network: &Network, inputs: &Tensor, cancelled: &'a dyn Fn() -> bool) -> Result<Option<Self>, ScoreError> {
        let values = network.block_values();
        let with_dims = values.into_iter().map(|value| Some((value, network.form(value).image()?)));
        let Some(values) = with_dims.collect::<Option<Vec<_>>>().filter(|values| !values.is_empty()) else {
            return Ok(None);
        };
        let samples = inputs.dim(0)?.min(SAMPLES);
        let (entropies, correlations, seen) = (Vec::new(), Vec::new(), Vec::new());
        let codes = Codes::new(samples);
        let mut probe = Self { fill: None, cancelled, samples, values, entropies, correlations, codes, seen };
        probe.reach(0, inputs)?;
        Ok(Some(probe))
    }

    /// The same probe, to go on with `fill` in the slots.
    pub fn with_fill(self, fill: Option<&'a Fill>) -> Self {
        Self { fill, ..self }
    }

    /// After the pass.
    pub fn finish(self) -> Blocks {
        let ln_kernel = self.codes.ln_determinant();
        Blocks { entropies: self.entropies, correlations: self.correlations, ln_kernel }
    }

    fn look_at(&mut self, node: &Node, outputs: &[f32]) {
        let activation = node.activation(self.fill).filter(|activation| !activation.has_weight());
        let same = |seen: &&Seen| node.inputs == [seen.value] && activation == Some(&seen.activation);
        if let Some(seen) = self.seen.iter().rev().find(same) {
            self.correlations.push(seen.correlation);
            self.codes.add_again(&seen.codes[0], &seen.codes[1]);
            return;
        }
        let correlation = least_correlation(outputs, Reading::of(&node.place.output));
        let before = self.codes.so_far();
        self.codes.add(outputs);
        self.correlations.push(correlation);
        if let (Some(activation), [value]) = (activation, &node.inputs[..]) {
            let codes = [before, self.codes.so_far()];
            self.seen.push(Seen { value: *value, activation: activation.clone(), correlation, codes });
        }
    }
}

impl Probe for BlocksProbe<'_> {
    type Stop = ScoreError;

    fn observe(&mut self, node: &Node, output: &Tensor) -> Result<(), ScoreError> {
        if (self.cancelled)() {
            return Err(ScoreError::Cancelled);
        }
        if node.is_activation() {
            with_elements(&output.narrow(0, 0, self.samples)?, |y| self.look_at(node, y))?;
        }
        Ok(())
    }

    fn reach(&mut self, value: ValueId, tensor: &Tensor) -> Result<(), ScoreError> {
        if let Some((_, dims)) = self.values.iter().find(|(wanted, _)| *wanted == value) {
            let entropy = with_elements(&tensor.narrow(0, 0, self.samples)?, |y| entropy_of_channels(y, *dims))?;
            self.entropies.push(entropy);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
