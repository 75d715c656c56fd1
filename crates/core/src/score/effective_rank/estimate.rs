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

/// In what precision a Gram matrix is formed and reduced to tridiagonal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    Single,
    /// Single up to a band, double from there on.
    SingleToBand,
    Double,
}

impl Precision {
    /// Rounding moves an eigenvalue by at most this share of the largest ...
    pub fn of_largest(self) -> f64 {
        match self {
            Self::Single => 2.5 * f64::from(f32::EPSILON),
            Self::SingleToBand => f64::from(f32::EPSILON),
            Self::Double => 2.5 * f64::EPSILON,
        }
    }

    /// ... and this share of its own. All were measured, with a reserve of two. Many equal eigenvalues far below others move by more,
    /// but as many up as down.
    pub fn of_own(self) -> f64 {
        match self {
            Self::Single | Self::SingleToBand => 8.0 * f64::from(f32::EPSILON),
            Self::Double => 8.0 * f64::EPSILON,
        }
    }
}

/// The entropy of the normalized singular values, and how far it may be off.
pub struct Estimate {
    pub entropy: f64,
    pub error: f64,
}

impl Estimate {
    /// In double precision.
    pub fn new(matrix: &[f64], rows: usize, columns: usize) -> Self {
        let rest = split_off_dominant(matrix, rows, columns);
        let eigenvalues = Tridiagonal::of(Gram::new(&rest.matrix, rest.rows, rest.columns));
        Self::of(&rest.into_outliers(), &eigenvalues, 0, Precision::Double)
    }

    /// The effective rank, if it is known well enough.
    pub fn rank(&self) -> Option<f64> {
        (self.error <= TOLERANCE).then(|| self.entropy.exp())
    }

    /// From the eigenvalues of the Gram matrix of what was not split off, of which the smallest are known to be `zeros`.
    pub fn of<T: Real>(outliers: &Outliers, eigenvalues: &Tridiagonal<T>, zeros: usize, precision: Precision) -> Self {
        let bisection = Bisection::new(eigenvalues);
        let mut spectrum = Spectrum { outliers, bisection, zeros, precision };
        spectrum.estimate()
    }
}

struct Spectrum<'a, T: Real> {
    outliers: &'a Outliers,
    bisection: Bisection<T>,
    zeros: usize,
    precision: Precision,
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
        let (of_largest, of_own) = (self.precision.of_largest() * self.bisection.largest(), self.precision.of_own());
        let change = |(low, high): (f64, f64)| {
            let s = f64::midpoint(low, high);
            let by_rounding = of_largest + of_own * s * s;
            let below = s - (s * s - by_rounding).max(0.0).sqrt();
            let above = (s * s + by_rounding).sqrt() - s;
            (s, below.max(above) + self.outliers.noise / self.outliers.scale)
        };
        let changes: Vec<_> = self.intervals().map(change).collect();
        let below = |times: f64| changes.iter().filter(|(s, change)| *s < times * change).count();
        let (may_be_zero, above) = (below(SURE), below(TWICE) - below(SURE));
        // A spectrum that goes on to zero has as many there as above; what is more are taken for zeros.
        let zeros = may_be_zero.saturating_sub(above) as f64 / may_be_zero.max(1) as f64;
        let (mut in_common, mut at_random, mut squares) = (0.0, 0.0, 0.0);
        for ((s, change), moved) in changes.iter().zip(self.moved(entropy, sum, &changes)) {
            // Rounding only adds to a zero. Of another square it adds as much as it takes, and the root falls by this on average.
            let share = if *s < SURE * change { zeros } else { 0.5 * change / s.max(f64::MIN_POSITIVE) };
            in_common += share * moved;
            at_random += (1.0 - share) * moved;
            squares += (1.0 - share) * moved * moved;
        }
        in_common + at_random.min(ALIKE * at_random + AT_RANDOM * squares.sqrt())
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

/// A singular value that is not so many times its own error may be zero.
const SURE: f64 = 4.0;
/// One that is up to so many times its own error is less than twice as large: its error falls with it.
const TWICE: f64 = 17.5;
/// Where some singular values are known to be zero, the whole of one that may be zero too counts as an error, times this. A rank
/// that is one less than its known bound had an error of up to 1.1 times the bound without it.
const RESERVE: f64 = 1.5;

/// Errors of singular values other than zero have signs of their own, and each is what it may be at the most only by chance: of
/// their sum so many times the root of the squares count ...
const AT_RANDOM: f64 = 2.0;
/// ... and this share of all of it, for what they have in common. Both were measured, with a reserve of two at least.
const ALIKE: f64 = 0.05;
