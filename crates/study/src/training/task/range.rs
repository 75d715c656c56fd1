//! What the last activation of a network can give.

use super::remark::Remark;
use neartop_core::network::{Activation, Network};

/// The values of the last layer's activation, where a preset fixes one.
#[derive(Debug, Clone)]
pub struct Range {
    activation: Option<Activation>,
    low: f64,
    high: f64,
}

impl Range {
    /// That of what comes last in a network.
    pub fn of(network: &Network) -> Self {
        let activation = network.nodes.last().and_then(|node| node.activation(None)).cloned();
        let (low, high) = activation.as_ref().map_or((f64::NEG_INFINITY, f64::INFINITY), limits);
        Self { activation, low, high }
    }

    /// Mean and standard deviation that labels are standardized with, where standardized labels can be reached; those that
    /// lie in the range stay as they are.
    pub fn scale(&self, (least, most): (f64, f64), (mean, std): (f64, f64)) -> ((f64, f64), Option<Remark>) {
        let Some(activation) = &self.activation else { return ((mean, std), None) };
        let name = activation.to_string();
        let (low, high) = (self.low, self.high);
        if low.is_infinite() && high.is_infinite() {
            return ((mean, std), None);
        }
        if low.is_finite() && high.is_finite() && least >= low && most <= high {
            return ((0.0, 1.0), Some(Remark::AsTheyAre { activation: name }));
        }
        if (high.is_infinite() && low <= 0.0 && least >= 0.0) || (low.is_infinite() && high >= 0.0 && most <= 0.0) {
            return ((0.0, std), Some(Remark::NotShifted { activation: name }));
        }
        ((mean, std), Some(Remark::OutOfReach { activation: name, low, high, least, most }))
    }

    /// The same with a last sigmoid taken off, as training does where it learns yes and no.
    pub fn without_sigmoid(self) -> Self {
        match &self.activation {
            Some(activation) if activation.name() == "sigmoid" => {
                Self { activation: None, low: f64::NEG_INFINITY, high: f64::INFINITY }
            }
            _ => self,
        }
    }

    /// What to tell where classes are learnt.
    pub fn logits(&self) -> Vec<Remark> {
        match &self.activation {
            Some(activation) if self.low.is_finite() || self.high.is_finite() => {
                vec![Remark::BoundedLogits { activation: activation.to_string() }]
            }
            _ => Vec::new(),
        }
    }
}

/// The least and the greatest value of an activation, as far as samples say.
fn limits(activation: &Activation) -> (f64, f64) {
    /// Beyond this a value has no limit.
    const LARGE: f64 = 1000.0;
    let magnitudes = (-60..=60).map(|power| 10f64.powf(f64::from(power) / 10.0));
    let points = magnitudes.flat_map(|x| [-x, x]).chain([0.0]);
    let values: Vec<_> = points.map(|x| activation.value(x)).filter(|value| !value.is_nan()).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let open = |x: f64| if x.abs() > LARGE { x.signum() * f64::INFINITY } else { (x * 1e4).round() / 1e4 };
    (open(low), open(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_formulas() {
        let limits = |name: &str| limits(&Activation::named(name).unwrap());
        assert_eq!(limits("sigmoid"), (0.0, 1.0));
        assert_eq!(limits("tanh"), (-1.0, 1.0));
        assert_eq!(limits("relu"), (0.0, f64::INFINITY));
        assert_eq!(limits("identity"), (f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!(limits("softsign"), (-1.0, 1.0));
    }
}
