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
    learned_slopes(input, slope, input.elem_count())
}

/// x where it is positive, else its slope times x, for `slopes` that are learned; `run` elements in a row share a slope.
///
/// # Errors
/// Those of candle.
pub fn learned_slopes(input: &Tensor, slopes: &Tensor, run: usize) -> Result<Tensor> {
    apply2(LearnedSlopes { run: run.max(1) }, input, slopes)
}

/// x times a factor that is learned, where `run` elements in a row share a factor.
///
/// # Errors
/// Those of candle.
pub fn scaled(input: &Tensor, factors: &Tensor, run: usize) -> Result<Tensor> {
    apply2(Scaled { run: run.max(1) }, input, factors)
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

/// Which parameter of `count` belongs to every element, where `run` elements in a row share one.
fn places(run: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).cycle().flat_map(move |place| std::iter::repeat_n(place, run))
}

struct LearnedSlopes {
    run: usize,
}

impl Function<2> for LearnedSlopes {
    const NAME: &'static str = "prelu";

    fn forward<T: Float>(&self, [x, slopes]: [&[T]; 2]) -> Vec<T> {
        let slope = |(x, place): (&T, usize)| if *x > T::zero() { *x } else { slopes[place] * *x };
        x.iter().zip(places(self.run, slopes.len())).map(slope).collect()
    }

    fn backward<T: Float>(&self, [x, slopes]: [&[T]; 2], _: &[T], g: &[T], _: [bool; 2]) -> [Option<Vec<T>>; 2] {
        let mut by_input = g.to_vec();
        let mut by_slopes = vec![0.0; slopes.len()];
        for ((g, x), place) in by_input.iter_mut().zip(x).zip(places(self.run, slopes.len())) {
            if *x <= T::zero() {
                by_slopes[place] += WithDType::to_f64(*x * *g);
            }
            *g = if *x > T::zero() { *g } else { slopes[place] * *g };
        }
        [Some(by_input), Some(by_slopes.into_iter().map(real).collect())]
    }
}

struct Scaled {
    run: usize,
}

impl Function<2> for Scaled {
    const NAME: &'static str = "scaled";

    fn forward<T: Float>(&self, [x, factors]: [&[T]; 2]) -> Vec<T> {
        x.iter().zip(places(self.run, factors.len())).map(|(x, place)| *x * factors[place]).collect()
    }

    fn backward<T: Float>(&self, [x, factors]: [&[T]; 2], _: &[T], g: &[T], _: [bool; 2]) -> [Option<Vec<T>>; 2] {
        let mut by_input = g.to_vec();
        let mut by_factors = vec![0.0; factors.len()];
        for ((g, x), place) in by_input.iter_mut().zip(x).zip(places(self.run, factors.len())) {
            by_factors[place] += WithDType::to_f64(*x * *g);
            *g *= factors[place];
        }
        [Some(by_input), Some(by_factors.into_iter().map(real).collect())]
    }
}
