//! How the blocks of an architecture pass what comes in: what training-free orders of architectures stand on.
//!
//! A few samples pass through the network block by block, with batch norm as in training. The entropies of what blocks give are
//! the expressivity and progressivity of Lee & Ham 2024 (AZ-NAS, arXiv 2403.19232). The rectifiers on the way give the kernel of
//! Mellor et al. 2021 (NASWOT, arXiv 2006.04647) and the correlations of Jiang et al. 2023 (MeCo, NeurIPS).

use candle_core::Tensor;

use super::Blocks;
use super::codes::Codes;
use super::measures::{entropy_of_channels, least_correlation};
use crate::fill::Fill;
use crate::kernels::with_elements;
use crate::network::forward::{Filling, Probe, Values, forward_part};
use crate::network::{Network, Node, Part, ValueId};
use crate::score::error::ScoreError;
use crate::score::rank_matrix::Reading;
use crate::score::repetition::{InTraining, Repetition};

/// Samples that pass at the most.
const SAMPLES: usize = 8;

impl Repetition<'_> {
    /// How blocks pass samples with `fill` in the slots; none without blocks that give images.
    ///
    /// # Errors
    /// Where tensors do not fit, or the pass is cancelled.
    pub(in crate::score) fn look_at_blocks(
        &self,
        fill: Option<&Fill>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Blocks>, ScoreError> {
        let network = self.network;
        let values = network.block_values();
        let dims: Option<Vec<_>> = values.iter().map(|value| network.form(*value).image()).collect();
        let (Some(dims), [first, ..]) = (dims, values.as_slice()) else { return Ok(None) };
        let samples = self.inputs.dim(0)?.min(SAMPLES);
        let weights = self.weights(fill);
        let pass = Pass { network, filling: Filling { weights: &InTraining(&weights), fill, batch: None } };
        let mut watch = Activations { correlations: Vec::new(), codes: Codes::new(samples), cancelled };
        let mut entering = pass.through(self.inputs.narrow(0, 0, samples)?, 0, *first, &mut watch)?;
        let mut entropies = vec![with_elements(&entering, |x| entropy_of_channels(x, dims[0]))?];
        for (pair, dims) in values.windows(2).zip(&dims[1..]) {
            entering = pass.through(entering, pair[0], pair[1], &mut watch)?;
            entropies.push(with_elements(&entering, |y| entropy_of_channels(y, *dims))?);
        }
        let last = values.last().copied().unwrap_or_default();
        pass.through(entering, last, network.output_value(), &mut watch)?;
        Ok(Some(Blocks { entropies, correlations: watch.correlations, ln_kernel: watch.codes.ln_determinant() }))
    }
}

/// Passes through parts of a network.
struct Pass<'a> {
    network: &'a Network,
    filling: Filling<'a>,
}

impl Pass<'_> {
    /// What the value `to` is where the value `from` is this.
    fn through<P: Probe<Stop = ScoreError>>(
        &self,
        value: Tensor,
        from: ValueId,
        to: ValueId,
        probe: &mut P,
    ) -> Result<Tensor, ScoreError> {
        let mut values = Values::of_nothing(self.network);
        values.set(from, value);
        let part = Part { nodes: (from..to).collect(), kept: vec![to] };
        forward_part(self.network, &part, &mut values, self.filling, probe)?;
        Ok(values.get(to)?.clone())
    }
}

/// Looks at the outputs of activations.
struct Activations<'a> {
    correlations: Vec<f64>,
    codes: Codes,
    cancelled: &'a dyn Fn() -> bool,
}

impl Probe for Activations<'_> {
    type Stop = ScoreError;

    fn observe(&mut self, node: &Node, output: &Tensor) -> Result<(), ScoreError> {
        if (self.cancelled)() {
            return Err(ScoreError::Cancelled);
        }
        if node.is_activation() {
            with_elements(output, |y| {
                self.correlations.push(least_correlation(y, Reading::of(&node.place.output)));
                self.codes.add(y);
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
