//! Rank matrices of images that pass through a network a few at a time.
//!
//! Up to the first node that is no image, nothing makes samples meet but a batch norm. So without one a few samples go
//! as far as they can before the next follow, and what a layer leaves for the next is still in the cache. Only the rows
//! that the ranks need are kept. The numbers are those of one pass to the last bit.

use std::ops::Range;

use candle_core::Tensor;

use super::effective_rank::{Factor, RankError, largest};
use super::error::{ScoreError, failure};
use super::head::Head;
use super::probe::{BatchProbe, RankProbe};
use super::propagation::PropagationProbe;
use super::rank_matrix::{Reading, RowBlock, factor};
use crate::kernels::with_elements;
use crate::network::forward::{Filling, Probe, Values, forward_part, uneven};
use crate::network::{Network, Node, Part, ValueId};
use crate::parameters::Parameters;
use crate::shape::Form;

/// Elements that a layer may read and write in one go: 2 MiB of them, a usual second cache.
const AT_A_TIME: usize = 1 << 19;

/// Passes a batch through a part of a network as [`forward_part`] does, where weights do not look at the data.
///
/// # Errors
/// Those of the probe, and those of tensors that do not fit.
pub(super) fn forward_by_parts(
    network: &Network,
    part: &Part,
    values: &mut Values,
    filling: Filling<'_>,
    probe: &mut BatchProbe<'_>,
) -> Result<(), ScoreError> {
    let is_image = |at: &&usize| is_image_by_sample(&network.nodes[**at]);
    let (images, rest) = part.nodes.split_at(part.nodes.iter().take_while(is_image).count());
    let Some(first) = images.first() else { return forward_part(network, part, values, filling, probe) };
    let passing = values.get(network.nodes[*first].inputs[0])?.dim(0)?;
    let footprint = |at: &usize| footprint(&network.nodes[*at]);
    let at_a_time = (AT_A_TIME / images.iter().map(footprint).max().unwrap_or(1).max(1)).max(1);
    if images.len() < 2 || at_a_time >= passing {
        return forward_part(network, part, values, filling, probe);
    }
    let mut kept: Vec<_> = rest.iter().flat_map(|at| &network.nodes[*at].inputs).chain(&part.kept).copied().collect();
    kept.sort_unstable();
    kept.dedup();
    let (made, untouched): (Vec<_>, Vec<_>) = kept.into_iter().partition(|value| is_made_by(images, *value));
    let images = Images { network, part: Part { nodes: images.to_vec(), kept: made }, at_a_time };
    images.forward(values, &untouched, filling, probe)?;
    forward_part(network, &Part { nodes: rest.to_vec(), kept: part.kept.clone() }, values, filling, probe)
}

/// Elements that a node reads and writes for one sample.
fn footprint(node: &Node) -> usize {
    node.place.inputs.iter().chain([&node.place.output]).map(|form| form.shape.elements()).sum()
}

fn is_made_by(nodes: &[usize], value: ValueId) -> bool {
    value.checked_sub(1).is_some_and(|node| nodes.binary_search(&node).is_ok())
}

/// Whether a node makes images of images, each for itself.
fn is_image_by_sample(node: &Node) -> bool {
    let mut forms = node.place.inputs.iter().chain([&node.place.output]);
    node.operation.is_by_sample() && forms.all(|form| form.image().is_some())
}

/// Nodes through which samples pass a few at a time.
struct Images<'n> {
    network: &'n Network,
    part: Part,
    at_a_time: usize,
}

impl Images<'_> {
    /// Replaces in `values` what the nodes take by what they make; `untouched` is needed as it is.
    fn forward(
        &self,
        values: &mut Values,
        untouched: &[ValueId],
        filling: Filling<'_>,
        probe: &mut BatchProbe<'_>,
    ) -> Result<(), ScoreError> {
        let entering = self.entering();
        let mut made = Made { outputs: vec![Vec::new(); self.part.kept.len()], twins: Vec::new(), failed: None };
        let mut blocks = BlockProbe {
            ranks: &probe.ranks,
            batch: probe.batch,
            part: 0..0,
            place: 0,
            blocks: Vec::new(),
            head: probe.ranks.head.clone(),
            twins: None,
        };
        let mut watched = probe.propagation.as_mut();
        while blocks.part.end < blocks.batch {
            // Twins pass with their samples.
            blocks.twins = watched.take();
            let least = blocks.twins.as_ref().map_or(1, |twins| twins.watched().samples);
            let start = blocks.part.end;
            blocks.part = start..(start + self.at_a_time.max(least)).min(blocks.batch);
            if let Some(twins) = &mut blocks.twins {
                twins.set_batch(blocks.part.len());
            }
            self.forward_few(values, &entering, filling, &mut blocks, &mut made)?;
        }
        if let Some((_, error)) = made.failed {
            return Err(error);
        }
        let BlockProbe { blocks, head, batch, .. } = blocks;
        if let Some(twins) = &mut probe.propagation {
            twins.set_batch(batch);
        }
        probe.ranks.head = head;
        self.rank(blocks, &mut probe.ranks)?;
        entering.iter().filter(|value| !untouched.contains(value)).for_each(|value| values.remove(*value));
        let mut twins = made.twins.into_iter();
        for (value, mut outputs) in self.part.kept.iter().zip(made.outputs) {
            outputs.extend(twins.next());
            values.set(*value, Tensor::cat(&outputs, 0)?);
        }
        Ok(())
    }

    /// Passes the samples whose turn it is.
    fn forward_few(
        &self,
        values: &Values,
        entering: &[ValueId],
        filling: Filling<'_>,
        blocks: &mut BlockProbe<'_, '_>,
        made: &mut Made,
    ) -> Result<(), ScoreError> {
        let (start, count, has_twins) = (blocks.part.start, blocks.part.len(), blocks.twins.is_some());
        let mut few = Values::of_nothing(self.network);
        for value in entering {
            let all = values.get(*value)?;
            let mut part = all.narrow(0, start, count)?;
            if has_twins {
                part = Tensor::cat(&[&part, &from(all, blocks.batch)?], 0)?;
            }
            few.set(*value, part);
        }
        blocks.place = 0;
        match forward_part(self.network, &self.part, &mut few, filling, blocks) {
            Ok(()) => {}
            // Other samples may fail in an earlier layer, which is the one to name.
            Err(error @ ScoreError::NonFinite { .. }) => {
                if made.failed.as_ref().is_none_or(|(place, _)| blocks.place < *place) {
                    made.failed = Some((blocks.place, error));
                }
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        for (value, outputs) in self.part.kept.iter().zip(&mut made.outputs) {
            let output = few.get(*value)?;
            outputs.push(output.narrow(0, 0, count)?);
            if has_twins {
                made.twins.push(from(output, count)?);
            }
        }
        Ok(())
    }

    /// The values that come from elsewhere.
    fn entering(&self) -> Vec<ValueId> {
        let all = self.part.nodes.iter().flat_map(|at| &self.network.nodes[*at].inputs).copied();
        let mut entering: Vec<_> = all.filter(|value| !is_made_by(&self.part.nodes, *value)).collect();
        entering.sort_unstable();
        entering.dedup();
        entering
    }

    /// Hands over the rank matrices.
    fn rank(&self, blocks: Vec<Block>, probe: &mut RankProbe<'_>) -> Result<(), ScoreError> {
        let counted = self.part.nodes.iter().map(|at| &self.network.nodes[*at]).filter(|node| node.counted.is_some());
        for (node, block) in counted.zip(blocks) {
            let (most, rows) = (node.surroundings.most_rank, block.taken.taken);
            let ranked = match &block.factor {
                Some(_) if !block.gives => probe.ranks.borrow_mut().add(&[0.0], 1, 1),
                None => probe.ranks.borrow_mut().add_of_rank(&block.rows, rows, node.units(), most),
                Some(factor) => factor
                    .matrix(block.rows)
                    .ok_or(RankError::NonFinite)
                    .and_then(|matrix| probe.ranks.borrow_mut().add_of_rank(&matrix, rows, factor.columns(), most)),
            };
            probe.set(node, ranked.map_err(|error| failure(node, error))?);
        }
        Ok(())
    }
}

/// What comes after the first `count` samples.
fn from(all: &Tensor, count: usize) -> candle_core::Result<Tensor> {
    all.narrow(0, count, all.dim(0)? - count)
}

/// What the nodes have made of the samples so far, by value that is kept.
struct Made {
    outputs: Vec<Vec<Tensor>>,
    twins: Vec<Tensor>,
    /// The first counted node that failed, for any sample, and how.
    failed: Option<(usize, ScoreError)>,
}

/// The rows of one node's rank matrix that have come so far.
struct Block {
    /// The rows of the matrix among all.
    taken: RowBlock,
    /// Of its output, or of its input where there is a factor.
    rows: Vec<f32>,
    factor: Option<Factor>,
    /// Whether the output has anything but zeros.
    gives: bool,
}

struct BlockProbe<'p, 'c> {
    ranks: &'p RankProbe<'c>,
    batch: usize,
    /// The samples of the batch that pass,
    part: Range<usize>,
    /// The counted node that they come to next.
    place: usize,
    blocks: Vec<Block>,
    head: Head,
    /// ... and who watches the twins behind them.
    twins: Option<&'p mut PropagationProbe<'c>>,
}

impl BlockProbe<'_, '_> {
    /// Keeps those rows of what the samples that pass have at the node that the rank matrix is made of.
    fn take(&mut self, form: &Form, data: &[f32]) {
        let (area, block) = (form.rows(), &mut self.blocks[self.place]);
        let (before, after) = (self.part.start * area, self.part.end * area);
        let RowBlock { first, taken } = block.taken;
        let low = first.clamp(before, after);
        let high = (first + taken).clamp(low, after);
        let reading = Reading::of(form);
        block.rows.reserve(taken * reading.columns() - block.rows.len());
        block.rows.extend(reading.rows(data, RowBlock { first: low - before, taken: high - low }));
    }
}

impl Probe for BlockProbe<'_, '_> {
    type Stop = ScoreError;

    fn fill_up(&self, input: &Tensor, samples: usize) -> Result<Tensor, ScoreError> {
        match &self.twins {
            Some(twins) => twins.fill_up(input, samples),
            None => Err(uneven(input, samples).into()),
        }
    }

    fn keeps_input(&self, node: &Node) -> bool {
        self.twins.as_ref().is_some_and(|twins| twins.keeps_input(node))
    }

    fn receive(&mut self, node: &Node, output: Tensor) -> Result<Tensor, ScoreError> {
        match &mut self.twins {
            Some(twins) => twins.receive(node, output),
            None => Ok(output),
        }
    }

    fn enter(&mut self, node: &Node, input: &Tensor, parameters: &Parameters) -> Result<(), ScoreError> {
        self.head.enter(node, input, self.part.len())?;
        if self.blocks.len() == self.place {
            let (reading, layer) = (Reading::of(&node.place.output), node.counted.unwrap_or_default());
            let taken = self.ranks.matrices.block(layer, reading, self.batch * node.place.output.rows());
            let factor = factor(node, parameters, taken.taken)?;
            self.blocks.push(Block { taken, rows: Vec::new(), factor, gives: false });
        }
        if self.blocks[self.place].factor.is_some() {
            with_elements(input, |data| self.take(&node.place.inputs[0], data))?;
        }
        self.twins.as_mut().map_or(Ok(()), |twins| twins.enter(node, input, parameters))
    }

    fn observe(&mut self, node: &Node, output: &Tensor) -> Result<(), ScoreError> {
        if (self.ranks.matrices.cancelled)() {
            return Err(ScoreError::Cancelled);
        }
        let of_samples = output.narrow(0, 0, self.part.len())?;
        self.head.observe(node, &of_samples)?;
        let largest = with_elements(&of_samples, |data| {
            if self.blocks[self.place].factor.is_none() {
                self.take(&node.place.output, data);
            }
            largest(data)
        })?;
        self.blocks[self.place].gives |= largest.ok_or_else(|| failure(node, RankError::NonFinite))? > 0.0;
        self.place += 1;
        self.twins.as_mut().map_or(Ok(()), |twins| twins.observe(node, output))
    }

    fn pass_on(&mut self, node: &Node, output: Tensor) -> Result<Tensor, ScoreError> {
        match &mut self.twins {
            Some(twins) => twins.pass_on(node, output),
            None => Ok(output),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::activation::Activation;
    use crate::init::BiasInit;
    use crate::layer::Layer;
    use crate::layers::{Conv2d, Flatten, Linear, MaxPool, Padding, Slot};
    use crate::network::forward::forward;
    use crate::random::{Key, Purpose};
    use crate::recipe::Init;
    use crate::score::effective_rank::Ranks;
    use crate::score::rank_matrix::{RankMatrices, RowOffset};
    use crate::settings::Rows;
    use crate::shape::Shape;
    use crate::weights::DrawnWeights;

    fn network() -> Network {
        let conv = |out| -> Layer { Conv2d { padding: Padding::Zeros(1), ..Conv2d::new(out, 3) }.into() };
        let layers = [
            conv(24),
            Slot::default().into(),
            MaxPool::new(2).into(),
            conv(32),
            Slot::default().into(),
            Flatten.into(),
        ];
        let head = [Linear::new(7).into(), Slot::default().into()];
        Network::build(Shape(vec![2, 80, 80]), &[&layers[..], &head[..]].concat()).unwrap()
    }

    fn inputs() -> Vec<f32> {
        let key = Key { seed: 3, repetition: 0, layer: 0, purpose: Purpose::Inputs };
        key.standard_normals(7 * 2 * 80 * 80)
    }

    /// The ranks by parts and in one pass, or why there are none.
    fn both(inputs: Vec<f32>, init: &Init) -> [Result<Vec<f64>, String>; 2] {
        let network = network();
        let inputs = Tensor::from_vec(inputs, (7, 2, 80, 80), &candle_core::Device::Cpu).unwrap();
        let relu = Activation::named("relu").unwrap().into();
        // Several places of the block of rows: in one part, across parts.
        [0, 1].map(|how| {
            let mut all = Vec::new();
            for repetition in 0..6 {
                let weights = DrawnWeights::new(1, repetition, init, BiasInit::FanInUniform, None);
                let offset = RowOffset::Drawn { rows: Rows::Full, seed: 1, repetition };
                let found = RefCell::new(Ranks::default());
                let ranks = RankProbe::new(RankMatrices { offset, cancelled: &|| false }, &found);
                let mut probe = BatchProbe { batch: 7, ranks, propagation: None, blocks: None };
                let (inputs, fill) = (inputs.clone(), Some(&relu));
                let output = match how {
                    0 => {
                        let mut values = Values::of_input(&network, inputs);
                        let filling = Filling { weights: &weights, fill, batch: None };
                        forward_by_parts(&network, &network.whole(), &mut values, filling, &mut probe)
                            .map(|()| values.get(network.output_value()).unwrap().clone())
                    }
                    _ => forward(&network, inputs, &weights, fill, &mut probe),
                };
                let output = output.map_err(|e| e.to_string())?;
                found.borrow_mut().finish();
                let ranks = probe.ranks.places.iter().map(|place| found.borrow().get(place.unwrap()).unwrap().unwrap());
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
