//! Activations.

use candle_core::{Result, Tensor, WithDType};

use super::function::{Float, Function, apply1, apply2, real};
use crate::activation::Activation;

/// The activation of every element; for one with a learned weight, with that of its parameters.
///
/// # Errors
/// Those of candle.
pub fn activate(input: &Tensor, activation: &Activation) -> Result<Tensor> {
    apply1(Elementwise(activation.clone()), input)
}

/// x where it is positive, else `slope` x, for a `slope` of one element that is learned.
///
/// # Errors
/// Those of candle.
pub fn learned_slope(input: &Tensor, slope: &Tensor) -> Result<Tensor> {
    apply2(LearnedSlope, input, slope)
}

struct Elementwise(Activation);

impl Function<1> for Elementwise {
    const NAME: &'static str = "activation";

    fn forward<T: Float>(&self, [x]: [&[T]; 1]) -> Vec<T> {
        let mut y = x.to_vec();
        T::activate(&self.0, &mut y);
        y
    }

    fn backward<T: Float>(&self, [x]: [&[T]; 1], _: &[T], g: &[T], _: [bool; 1]) -> [Option<Vec<T>>; 1] {
        let mut slopes: Vec<f64> = x.iter().map(|x| WithDType::to_f64(*x)).collect();
        self.0.apply_derivative(&mut slopes);
        [Some(slopes.iter().zip(g).map(|(slope, g)| chain(*slope, *g)).collect())]
    }
}

/// A gradient times a slope. Where no gradient comes in none goes out, however steep the slope.
fn chain<T: WithDType>(slope: f64, gradient: T) -> T {
    if gradient == T::zero() { gradient } else { real::<T>(slope) * gradient }
}

struct LearnedSlope;

impl Function<2> for LearnedSlope {
    const NAME: &'static str = "prelu";

    fn forward<T: Float>(&self, [x, slope]: [&[T]; 2]) -> Vec<T> {
        x.iter().map(|x| if *x > T::zero() { *x } else { slope[0] * *x }).collect()
    }

    fn backward<T: Float>(&self, [x, slope]: [&[T]; 2], _: &[T], g: &[T], _: [bool; 2]) -> [Option<Vec<T>>; 2] {
        let by_input = x.iter().zip(g).map(|(x, g)| if *x > T::zero() { *g } else { slope[0] * *g }).collect();
        let below = x.iter().zip(g).filter(|(x, _)| **x <= T::zero());
        let by_slope: f64 = below.map(|(x, g)| WithDType::to_f64(*x * *g)).sum();
        [Some(by_input), Some(vec![real(by_slope)])]
    }
}
