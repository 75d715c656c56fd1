//! How candidates that will not train could be made to: by one factor for all of their weights, or by one for each layer.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::scheduler::NearScorer;
use crate::space::{Candidate, Space};
use crate::study::{Attempt, NoRepair, Repair, Sought, Study, estimate};
use neartop_core::init::{BiasInit, Initializer, rounded};
use neartop_core::network::{Fill, Init, Network};
use neartop_core::score::propagation::{Circumstances, Propagation, REPETITIONS, Trainability, Verdict};
use neartop_core::score::repair::{Judged, balanced_gain};
use neartop_core::score::{Score, ScoreError, Sizes};
use neartop_core::settings::{Method, Train};
use neartop_core::start::by_layer;

/// A score that is well within the limits: x = 1/2 in the formula of `docs/trainability.md`,
const WELL: f64 = 0.8;
/// ... or this part of the best, where that is less.
const PART: f64 = 0.95;
/// So far below the balance of vanishing and exploding, as a logarithm, may the factor be.
const MOST_BELOW: f64 = 0.25;
/// From this score on, signals of a size do: it falls with the outputs, which are to be small.
const ENOUGH: f64 = 0.75;
/// Of signals before activations, where each layer has its own factor: some activations pass on small signals only, and
/// others large ones.
const SIZES: [f64; 6] = [1.0, 0.5, 2.0, 0.25, 4.0, 8.0];
/// Of the network's output, where training begins near the loss of chance and nothing has to be unlearnt.
const AT_OUTPUT: f64 = 0.1;
/// Of signals behind an activation that gives all samples the same mean: they are large by what samples share, and what
/// differs needs factors as large. The input shares nothing yet, and at the output nothing is left to scale down.
const SIZES_OF_SHARED: [f64; 3] = [2.0, 2.8, 4.0];

/// The sizes in the order in which they are tried.
fn sizes() -> impl Iterator<Item = Sizes> {
    let alike = SIZES.into_iter().map(|size| Sizes { first: size, inner: size, output: AT_OUTPUT });
    alike.chain(SIZES_OF_SHARED.into_iter().map(|size| Sizes { first: 1.0, inner: size, output: size }))
}

/// Halvings of that.
const HALVINGS: u32 = 5;

/// The smallest factor below that of the balance with which a network is still well within the limits: deep networks with
/// larger weights are chaotic long before signals explode, and train to less.
fn smallest_gain(balance: f64, judge: impl Fn(f64) -> Result<Judged, ScoreError>) -> Result<f64, ScoreError> {
    let enough = WELL.min(PART * judge(balance.ln())?.trainability.score);
    let is_good = |ln_gain| Ok::<_, ScoreError>(judge(ln_gain)?.trainability.score >= enough);
    let (mut fails, mut good) = (balance.ln() - MOST_BELOW, balance.ln());
    if is_good(fails)? {
        return Ok(fails.exp());
    }
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(fails, good);
        if is_good(middle)? { good = middle } else { fails = middle }
    }
    Ok(good.exp())
}

/// By the name of a layer, a factor of its weights.
type Gains = Vec<(String, f64)>;

/// What is repaired, and by whose samples and draws.
struct Repairer<'a> {
    scorer: &'a NearScorer,
    network: &'a Network,
    fill: Option<&'a Fill>,
    bias: BiasInit,
    has_architectures: bool,
    train: Train,
    repetitions: usize,
    cancelled: &'a (dyn Fn() -> bool + Sync),
    /// Of all that was tried, what is the least out of the limits.
    closest: Cell<Option<Attempt>>,
}

impl Repairer<'_> {
    /// What signals say with an initialization; none where samples are too few to tell.
    fn judge(&self, init: &Init) -> Result<Option<Judged>, ScoreError> {
        let signals = (0..self.repetitions).map(|repetition| {
            let inputs = self.scorer.batch(repetition)?;
            let repetition = self.scorer.repetition_with(self.network, inputs, repetition, init);
            repetition.signals(self.fill, self.cancelled)
        });
        let signals: Vec<Propagation> = match signals.collect::<Result<Option<Vec<_>>, _>>() {
            Ok(Some(signals)) => signals,
            Ok(None) => return Ok(None),
            Err(ScoreError::Cancelled) => return Err(ScoreError::Cancelled),
            // What overflows leans to exploding as far as can be.
            Err(_) => {
                let trainability = Trainability::none(Verdict::NonFinite);
                return Ok(Some(Judged { trainability, leaning: f64::INFINITY }));
            }
        };
        Ok(Propagation::mean(signals.iter()).map(|signals| self.judged(&signals)))
    }

    /// As the study judges.
    fn judged(&self, signals: &Propagation) -> Judged {
        self.judged_for(self.train, signals)
    }

    fn judged_for(&self, train: Train, signals: &Propagation) -> Judged {
        let network = (!self.has_architectures).then_some(self.network);
        let circumstances = Circumstances { network, train };
        Judged { trainability: signals.trainability_by(circumstances), leaning: signals.leaning(circumstances) }
    }

    /// By one factor for all layers, and by one for each.
    fn repaired(&self, init: &Initializer) -> Result<Sought, ScoreError> {
        let gain = match self.fill.map(Fill::parts).as_deref() {
            Some([(_, activation)]) => Some(activation.gain()),
            // With slots apart, `auto` is another number for each.
            Some(_) if init.takes_gain() => None,
            _ => Some(1.0),
        };
        let plain = gain.and_then(|gain| Some((gain, init.scaled(1.0, gain)?)));
        let Some((gain, plain)) = plain else { return Ok(Err(NoRepair::NotSought(Init::One(init.clone())))) };
        let each = self.by_layer(&plain)?;
        let found = match self.by_one_factor(init, gain)? {
            Some(one) => Some(Repair { by_layer: each.map(Box::new), ..one }),
            None => each,
        };
        Ok(found.ok_or_else(|| NoRepair::NoFactor(self.closest.get())))
    }

    /// Keeps what signals say with a factor, if it comes closer than those before.
    fn note(&self, gain: Option<f64>, trainability: Trainability) {
        if self.closest.get().is_none_or(|closest| trainability.score > closest.trainability.score) {
            self.closest.set(Some(Attempt { gain, trainability }));
        }
    }

    fn by_one_factor(&self, init: &Initializer, gain: f64) -> Result<Option<Repair>, ScoreError> {
        let unknown = Judged { trainability: Trainability::none(Verdict::Dead), leaning: f64::NAN };
        let scaled = |gain_of_weights: f64| init.scaled(gain_of_weights, gain).map(Init::One);
        let judge = |ln_gain: f64| match scaled(ln_gain.exp()) {
            Some(init) => {
                let judged = self.judge(&init)?;
                judged.inspect(|judged| self.note(Some(ln_gain.exp()), judged.trainability));
                Ok::<_, ScoreError>(judged.unwrap_or(unknown))
            }
            None => Ok(unknown),
        };
        let Some(balance) = balanced_gain(judge)? else { return Ok(None) };
        let factor = smallest_gain(balance, judge)?;
        match scaled(factor).map(|init| (factor, init)) {
            Some((factor, init)) => self.scored(Some(factor), Vec::new(), init),
            None => Ok(None),
        }
    }

    /// By the gains with which layers give their activations signals of some sizes: of these, the first with which the
    /// network is well within the limits, or else the one with which it is furthest within them.
    fn by_layer(&self, init: &Initializer) -> Result<Option<Repair>, ScoreError> {
        let mut best: Option<(f64, Gains, Init)> = None;
        for sizes in sizes() {
            let gains = self.gains(init, sizes)?;
            let Some(init) = by_layer(self.network, init, self.bias, gains.clone()) else { return Ok(None) };
            let Some(judged) = self.judge(&init)? else { return Ok(None) };
            self.note(None, judged.trainability);
            let score = judged.trainability.score;
            if best.as_ref().is_none_or(|(least, ..)| score > *least) {
                best = Some((score, gains, init));
            }
            if score >= ENOUGH {
                break;
            }
        }
        match best {
            Some((_, gains, init)) if !gains.is_empty() => self.scored(None, gains, init),
            _ => Ok(None),
        }
    }

    /// By layer, in the mean over repetitions; none where values are not finite.
    fn gains(&self, init: &Initializer, sizes: Sizes) -> Result<Gains, ScoreError> {
        let plain = Init::One(init.clone());
        let ln_gains = (0..self.repetitions).map(|repetition| {
            let inputs = self.scorer.batch(repetition)?;
            let drawn = self.scorer.repetition_with(self.network, inputs, repetition, &plain);
            drawn.ln_gains(self.fill, sizes, self.cancelled)
        });
        match ln_gains.collect::<Result<Vec<_>, _>>() {
            Ok(ln_gains) => Ok(means(&ln_gains).into_iter().map(|(layer, ln)| (layer, rounded(ln.exp()))).collect()),
            Err(ScoreError::Cancelled) => Err(ScoreError::Cancelled),
            Err(_) => Ok(Vec::new()),
        }
    }

    fn scored(&self, gain: Option<f64>, gains: Gains, init: Init) -> Result<Option<Repair>, ScoreError> {
        let scores = (0..self.repetitions).map(|repetition| self.score(&init, repetition));
        let scores = scores.collect::<Result<Vec<_>, _>>()?;
        let mean = Propagation::mean(scores.iter().filter_map(|score| score.propagation.as_ref()));
        let score_of_any =
            mean.as_ref().map_or(0.0, |signals| self.judged_for(Train::default(), signals).trainability.score);
        let trainability = mean.map(|signals| self.judged(&signals).trainability);
        let near = estimate(scores.iter().map(|score| score.near));
        let (Some(trainability), Some(near)) = (trainability.filter(|t| t.is_trainable()), near) else {
            return Ok(None);
        };
        let (near, standard_error) = (near.mean, near.standard_error);
        let repetitions = scores.len();
        Ok(Some(Repair {
            gain,
            gains,
            init,
            trainability,
            score_of_any,
            near,
            standard_error,
            repetitions,
            by_layer: None,
            scores,
        }))
    }

    fn score(&self, init: &Init, repetition: usize) -> Result<Score, ScoreError> {
        let inputs = self.scorer.batch(repetition)?;
        let mut scored = Err(ScoreError::Cancelled);
        let drawn = self.scorer.repetition_with(self.network, inputs, repetition, init);
        drawn.score(&[self.fill.cloned()], &|| (self.cancelled)(), &mut |_, score| scored = score);
        scored
    }
}

/// The means by layer; of layers that all have.
fn means(all: &[Gains]) -> Gains {
    let Some((first, others)) = all.split_first() else { return Vec::new() };
    let of = |found: &[(String, f64)], layer: &str| found.iter().find(|(known, _)| known == layer).map(|(_, ln)| *ln);
    let mean = |(layer, ln): &(String, f64)| {
        let rest: Option<Vec<f64>> = others.iter().map(|found| of(found, layer)).collect();
        Some((layer.clone(), (ln + rest?.iter().sum::<f64>()) / all.len() as f64))
    };
    first.iter().filter_map(mean).collect()
}

/// Whether factors for its weights are looked for: not where signals do not see what the weights do to training, as of one
/// sign, and not where no parameters say how large the weights are.
#[must_use]
pub fn is_repairable(candidate: &Candidate) -> bool {
    repairable(candidate).is_some()
}

fn repairable(candidate: &Candidate) -> Option<&Initializer> {
    candidate.init.one().filter(|init| init.is_centred() && init.scaled(1.0, 1.0).is_some())
}

/// What comes of looking for a repair of a candidate; none where it trains as it is, or that is not known.
///
/// # Errors
/// Where a score fails, or was cancelled.
pub fn repair(
    scorer: &NearScorer,
    study: &Study,
    id: usize,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Sought>, ScoreError> {
    let is_refused = study.trainability(id).is_some_and(|t| !t.is_trainable());
    if is_refused { repair_refused(scorer, &study.space, id, cancelled).map(Some) } else { Ok(None) }
}

/// The same of a candidate that is known not to train.
///
/// # Errors
/// Where a score fails, or was cancelled.
pub fn repair_refused(
    scorer: &NearScorer,
    space: &Space,
    id: usize,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Sought, ScoreError> {
    let candidate = &space.candidates[id];
    let Some(init) = repairable(candidate) else { return Ok(Err(NoRepair::NotSought(candidate.init.clone()))) };
    let network = space.network_of(id);
    let repairer = |train| Repairer {
        scorer,
        network: &network,
        fill: candidate.fill.as_ref(),
        bias: space.bias(),
        has_architectures: space.has_architectures(),
        train,
        repetitions: space.preset.repetitions.min(REPETITIONS as usize),
        cancelled,
        closest: Cell::new(None),
    };
    let train = space.preset.train;
    let sought = repairer(train).repaired(init)?;
    let with_adam = Train { method: Some(Method::Adam), ..train };
    match (&sought, train.method) {
        (Err(NoRepair::NoFactor(_)), None) if repairer(with_adam).repaired(init)?.is_ok() => {
            Ok(Err(NoRepair::OnlyForAdam))
        }
        _ => Ok(sought),
    }
}

/// What comes of looking for repairs of all candidates that will not train, on so many threads. Those that fail are left out.
#[must_use]
pub fn repair_all(
    scorer: &NearScorer,
    study: &Study,
    jobs: usize,
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Vec<(usize, Sought)> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut all = Vec::new();
        loop {
            let id = next.fetch_add(1, Ordering::Relaxed);
            if id >= study.space.candidates.len() || cancelled() {
                return all;
            }
            match repair(scorer, study, id, cancelled) {
                Ok(sought) => all.extend(sought.map(|sought| (id, sought))),
                Err(error) => tracing::info!(candidate = id, %error, "no repair"),
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    })
}
