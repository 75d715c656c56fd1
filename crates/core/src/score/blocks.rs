//! Rank matrices of images that pass through a network a few at a time.
//!
//! Up to the first layer that is no image, nothing makes samples meet but a batch norm. So without one a few samples go
//! as far as they can before the next follow, and what a layer leaves for the next is still in the cache. Only the rows
//! that the ranks need are kept. The numbers are those of one pass to the last bit.

use std::ops::Range;

use candle_core::Tensor;

use super::effective_rank::{RankError, largest};
use super::probe::{BatchProbe, RankProbe};
use super::propagation::{PropagationProbe, TWINS};
use super::rank_matrix::rows_of_images;
use super::{ScoreError, failure};
use crate::network::forward::{Probe, forward};
use crate::network::ops::with_elements;
use crate::network::weights::Weights;
use crate::network::{Activation, Module, Op};

/// Elements that a layer may read and write in one go: 1 MiB of them, half of a usual second cache.
const AT_A_TIME: usize = 1 << 18;

/// Passes a batch through `modules` as [`forward`] does, where `weights` do not look at the data.
///
/// # Errors
/// Those of the probe, and those of tensors that do not fit.
pub(super) fn forward_by_parts(
    modules: &[Module],
    input: Tensor,
    weights: &dyn Weights,
    slot: Option<&Activation>,
    probe: &mut BatchProbe<'_>,
) -> Result<Tensor, ScoreError> {
    let (batch, passing) = (probe.batch, input.dim(0)?);
    let (images, rest) = modules.split_at(modules.iter().take_while(|m| is_image_by_sample(m)).count());
    let footprint = images.iter().map(|m| m.input.elements() + m.output.elements()).max().unwrap_or(0);
    let at_a_time = (AT_A_TIME / footprint.max(1)).max(1);
    if images.len() < 2 || at_a_time >= passing {
        return forward(modules, input, weights, slot, probe);
    }
    let twins = passing - batch;
    let mut blocks = BlockProbe { ranks: &probe.ranks, batch, part: 0..0, place: 0, blocks: Vec::new(), twins: None };
    let (mut outputs, mut failed): (Vec<Tensor>, Option<(usize, ScoreError)>) = (Vec::new(), None);
    let (mut start, mut watched, mut twins_out) = (0, probe.propagation.as_mut(), None);
    while start < batch {
        // Twins pass with their samples.
        blocks.twins = watched.take();
        let least = if blocks.twins.is_some() { twins / TWINS } else { 1 };
        let end = (start + at_a_time.max(least)).min(batch);
        (blocks.part, blocks.place) = (start..end, 0);
        let mut part = input.narrow(0, start, end - start)?;
        if blocks.twins.is_some() {
            part = Tensor::cat(&[&part, &input.narrow(0, batch, twins)?], 0)?;
        }
        match forward(images, part, weights, slot, &mut blocks) {
            Ok(output) if blocks.twins.is_some() => {
                outputs.push(output.narrow(0, 0, end - start)?);
                twins_out = Some(output.narrow(0, end - start, twins)?);
            }
            Ok(output) => outputs.push(output),
            // Other samples may fail in an earlier layer, which is the one to name.
            Err(error @ ScoreError::NonFinite { .. }) => {
                if failed.as_ref().is_none_or(|(place, _)| blocks.place < *place) {
                    failed = Some((blocks.place, error));
                }
            }
            Err(error) => return Err(error),
        }
        start = end;
    }
    if let Some((_, error)) = failed {
        return Err(error);
    }
    let blocks = blocks.blocks;
    let mut counted = Vec::with_capacity(blocks.len());
    images.iter().for_each(|m| m.walk(&mut |m| counted.extend(m.is_counted().then_some(m))));
    for (module, Block { columns, rows, .. }) in counted.into_iter().zip(blocks) {
        let place = probe.ranks.ranks.borrow_mut().add(&rows, rows.len() / columns, columns);
        probe.ranks.places.push(place.map_err(|error| failure(module, error))?);
    }
    outputs.extend(twins_out);
    forward(rest, Tensor::cat(&outputs, 0)?, weights, slot, probe)
}

/// Whether a module makes images of images, each for itself.
fn is_image_by_sample(module: &Module) -> bool {
    let mut by_sample = module.input.0.len() == 3 && module.output.0.len() == 3;
    module.walk(&mut |m| by_sample &= m.op != Op::BatchNorm);
    by_sample
}

/// The rows of one module's rank matrix that have come so far.
struct Block {
    /// The first row of the matrix, and how many it has.
    first: usize,
    taken: usize,
    columns: usize,
    rows: Vec<f32>,
}

struct BlockProbe<'p, 'c> {
    ranks: &'p RankProbe<'c>,
    batch: usize,
    /// The samples of the batch that pass,
    part: Range<usize>,
    /// The counted module that they come to next.
    place: usize,
    blocks: Vec<Block>,
    /// ... and who watches the twins behind them.
    twins: Option<&'p mut PropagationProbe<'c>>,
}

impl Probe for BlockProbe<'_, '_> {
    type Stop = ScoreError;

    fn enter(&mut self, module: &Module, input: &Tensor) -> Result<(), ScoreError> {
        self.twins.as_mut().map_or(Ok(()), |twins| twins.enter(module, input))
    }

    fn observe(&mut self, module: &Module, output: &Tensor) -> Result<(), ScoreError> {
        if (self.ranks.matrices.cancelled)() {
            return Err(ScoreError::Cancelled);
        }
        let samples = self.part.len();
        let (_, channels, height, width) = output.dims4()?;
        let area = height * width;
        if self.blocks.len() == self.place {
            let layer = self.ranks.places.len() + self.place;
            let rows = self.batch * area;
            let first = self.ranks.matrices.first_row(layer, rows, channels, width);
            let taken = channels.min(rows - first);
            self.blocks.push(Block { first, taken, columns: channels, rows: Vec::with_capacity(taken * channels) });
        }
        let block = &mut self.blocks[self.place];
        let before = self.part.start * area;
        let low = block.first.clamp(before, before + samples * area);
        let high = (block.first + block.taken).clamp(low, before + samples * area);
        let is_finite = with_elements(&output.narrow(0, 0, samples)?, |data| {
            block.rows.extend(rows_of_images(data, [channels, height, width], low - before, high - low));
            largest(data).is_some()
        })?;
        if !is_finite {
            return Err(failure(module, RankError::NonFinite));
        }
        self.place += 1;
        self.twins.as_mut().map_or(Ok(()), |twins| twins.observe(module, output))
    }

    fn pass_on(&mut self, output: Tensor) -> Result<Tensor, ScoreError> {
        match &mut self.twins {
            Some(twins) => twins.pass_on(output),
            None => Ok(output),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::network::weights::DrawnWeights;
    use crate::network::{BiasInit, Conv2d, Init, Layer, Network, Padding, Pool, Shape};
    use crate::random::{Key, Purpose};
    use crate::score::effective_rank::Ranks;
    use crate::score::rank_matrix::{RankMatrices, RowOffset};
    use crate::settings::Rows;

    fn network() -> Network {
        let conv = |out| Layer::Conv2d(Conv2d { padding: Padding::Zeros(1), ..Conv2d::new(out, 3) });
        let layers = [conv(24), Layer::Slot, Layer::MaxPool(Pool::new(2)), conv(32), Layer::Slot, Layer::Flatten];
        let head = [Layer::Linear { out: 7, bias: true }, Layer::Slot];
        Network::build(&Shape(vec![2, 80, 80]), &[&layers[..], &head[..]].concat()).unwrap()
    }

    fn inputs() -> Vec<f32> {
        let key = Key { seed: 3, repetition: 0, layer: 0, purpose: Purpose::Inputs };
        key.standard_normals(7 * 2 * 80 * 80)
    }

    /// The ranks by parts and in one pass, or why there are none.
    fn both(inputs: Vec<f32>, init: &Init) -> [Result<Vec<f64>, String>; 2] {
        let network = network();
        let inputs = Tensor::from_vec(inputs, (7, 2, 80, 80), &candle_core::Device::Cpu).unwrap();
        let relu = Activation::named("relu").unwrap();
        // Several places of the block of rows: in one part, across parts.
        [0, 1].map(|how| {
            let mut all = Vec::new();
            for repetition in 0..6 {
                let weights = DrawnWeights::new(1, repetition, init, BiasInit::FanInUniform, None);
                let offset = RowOffset::Drawn { rows: Rows::Full, seed: 1, repetition };
                let found = RefCell::new(Ranks::default());
                let ranks = RankProbe::new(RankMatrices { offset, cancelled: &|| false }, &found);
                let mut probe = BatchProbe { batch: 7, ranks, propagation: None };
                let (modules, inputs) = (&network.modules, inputs.clone());
                let output = match how {
                    0 => forward_by_parts(modules, inputs, &weights, Some(&relu), &mut probe),
                    _ => forward(modules, inputs, &weights, Some(&relu), &mut probe),
                };
                let output = output.map_err(|e| e.to_string())?;
                found.borrow_mut().finish();
                let ranks = probe.ranks.places.iter().map(|place| found.borrow().get(*place).unwrap().unwrap());
                all.extend(ranks);
                all.extend(output.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f64::from));
            }
            Ok(all)
        })
    }

    #[test]
    fn parts_give_what_one_pass_gives() {
        let [parts, whole] = both(inputs(), &Init::named("kaiming_normal").unwrap());
        assert_eq!(parts.as_ref().unwrap().len(), 6 * (6 + 7 * 7));
        assert_eq!(parts, whole);
    }

    #[test]
    fn the_first_layer_that_fails_is_named() {
        let mut inputs = inputs();
        // The first samples overflow in the second convolution, the last is infinite from the start.
        inputs[..12_800].iter_mut().for_each(|x| *x *= 1e36);
        let last = inputs.len() - 1;
        inputs[last] = f32::INFINITY;
        let [parts, whole] = both(inputs, &Init::named("normal").unwrap());
        assert_eq!(parts, whole);
        assert!(parts.unwrap_err().contains("after layer 0 "));
    }
}
