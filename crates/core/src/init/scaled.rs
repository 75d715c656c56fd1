//! An initialization with all weights multiplied by one number.

use super::{InitKind, Initializer};
use crate::catalog::{Given, Value};

impl Initializer {
    /// Whether weights are drawn around 0, as far as parameters set that.
    #[must_use]
    pub fn is_centred(&self) -> bool {
        let number = |name| Some(self.number(name)).filter(|x| x.is_finite()).unwrap_or(0.0);
        let middle = if self.name() == "uniform" { number("low") + number("high") } else { number("mean") };
        middle == 0.0 && number("value") == 0.0
    }

    /// The same law with all weights multiplied by `factor`; `gain` is what `gain: auto` stands for. None where no parameters
    /// say that: the weights are chosen, not drawn, or set by the data.
    #[must_use]
    pub fn scaled(&self, factor: f64, gain: f64) -> Option<Self> {
        let drawn_by_gain =
            |name, gain: f64| Self::new(Self::find(name)?, &[("gain", Given::Number(rounded(gain)))]).ok();
        match self.name() {
            // U(-1/sqrt(fan_in), 1/sqrt(fan_in)) is kaiming_uniform with the gain 1/sqrt(3).
            "torch_default" => drawn_by_gain("kaiming_uniform", factor / 3f64.sqrt()),
            "lecun_uniform" => drawn_by_gain("kaiming_uniform", factor),
            "lecun_normal" => drawn_by_gain("kaiming_normal", factor),
            _ => self.with_scaled_parameters(factor, gain),
        }
    }

    fn with_scaled_parameters(&self, factor: f64, gain: f64) -> Option<Self> {
        let mut is_scaled = false;
        let mut scaled = |name: &str, number: f64| match factor_of(name, factor) {
            Some(factor) => {
                is_scaled = true;
                rounded(number * factor)
            }
            None => number,
        };
        let given: Vec<_> = self
            .params()
            .map(|(name, value)| match value {
                Value::Number(number) => (name, Given::Number(scaled(name, number))),
                Value::Word(_) if name == "gain" => (name, Given::Number(scaled(name, gain))),
                Value::Word(word) => (name, Given::Word(word)),
            })
            .collect();
        if is_scaled { Self::new(self.entry() as &'static InitKind, &given).ok() } else { None }
    }
}

/// What a parameter is multiplied by where weights are multiplied by `factor`; none of one that does not set their size.
fn factor_of(name: &str, factor: f64) -> Option<f64> {
    match name {
        "gain" | "std" | "mean" | "low" | "high" => Some(factor),
        "scale" => Some(factor * factor),
        _ => None,
    }
}

/// To four digits, which people can read and copy.
#[must_use]
pub fn rounded(x: f64) -> f64 {
    format!("{x:.3e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::SQRT_2;

    use crate::init::{Law, WeightShape};

    fn std(law: &Law) -> f64 {
        match law {
            Law::Uniform { low, high } => (high - low) / 12f64.sqrt(),
            Law::Normal { std, .. } | Law::TruncatedNormal { std, .. } | Law::Sparse { std, .. } => *std,
            Law::Orthogonal { gain } => *gain,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn weights_are_multiplied_whatever_the_law() {
        let shape = WeightShape::new(vec![20, 30], 1);
        let kinds = Initializer::all();
        let scaled = kinds.iter().filter_map(|init| Some((init, init.scaled(3.0, SQRT_2)?)));
        let mut checked = 0;
        for (init, scaled) in scaled {
            let ratio = std(&scaled.law(&shape, SQRT_2)) / std(&init.law(&shape, SQRT_2));
            assert!((ratio - 3.0).abs() < 2e-3, "{init}: {scaled}, {ratio}");
            checked += 1;
        }
        assert_eq!(checked, 13, "all but dirac, siren and lsuv");
        let auto =
            Initializer::new(Initializer::find("xavier_normal").unwrap(), &[("gain", Given::Word("auto"))]).unwrap();
        assert_eq!(auto.scaled(2.0, 1.5).unwrap().number("gain"), 3.0);
        assert!(
            ["dirac", "siren", "lsuv", "zeros"]
                .iter()
                .all(|name| Initializer::named(name).unwrap().scaled(2.0, 1.0).is_none())
        );
    }
}
