//! What of how signals pass is held against a limit, and how far it is beyond.

use super::Propagation;
use super::verdict::{Circumstances, Trainability, Verdict};
use crate::settings::{LearningRate, Method, Train};

/// A perturbation may shrink to e^-7 of what it was, where what all samples have in common counts half; so may a gradient on
/// its way to the median layer. Batch norm hides from what goes forward how small the weights are.
const MOST_VANISHING: f64 = 7.0;
/// The same of a perturbation where it is known what trains the network.
const MOST_VANISHING_FOR_SGD: f64 = 5.0;
const MOST_VANISHING_FOR_ADAM: f64 = 10.0;
const WEIGHT_OF_COLLAPSE: f64 = 0.5;
/// A perturbation may grow to e^6 times what it was.
const MOST_EXPLODING: f64 = 6.0;
/// A gradient may grow to e^6 times what it was.
const MOST_GRADIENT: f64 = 6.0;
/// Outputs may be as large as e^2.5: then a cross entropy starts at several times that of chance.
const MOST_OUTPUT: f64 = 2.5;
/// A layer's output may be e^2.2 times its input: weights as large hardly turn by steps of a usual learning rate, which
/// shows where batch norm hides their size from the signal.
const MOST_AMPLIFIED: f64 = 2.2;
/// Share of the activations' inputs that may lie where they are flat.
const MOST_SATURATED: f64 = 0.4;

/// By this power of the learning rate over the default of its optimizer, limits are narrower.
const POWER_OF_RATE: f64 = 0.2;
/// Rates further from the default than this factor were not measured, and count as that far.
const MOST_OF_RATE: f64 = 10.0;

/// What is held against a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// How far differences between inputs shrink on their way forward, and how far samples look alike at the end.
    Differences,
    /// How far a gradient shrinks on its way back to the median layer.
    MedianGradient,
    /// How far a perturbation grows on its way forward.
    Growth,
    /// How far a gradient grows on its way back.
    Gradient,
    /// How large the outputs are.
    Output,
    /// How much larger the output of a layer is than its input.
    Weights,
    /// The share of the activations' inputs that lie where they are flat.
    Saturation,
}

impl Measure {
    /// What a network is that is beyond the limit.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Differences | Self::MedianGradient => Verdict::Vanishing,
            Self::Growth | Self::Gradient | Self::Output | Self::Weights => Verdict::Exploding,
            Self::Saturation => Verdict::Saturated,
        }
    }
}

/// A measure with what it came to and its limit: natural logarithms, but for the share of saturated inputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strain {
    pub measure: Measure,
    pub value: f64,
    pub limit: f64,
}

impl Strain {
    /// The value in units of its limit.
    #[must_use]
    pub fn excess(self) -> f64 {
        self.value / self.limit
    }
}

impl Propagation {
    /// What decided a verdict of these signals: of the measures that stand for it, the one furthest beyond its limit. None
    /// where the network trains, or no signal says why it does not.
    #[must_use]
    pub fn reason_of(&self, judged: Trainability, circumstances: Circumstances<'_>) -> Option<Strain> {
        let strains = self.strains(circumstances).into_iter();
        let own = strains.filter(|strain| strain.measure.verdict() == judged.verdict && strain.excess() > 1.0);
        own.max_by(|a, b| a.excess().total_cmp(&b.excess()))
    }

    /// All measures.
    pub(super) fn strains(&self, circumstances: Circumstances<'_>) -> [Strain; 7] {
        let train = circumstances.train;
        let strain = |measure, value, limit| Strain { measure, value, limit: limit * width_of_limit(measure, train) };
        let gain = f64::midpoint(self.ln_gain(), self.ln_typical_gain());
        let ln_amplification =
            circumstances.network.map_or_else(|| self.ln_amplification(), |network| self.ln_amplification_in(network));
        let vanishing = -(gain + WEIGHT_OF_COLLAPSE * self.ln_distinct());
        [
            strain(Measure::Differences, vanishing, most_vanishing(train.method)),
            strain(Measure::MedianGradient, -self.ln_median_gradient(), MOST_VANISHING),
            strain(Measure::Growth, self.ln_gain(), MOST_EXPLODING),
            strain(Measure::Gradient, self.ln_gradient(), MOST_GRADIENT),
            strain(Measure::Output, self.ln_output(), MOST_OUTPUT),
            strain(Measure::Weights, ln_amplification, MOST_AMPLIFIED),
            strain(Measure::Saturation, self.saturated(), MOST_SATURATED),
        ]
    }
}

/// By how much differences between inputs may vanish: Adam divides the scale of gradients out, and SGD does not.
fn most_vanishing(method: Option<Method>) -> f64 {
    match method {
        None => MOST_VANISHING,
        Some(Method::Sgd) => MOST_VANISHING_FOR_SGD,
        Some(Method::Adam | Method::Adamw) => MOST_VANISHING_FOR_ADAM,
    }
}

/// How wide a limit is with a learning rate, over what it is with the default of the optimizer; 1 at the most. Smaller steps
/// take longer to leave signals that vanish, and to turn large weights. Larger steps of SGD overshoot where gradients are
/// large. They also make up for small ones, but deep networks fail with such rates whatever their weights.
fn width_of_limit(measure: Measure, train: Train) -> f64 {
    let (Some(method), Some(LearningRate::Fixed(rate))) = (train.method, train.learning_rate) else { return 1.0 };
    let relative = (rate / method.learning_rate()).clamp(1.0 / MOST_OF_RATE, MOST_OF_RATE);
    let power = match (method, measure) {
        (Method::Sgd, Measure::Growth | Measure::Gradient | Measure::Output) => -POWER_OF_RATE,
        _ => POWER_OF_RATE,
    };
    relative.powf(power).min(1.0)
}
