//! The effective rank of a matrix (Roy & Vetterli 2007).
//!
//! The rank needs no singular vectors and tolerates an error of 1e-3, so the singular values come from the smaller Gram
//! matrix: formed by half, reduced to tridiagonal form (small ones `together`, large ones to a `band` first, from which the
//! rest is a `chase`), its eigenvalues found by `bisection` only as far as the entropy needs.
//! Squaring costs digits. So singular values far above the rest are first split off (`deflation`), and an error bound
//! comes with the result: single precision is tried first, and where its bound is too wide double precision follows.

mod band;
mod bisection;
mod chase;
mod deflation;
mod real;
mod together;
mod tridiagonal;

use std::collections::BTreeMap;

use faer::MatRef;

use band::Band;
use deflation::Outliers;
use real::Real;
use tridiagonal::{Gram, Tridiagonal};

use crate::idle::{Elsewhere, elsewhere};

/// A matrix whose rank cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RankError {
    #[error("it has values that are not finite")]
    NonFinite,
    #[error("its singular values could not be computed")]
    NoConvergence,
}

/// What the entropy of the singular values may be wrong by before more digits are used.
const TOLERANCE: f64 = 9e-4;
/// The part of it that intervals which are not bisected further may take, if all lie on the same side.
const UNRESOLVED: f64 = 0.1;

/// exp(-sum p ln p) with p = s / sum(s) over the singular values s of the row-major `[rows x columns]` matrix.
///
/// Lies between 1 and min(rows, columns); 0 for a zero matrix. The relative error is below 1e-3.
///
/// # Errors
/// If an element is not finite.
pub fn effective_rank(matrix: &[f32], rows: usize, columns: usize) -> Result<f64, RankError> {
    let mut ranks = Ranks::default();
    let place = ranks.add(matrix, rows, columns)?;
    ranks.finish();
    ranks.get(place).unwrap_or(Err(RankError::NoConvergence))
}

/// Effective ranks of many matrices, see [`effective_rank`]. The small ones among them wait until there are enough to
/// be worked on side by side; their ranks do not depend on which those are.
#[derive(Default)]
pub struct Ranks {
    ranks: Vec<Option<Result<f64, RankError>>>,
    /// By size, in steps of [`SIZES`].
    small: BTreeMap<usize, Vec<Waiting<Gram<f32>>>>,
    large: BTreeMap<usize, Vec<Waiting<Band<f32>>>>,
    /// Large ones that need double precision.
    again: BTreeMap<usize, Vec<Waiting<Band<f64>>>>,
    /// Memory for the next large Gram matrix.
    spare: Vec<f32>,
    /// Those that are computed on threads that have nothing else to do.
    elsewhere: Vec<(Place, Elsewhere<Result<f64, RankError>>)>,
}

/// The place of a rank among [`Ranks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(usize);

/// A matrix that others of its size join, and what its Gram matrix has come to.
struct Waiting<G> {
    place: usize,
    matrix: Scaled,
    /// The most that its rank can be.
    most: usize,
    outliers: Outliers,
    gram: G,
}

impl<G> Waiting<G> {
    /// From the eigenvalues of what is left of its Gram matrix.
    fn estimate<T: Real>(&self, eigenvalues: &Tridiagonal<T>) -> Estimate {
        let zeros = self.matrix.size().saturating_sub(self.most);
        Estimate::of(&self.outliers, eigenvalues, zeros)
    }
}

impl Ranks {
    /// Takes in a row-major `[rows x columns]` matrix.
    ///
    /// # Errors
    /// If an element is not finite.
    pub fn add(&mut self, matrix: &[f32], rows: usize, columns: usize) -> Result<Place, RankError> {
        self.add_of_rank(matrix, rows, columns, usize::MAX)
    }

    /// The same of a matrix whose rank is known to be `most` at the most, but for rounding. Beyond so many singular values a
    /// Gram matrix has rounding errors in place of zeros, which would ask for double precision.
    ///
    /// # Errors
    /// If an element is not finite.
    pub fn add_of_rank(
        &mut self,
        matrix: &[f32],
        rows: usize,
        columns: usize,
        most: usize,
    ) -> Result<Place, RankError> {
        let place = self.ranks.len();
        let largest = largest(matrix).ok_or(RankError::NonFinite)?;
        if largest == 0.0 {
            self.ranks.push(Some(Ok(0.0)));
            return Ok(Place(place));
        }
        // The rank ignores scale; single precision does not.
        let scale = power_of_two(largest);
        let matrix = Scaled { values: matrix.iter().map(|x| x * scale).collect(), rows, columns };
        self.ranks.push(None);
        if matrix.size() <= TOGETHER {
            self.wait(place, matrix, most);
            return Ok(Place(place));
        }
        match elsewhere(matrix, move |matrix| matrix.alone(most)) {
            Ok(rank) => self.elsewhere.push((Place(place), rank)),
            Err(matrix) => self.wait(place, matrix, most),
        }
        Ok(Place(place))
    }

    /// Takes in a matrix whose rank waits for others of its size.
    fn wait(&mut self, place: usize, matrix: Scaled, most: usize) {
        let (rows, columns, size) = (matrix.rows, matrix.columns, matrix.size());
        if size <= SMALL {
            self.ranks[place] = Some(matrix.rank());
            return;
        }
        let class = size.next_multiple_of(SIZES);
        let rest = deflation::split_off_dominant(&matrix.values, rows, columns);
        if size <= TOGETHER {
            let gram = Gram::new(&rest.matrix, rest.rows, rest.columns);
            let outliers = rest.outliers;
            let waiting = self.small.entry(class).or_default();
            waiting.push(Waiting { place, matrix, most, outliers, gram });
            if waiting.len() == together::MATRICES {
                let waiting = std::mem::take(waiting);
                self.take(waiting, together::reduce);
            }
        } else {
            let mut gram = Gram::within(std::mem::take(&mut self.spare), &rest.matrix, rest.rows, rest.columns);
            let (band, outliers) = (Band::of(&mut gram), rest.outliers);
            self.spare = gram.values;
            let waiting = self.large.entry(class).or_default();
            waiting.push(Waiting { place, matrix, most, outliers, gram: band });
            if is_enough(waiting, size) {
                let waiting = std::mem::take(waiting);
                self.take(waiting, chase::reduce);
            }
        }
    }

    /// Ends all waiting.
    pub fn finish(&mut self) {
        for waiting in std::mem::take(&mut self.small).into_values() {
            self.take(waiting, together::reduce);
        }
        for waiting in std::mem::take(&mut self.large).into_values() {
            self.take(waiting, chase::reduce);
        }
        for waiting in std::mem::take(&mut self.again).into_values() {
            self.take_again(waiting);
        }
        for (Place(place), rank) in std::mem::take(&mut self.elsewhere) {
            self.ranks[place] = Some(rank.join().unwrap_or(Err(RankError::NoConvergence)));
        }
    }

    /// A rank; none while it waits.
    #[must_use]
    pub fn get(&self, place: Place) -> Option<Result<f64, RankError>> {
        self.ranks.get(place.0).copied().flatten()
    }

    fn take<G>(&mut self, all: Vec<Waiting<G>>, reduce: fn(&[&G]) -> Vec<Tridiagonal<f32>>) {
        let grams: Vec<_> = all.iter().map(|waiting| &waiting.gram).collect();
        let reduced = reduce(&grams);
        for (waiting, reduced) in all.into_iter().zip(reduced) {
            let estimate = waiting.estimate(&reduced);
            if estimate.error <= TOLERANCE {
                self.ranks[waiting.place] = Some(Ok(estimate.entropy.exp()));
            } else if waiting.matrix.size() <= TOGETHER {
                self.ranks[waiting.place] = Some(waiting.matrix.rank());
            } else {
                self.add_again(waiting.place, waiting.matrix, waiting.most);
            }
        }
    }

    /// Takes in a large matrix for double precision.
    fn add_again(&mut self, place: usize, matrix: Scaled, most: usize) {
        // Double precision needs the room.
        self.spare = Vec::new();
        let (double, size) = (matrix.double(), matrix.size());
        let rest = deflation::split_off_dominant(&double, matrix.rows, matrix.columns);
        let mut gram = Gram::new(&rest.matrix, rest.rows, rest.columns);
        let (gram, outliers) = (Band::of(&mut gram), rest.outliers);
        let waiting = self.again.entry(size.next_multiple_of(SIZES)).or_default();
        waiting.push(Waiting { place, matrix, most, outliers, gram });
        if is_enough(waiting, size) {
            let waiting = std::mem::take(waiting);
            self.take_again(waiting);
        }
    }

    fn take_again(&mut self, all: Vec<Waiting<Band<f64>>>) {
        let bands: Vec<_> = all.iter().map(|waiting| &waiting.gram).collect();
        for (waiting, reduced) in all.iter().zip(chase::reduce(&bands)) {
            let estimate = waiting.estimate(&reduced);
            let is_known = estimate.error <= TOLERANCE;
            let rank = if is_known { Ok(estimate.entropy.exp()) } else { waiting.matrix.rank_of_all() };
            self.ranks[waiting.place] = Some(rank);
        }
    }
}

/// Whether so many large matrices are worked on.
fn is_enough<G>(waiting: &[Waiting<G>], size: usize) -> bool {
    waiting.len() == together::MATRICES || waiting.len() * size * size >= MOST_WAITING
}

/// A row-major matrix whose largest element is near 1.
struct Scaled {
    values: Vec<f32>,
    rows: usize,
    columns: usize,
}

impl Scaled {
    fn size(&self) -> usize {
        self.rows.min(self.columns)
    }

    fn double(&self) -> Vec<f64> {
        self.values.iter().map(|x| f64::from(*x)).collect()
    }

    /// The effective rank with no others beside it.
    fn alone(self, most: usize) -> Result<f64, RankError> {
        let mut ranks = Ranks { ranks: vec![None], ..Ranks::default() };
        ranks.wait(0, self, most);
        ranks.finish();
        ranks.get(Place(0)).unwrap_or(Err(RankError::NoConvergence))
    }

    /// The effective rank in double precision.
    fn rank(&self) -> Result<f64, RankError> {
        let estimate = Estimate::new(&self.double(), self.rows, self.columns);
        if estimate.error <= TOLERANCE { Ok(estimate.entropy.exp()) } else { self.rank_of_all() }
    }

    /// The same by the singular values themselves, which takes longest.
    fn rank_of_all(&self) -> Result<f64, RankError> {
        let double = self.double();
        let values = MatRef::from_row_major_slice(&double, self.rows, self.columns).singular_values();
        Ok(entropy_rank(values.map_err(|_| RankError::NoConvergence)?.iter().copied()))
    }
}

/// Gram matrices up to this size are reduced side by side: so many of them fit into the second cache.
const TOGETHER: usize = 192;
/// Elements of matrices that may wait for others of their size.
const MOST_WAITING: usize = 1 << 22;
/// Matrices whose sizes differ by less wait together.
const SIZES: usize = 16;

/// Up to this size double precision costs nothing to speak of.
const SMALL: usize = 24;

/// The largest magnitude; none if an element is not finite.
pub(super) fn largest(matrix: &[f32]) -> Option<f32> {
    // Magnitudes order as their bits do, and infinity and NaN come last.
    let magnitudes = matrix.iter().map(|x| x.to_bits() & 0x7fff_ffff);
    let largest = pulp::Arch::new().dispatch(|| magnitudes.fold(0, u32::max));
    let largest = f32::from_bits(largest);
    largest.is_finite().then_some(largest)
}

/// A power of two that brings `largest` near 1.
fn power_of_two(largest: f32) -> f32 {
    2f32.powi(-(largest.log2().floor() as i32).clamp(-120, 120))
}

/// The entropy of the normalized singular values, and how far it may be off.
struct Estimate {
    entropy: f64,
    error: f64,
}

impl Estimate {
    fn new<T: Real>(matrix: &[T], rows: usize, columns: usize) -> Self {
        let rest = deflation::split_off_dominant(matrix, rows, columns);
        Self::of(&rest.outliers, &Tridiagonal::of(Gram::new(&rest.matrix, rest.rows, rest.columns)), 0)
    }

    /// From the eigenvalues of the Gram matrix of what was not split off, of which the smallest are known to be `zeros`.
    fn of<T: Real>(outliers: &Outliers, eigenvalues: &Tridiagonal<T>, zeros: usize) -> Self {
        let bisection = bisection::Bisection::new(eigenvalues);
        let mut spectrum = Spectrum { outliers, bisection, zeros };
        spectrum.estimate()
    }
}

struct Spectrum<'a, T: Real> {
    outliers: &'a Outliers,
    bisection: bisection::Bisection<T>,
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
            let error = self.error(entropy, sum, |low, high| 0.5 * (high - low));
            if error <= target {
                break;
            }
            // It halves with the intervals, nearly.
            let halvings = (error / target).log2().ceil().clamp(1.0, 60.0) as usize;
            (0..halvings).for_each(|_| self.bisection.halve());
            (entropy, sum) = self.entropy();
        }
        let (unit, largest) = (T::EPSILON.to_f64(), self.bisection.largest());
        let error = self.error(entropy, sum, |low, high| {
            let s = f64::midpoint(low, high);
            let moved = unit * (OF_LARGEST * largest + OF_OWN * s * s);
            let below = s - (s * s - moved).max(0.0).sqrt();
            let above = (s * s + moved).sqrt() - s;
            below.max(above) + 0.5 * (high - low) + self.outliers.noise / self.outliers.scale
        });
        Estimate { entropy, error }
    }

    /// -sum p ln p, and the sum that makes the singular values p.
    fn entropy(&self) -> (f64, f64) {
        let values = self.intervals().map(|(low, high)| f64::midpoint(low, high) * self.outliers.scale);
        let (mut sum, mut weighted) = (0.0, 0.0);
        for s in values.chain(self.outliers.dominant.iter().copied()).filter(|s| *s > 0.0) {
            sum += s;
            weighted += s * s.ln();
        }
        if sum == 0.0 { (0.0, 1.0) } else { (sum.ln() - weighted / sum, sum) }
    }

    /// To first order the entropy changes by (ln p + entropy) ds / sum when a singular value changes by ds; all changes
    /// are taken to add up.
    fn error(&self, entropy: f64, sum: f64, change: impl Fn(f64, f64) -> f64) -> f64 {
        let of_one = |(low, high)| {
            let change = change(low, high) * self.outliers.scale;
            let value = f64::midpoint(low, high) * self.outliers.scale;
            if change == 0.0 {
                return 0.0;
            }
            if self.zeros > 0 && value < UNSURE * change {
                // It may be another zero, with none beside it that would widen the bound enough.
                return RESERVE * (value + change) / sum * ((value / sum).ln() + entropy).abs().max(1.0);
            }
            let steep = if value < 2.0 * change { 1.0 } else { 0.0 };
            (((value + change) / sum).ln() + entropy).abs().max(steep) * change / sum
        };
        self.intervals().map(of_one).sum()
    }
}

/// Rounding moves an eigenvalue of a Gram matrix by at most so many units of the rounding error of the largest ...
const OF_LARGEST: f64 = 2.5;
/// ... and so many of its own. Both were measured, with a reserve of two.
const OF_OWN: f64 = 8.0;

/// Where some singular values are known to be zero, one that is not so many times its own error may be zero too ...
const UNSURE: f64 = 4.0;
/// ... and then the whole of it counts as an error, times this. A rank that is one less than its known bound had an error of up
/// to 1.1 times the bound without it.
const RESERVE: f64 = 1.5;

/// exp of the Shannon entropy of values that are made to sum to 1. Values of 0 do not count.
pub fn entropy_rank(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let sum: f64 = values.clone().filter(|s| *s > 0.0).sum();
    if sum <= 0.0 {
        return 0.0;
    }
    let entropy: f64 = values
        .filter(|s| *s > 0.0)
        .map(|s| {
            let p = s / sum;
            -p * p.ln()
        })
        .sum();
    entropy.exp()
}

#[cfg(test)]
mod tests;
