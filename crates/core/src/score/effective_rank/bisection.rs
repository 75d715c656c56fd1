//! Eigenvalues of a tridiagonal matrix by counting: the leading minors of T - x change sign as often as there are
//! eigenvalues below x (Givens 1954). Many x are counted side by side. The minors follow from each other by products
//! alone; their quotients, the pivots, would do without scaling, but a division costs as much as all the rest.

use pulp::{Simd, WithSimd};

use super::real::{Real, multiply_add};
use super::tridiagonal::Tridiagonal;
use crate::dispatch::dispatch;

/// The intervals that the roots of the eigenvalues are known to lie in, for a matrix without negative eigenvalues.
pub struct Bisection<T> {
    /// Scaled so that no eigenvalue is above 1, with zeros after the last to a whole number of `STEPS`.
    diagonal: Vec<T>,
    /// The squares of the elements beside the diagonal, negated, likewise, with a zero before the first.
    squares: Vec<T>,
    /// Ascending, as whole numbers of `step`.
    low: Vec<u64>,
    /// The length of every interval, in units of `unit`.
    step: f64,
    /// A power of two: the root of the scale.
    unit: f64,
}

/// Shifts counted at a time.
const BLOCK: usize = 32;
/// Minors computed from one scaling to the next: so few that a growth by 4 in each stays far below overflow, and a fall by
/// the rounding error in each far above what is added.
const STEPS: usize = 4;

impl<T: Real> Bisection<T> {
    /// Starts with intervals of about the mean distance of the roots.
    pub fn new(matrix: &Tridiagonal<T>) -> Self {
        let n = matrix.diagonal.len();
        let beside = |i: usize| matrix.beside.get(i).map_or(0.0, |e| e.to_f64().abs());
        // Gershgorin's circles, and a little for rounding.
        let bound = |i: usize| matrix.diagonal[i].to_f64() + beside(i) + i.checked_sub(1).map_or(0.0, beside);
        let largest = (0..n).map(bound).fold(0.0, f64::max) * (1.0 + 8.0 * T::EPSILON.to_f64());
        let unit = if largest > 0.0 { 2f64.powi((0.5 * largest.log2()).ceil() as i32) } else { 1.0 };
        let scale = T::from_f64(unit.powi(-2));
        let padded = n.next_multiple_of(STEPS);
        let mut diagonal: Vec<T> = matrix.diagonal.iter().map(|d| *d * scale).collect();
        let beside = std::iter::once(T::ZERO).chain(matrix.beside.iter().map(|e| *e * scale));
        let mut squares: Vec<T> = beside.map(|e| -(e * e)).collect();
        // A diagonal above every shift counts nothing.
        diagonal.resize(padded, T::from_f64(2.0));
        squares.resize(padded, T::ZERO);
        let points = n.next_multiple_of(BLOCK);
        let step = largest.sqrt() / unit / points as f64;
        let mut bisection = Self { diagonal, squares, low: vec![0; n], step, unit };
        if largest > 0.0 {
            let counts = bisection.counts(&(1..=points as u64).collect::<Vec<_>>());
            let mut below = 0;
            for (point, count) in (0..).zip(counts) {
                // The last point is a bound of all.
                let count = if point + 1 == points as u64 { n } else { (count as usize).min(n) };
                for low in &mut bisection.low[below.min(count)..count] {
                    *low = point;
                }
                below = below.max(count);
            }
        }
        bisection
    }

    /// The largest eigenvalue, from above.
    pub fn largest(&self) -> f64 {
        self.intervals().last().map_or(0.0, |(_, high)| high * high)
    }

    /// The intervals of the roots, ascending.
    pub fn intervals(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let step = self.step * self.unit;
        self.low.iter().map(move |low| (*low as f64 * step, (*low + 1) as f64 * step))
    }

    /// Halves every interval.
    pub fn halve(&mut self) {
        self.step *= 0.5;
        let middles: Vec<u64> = self.low.iter().map(|low| 2 * low + 1).collect();
        let counts = self.counts(&middles);
        for ((i, low), count) in self.low.iter_mut().enumerate().zip(counts) {
            *low = 2 * *low + u64::from(count as usize <= i);
        }
    }

    /// How many eigenvalues are below the square of each point.
    fn counts(&self, points: &[u64]) -> Vec<u32> {
        let shifts: Vec<T> = points.iter().map(|p| T::from_f64((*p as f64 * self.step).powi(2))).collect();
        let mut counts = Vec::with_capacity(points.len());
        for block in shifts.chunks(BLOCK) {
            let mut shifts = [T::ONE; BLOCK];
            shifts[..block.len()].copy_from_slice(block);
            let count = Count { diagonal: &self.diagonal, squares: &self.squares, shifts: &shifts };
            counts.extend_from_slice(&dispatch(count)[..block.len()]);
        }
        counts
    }
}

struct Count<'a, T> {
    diagonal: &'a [T],
    squares: &'a [T],
    shifts: &'a [T; BLOCK],
}

impl<T: Real> WithSimd for Count<'_, T> {
    type Output = [u32; BLOCK];

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> [u32; BLOCK] {
        if S::IS_SCALAR { self.run::<false>() } else { self.run::<true>() }
    }
}

impl<T: Real> Count<'_, T> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) -> [u32; BLOCK] {
        let mut counts = [0; BLOCK];
        let (mut minors, mut before) = ([T::WORKING_SIZE; BLOCK], [T::ZERO; BLOCK]);
        let (diagonals, squares) = (self.diagonal.as_chunks::<STEPS>().0, self.squares.as_chunks::<STEPS>().0);
        for (diagonals, squares) in diagonals.iter().zip(squares) {
            for (diagonal, square) in diagonals.iter().zip(squares) {
                for lane in 0..BLOCK {
                    // What is added makes a minor of zero a small one, as if the eigenvalue lay just beside.
                    let rest = multiply_add::<T, FUSED>(*square, before[lane], T::TINY);
                    let next = multiply_add::<T, FUSED>(*diagonal - self.shifts[lane], minors[lane], rest);
                    counts[lane] += next.differs_in_sign(minors[lane]);
                    before[lane] = minors[lane];
                    minors[lane] = next;
                }
            }
            for lane in 0..BLOCK {
                let (a, b) = (minors[lane].magnitude(), before[lane].magnitude());
                let larger = if a > b { a } else { b };
                let factor = (if larger > T::TINY { larger } else { T::TINY }).power_to_working_size();
                minors[lane] *= factor;
                before[lane] *= factor;
            }
        }
        counts
    }
}
