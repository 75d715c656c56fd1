//! One repetition of the candidates that share an initialization.

use std::cell::RefCell;

use candle_core::Tensor;

use super::blocks::{Blocks, BlocksProbe};
use super::common::{CommonScores, Name};
use super::effective_rank::Ranks;
use super::error::{ScoreError, again};
use super::images::forward_by_parts;
use super::levels::{Levels, Sizes};
use super::probe::{BatchProbe, RankProbe, Unranked};
use super::propagation::{self, Propagation, PropagationProbe, twins};
use super::rank_matrix::{RankMatrices, RowOffset};
use super::result::Score;
use crate::fill::Fill;
use crate::init::BiasInit;
use crate::network::forward::{Filling, Values, forward, forward_part};
use crate::network::scale::at_common_scale;
use crate::network::{Network, Node, Part};
use crate::parameters::Parameters;
use crate::random::Draws;
use crate::recipe::Init;
use crate::settings::{BatchNorm, Rows};
use crate::start::Drawing;
use crate::weights::{DrawnWeights, Weights};

/// Bytes that a batch takes at the most for its twins to be held beside it.
const ROOMY: u64 = 1 << 30;

/// What is shared by all candidates of one repetition with one initialization.
pub struct Repetition<'a> {
    pub network: &'a Network,
    /// `[samples, ...]`
    pub inputs: Tensor,
    pub init: &'a Init,
    pub bias: BiasInit,
    pub rows: Rows,
    pub batch_norm: BatchNorm,
    /// Whether the first repetitions also look at how signals pass.
    pub trainability: bool,
    /// Whether the first repetition, where it looks at signals, also looks at the blocks of the network.
    pub blocks: bool,
    pub seed: u64,
    pub repetition: u64,
    /// Where draws are left for other initializations of the same repetition.
    pub draws: Option<&'a Draws>,
    /// Where scores are left for other initializations of this network.
    pub common: Option<&'a CommonScores>,
}

impl<'a> Repetition<'a> {
    /// The first repetition with seed 0, scored as a preset that leaves its settings out.
    #[must_use]
    pub fn new(network: &'a Network, inputs: Tensor, init: &'a Init) -> Self {
        Self {
            network,
            inputs,
            init,
            bias: BiasInit::default(),
            rows: Rows::default(),
            batch_norm: BatchNorm::default(),
            trainability: true,
            blocks: false,
            seed: 0,
            repetition: 0,
            draws: None,
            common: None,
        }
    }
}

impl Repetition<'_> {
    /// Scores the network with `fill` in its slots; `None` is the network as it is.
    ///
    /// # Errors
    /// Why it has no score.
    pub fn score_one(&self, fill: Option<Fill>) -> Result<Score, ScoreError> {
        let mut result = Err(ScoreError::Cancelled);
        self.score(&[fill], &|| false, &mut |_, score| result = score);
        result
    }

    /// Scores the network with each of `fills` in its slots and reports each as it is done; `None` is the network as it is.
    /// What depends on no slot, and every weight that does not depend on the activation, is computed once.
    pub fn score(
        &self,
        fills: &[Option<Fill>],
        cancelled: &dyn Fn() -> bool,
        report: &mut dyn FnMut(usize, Result<Score, ScoreError>),
    ) {
        score_together(&[(self, fills)], cancelled, &mut |_, i, score| report(i, score));
    }

    /// Passes the network with each of `fills` in its slots, and takes their ranks.
    fn pass_all<'p>(
        &self,
        fills: &'p [Option<Fill>],
        cancelled: &'p dyn Fn() -> bool,
        ranks: &'p RefCell<Ranks>,
        report: &mut dyn FnMut(usize, Result<Found, ScoreError>),
    ) {
        let start = match self.start(cancelled, ranks) {
            Ok(start) => start,
            Err(error) => return (0..fills.len()).for_each(|i| report(i, Err(again(&error)))),
        };
        if self.drawing().depends_on_activation(self.network) {
            for (i, fill) in fills.iter().enumerate() {
                let weights = self.weights(fill.as_ref());
                report(i, self.finish(&self.network.whole(), start.clone(), &weights, fill.as_ref()));
            }
        } else {
            let weights = self.weights(None);
            let [shared, rest] = self.network.around_slots();
            // Where what is shared fails, a pass in order finds out what fails first.
            let (part, reached) = match self.pass(&shared, start.clone(), &weights, None) {
                Ok(reached) => (rest, reached),
                Err(_) => (self.network.whole(), start),
            };
            for (i, fill) in fills.iter().enumerate() {
                report(i, self.finish(&part, reached.clone(), &weights, fill.as_ref()));
            }
        }
    }

    /// How signals pass with `fill` in the slots, without a score; none for a batch of fewer than two samples.
    ///
    /// # Errors
    /// Where values are not finite, or the pass is cancelled.
    pub fn signals(
        &self,
        fill: Option<&Fill>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Propagation>, ScoreError> {
        let twins = twins(&self.inputs, &self.network.input, self.seed, self.repetition)?;
        let Some((watched, twins)) = twins else { return Ok(None) };
        // Where samples meet, they are as many as when they are scored.
        let meet = self.twins_pass_with_batch() && !self.is_by_sample();
        let samples = if meet { self.inputs.dim(0)? } else { watched.samples };
        let drawn = [self.seed, self.repetition];
        let mut probe = PropagationProbe::new(self.network, drawn, watched, samples, cancelled).with_fill(fill);
        let all = Tensor::cat(&[&self.inputs.narrow(0, 0, samples)?, &twins], 0)?;
        let mut values = Values::of_input(self.network, all);
        let weights = &InTraining(&self.weights(fill));
        let filling = Filling { weights, fill, batch: Some(samples) };
        forward_part(self.network, &self.network.whole(), &mut values, filling, &mut probe)?;
        Ok(Some(probe.finish(values.get(self.network.output_value())?)?))
    }

    /// ln of the gains, by the name of the layer, with which every layer would give its activation signals of these sizes. The
    /// drawn weights of recurrent layers have none.
    ///
    /// # Errors
    /// Where tensors do not fit, or the pass is cancelled.
    pub fn ln_gains(
        &self,
        fill: Option<&Fill>,
        sizes: Sizes,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<(String, f64)>, ScoreError> {
        let mut levels = Levels::new(sizes, cancelled);
        let weights = self.weights(fill);
        forward(self.network, self.inputs.clone(), &InTraining(&weights), fill, &mut levels)?;
        Ok(levels.ln_gains)
    }

    /// The samples, in the first repetitions with twins.
    fn start<'p>(&self, cancelled: &'p dyn Fn() -> bool, ranks: &'p RefCell<Ranks>) -> Result<Reached<'p>, ScoreError> {
        let (batch, inputs) = (self.inputs.dim(0)?, self.inputs.clone());
        let enter = |tensor| Values::of_input(self.network, tensor);
        let ranks = RankProbe::new(self.matrices(cancelled), ranks);
        let twins = match self.trainability && self.repetition < propagation::REPETITIONS {
            true => twins(&self.inputs, &self.network.input, self.seed, self.repetition)?,
            false => None,
        };
        let Some((watched, twins)) = twins else {
            let probe = BatchProbe { batch, ranks, propagation: None, blocks: None };
            return Ok(Reached { values: enter(inputs), probe, apart: None });
        };
        let blocks = match self.blocks && self.repetition == 0 && self.batch_norm == BatchNorm::Training {
            true => BlocksProbe::of(self.network, &self.inputs, cancelled)?,
            false => None,
        };
        let is_with_batch = self.twins_pass_with_batch();
        let (drawn, ahead) = ([self.seed, self.repetition], if is_with_batch { batch } else { watched.samples });
        let propagation = PropagationProbe::new(self.network, drawn, watched, ahead, cancelled);
        if is_with_batch {
            let values = enter(Tensor::cat(&[&inputs, &twins], 0)?);
            let probe = BatchProbe { batch, ranks, propagation: Some(propagation), blocks };
            return Ok(Reached { values, probe, apart: None });
        }
        let triples = enter(Tensor::cat(&[&inputs.narrow(0, 0, watched.samples)?, &twins], 0)?);
        let probe = BatchProbe { batch, ranks, propagation: None, blocks };
        Ok(Reached { values: enter(inputs), probe, apart: Some((triples, propagation)) })
    }

    /// Whether twins behind a batch change nothing about the batch, and there is room for them. A batch norm that trains takes its
    /// statistics of the batch alone.
    fn twins_pass_with_batch(&self) -> bool {
        let has_room = || self.inputs.dim(0).is_ok_and(|batch| self.network.memory(batch) <= ROOMY);
        let is_training = self.batch_norm == BatchNorm::Training;
        !self.drawing().looks_at_data(self.network) && (self.is_by_sample() || is_training && has_room())
    }

    /// Whether what a sample becomes does not depend on those that pass with it.
    fn is_by_sample(&self) -> bool {
        self.network.nodes.iter().all(|node| node.operation.is_by_sample())
    }

    /// Passes everything through a part of the network.
    fn pass<'p>(
        &self,
        part: &Part,
        reached: Reached<'p>,
        weights: &dyn Weights,
        fill: Option<&Fill>,
    ) -> Result<Reached<'p>, ScoreError> {
        let Reached { mut values, mut probe, mut apart } = reached;
        let filling = Filling { weights, fill, batch: Some(probe.batch) };
        // First, since initializations that look at data are to look at the whole batch.
        if self.drawing().looks_at_data(self.network) || probe.blocks.is_some() {
            forward_part(self.network, part, &mut values, filling, &mut probe)?;
        } else {
            forward_by_parts(self.network, part, &mut values, filling, &mut probe)?;
        }
        if let Some((triples, probe)) = &mut apart {
            self.pass_apart(part, triples, filling, probe)?;
        }
        Ok(Reached { values, probe, apart })
    }

    /// Passes samples with their twins through a part of the network.
    fn pass_apart(
        &self,
        part: &Part,
        triples: &mut Values,
        filling: Filling<'_>,
        probe: &mut PropagationProbe<'_>,
    ) -> Result<(), ScoreError> {
        let (weights, batch) = (&InTraining(filling.weights), Some(probe.watched().samples));
        forward_part(self.network, part, triples, Filling { weights, batch, ..filling }, probe)
    }

    /// Passes what was reached through the rest of the network, and looks at its blocks where that is asked for.
    fn finish(
        &self,
        rest: &Part,
        reached: Reached<'_>,
        weights: &dyn Weights,
        fill: Option<&Fill>,
    ) -> Result<Found, ScoreError> {
        let cancelled = reached.probe.ranks.matrices.cancelled;
        let mut found = self.pass_rest(rest, reached, weights, fill)?;
        if let (true, 0, Some(propagation)) = (self.blocks, self.repetition, found.propagation())
            && propagation.blocks.is_none()
        {
            propagation.blocks = self.look_at_blocks(fill, cancelled)?;
        }
        Ok(found)
    }

    /// How blocks pass the batch with `fill` in the slots, in a pass of its own; none without blocks that give images.
    ///
    /// # Errors
    /// Where tensors do not fit, or the pass is cancelled.
    pub(super) fn look_at_blocks(
        &self,
        fill: Option<&Fill>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Blocks>, ScoreError> {
        let Some(probe) = BlocksProbe::of(self.network, &self.inputs, cancelled)? else { return Ok(None) };
        let (mut probe, weights) = (probe.with_fill(fill), self.weights(fill));
        let mut values = Values::of_input(self.network, self.inputs.clone());
        let filling = Filling { weights: &InTraining(&weights), fill, batch: None };
        forward_part(self.network, &self.network.whole(), &mut values, filling, &mut probe)?;
        Ok(Some(probe.finish()))
    }

    fn pass_rest(
        &self,
        rest: &Part,
        reached: Reached<'_>,
        weights: &dyn Weights,
        fill: Option<&Fill>,
    ) -> Result<Found, ScoreError> {
        let mut reached = reached.with_fill(fill);
        if let Some(score) = self.in_common(fill, reached.probe.ranks.matrices.cancelled) {
            let mut score = score?;
            if let Some((mut triples, mut probe)) = reached.triples()? {
                self.pass_apart(rest, &mut triples, Filling { weights, fill, batch: None }, &mut probe)?;
                score.propagation = Some(probe.finish(triples.get(self.network.output_value())?)?);
            }
            return Ok(Found::Score(score));
        }
        reached = self.pass(rest, reached, weights, fill)?;
        let Reached { values, probe, apart } = reached;
        let output = values.get(self.network.output_value())?;
        let mut propagation = match (probe.propagation, apart) {
            (Some(probe), _) => Some(probe.finish(output)?),
            (None, Some((triples, probe))) => Some(probe.finish(triples.get(self.network.output_value())?)?),
            (None, None) => None,
        };
        if let Some(propagation) = &mut propagation {
            propagation.blocks = probe.blocks.map(BlocksProbe::finish);
        }
        let mut score = probe.ranks.finish(&output.narrow(0, 0, probe.batch)?)?;
        score.propagation = propagation;
        Ok(Found::Unranked(score))
    }

    /// The score without propagation that this initialization shares with others, if it does.
    fn in_common(&self, fill: Option<&Fill>, cancelled: &dyn Fn() -> bool) -> Option<Result<Score, ScoreError>> {
        let common = self.common?;
        let laws = at_common_scale(self.network, self.init, self.bias, fill)?;
        let name = Name { repetition: self.repetition, laws: laws.clone(), fill: fill.cloned() };
        Some(common.get(name, || {
            let weights = self.weights(None).with_laws(laws);
            let (batch, all) = (self.inputs.dim(0)?, RefCell::new(Ranks::default()));
            let ranks = RankProbe::new(self.matrices(cancelled), &all);
            let probe = BatchProbe { batch, ranks, propagation: None, blocks: None };
            let start = Reached { values: Values::of_input(self.network, self.inputs.clone()), probe, apart: None };
            let Reached { values, probe, .. } = self.pass(&self.network.whole(), start, &weights, fill)?;
            probe.ranks.finish(values.get(self.network.output_value())?)?.ranked_now(&all, self.network)
        }))
    }

    fn drawing(&self) -> Drawing<'_> {
        Drawing::new(self.init, self.bias, None)
    }

    pub(super) fn weights<'b>(&'b self, fill: Option<&'b Fill>) -> DrawnWeights<'b> {
        DrawnWeights::new(self.seed, self.repetition, self.init, self.bias, fill)
            .with_batch_norm(self.batch_norm)
            .sharing(self.draws)
    }

    pub(super) fn matrices<'p>(&self, cancelled: &'p dyn Fn() -> bool) -> RankMatrices<'p> {
        let offset = RowOffset::Drawn { rows: self.rows, seed: self.seed, repetition: self.repetition };
        RankMatrices { offset, cancelled }
    }
}

/// Scores several repetitions as [`Repetition::score`] does each, which takes less time: small ranks of all of them are worked on
/// side by side. Reports each score with the place of its repetition and that of its fill.
pub fn score_together(
    work: &[(&Repetition<'_>, &[Option<Fill>])],
    cancelled: &dyn Fn() -> bool,
    report: &mut dyn FnMut(usize, usize, Result<Score, ScoreError>),
) {
    let ranks = RefCell::new(Ranks::default());
    let mut waiting = Vec::new();
    for (at, (repetition, fills)) in work.iter().enumerate() {
        repetition.pass_all(fills, cancelled, &ranks, &mut |i, found| {
            match found {
                Ok(Found::Score(score)) => report(at, i, Ok(score)),
                Ok(Found::Unranked(unranked)) => waiting.push((at, i, unranked)),
                Err(error) => report(at, i, Err(error)),
            }
            let ranks = ranks.borrow();
            waiting.retain(|(at, i, unranked): &(usize, usize, Unranked)| {
                unranked.ranked(&ranks, work[*at].0.network).map(|score| report(*at, *i, score)).is_none()
            });
        });
    }
    for (at, i, unranked) in waiting {
        report(at, i, unranked.ranked_now(&ranks, work[at].0.network));
    }
}

/// What scoring an activation gives.
enum Found {
    Score(Score),
    Unranked(Unranked),
}

impl Found {
    fn propagation(&mut self) -> Option<&mut Propagation> {
        match self {
            Self::Score(score) => score.propagation.as_mut(),
            Self::Unranked(unranked) => unranked.propagation.as_mut(),
        }
    }
}

/// The same weights, with batch norm as in training: there a network trains or does not, whatever it is scored by.
pub(super) struct InTraining<'a>(pub &'a dyn Weights);

impl Weights for InTraining<'_> {
    fn parameters(&self, node: &Node, inputs: &[Tensor]) -> candle_core::Result<Parameters> {
        Ok(self.0.parameters(node, inputs)?.with_batch_norm(BatchNorm::Training))
    }
}

/// How far a repetition has come with what all activations share.
#[derive(Clone)]
struct Reached<'a> {
    /// Of the batch, followed by twins where they can pass with it.
    values: Values,
    probe: BatchProbe<'a>,
    /// Of samples with their twins where they cannot.
    apart: Option<(Values, PropagationProbe<'a>)>,
}

impl<'a> Reached<'a> {
    fn with_fill(self, fill: Option<&'a Fill>) -> Self {
        let Self { values, probe, apart } = self;
        let set = |probe: PropagationProbe<'a>| probe.with_fill(fill);
        let blocks = probe.blocks.map(|probe| probe.with_fill(fill));
        let probe = BatchProbe { propagation: probe.propagation.map(set), blocks, ..probe };
        Self { values, probe, apart: apart.map(|(triples, probe)| (triples, set(probe))) }
    }

    /// Only the samples that have twins, and these.
    fn triples(self) -> candle_core::Result<Option<(Values, PropagationProbe<'a>)>> {
        let Some(mut probe) = self.probe.propagation else { return Ok(self.apart) };
        let (batch, samples) = (self.probe.batch, probe.watched().samples);
        let triples = self.values.map(|all| {
            let twins = all.narrow(0, batch, all.dim(0)? - batch)?;
            Tensor::cat(&[all.narrow(0, 0, samples)?, twins], 0)
        })?;
        probe.set_batch(samples);
        Ok(Some((triples, probe)))
    }
}
