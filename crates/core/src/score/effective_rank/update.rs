//! What the rest of a matrix hears of a panel whose columns were reduced.

use pulp::{Simd, WithSimd};

use super::real::{Real, lanes};
use crate::dispatch::dispatch;

/// A becomes A - V W^T - W V^T, in the lower triangle of its rows and columns from `start` on. What is above the diagonal, or
/// up to [`super::gram::PADDING`] after the end of a column, means nothing.
pub struct Update<'a, T, const WIDTH: usize> {
    /// Column-major.
    pub matrix: &'a mut [T],
    pub stride: usize,
    pub start: usize,
    /// Columns of V, then of W, each like one of the matrix.
    pub columns: &'a [T],
    /// Rows of V and of W from `start` on.
    pub rows: [&'a [[T; WIDTH]]; 2],
}

impl<T: Real, const WIDTH: usize> Update<'_, T, WIDTH> {
    pub fn apply(self) {
        dispatch(self);
    }
}

impl<T: Real, const WIDTH: usize> WithSimd for Update<'_, T, WIDTH> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many sums as there are registers for.
        if S::REGISTER_COUNT >= 32 {
            self.subtract::<S, 3, 8>(simd);
        } else {
            self.subtract::<S, 3, 4>(simd);
        }
    }
}

impl<T: Real, const WIDTH: usize> Update<'_, T, WIDTH> {
    /// In tiles of `HIGH` vectors and `WIDE` columns.
    #[inline(always)]
    fn subtract<S: Simd, const HIGH: usize, const WIDE: usize>(mut self, simd: S) {
        let size = self.rows[0].len();
        let height = HIGH * lanes::<T, S>();
        for i in (0..size).step_by(height) {
            let mut j = 0;
            while j < size.min(i + height) {
                // Vectors above the diagonal are left out.
                let above = j.saturating_sub(i) / lanes::<T, S>();
                let from = i + above * lanes::<T, S>();
                let wide = if j + WIDE <= size { WIDE } else { 1 };
                match (HIGH - above, wide) {
                    (1, 1) => self.tile::<S, 1, 1>(simd, from, j),
                    (2, 1) => self.tile::<S, 2, 1>(simd, from, j),
                    (_, 1) => self.tile::<S, HIGH, 1>(simd, from, j),
                    (1, _) => self.tile::<S, 1, WIDE>(simd, from, j),
                    (2, _) => self.tile::<S, 2, WIDE>(simd, from, j),
                    _ => self.tile::<S, HIGH, WIDE>(simd, from, j),
                }
                j += wide;
            }
        }
    }

    /// Rows from `i` and columns from `j` on.
    #[inline(always)]
    fn tile<S: Simd, const HIGH: usize, const WIDE: usize>(&mut self, simd: S, i: usize, j: usize) {
        let height = HIGH * lanes::<T, S>();
        let mut sums = [[T::splat(simd, T::ZERO); HIGH]; WIDE];
        let (v_columns, w_columns) = self.columns.split_at(WIDTH * self.stride);
        let [v_rows, w_rows] = self.rows.map(|rows| &rows[j..j + WIDE]);
        for (columns, rows) in [(v_columns, w_rows), (w_columns, v_rows)] {
            for k in 0..WIDTH {
                let vectors = T::vectors::<S>(&columns[k * self.stride + self.start + i..][..height]);
                for c in 0..WIDE {
                    let x = T::splat(simd, rows[c][k]);
                    for h in 0..HIGH {
                        sums[c][h] = T::vector_multiply_add(simd, x, vectors[h], sums[c][h]);
                    }
                }
            }
        }
        for (c, sums) in sums.iter().enumerate() {
            let column = &mut self.matrix[(self.start + j + c) * self.stride + self.start + i..][..height];
            let column = T::vectors_mut::<S>(column);
            for h in 0..HIGH {
                column[h] = T::vector_subtract(simd, column[h], sums[h]);
            }
        }
    }
}
