//! What scores portions of the work.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::space::Space;
use neartop_core::network::{Fill, Init, Network};
use neartop_core::random::Draws;
use neartop_core::score::spectrum::spectra;
use neartop_core::score::{CommonScores, Repetition, Score, ScoreError, score_together};
use neartop_io::data::{DataError, Samples};

/// One repetition of candidates that share architecture and initialization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portion {
    pub repetition: usize,
    pub candidates: Vec<usize>,
}

/// Scores portions on the calling thread.
pub trait Scorer: Send + Sync + 'static {
    /// Reports every candidate of the portions, each as soon as it is scored, with the place of its portion.
    fn score_together(
        &self,
        portions: &[Portion],
        cancelled: &dyn Fn() -> bool,
        report: &mut dyn FnMut(usize, usize, Result<Score, ScoreError>),
    );

    /// The same of one portion.
    fn score(
        &self,
        portion: &Portion,
        cancelled: &dyn Fn() -> bool,
        report: &mut dyn FnMut(usize, Result<Score, ScoreError>),
    ) {
        self.score_together(std::slice::from_ref(portion), cancelled, &mut |_, id, result| report(id, result));
    }
}

/// Scores the candidates of a space by NEAR.
pub struct NearScorer {
    space: Arc<Space>,
    samples: Samples,
    /// The latest batches, since portions of one repetition follow each other.
    batches: Mutex<VecDeque<(usize, candle_core::Tensor)>>,
    draws: Draws,
    /// Where all candidates have one network.
    common: Option<CommonScores>,
}

impl NearScorer {
    /// Loads the samples.
    ///
    /// # Errors
    /// If the data cannot be read or do not fit the network.
    pub fn new(space: Arc<Space>) -> Result<Self, DataError> {
        let samples = space.samples()?;
        let common = (!space.has_architectures()).then(CommonScores::default);
        Ok(Self { space, samples, batches: Mutex::default(), draws: Draws::default(), common })
    }

    /// The samples of all repetitions.
    #[must_use]
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    pub(crate) fn batch(&self, repetition: usize) -> Result<candle_core::Tensor, ScoreError> {
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, batch)) = batches.iter().find(|(r, _)| *r == repetition) {
            return Ok(batch.clone());
        }
        let batch = self.samples.batch(repetition as u64).map_err(|e| candle_core::Error::Msg(e.to_string()))?;
        if batches.len() == 4 {
            batches.pop_front();
        }
        batches.push_back((repetition, batch.clone()));
        Ok(batch)
    }
}

impl NearScorer {
    /// The singular values behind one repetition of one candidate, see [`spectra`].
    ///
    /// # Errors
    /// Where that repetition has no score.
    pub fn spectra(&self, candidate: usize, repetition: usize) -> Result<Vec<Vec<f64>>, ScoreError> {
        let network = self.space.network_of(candidate);
        let inputs = self.batch(repetition)?;
        let repetition = self.repetition(&network, inputs, candidate, repetition);
        spectra(&repetition, self.space.candidates[candidate].fill.as_ref())
    }

    fn repetition<'a>(
        &'a self,
        network: &'a Network,
        inputs: candle_core::Tensor,
        candidate: usize,
        repetition: usize,
    ) -> Repetition<'a> {
        self.repetition_with(network, inputs, repetition, &self.space.candidates[candidate].init)
    }

    /// A repetition of candidates with an initialization that need not be one of the space.
    pub(crate) fn repetition_with<'a>(
        &'a self,
        network: &'a Network,
        inputs: candle_core::Tensor,
        repetition: usize,
        init: &'a Init,
    ) -> Repetition<'a> {
        Repetition {
            network,
            inputs,
            init,
            bias: self.space.bias(),
            rows: self.space.preset.rows,
            batch_norm: self.space.preset.batch_norm,
            trainability: self.space.preset.trainability,
            blocks: self.space.has_architectures(),
            seed: self.space.preset.seed,
            repetition: repetition as u64,
            // A candidate alone shares them with nobody.
            draws: (self.space.candidates.len() > 1).then_some(&self.draws),
            common: self.common.as_ref(),
        }
    }
}

impl Scorer for NearScorer {
    fn score_together(
        &self,
        portions: &[Portion],
        cancelled: &dyn Fn() -> bool,
        report: &mut dyn FnMut(usize, usize, Result<Score, ScoreError>),
    ) {
        let mut ready = Vec::with_capacity(portions.len());
        for (at, portion) in portions.iter().enumerate() {
            let Some(first) = portion.candidates.first() else { continue };
            match self.batch(portion.repetition) {
                Ok(inputs) => {
                    let fill = |id: &usize| self.space.candidates[*id].fill.clone();
                    let fills: Vec<Option<Fill>> = portion.candidates.iter().map(fill).collect();
                    ready.push((at, *first, self.space.network_of(*first), inputs, fills));
                }
                Err(error) => {
                    let message = error.to_string();
                    let fail = || ScoreError::Tensor(candle_core::Error::Msg(message.clone()));
                    portion.candidates.iter().for_each(|id| report(at, *id, Err(fail())));
                }
            }
        }
        let repetitions: Vec<_> = ready
            .iter()
            .map(|(at, first, network, inputs, _)| {
                self.repetition(network, inputs.clone(), *first, portions[*at].repetition)
            })
            .collect();
        let work: Vec<_> =
            repetitions.iter().zip(&ready).map(|(repetition, (.., fills))| (repetition, &fills[..])).collect();
        score_together(&work, cancelled, &mut |which, i, score| {
            let at = ready[which].0;
            report(at, portions[at].candidates[i], score);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use neartop_core::score::effective_rank::entropy_rank;
    use neartop_io::preset::Preset;

    use super::*;

    /// Of layers whose ranks come from their outputs, and of those whose come from fewer inputs: dense ones of samples and of
    /// positions, and convolutions of images that pass at once, with a batch norm, and a few at a time.
    #[test]
    fn spectra_have_the_ranks_that_are_scored() {
        for network in [
            "{input: [3, 8, 8], layers: [conv2d: {out: 6, kernel: 3}, activation, flatten, linear: 5]}",
            "{input: [12], layers: [linear: 64, activation, linear: {out: 200, bias: false}, activation, linear: 30]}",
            "{input: [3, 16, 16], layers: [conv2d: {out: 10, kernel: 4, stride: 4}, reshape: [10, 16], permute: [1, 0], \
             layer_norm, linear: 90, activation, linear: 10, mean: {over: positions}, linear: 40]}",
            "{input: [3, 12, 12], layers: [conv2d: {out: 40, kernel: 1}, batch_norm, activation, conv2d: {out: 120, kernel: 1}, \
             activation]}",
            "{input: [3, 70, 60], layers: [conv2d: {out: 40, kernel: 1}, activation, conv2d: {out: 100, kernel: 1}, activation]}",
        ] {
            let text = format!(
                "network: {network}\nsearch: {{activations: [relu, tanh], inits: [orthogonal, uniform], bias: fan_in_uniform}}\n\
                 score: {{repetitions: 3}}\n"
            );
            let preset = Preset::parse(&text, "test.yaml", Path::new("")).unwrap();
            let scorer = NearScorer::new(Arc::new(Space::new(Arc::new(preset)))).unwrap();
            let portions = [vec![0, 2], vec![1, 3]].map(|candidates| Portion { repetition: 2, candidates });
            let mut compare = |candidate, score: Result<Score, ScoreError>| {
                let ranks = score.unwrap().effective_ranks;
                let spectra = scorer.spectra(candidate, 2).unwrap();
                assert_eq!(spectra.len(), ranks.len());
                for (layer, (spectrum, rank)) in spectra.iter().zip(ranks).enumerate() {
                    let expected = entropy_rank(spectrum.iter().copied());
                    assert!((expected / rank - 1.0).abs() < 2e-4, "{network}: {rank} of layer {layer}, not {expected}");
                    assert!(spectrum[0] == 1.0 && spectrum.is_sorted_by(|a, b| a >= b));
                }
            };
            portions.iter().for_each(|portion| scorer.score(portion, &|| false, &mut compare));
        }
    }

    #[test]
    fn outputs_too_small_for_any_number_have_no_rank() {
        for network in [
            "{input: [4], layers: [linear: 20, activation, linear: 60, activation]}",
            "{input: [3, 70, 60], layers: [conv2d: {out: 40, kernel: 1}, activation, conv2d: {out: 100, kernel: 1}, activation]}",
        ] {
            let text = format!(
                "network: {network}\nsearch: {{activations: [tanh], inits: [{{normal: {{std: 1.0e-24}}}}], bias: zeros}}\n"
            );
            let preset = Preset::parse(&text, "test.yaml", Path::new("")).unwrap();
            let scorer = NearScorer::new(Arc::new(Space::new(Arc::new(preset)))).unwrap();
            scorer.score(&Portion { repetition: 0, candidates: vec![0] }, &|| false, &mut |_, score| {
                let ranks = score.unwrap().effective_ranks;
                assert!(ranks[..2].iter().all(|rank| *rank > 2.0) && ranks[2..] == [0.0; 2], "{network}: {ranks:?}");
            });
        }
    }
}
