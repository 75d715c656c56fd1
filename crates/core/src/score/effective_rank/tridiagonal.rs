//! Reduction of a Gram matrix to tridiagonal form by Householder reflections, in panels (Dongarra, Hammarling &
//! Sorensen 1989): the reflections of a panel are applied to the rest of the matrix by one matrix product.

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};
use pulp::{Simd, WithSimd};

use super::gram::{COLUMNS, Gram, PADDING};
use super::real::{LANES, Real, add_multiple, dot};
use crate::dispatch::dispatch;

/// A symmetric tridiagonal matrix.
pub struct Tridiagonal<T> {
    pub diagonal: Vec<T>,
    /// Beside the diagonal; one element shorter.
    pub beside: Vec<T>,
}

impl<T: Real> Tridiagonal<T> {
    /// Similar to a Gram matrix.
    pub fn of(mut gram: Gram<T>) -> Self {
        gram.clear_beyond();
        let Gram { size: n, stride, ref mut values } = gram;
        let mut reduced = Self { diagonal: vec![T::ZERO; n], beside: vec![T::ZERO; n.saturating_sub(1)] };
        let mut panel = Panel::new(stride);
        let mut start = 0;
        while start < n {
            let width = PANEL.min(n - start);
            mirror(values, n, start);
            dispatch(Reduce { matrix: values, n, start, width, panel: &mut panel, to: &mut reduced });
            start += width;
            if start < n {
                panel.apply(values, n, start);
            }
        }
        reduced
    }
}

/// Makes the diagonals just above the main one equal to those below it, which is all that the kernels read there.
fn mirror<T: Real>(matrix: &mut [T], n: usize, start: usize) {
    let stride = n + PADDING;
    for column in start..n {
        for row in column + 1..n.min(column + COLUMNS) {
            matrix[row * stride + column] = matrix[column * stride + row];
        }
    }
}

/// The end of a slice from `start` on that holds the elements up to `n`, then at least [`LANES`] zeros, and is a whole
/// number of vectors long.
fn padded_end(start: usize, n: usize) -> usize {
    start + (n - start + LANES).next_multiple_of(2 * LANES)
}

/// Columns that are reduced before the rest of the matrix hears of it.
pub const PANEL: usize = 16;

/// The reflections of a panel: the matrix A becomes A - V W^T - W V^T.
pub struct Panel<T> {
    /// Columns of V, of W, and of V again, each as long as the matrix.
    pub vectors: Vec<T>,
}

impl<T: Real> Panel<T> {
    pub fn new(stride: usize) -> Self {
        Self { vectors: vec![T::ZERO; 3 * PANEL * stride] }
    }

    /// Applies a full panel to the lower triangle of the rows and columns from `start` on.
    pub fn apply(&mut self, matrix: &mut [T], n: usize, start: usize) {
        let stride = n + PADDING;
        self.vectors.copy_within(..PANEL * stride, 2 * PANEL * stride);
        let rest = n - start;
        let rows = |m| MatRef::from_column_major_slice(m, stride, 2 * PANEL).subrows(start, rest);
        let (left, right) = (&self.vectors[..2 * PANEL * stride], &self.vectors[PANEL * stride..]);
        matmul(
            MatMut::from_column_major_slice_with_stride_mut(matrix, n, n, stride)
                .submatrix_mut(start, start, rest, rest),
            BlockStructure::TriangularLower,
            Accum::Add,
            rows(left),
            BlockStructure::Rectangular,
            rows(right).transpose(),
            BlockStructure::Rectangular,
            -T::ONE,
            Par::Seq,
        );
    }
}

/// Reduces the columns of one panel.
struct Reduce<'a, T> {
    /// Column-major; the lower triangle counts.
    matrix: &'a mut [T],
    n: usize,
    start: usize,
    width: usize,
    panel: &'a mut Panel<T>,
    to: &'a mut Tridiagonal<T>,
}

impl<T: Real> WithSimd for Reduce<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.run(simd);
    }
}

impl<T: Real> Reduce<'_, T> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let n = self.n;
        let stride = n + PADDING;
        let (vs, ws) = self.panel.vectors.split_at_mut(PANEL * stride);
        for j in 0..self.width {
            let column = self.start + j;
            let (below, end) = (column + 1, padded_end(column + 1, n));
            let (v_before, v) = vs.split_at_mut(j * stride);
            let (w_before, w) = ws.split_at_mut(j * stride);
            let earlier = || v_before.chunks_exact(stride).zip(w_before.chunks_exact(stride));
            let own = &mut self.matrix[column * stride..(column + 1) * stride];
            for (v, w) in earlier() {
                own[column] = own[column] - v[column] * w[column] - w[column] * v[column];
                let (f, g) = (-w[column], -v[column]);
                add_two(simd, &mut own[below..end], f, &v[below..end], g, &w[below..end]);
            }
            self.to.diagonal[column] = own[column];
            if below == n {
                return;
            }
            let v = &mut v[below..end];
            v.copy_from_slice(&own[below..end]);
            let (beside, factor) = reflect(simd, v);
            self.to.beside[column] = beside;
            let w = &mut w[below..end];
            multiply_symmetric(simd, self.matrix, n, below, v, w);
            for (ve, we) in earlier() {
                let (ve, we) = (&ve[below..end], &we[below..end]);
                let (along_v, along_w) = (dot(simd, ve, v), dot(simd, we, v));
                add_two(simd, w, -along_w, ve, -along_v, we);
            }
            w.iter_mut().for_each(|w| *w *= factor);
            let along = T::from_f64(-0.5) * factor * dot(simd, w, v);
            add_multiple(simd, w, along, v);
        }
    }
}

/// y += f a + g b
#[inline(always)]
fn add_two<T: Real, S: Simd>(simd: S, y: &mut [T], f: T, a: &[T], g: T, b: &[T]) {
    add_multiple(simd, y, f, a);
    add_multiple(simd, y, g, b);
}

/// Makes x into h with h\[0\] = 1 such that (1 - f h h^T) x is along the first axis; returns its length there, and f.
#[inline(always)]
fn reflect<T: Real, S: Simd>(simd: S, x: &mut [T]) -> (T, T) {
    let first = x[0];
    x[0] = T::ZERO;
    let rest = dot(simd, x, x);
    x[0] = T::ONE;
    if rest == T::ZERO {
        return (first, T::ZERO);
    }
    let length = (first * first + rest).root();
    let to = if first > T::ZERO { -length } else { length };
    let inverse = T::ONE / (first - to);
    x.iter_mut().for_each(|x| *x *= inverse);
    x[0] = T::ONE;
    (to, (to - first) / to)
}

/// y = S x for the symmetric matrix S whose lower triangle starts at row and column `start` of the column-major matrix;
/// x and y are padded. Every element is read once, and four columns at a time.
#[inline(always)]
fn multiply_symmetric<T: Real, S: Simd>(simd: S, matrix: &[T], n: usize, start: usize, x: &[T], y: &mut [T]) {
    let (size, stride) = (n - start, n + PADDING);
    y.fill(T::ZERO);
    for j in (0..size).step_by(COLUMNS) {
        let length = (size - j).next_multiple_of(LANES);
        let column = |c: usize| &matrix[(start + j + c) * stride + start + j..][..length];
        let factors = [x[j], x[j + 1], x[j + 2], x[j + 3]];
        // What the rows of the corner on the diagonal get from its columns is in the sums too: those count.
        let before = [y[j], y[j + 1], y[j + 2], y[j + 3]];
        let columns = [column(0), column(1), column(2), column(3)];
        let sums = four_columns(simd, columns, &x[j..j + length], &mut y[j..j + length], factors);
        for c in 0..COLUMNS {
            y[j + c] = before[c] + sums[c];
        }
    }
}

/// y += sum of factors times columns; returns the columns' products with x.
///
/// Written out: functions that take closures are not compiled for the widest vectors, nor is what they call.
#[inline(always)]
fn four_columns<T: Real, S: Simd>(simd: S, columns: [&[T]; 4], x: &[T], y: &mut [T], factors: [T; 4]) -> [T; 4] {
    let [a, b, c, d] = columns;
    let (a, b, c, d) = (T::vectors::<S>(a), T::vectors::<S>(b), T::vectors::<S>(c), T::vectors::<S>(d));
    let (xs, ys) = (T::vectors::<S>(x), T::vectors_mut::<S>(y));
    let [fa, fb, fc, fd] = factors;
    let (fa, fb, fc, fd) = (T::splat(simd, fa), T::splat(simd, fb), T::splat(simd, fc), T::splat(simd, fd));
    let zero = T::splat(simd, T::ZERO);
    let (mut sa, mut sb, mut sc, mut sd) = (zero, zero, zero, zero);
    for (((((a, b), c), d), x), y) in a.iter().zip(b).zip(c).zip(d).zip(xs).zip(ys) {
        let low = T::vector_multiply_add(simd, *b, fb, T::vector_multiply_add(simd, *a, fa, *y));
        *y = T::vector_multiply_add(simd, *d, fd, T::vector_multiply_add(simd, *c, fc, low));
        sa = T::vector_multiply_add(simd, *a, *x, sa);
        sb = T::vector_multiply_add(simd, *b, *x, sb);
        sc = T::vector_multiply_add(simd, *c, *x, sc);
        sd = T::vector_multiply_add(simd, *d, *x, sd);
    }
    [T::vector_sum(simd, sa), T::vector_sum(simd, sb), T::vector_sum(simd, sc), T::vector_sum(simd, sd)]
}
