//! Gram matrices, whose eigenvalues are squares of singular values.

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};
use pulp::{Simd, WithSimd};

use super::real::{LANES, Real, lanes};
use crate::dispatch::dispatch;
use crate::kernels::memory::{self, Element};

/// The lower triangle of the smaller of A A^T and A^T A, column-major.
pub struct Gram<T: Element> {
    pub size: usize,
    /// Elements from one column to the next; what is between means nothing.
    pub stride: usize,
    pub values: Vec<T>,
}

/// Room after the end of every column, for zeros.
pub const PADDING: usize = 3 * LANES;

/// Columns that a reduction multiplies at a time, so that there is room for as many zeros after the last.
pub const COLUMNS: usize = 4;

/// Up to this size the products are summed straight from the matrix: what is done to larger ones first takes as long as the
/// products.
const DIRECT: usize = 256;

/// Up to this size they are summed here, some rows after the other; a library is as fast for larger ones.
const BY_PARTS: usize = 768;

/// So many rows at a time, of which a tile stays near.
const ROWS: usize = 128;

impl<T: Real> Gram<T> {
    /// Of the row-major `[rows x columns]` matrix A. What is above the diagonal means nothing.
    pub fn new(matrix: &[T], rows: usize, columns: usize) -> Self {
        let size = rows.min(columns);
        let stride = size + PADDING;
        let mut values = memory::to_write((size + COLUMNS) * stride);
        let products = Products { matrix, columns, to: &mut values, stride };
        if columns <= rows && (LANES..=BY_PARTS).contains(&columns) {
            dispatch(products);
        } else {
            let a = MatRef::from_row_major_slice(matrix, rows, columns);
            let (left, right) = if rows <= columns { (a, a.transpose()) } else { (a.transpose(), a) };
            matmul(
                MatMut::from_column_major_slice_with_stride_mut(&mut values, size, size, stride),
                BlockStructure::TriangularLower,
                Accum::Replace,
                left,
                BlockStructure::Rectangular,
                right,
                BlockStructure::Rectangular,
                T::ONE,
                Par::Seq,
            );
        }
        Self { size, stride, values }
    }

    /// Of a symmetric matrix, of which the diagonal and what is after it in every row counts.
    pub fn of_symmetric(matrix: &[T], size: usize) -> Self {
        let stride = size + PADDING;
        let mut values = vec![T::ZERO; (size + COLUMNS) * stride];
        for (column, given) in values.chunks_exact_mut(stride).zip(matrix.chunks_exact(size.max(1))) {
            column[..size].copy_from_slice(given);
        }
        Self { size, stride, values }
    }

    /// Zeros after every column and after the last, which let a kernel run on past the end.
    pub fn clear_beyond(&mut self) {
        let Self { size, stride, ref mut values } = *self;
        values.chunks_exact_mut(stride).for_each(|column| column[size..].fill(T::ZERO));
        values[size * stride..].fill(T::ZERO);
    }
}

impl<T: Element> Drop for Gram<T> {
    fn drop(&mut self) {
        memory::keep(std::mem::take(&mut self.values));
    }
}

/// The lower triangle of A^T A for a row-major matrix A of at least [`LANES`] columns.
struct Products<'a, T> {
    matrix: &'a [T],
    columns: usize,
    to: &'a mut [T],
    stride: usize,
}

impl<T: Real> WithSimd for Products<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many sums as there are registers for.
        if S::REGISTER_COUNT >= 32 {
            self.sum::<S, 3, 8>(simd);
        } else {
            self.sum::<S, 3, 4>(simd);
        }
    }
}

impl<T: Real> Products<'_, T> {
    /// In tiles of `HIGH` vectors and `WIDE` columns.
    #[inline(always)]
    fn sum<S: Simd, const HIGH: usize, const WIDE: usize>(self, simd: S) {
        match self.columns <= DIRECT {
            true => self.sum_directly::<S, HIGH, WIDE>(simd),
            false => self.sum_by_parts::<S, HIGH, WIDE>(simd),
        }
    }

    /// Some rows after the other. The columns of a tile are copied for them, since rows of the matrix lie too far apart to stay
    /// near.
    #[inline(always)]
    fn sum_by_parts<S: Simd, const HIGH: usize, const WIDE: usize>(self, simd: S) {
        let Self { matrix, columns, to, stride } = self;
        let (lanes, height) = (lanes::<T, S>(), HIGH * lanes::<T, S>());
        let mut tall = vec![T::ZERO; ROWS * height];
        for (part, matrix) in matrix.chunks(ROWS * columns).enumerate() {
            let start = if part == 0 { Start::Zero } else { Start::SoFar };
            let rows = matrix.len() / columns;
            for i in (0..columns).step_by(height) {
                let count = height.min(columns - i);
                for (to, row) in tall.chunks_exact_mut(height).zip(matrix.chunks_exact(columns)) {
                    to[..count].copy_from_slice(&row[i..i + count]);
                }
                let mut j = 0;
                while j < columns.min(i + height) {
                    // Vectors above the diagonal are left out.
                    let above = j.saturating_sub(i) / lanes;
                    let high = Columns { matrix: &tall[..rows * height], of_row: height, first: above * lanes };
                    let wide = Columns { matrix, of_row: columns, first: j };
                    let to = &mut to[j * stride + i + above * lanes..];
                    let count = if j + WIDE <= columns { WIDE } else { 1 };
                    match (HIGH - above, count) {
                        (1, 1) => tile::<T, S, 1, 1>(simd, [high, wide], to, stride, start),
                        (2, 1) => tile::<T, S, 2, 1>(simd, [high, wide], to, stride, start),
                        (_, 1) => tile::<T, S, HIGH, 1>(simd, [high, wide], to, stride, start),
                        (1, _) => tile::<T, S, 1, WIDE>(simd, [high, wide], to, stride, start),
                        (2, _) => tile::<T, S, 2, WIDE>(simd, [high, wide], to, stride, start),
                        _ => tile::<T, S, HIGH, WIDE>(simd, [high, wide], to, stride, start),
                    };
                    j += count;
                }
            }
        }
    }

    /// All rows at once.
    #[inline(always)]
    fn sum_directly<S: Simd, const HIGH: usize, const WIDE: usize>(self, simd: S) {
        let Self { matrix, columns, to, stride } = self;
        let lanes = lanes::<T, S>();
        let whole = columns - columns % lanes;
        // The last columns with zeros after them, as vectors read them.
        let mut last = Vec::with_capacity(matrix.len() / columns * lanes);
        if whole < columns {
            for row in matrix.chunks_exact(columns) {
                last.extend_from_slice(&row[whole..]);
                last.resize(last.len().next_multiple_of(lanes), T::ZERO);
            }
        }
        for j in (0..columns).step_by(WIDE) {
            // Some of the last columns are multiplied twice rather than alone.
            let j = j.min(columns - WIDE);
            let wide = Columns { matrix, of_row: columns, first: j };
            let mut i = j - j % lanes;
            while i < whole {
                let high = Columns { first: i, ..wide };
                let to = &mut to[j * stride + i..];
                i += lanes
                    * match (whole - i) / lanes {
                        1 => tile::<T, S, 1, WIDE>(simd, [high, wide], to, stride, Start::Zero),
                        2 => tile::<T, S, 2, WIDE>(simd, [high, wide], to, stride, Start::Zero),
                        _ => tile::<T, S, HIGH, WIDE>(simd, [high, wide], to, stride, Start::Zero),
                    };
            }
            if whole < columns {
                let high = Columns { matrix: &last, of_row: lanes, first: 0 };
                tile::<T, S, 1, WIDE>(simd, [high, wide], &mut to[j * stride + whole..], stride, Start::Zero);
            }
        }
    }
}

/// Columns of a row-major matrix from one on.
#[derive(Clone, Copy)]
struct Columns<'a, T> {
    matrix: &'a [T],
    of_row: usize,
    first: usize,
}

/// What products are added to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    Zero,
    SoFar,
}

/// The products of `HIGH` vectors of columns with `WIDE` columns; returns `HIGH`.
#[inline(always)]
fn tile<T: Real, S: Simd, const HIGH: usize, const WIDE: usize>(
    simd: S,
    [high, wide]: [Columns<'_, T>; 2],
    to: &mut [T],
    stride: usize,
    start: Start,
) -> usize {
    let height = HIGH * lanes::<T, S>();
    let mut sums = [[T::splat(simd, T::ZERO); HIGH]; WIDE];
    for (high_row, wide_row) in high.matrix.chunks_exact(high.of_row).zip(wide.matrix.chunks_exact(wide.of_row)) {
        let vectors = T::vectors::<S>(&high_row[high.first..high.first + height]);
        let numbers = &wide_row[wide.first..wide.first + WIDE];
        for c in 0..WIDE {
            let x = T::splat(simd, numbers[c]);
            for h in 0..HIGH {
                sums[c][h] = T::vector_multiply_add(simd, x, vectors[h], sums[c][h]);
            }
        }
    }
    for (c, sums) in sums.iter().enumerate() {
        let to = T::vectors_mut::<S>(&mut to[c * stride..c * stride + height]);
        for h in 0..HIGH {
            to[h] = match start {
                Start::Zero => sums[h],
                Start::SoFar => T::vector_add(simd, to[h], sums[h]),
            };
        }
    }
    HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of all sizes that are summed here, with more rows and with fewer.
    #[test]
    fn products_are_those_of_columns() {
        for columns in (LANES..80).chain([DIRECT - 1, DIRECT, DIRECT + 1, 2 * DIRECT]) {
            for rows in [columns - 1, columns, columns + 7] {
                let matrix: Vec<f64> = (0..rows * columns).map(|k| ((k * 7919) % 101) as f64 / 101.0 - 0.3).collect();
                let single: Vec<f32> = matrix.iter().map(|x| *x as f32).collect();
                let (gram, single) = (Gram::new(&matrix, rows, columns), Gram::new(&single, rows, columns));
                let size = rows.min(columns);
                for (i, j) in (0..size).flat_map(|i| (0..=i).map(move |j| (i, j))) {
                    let [along, across] = if columns <= rows { [1, columns] } else { [columns, 1] };
                    let product = |k| matrix[i * along + k * across] * matrix[j * along + k * across];
                    let expected: f64 = (0..rows.max(columns)).map(product).sum();
                    let found = [gram.values[j * gram.stride + i], f64::from(single.values[j * single.stride + i])];
                    assert!((found[0] - expected).abs() < 1e-10, "{rows} x {columns}: {i}, {j}");
                    assert!((found[1] - expected).abs() < 1e-3, "{rows} x {columns}: {i}, {j}");
                }
            }
        }
    }
}
