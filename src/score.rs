//! Scoring one repetition of candidates: NEAR, layer by layer.

mod blocks;
mod common;
pub mod effective_rank;
pub mod propagation;
pub mod spectrum;

use candle_core::Tensor;
use rand::RngCore;

use crate::network::forward::{Probe, forward};
use crate::network::ops::with_elements;
use crate::network::scale::at_common_scale;
use crate::network::weights::{BatchNorm, DrawnWeights, Parameters, Weights};
use crate::network::{Activation, BiasInit, Init, Module, Network, Op};
use crate::random::{Draws, Key, Purpose};

use blocks::forward_by_parts;
pub use common::CommonScores;
use common::Name;
use effective_rank::{RankError, effective_rank};
use propagation::{Propagation, PropagationProbe, twins};

/// One repetition's score.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The sum of the effective ranks.
    pub near: f64,
    /// The effective rank of every counted module's output, in the order of the forward pass.
    pub effective_ranks: Vec<f64>,
    /// The counted module from which on the network is dead: its output is zero for every sample.
    pub dead_from: Option<usize>,
    /// How signals pass, in the first [`propagation::REPETITIONS`] repetitions of drawn weights.
    pub propagation: Option<Propagation>,
}

/// How the message of [`ScoreError::NonFinite`] begins.
pub const NON_FINITE: &str = "values that are not finite";

/// Why there is no score.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    #[error("{} after layer {module} ({kind})", NON_FINITE)]
    NonFinite { module: String, kind: String },
    #[error("the singular values of layer {module} ({kind}) could not be computed")]
    NoConvergence { module: String, kind: String },
    #[error("cancelled")]
    Cancelled,
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

/// Which rows of a convolution's output `[samples x width x height, channels]` make its rank matrix. Both blocks start at
/// a multiple of the width, drawn for the repetition and the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// As many rows as there are channels: the start leaves room for all of them.
    #[default]
    Full,
    /// As in the authors' program near-score 1.0.0: the start may lie so late that the block is cut off where the rows
    /// end. Only outputs with few rows to a channel notice.
    Clipped,
}

/// Where the block of rows of a convolution's rank matrix starts.
#[derive(Debug, Clone, Copy)]
enum RowOffset {
    /// At the first row.
    Start,
    /// At a multiple of the image's width, drawn for the repetition and the layer.
    Drawn { rows: Rows, seed: u64, repetition: u64 },
}

/// What is shared by all candidates of one repetition with one initialization.
pub struct Repetition<'a> {
    pub network: &'a Network,
    /// `[samples, ...]`
    pub inputs: Tensor,
    pub init: &'a Init,
    pub bias: BiasInit,
    pub rows: Rows,
    pub batch_norm: BatchNorm,
    pub seed: u64,
    pub repetition: u64,
    /// Where draws are left for other initializations of the same repetition.
    pub draws: Option<&'a Draws>,
    /// Where scores are left for other initializations of this network.
    pub common: Option<&'a CommonScores>,
}

impl Repetition<'_> {
    /// Scores the activations one after the other and reports each as it is done; `None` is the network as it is.
    /// What comes before the first slot, and every weight that does not depend on the activation, is computed once.
    pub fn score(
        &self,
        activations: &[Option<Activation>],
        cancelled: &dyn Fn() -> bool,
        report: &mut dyn FnMut(usize, Result<Score, ScoreError>),
    ) {
        let start = match self.start(cancelled) {
            Ok(start) => start,
            Err(error) => return (0..activations.len()).for_each(|i| report(i, Err(again(&error)))),
        };
        if self.init.depends_on_activation() {
            for (i, activation) in activations.iter().enumerate() {
                let weights = self.weights(activation.as_ref());
                report(i, self.finish(&self.network.modules, start.clone(), &weights, activation));
            }
            return;
        }
        let weights = self.weights(None);
        let (prefix, rest) = self.network.modules.split_at(self.network.shared_prefix());
        match self.pass(prefix, start, &weights, None) {
            Ok(reached) => {
                for (i, activation) in activations.iter().enumerate() {
                    report(i, self.finish(rest, reached.clone(), &weights, activation));
                }
            }
            Err(error) => (0..activations.len()).for_each(|i| report(i, Err(again(&error)))),
        }
    }

    /// The samples, in the first repetitions with twins.
    fn start<'p>(&self, cancelled: &'p dyn Fn() -> bool) -> Result<Reached<'p>, ScoreError> {
        let (batch, inputs) = (self.inputs.dim(0)?, self.inputs.clone());
        let ranks = self.probe(cancelled);
        let twins = match self.repetition < propagation::REPETITIONS {
            true => twins(&self.inputs, self.seed, self.repetition)?,
            false => None,
        };
        let Some(twins) = twins else {
            return Ok(Reached { inputs, probe: BatchProbe { batch, ranks, propagation: None }, apart: None });
        };
        let count = twins.dim(0)?;
        let propagation = PropagationProbe::new(self.network, self.seed, self.repetition, count, cancelled);
        if self.is_by_sample() {
            let inputs = Tensor::cat(&[&inputs, &twins], 0)?;
            let probe = BatchProbe { batch, ranks, propagation: Some(propagation) };
            return Ok(Reached { inputs, probe, apart: None });
        }
        let triples = Tensor::cat(&[&inputs.narrow(0, 0, count / propagation::TWINS)?, &twins], 0)?;
        let probe = BatchProbe { batch, ranks, propagation: None };
        Ok(Reached { inputs, probe, apart: Some((triples, propagation)) })
    }

    /// Whether what a sample becomes does not depend on those that pass with it.
    fn is_by_sample(&self) -> bool {
        let mut by_sample = !self.init.looks_at_data();
        self.network.modules.iter().for_each(|m| m.walk(&mut |m| by_sample &= m.op != Op::BatchNorm));
        by_sample
    }

    /// Passes everything through `modules`.
    fn pass<'p>(
        &self,
        modules: &[Module],
        reached: Reached<'p>,
        weights: &dyn Weights,
        slot: Option<&Activation>,
    ) -> Result<Reached<'p>, ScoreError> {
        let Reached { inputs, mut probe, apart } = reached;
        // First, since initializations that look at data are to look at the whole batch.
        let inputs = if self.init.looks_at_data() {
            forward(modules, inputs, weights, slot, &mut probe)?
        } else {
            forward_by_parts(modules, inputs, weights, slot, &mut probe)?
        };
        let apart = match apart {
            Some((triples, mut probe)) => {
                Some((forward(modules, triples, &InTraining(weights), slot, &mut probe)?, probe))
            }
            None => None,
        };
        Ok(Reached { inputs, probe, apart })
    }

    /// Passes what was reached through the rest of the network.
    fn finish(
        &self,
        rest: &[Module],
        reached: Reached<'_>,
        weights: &dyn Weights,
        activation: &Option<Activation>,
    ) -> Result<Score, ScoreError> {
        let slot = activation.as_ref();
        let mut reached = reached.with_slot(slot);
        if let Some(score) = self.in_common(slot, reached.probe.ranks.cancelled) {
            let mut score = score?;
            if let Some((triples, mut probe)) = reached.triples()? {
                forward(rest, triples, &InTraining(weights), slot, &mut probe)?;
                score.propagation = Some(probe.finish());
            }
            return Ok(score);
        }
        reached = self.pass(rest, reached, weights, slot)?;
        let Reached { inputs, probe, apart } = reached;
        let propagation = probe.propagation.or(apart.map(|(_, probe)| probe));
        let mut score = probe.ranks.finish(&inputs.narrow(0, 0, probe.batch)?)?;
        score.propagation = propagation.map(PropagationProbe::finish);
        Ok(score)
    }

    /// The score without propagation that this initialization shares with others, if it does.
    fn in_common(&self, slot: Option<&Activation>, cancelled: &dyn Fn() -> bool) -> Option<Result<Score, ScoreError>> {
        let common = self.common?;
        let laws = at_common_scale(self.network, self.init, self.bias, slot)?;
        let name = Name { repetition: self.repetition, laws: laws.clone(), slot: slot.cloned() };
        Some(common.get(name, || {
            let weights = self.weights(None).with_laws(laws);
            let batch = self.inputs.dim(0)?;
            let probe = BatchProbe { batch, ranks: self.probe(cancelled), propagation: None };
            let start = Reached { inputs: self.inputs.clone(), probe, apart: None };
            let Reached { inputs, probe, .. } = self.pass(&self.network.modules, start, &weights, slot)?;
            probe.ranks.finish(&inputs)
        }))
    }

    fn weights(&self, activation: Option<&Activation>) -> DrawnWeights<'_> {
        DrawnWeights::new(self.seed, self.repetition, self.init, self.bias, activation)
            .with_batch_norm(self.batch_norm)
            .sharing(self.draws)
    }

    fn probe<'p>(&self, cancelled: &'p dyn Fn() -> bool) -> RankProbe<'p> {
        let offset = RowOffset::Drawn { rows: self.rows, seed: self.seed, repetition: self.repetition };
        RankProbe { offset, cancelled, effective_ranks: Vec::new() }
    }
}

/// The same weights, with batch norm as in training: that is where a network trains or does not, whatever it is scored by.
struct InTraining<'a>(&'a dyn Weights);

impl Weights for InTraining<'_> {
    fn parameters(&self, module: &Module, input: &Tensor) -> candle_core::Result<Parameters> {
        Ok(Parameters { batch_norm: BatchNorm::Training, ..self.0.parameters(module, input)? })
    }
}

/// How far a repetition has come with what all activations share.
#[derive(Clone)]
struct Reached<'a> {
    /// The batch, followed by twins where they can pass with it.
    inputs: Tensor,
    probe: BatchProbe<'a>,
    /// Samples with their twins where they cannot.
    apart: Option<(Tensor, PropagationProbe<'a>)>,
}

impl<'a> Reached<'a> {
    fn with_slot(self, slot: Option<&'a Activation>) -> Self {
        let Self { inputs, probe, apart } = self;
        let set = |probe: PropagationProbe<'a>| probe.with_slot(slot);
        let probe = BatchProbe { propagation: probe.propagation.map(set), ..probe };
        Self { inputs, probe, apart: apart.map(|(triples, probe)| (triples, set(probe))) }
    }

    /// Only the samples that have twins, and these.
    fn triples(self) -> candle_core::Result<Option<(Tensor, PropagationProbe<'a>)>> {
        let Some(probe) = self.probe.propagation else { return Ok(self.apart) };
        let twins = self.inputs.narrow(0, self.probe.batch, probe.twins())?;
        let samples = self.inputs.narrow(0, 0, probe.twins() / propagation::TWINS)?;
        Ok(Some((Tensor::cat(&[samples, twins], 0)?, probe)))
    }
}

/// The same error for one more candidate.
fn again(error: &ScoreError) -> ScoreError {
    match error {
        ScoreError::NonFinite { module, kind } => ScoreError::NonFinite { module: module.clone(), kind: kind.clone() },
        ScoreError::Cancelled => ScoreError::Cancelled,
        other => ScoreError::Tensor(candle_core::Error::Msg(other.to_string())),
    }
}

/// Scores a network with given weights on given inputs, without randomness.
///
/// # Errors
/// When values are not finite or tensors do not fit. A dead network is no error here: its ranks are 0.
pub fn score_given(network: &Network, weights: &dyn Weights, inputs: Tensor) -> Result<Score, ScoreError> {
    let mut probe = RankProbe { offset: RowOffset::Start, cancelled: &|| false, effective_ranks: Vec::new() };
    let output = forward(&network.modules, inputs, weights, None, &mut probe)?;
    probe.finish(&output)
}

/// Takes the effective rank of every counted output.
#[derive(Clone)]
struct RankProbe<'a> {
    offset: RowOffset,
    cancelled: &'a dyn Fn() -> bool,
    effective_ranks: Vec<f64>,
}

impl RankProbe<'_> {
    fn finish(self, output: &Tensor) -> Result<Score, ScoreError> {
        let dead = with_elements(output, |y| y.iter().all(|y| *y == 0.0))?;
        let last_alive = self.effective_ranks.iter().rposition(|r| *r > 0.0);
        Ok(Score {
            near: self.effective_ranks.iter().sum(),
            dead_from: dead.then(|| last_alive.map_or(0, |last| last + 1)),
            effective_ranks: self.effective_ranks,
            propagation: None,
        })
    }

    /// The first row of the block, see [`RowOffset`].
    fn first_row(&self, layer: usize, rows: usize, columns: usize, width: usize) -> usize {
        match self.offset {
            RowOffset::Drawn { rows: how, seed, repetition } if rows >= columns => {
                let places = match how {
                    Rows::Full => (rows - columns) / width + 1,
                    Rows::Clipped => (rows / width).saturating_sub(1).max(1),
                } as u64;
                let key = Key { seed, repetition, layer: layer as u64, purpose: Purpose::Rows };
                // The modulo's bias is below places / 2^64.
                (key.rng().next_u64() % places) as usize * width
            }
            _ => 0,
        }
    }
}

impl RankProbe<'_> {
    /// Gives `take` the rank matrix of an output, row by row, with its rows and columns.
    fn with_matrix<R>(
        &self,
        module: &Module,
        output: &Tensor,
        take: impl Fn(&[f32], usize, usize) -> Result<R, RankError>,
    ) -> Result<R, ScoreError> {
        if (self.cancelled)() {
            return Err(ScoreError::Cancelled);
        }
        let taken = with_elements(output, |data| {
            if effective_rank::largest(data).is_none() {
                return Err(RankError::NonFinite);
            }
            match output.dims() {
                [_, channels, height, width] => {
                    let rows = data.len() / channels;
                    let first = self.first_row(self.effective_ranks.len(), rows, *channels, *width);
                    let taken = (*channels).min(rows - first);
                    let block = rows_of_images(data, [*channels, *height, *width], first, taken);
                    take(&block, taken, *channels)
                }
                _ => {
                    let columns = module.output.width();
                    let rows = columns.min(data.len() / columns);
                    take(&data[..rows * columns], rows, columns)
                }
            }
        })?;
        taken.map_err(|error| failure(module, error))
    }
}

/// Why a module's output has no rank.
fn failure(module: &Module, error: RankError) -> ScoreError {
    let (module, kind) = (module.name.clone(), module.kind().to_owned());
    match error {
        RankError::NonFinite => ScoreError::NonFinite { module, kind },
        RankError::NoConvergence => ScoreError::NoConvergence { module, kind },
    }
}

impl Probe for RankProbe<'_> {
    type Stop = ScoreError;

    fn observe(&mut self, module: &Module, output: &Tensor) -> Result<(), ScoreError> {
        let rank = self.with_matrix(module, output, effective_rank)?;
        self.effective_ranks.push(rank);
        Ok(())
    }
}

/// Takes the ranks of a batch, and watches the twins that pass behind it, if they do.
#[derive(Clone)]
struct BatchProbe<'a> {
    /// Samples that are scored.
    batch: usize,
    ranks: RankProbe<'a>,
    propagation: Option<PropagationProbe<'a>>,
}

impl Probe for BatchProbe<'_> {
    type Stop = ScoreError;

    fn enter(&mut self, module: &Module, input: &Tensor) -> Result<(), ScoreError> {
        self.propagation.as_mut().map_or(Ok(()), |probe| probe.enter(module, input))
    }

    fn observe(&mut self, module: &Module, output: &Tensor) -> Result<(), ScoreError> {
        self.ranks.observe(module, &output.narrow(0, 0, self.batch)?)?;
        self.propagation.as_mut().map_or(Ok(()), |probe| probe.observe(module, output))
    }

    fn pass_on(&mut self, output: Tensor) -> Result<Tensor, ScoreError> {
        match &mut self.propagation {
            Some(probe) => probe.pass_on(output),
            None => Ok(output),
        }
    }
}

/// Rows `first..first + taken` of the `[samples x width x height, channels]` matrix of images `[samples, channels,
/// height, width]`: ordered by sample, then width, then height.
fn rows_of_images(images: &[f32], dims: [usize; 3], first: usize, taken: usize) -> Vec<f32> {
    let [channels, height, width] = dims;
    let area = height * width;
    let mut rows = Vec::with_capacity(taken * channels);
    for row in first..first + taken {
        let (sample, position) = (row / area, row % area);
        let (column, line) = (position / height, position % height);
        let pixel = &images[sample * channels * area + line * width + column..];
        rows.extend(pixel.iter().step_by(area).take(channels));
    }
    rows
}
