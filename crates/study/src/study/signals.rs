//! How signals pass through one candidate, summed over repetitions in little room: there may be thousands of candidates
//! with hundreds of layers.

use neartop_core::score::propagation::{LayerSignal, Propagation};

/// Sums in units of 2^-20, whole numbers so that the order of arrival does not matter. Logarithms lie within 89 of 0, so
/// more than twenty of them fit.
const FIXED_POINT: f64 = (1u32 << 20) as f64;
/// In place of a share of saturated inputs that there is none of.
const NONE: i32 = i32::MIN;

/// Sums for one counted module.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    /// The first four numbers of [`LayerSignal`] in their order.
    signals: [i32; 4],
    /// Over the repetitions in which a gradient is known, and how many those are.
    gradient: i32,
    gradients: i32,
    /// `NONE` where it is not known of a repetition.
    saturated: i32,
}

/// Sums over repetitions.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    repetitions: i32,
    layers: Vec<Sums>,
}

impl Signals {
    /// Adds a repetition; one with other layers than the first changes nothing.
    pub fn add(&mut self, propagation: &Propagation) {
        if self.repetitions == 0 {
            self.layers = vec![Sums::default(); propagation.layers.len()];
        }
        if self.layers.len() != propagation.layers.len() {
            return;
        }
        self.repetitions += 1;
        let fixed = |x: f64| (x * FIXED_POINT).round() as i32;
        for (sums, layer) in self.layers.iter_mut().zip(&propagation.layers) {
            let numbers =
                [layer.ln_size, layer.ln_spread, layer.ln_perturbation, layer.ln_typical_perturbation].map(fixed);
            for (sum, number) in sums.signals.iter_mut().zip(numbers) {
                *sum = sum.saturating_add(number);
            }
            if let Some(gradient) = layer.ln_gradient {
                sums.gradient = sums.gradient.saturating_add(fixed(gradient));
                sums.gradients += 1;
            }
            sums.saturated = match layer.saturated {
                Some(share) if sums.saturated != NONE => sums.saturated.saturating_add(fixed(share)),
                _ => NONE,
            };
        }
    }

    /// The means over the repetitions added; none without any.
    #[must_use]
    pub fn mean(&self) -> Option<Propagation> {
        if self.repetitions == 0 {
            return None;
        }
        let over = |sum: i32, count: i32| f64::from(sum) / FIXED_POINT / f64::from(count);
        let mean = |sum: i32| over(sum, self.repetitions);
        let layer = |sums: &Sums| LayerSignal {
            ln_size: mean(sums.signals[0]),
            ln_spread: mean(sums.signals[1]),
            ln_perturbation: mean(sums.signals[2]),
            ln_typical_perturbation: mean(sums.signals[3]),
            ln_gradient: (sums.gradients > 0).then(|| over(sums.gradient, sums.gradients)),
            saturated: (sums.saturated != NONE).then(|| mean(sums.saturated)),
        };
        Some(Propagation { layers: self.layers.iter().map(layer).collect(), blocks: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_do_not_depend_on_the_order() {
        let layer = |x: f64, saturated: Option<f64>| LayerSignal {
            ln_size: x,
            ln_spread: -x,
            ln_perturbation: 3.0 * x,
            ln_typical_perturbation: 0.5,
            ln_gradient: saturated,
            saturated,
        };
        let one = |x: f64| Propagation { layers: vec![layer(x, None), layer(-29.0 * x, Some(0.1 * x))], blocks: None };
        let (mut forth, mut back) = (Signals::default(), Signals::default());
        let repetitions = [1.0, 0.3, 2.7, 0.123_456_789];
        repetitions.iter().for_each(|x| forth.add(&one(*x)));
        repetitions.iter().rev().for_each(|x| back.add(&one(*x)));
        let (mean, expected) = (forth.mean().unwrap(), one(repetitions.iter().sum::<f64>() / 4.0));
        assert_eq!(Some(&mean), back.mean().as_ref());
        for (mean, expected) in mean.layers.iter().zip(&expected.layers) {
            assert!((mean.ln_size - expected.ln_size).abs() < 1e-6);
            assert!((mean.ln_perturbation - expected.ln_perturbation).abs() < 1e-6);
            assert_eq!(mean.ln_typical_perturbation, 0.5);
            assert_eq!(mean.ln_gradient, mean.saturated);
            assert_eq!(mean.saturated.is_some(), expected.saturated.is_some());
            assert!((mean.saturated.unwrap_or(0.0) - expected.saturated.unwrap_or(0.0)).abs() < 1e-6);
        }
        assert_eq!(Signals::default().mean(), None);
    }
}
