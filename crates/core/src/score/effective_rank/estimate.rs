//! The entropy of singular values, as far as it is known.

use super::bisection::Bisection;
use super::deflation::{Outliers, split_off_dominant};
use super::gram::Gram;
use super::real::Real;
use super::tridiagonal::Tridiagonal;
use crate::logarithm::logarithms;

/// What the entropy of the singular values may be wrong by before more digits are used.
pub const TOLERANCE: f64 = 9e-4;
/// The part of it that intervals which are not bisected further may take, if all lie on the same side.
const UNRESOLVED: f64 = 0.1;

/// The entropy of the normalized singular values, and how far it may be off.
pub struct Estimate {
    pub entropy: f64,
    pub error: f64,
}

impl Estimate {
    pub fn new<T: Real>(matrix: &[T], rows: usize, columns: usize) -> Self {
        let rest = split_off_dominant(matrix, rows, columns);
        let eigenvalues = Tridiagonal::of(Gram::new(&rest.matrix, rest.rows, rest.columns));
        Self::of(&rest.into_outliers(), &eigenvalues, 0)
    }

    /// From the eigenvalues of the Gram matrix of what was not split off, of which the smallest are known to be `zeros`.
    pub fn of<T: Real>(outliers: &Outliers, eigenvalues: &Tridiagonal<T>, zeros: usize) -> Self {
        let bisection = Bisection::new(eigenvalues);
        let mut spectrum = Spectrum { outliers, bisection, zeros };
        spectrum.estimate()
    }
}

struct Spectrum<'a, T: Real> {
    outliers: &'a Outliers,
    bisection: Bisection<T>,
    zeros: usize,
}

impl<T: Real> Spectrum<'_, T> {
    /// Of the singular values that may not be zero.
    fn intervals(&self) -> impl Iterator<Item = (f64, f64)> {
        self.bisection.intervals().skip(self.zeros)
    }

    /// Bisects until the intervals of the eigenvalues are short enough for the entropy.
    fn estimate(&mut self) -> Estimate {
        let target = UNRESOLVED * TOLERANCE;
        let (mut entropy, mut sum) = self.entropy();
        for _ in 0..60 {
            let error = self.error_if_unresolved(entropy, sum);
            if error <= target {
                break;
            }
            // It halves with the intervals, nearly.
            let halvings = (error / target).log2().ceil().clamp(1.0, 60.0) as usize;
            (0..halvings).for_each(|_| self.bisection.halve());
            (entropy, sum) = self.entropy();
        }
        let error = self.error_by_rounding(entropy, sum) + self.error_if_unresolved(entropy, sum);
        Estimate { entropy, error }
    }

    /// -sum p ln p, and the sum that makes the singular values p.
    fn entropy(&self) -> (f64, f64) {
        let values = self.intervals().map(|(low, high)| f64::midpoint(low, high) * self.outliers.scale);
        let values: Vec<_> =
            values.chain(self.outliers.dominant.iter().copied()).filter(|value| *value > 0.0).collect();
        let sum: f64 = values.iter().sum();
        if sum == 0.0 {
            return (0.0, 1.0);
        }
        let mut logs = values.clone();
        logarithms(&mut logs);
        let weighted: f64 = values.iter().zip(logs).map(|(value, log)| value * log).sum();
        (sum.ln() - weighted / sum, sum)
    }

    /// What the lengths of the intervals leave open, if all singular values lie on the same side.
    fn error_if_unresolved(&self, entropy: f64, sum: f64) -> f64 {
        let changes = self.intervals().map(|(low, high)| (f64::midpoint(low, high), 0.5 * (high - low)));
        self.moved(entropy, sum, &changes.collect::<Vec<_>>()).iter().sum()
    }

    /// What rounding may have changed of the entropy.
    fn error_by_rounding(&self, entropy: f64, sum: f64) -> f64 {
        let (unit, largest) = (T::EPSILON.to_f64(), self.bisection.largest());
        let change = |(low, high): (f64, f64)| {
            let s = f64::midpoint(low, high);
            let by_rounding = unit * (OF_LARGEST * largest + OF_OWN * s * s);
            let below = s - (s * s - by_rounding).max(0.0).sqrt();
            let above = (s * s + by_rounding).sqrt() - s;
            (s, below.max(above) + self.outliers.noise / self.outliers.scale)
        };
        let changes: Vec<_> = self.intervals().map(change).collect();
        let (mut unsure, mut sure, mut squares) = (0.0, 0.0, 0.0);
        for ((s, change), moved) in changes.iter().zip(self.moved(entropy, sum, &changes)) {
            if *s < SURE * change {
                unsure += moved;
            } else {
                sure += moved;
                squares += moved * moved;
            }
        }
        unsure + sure.min(ALIKE * sure + AT_RANDOM * squares.sqrt())
    }

    /// By how much the entropy changes when singular values change by so much: to first order (ln p + entropy) ds / sum.
    fn moved(&self, entropy: f64, sum: f64, changes: &[(f64, f64)]) -> Vec<f64> {
        let scale = self.outliers.scale;
        let scaled = || changes.iter().map(|(value, change)| (value * scale, change * scale));
        // It may be another zero, with none beside it that would widen the bound enough.
        let may_be_zero = |value: f64, change: f64| self.zeros > 0 && value < SURE * change;
        let share = |(value, change)| if may_be_zero(value, change) { value / sum } else { (value + change) / sum };
        let mut moved: Vec<_> = scaled().map(share).collect();
        logarithms(&mut moved);
        for (moved, (value, change)) in moved.iter_mut().zip(scaled()) {
            let steepness = (*moved + entropy).abs();
            *moved = match () {
                () if change == 0.0 => 0.0,
                () if may_be_zero(value, change) => RESERVE * (value + change) / sum * steepness.max(1.0),
                () if value < 2.0 * change => steepness.max(1.0) * change / sum,
                () => steepness * change / sum,
            };
        }
        moved
    }
}

/// Rounding moves an eigenvalue of a Gram matrix by at most so many units of the rounding error of the largest ...
pub const OF_LARGEST: f64 = 2.5;
/// ... and so many of its own. Both were measured, with a reserve of two.
pub const OF_OWN: f64 = 8.0;

/// A singular value that is not so many times its own error may be zero. Rounding only adds to such, so their errors add up.
const SURE: f64 = 4.0;
/// Where some singular values are known to be zero, the whole of one that may be zero too counts as an error, times this. A rank
/// that is one less than its known bound had an error of up to 1.1 times the bound without it.
const RESERVE: f64 = 1.5;

/// Errors of the other singular values have signs of their own, and each is what it may be at the most only by chance: of
/// their sum so many times the root of the squares count ...
const AT_RANDOM: f64 = 2.0;
/// ... and this share of all of it, for what they have in common. Both were measured, with a reserve of four.
const ALIKE: f64 = 0.05;
