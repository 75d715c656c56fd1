//! How the blocks of an architecture pass what comes in: what training-free orders of architectures stand on.
//!
//! A few samples pass through the network block by block, with batch norm as in training. The entropies of what blocks give are
//! the expressivity and progressivity of Lee & Ham 2024 (AZ-NAS, arXiv 2403.19232). The rectifiers on the way give the kernel of
//! Mellor et al. 2021 (NASWOT, arXiv 2006.04647) and the correlations of Jiang et al. 2023 (MeCo, NeurIPS).

use candle_core::Tensor;

use super::Blocks;
use super::codes::Codes;
use super::measures::{entropy_of_channels, least_correlation};
use crate::activation::Activation;
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
        let mut watch =
            Activations { fill, correlations: Vec::new(), codes: Codes::new(samples), seen: Vec::new(), cancelled };
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
    fill: Option<&'a Fill>,
    correlations: Vec<f64>,
    codes: Codes,
    seen: Vec<Seen>,
    cancelled: &'a dyn Fn() -> bool,
}

/// What an activation without weights made of a value. Edges of cells that leave one node begin with the same.
struct Seen {
    value: ValueId,
    activation: Activation,
    correlation: f64,
    /// Of the codes, before and after them.
    codes: [Vec<u64>; 2],
}

impl Activations<'_> {
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

impl Probe for Activations<'_> {
    type Stop = ScoreError;

    fn observe(&mut self, node: &Node, output: &Tensor) -> Result<(), ScoreError> {
        if (self.cancelled)() {
            return Err(ScoreError::Cancelled);
        }
        if node.is_activation() {
            with_elements(output, |y| self.look_at(node, y))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
