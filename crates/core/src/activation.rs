//! Activation functions: one row of the table for each.

mod kind;
mod lanes;
mod table;

use crate::aliases;
use crate::catalog::{Alias, Choice, Elsewhere, Entry, Param, Value};

pub use kind::ActivationKind;
use table::{ACTIVATIONS, normal_density};

/// An activation function with its parameters.
pub type Activation = Choice<ActivationKind>;

impl Entry for ActivationKind {
    const WHAT: &'static str = "activation";

    fn catalog() -> &'static [Self] {
        ACTIVATIONS
    }

    fn aliases() -> &'static [Alias] {
        aliases::ACTIVATIONS
    }

    fn elsewhere() -> &'static [(&'static str, Elsewhere)] {
        aliases::ACTIVATIONS_ELSEWHERE
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn params(&self) -> &'static [Param] {
        self.params
    }

    /// All but `identity`, a linear network whose rank says nothing, and `threshold`, which has no defaults.
    fn in_all(&self) -> bool {
        !matches!(self.name, "identity" | "threshold")
    }

    fn check(&self, values: &[Value]) -> Result<(), String> {
        let ordered = |low: &str, high: &str| match values {
            [Value::Number(a), Value::Number(b)] if a > b => {
                Err(format!("`{low}` of {} must not be greater than `{high}`", self.name))
            }
            _ => Ok(()),
        };
        match self.name {
            "hardtanh" if values.first() == values.last() => {
                Err("`min` of hardtanh must be less than `max`".to_owned())
            }
            "hardtanh" => ordered("min", "max"),
            "rrelu" => ordered("lower", "upper"),
            _ => Ok(()),
        }
    }
}

impl Activation {
    /// f(x) in double precision.
    #[must_use]
    pub fn value(&self, x: f64) -> f64 {
        (self.entry().value)(x, &self.numbers())
    }

    /// f'(x) in double precision; at a kink the derivative that PyTorch's autograd takes.
    #[must_use]
    pub fn derivative(&self, x: f64) -> f64 {
        (self.entry().derivative)(x, &self.numbers())
    }

    /// [`Self::derivative`] for many points.
    pub fn derivatives(&self) -> impl Fn(f64) -> f64 + use<> {
        let (derivative, numbers) = (self.entry().derivative, self.numbers());
        move |x| derivative(x, &numbers)
    }

    /// Applies f to every element.
    pub fn apply(&self, xs: &mut [f32]) {
        (self.entry().lanes)(xs, &self.numbers());
    }

    /// Replaces every x by f'(x), see [`Self::derivative`].
    pub fn apply_derivative(&self, xs: &mut [f64]) {
        let (derivative, numbers) = (self.entry().derivative, self.numbers());
        xs.iter_mut().for_each(|x| *x = derivative(*x, &numbers));
    }

    /// The gain that keeps the variance of a signal through this activation.
    ///
    /// PyTorch's `torch.nn.init.calculate_gain` where it knows the activation, else 1/sqrt(E[f(z)^2]) over z ~ N(0, 1),
    /// by the trapezoidal rule.
    #[must_use]
    pub fn gain(&self) -> f64 {
        let p = self.numbers();
        if let Some(gain) = self.entry().torch_gain {
            return gain(&p);
        }
        let (limit, steps) = (12.0, 24_000);
        let width = 2.0 * limit / f64::from(steps);
        let second_moment: f64 = (0..=steps)
            .map(|i| {
                let z = -limit + f64::from(i) * width;
                (self.entry().value)(z, &p).powi(2) * normal_density(z) * width
            })
            .sum();
        1.0 / second_moment.sqrt()
    }

    /// Whether the activation has a weight of its own that training changes.
    #[must_use]
    pub fn has_weight(&self) -> bool {
        self.name() == "prelu"
    }

    /// Whether each channel or feature has a weight of its own.
    #[must_use]
    pub fn is_by_unit(&self) -> bool {
        self.has_weight() && self.word("per") == "channel"
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::SQRT_2;

    use super::*;
    use crate::catalog::Given;

    fn every() -> Vec<Activation> {
        let threshold = Activation::new(
            Activation::find("threshold").unwrap(),
            &[("threshold", Given::Number(0.3)), ("value", Given::Number(-1.0))],
        );
        ActivationKind::catalog()
            .iter()
            .map(|kind| Activation::new(kind, &[]).or_else(|_| threshold.clone()).unwrap())
            .collect()
    }

    #[test]
    fn derivatives_agree_with_central_differences() {
        for activation in every() {
            for i in -400..400 {
                let (x, h) = (f64::from(i) * 0.025 + 0.00371, 1e-5);
                let difference = (activation.value(x + h) - activation.value(x - h)) / (2.0 * h);
                let derivative = activation.derivative(x);
                assert!(
                    (difference - derivative).abs() < 1e-5 * (1.0 + derivative.abs()),
                    "{activation} at {x}: {derivative} against {difference}"
                );
            }
        }
    }

    #[test]
    fn homogeneous_activations_scale() {
        for activation in every() {
            let scales = |degree: i32| {
                (-50..50).all(|i| {
                    let x = f64::from(i) * 0.13 + 0.01;
                    (activation.value(3.0 * x) - 3f64.powi(degree) * activation.value(x)).abs() < 1e-9
                })
            };
            match activation.entry().homogeneity {
                Some(degree) => assert!(scales(degree), "{activation}"),
                None => assert!(!scales(1) && !scales(2), "{activation}"),
            }
        }
    }

    #[test]
    fn gains_keep_the_second_moment() {
        // E[relu(z)^2] = 1/2 and E[z^2] = 1 are exact, so the quadrature must find sqrt 2 for relu's twin.
        let prelu = Activation::new(Activation::find("prelu").unwrap(), &[("init", Given::Number(0.0))]).unwrap();
        assert!((prelu.gain() - SQRT_2).abs() < 1e-7);
        // E[sin^2(30 z)] = (1 - e^-1800)/2
        assert!((Activation::named("sine").unwrap().gain() - SQRT_2).abs() < 1e-7);
        // 1/sqrt of the integral of gelu(z)^2 by torch.trapezoid over 2.4 million points in double precision.
        assert!((Activation::named("gelu").unwrap().gain() - 1.533_530_4).abs() < 1e-5);
        assert!((Activation::named("tanh").unwrap().gain() - 5.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn lanes_agree_with_the_definition() {
        let dense = (-500_000..=500_000).map(|i| i as f32 * 1e-4);
        let powers =
            (-148..=127).flat_map(|e| [2f64.powi(e) as f32, -(1.37 * 2f64.powi(e)) as f32, 0.61 * 2f32.powi(e)]);
        let special =
            [0.0, -0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-45, -1e-45, f32::INFINITY, f32::NEG_INFINITY];
        let xs: Vec<f32> = dense.chain(powers).chain(special).collect();
        for activation in every() {
            let mut ys = xs.clone();
            // One block with a huge argument must not send the others off the vector path.
            ys.chunks_mut(1000).for_each(|block| activation.apply(block));
            for (x, y) in xs.iter().zip(&ys) {
                let expected = activation.value(f64::from(*x)) as f32;
                let (error, ulp) =
                    ((f64::from(*y) - f64::from(expected)).abs(), f64::from(expected.abs().next_up() - expected.abs()));
                let same = *y == expected || y.is_nan() && expected.is_nan();
                let oscillates = matches!(activation.name(), "sine" | "snake") && error < 2e-9;
                assert!(same || error <= 2.0 * ulp || oscillates, "{activation} at {x}: {y} against {expected}");
            }
        }
    }

    #[test]
    fn not_a_number_stays_not_a_number() {
        for activation in every() {
            assert!(activation.value(f64::NAN).is_nan(), "{activation}");
            let mut lane = [f32::NAN; 33];
            activation.apply(&mut lane);
            assert!(lane.iter().all(|y| y.is_nan()), "{activation}");
        }
    }
}
