//! Eigenvalues of a tridiagonal matrix by counting: the pivots of T - x that are negative are as many as eigenvalues
//! below x (Givens 1954). Many x are counted side by side, so divisions do not wait for each other.

use pulp::{Arch, Simd, WithSimd};

use super::real::Real;
use super::tridiagonal::Tridiagonal;

/// The intervals that the roots of the eigenvalues are known to lie in, for a matrix without negative eigenvalues.
pub struct Bisection<T> {
    diagonal: Vec<T>,
    /// The squares of the elements beside the diagonal, with a zero before the first.
    squares: Vec<T>,
    /// Ascending, as whole numbers of `step`.
    low: Vec<u64>,
    /// The length of every interval.
    step: f64,
}

/// Shifts counted at a time.
const BLOCK: usize = 64;

impl<T: Real> Bisection<T> {
    /// Starts with intervals of about the mean distance of the roots.
    pub fn new(matrix: &Tridiagonal<T>) -> Self {
        let squares: Vec<T> = std::iter::once(T::ZERO).chain(matrix.beside.iter().map(|e| *e * *e)).collect();
        let n = matrix.diagonal.len();
        let beside = |i: usize| matrix.beside.get(i).map_or(0.0, |e| e.to_f64().abs());
        // Gershgorin's circles, and a little for rounding.
        let bound = |i: usize| matrix.diagonal[i].to_f64() + beside(i) + i.checked_sub(1).map_or(0.0, beside);
        let largest = (0..n).map(bound).fold(0.0, f64::max) * (1.0 + 8.0 * T::EPSILON.to_f64());
        let points = n.next_multiple_of(BLOCK);
        let step = largest.sqrt() / points as f64;
        let mut bisection = Self { diagonal: matrix.diagonal.clone(), squares, low: vec![0; n], step };
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
        self.low.iter().map(|low| (*low as f64 * self.step, (*low + 1) as f64 * self.step))
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
            counts.extend_from_slice(&Arch::new().dispatch(count)[..block.len()]);
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
        let mut counts = [0; BLOCK];
        let mut pivots = [T::ONE; BLOCK];
        for (diagonal, square) in self.diagonal.iter().zip(self.squares) {
            for lane in 0..BLOCK {
                let pivot = *diagonal - self.shifts[lane] - *square / pivots[lane];
                let vanishes = pivot.magnitude() < T::SMALLEST_PIVOT;
                let pivot = if vanishes { -T::SMALLEST_PIVOT } else { pivot };
                pivots[lane] = pivot;
                counts[lane] += u32::from(pivot < T::ZERO);
            }
        }
        counts
    }
}
