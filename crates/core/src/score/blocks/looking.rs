//! How the blocks of an architecture pass what comes in: what training-free orders of architectures stand on.
//!
//! A few samples pass through the network block by block, with batch norm as in training. A second time each block takes what entered
//! it with a small random sign added to every element, and from what changes comes the mean Jacobian of a position. That is
//! the transpose of what Lee & Ham 2024 (AZ-NAS, arXiv 2403.19232) estimate by a backward pass. Their expressivity and progressivity
//! are entropies of the blocks' values. The rectifiers on the way give the kernel of Mellor et al. 2021 (NASWOT, arXiv 2006.04647) and
//! the correlations of Jiang et al. 2023 (MeCo, NeurIPS).

use candle_core::Tensor;

use super::Blocks;
use super::codes::Codes;
use super::measures::{Squares, entropy_of_channels, largest_of_jacobian, least_correlation, mean_square};
use crate::fill::Fill;
use crate::kernels::with_elements;
use crate::network::forward::{Filling, Probe, Values, forward_part};
use crate::network::{Network, Node, Part, ValueId};
use crate::random::{Key, Purpose};
use crate::score::error::ScoreError;
use crate::score::rank_matrix::Reading;
use crate::score::repetition::{InTraining, Repetition};

/// Samples that pass at the most.
const SAMPLES: usize = 8;
/// Of what is added to each element, relative to the root mean square of all.
const RELATIVE: f64 = 1e-3;

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
        let mut blocks =
            Blocks { entropies: Vec::new(), jacobians: Vec::new(), correlations: Vec::new(), ln_kernel: None };
        blocks.entropies.push(with_elements(&entering, |x| entropy_of_channels(x, dims[0]))?);
        for (at, pair) in values.windows(2).enumerate() {
            let given = pass.through(entering.clone(), pair[0], pair[1], &mut watch)?;
            let key = Key { seed: self.seed, repetition: self.repetition, layer: at as u64, purpose: Purpose::Blocks };
            let squares = Squares::between(dims[at], dims[at + 1]);
            blocks.jacobians.push(pass.jacobian(&entering, &given, [pair[0], pair[1]], key, &squares, cancelled)?);
            blocks.entropies.push(with_elements(&given, |y| entropy_of_channels(y, dims[at + 1]))?);
            entering = given;
        }
        let last = values.last().copied().unwrap_or_default();
        pass.through(entering, last, network.output_value(), &mut watch)?;
        (blocks.correlations, blocks.ln_kernel) = (watch.correlations, watch.codes.ln_determinant());
        Ok(Some(blocks))
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

    /// See [`Blocks::jacobians`].
    fn jacobian(
        &self,
        entering: &Tensor,
        given: &Tensor,
        [from, to]: [ValueId; 2],
        key: Key,
        squares: &Squares,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<f64>, ScoreError> {
        let y = with_elements(given, <[f32]>::to_vec)?;
        if with_elements(entering, |x| x == y)? {
            return Ok(None);
        }
        let size = RELATIVE * with_elements(entering, mean_square)?.sqrt();
        if !size.is_normal() {
            return Ok(Some(0.0));
        }
        let signs = key.signs(entering.elem_count());
        let disturbed =
            with_elements(entering, |x| x.iter().zip(&signs).map(|(x, sign)| x + sign * size as f32).collect())?;
        let disturbed = Tensor::from_vec::<_, f32>(disturbed, entering.shape(), entering.device())?;
        let disturbed = self.through(disturbed, from, to, &mut Unwatched { cancelled })?;
        let change: Vec<f32> = with_elements(&disturbed, |z| {
            z.iter().zip(&y).map(|(z, y)| ((f64::from(*z) - f64::from(*y)) / size) as f32).collect()
        })?;
        Ok(Some(largest_of_jacobian(&change, &signs, squares)))
    }
}

/// Only looks whether the pass is cancelled.
struct Unwatched<'a> {
    cancelled: &'a dyn Fn() -> bool,
}

impl Probe for Unwatched<'_> {
    type Stop = ScoreError;

    fn observe(&mut self, _: &Node, _: &Tensor) -> Result<(), ScoreError> {
        if (self.cancelled)() { Err(ScoreError::Cancelled) } else { Ok(()) }
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
        Unwatched { cancelled: self.cancelled }.observe(node, output)?;
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
