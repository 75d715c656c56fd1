//! Reduction of several small Gram matrices to tridiagonal form side by side: one matrix to a lane of the vectors.
//!
//! What a small matrix costs alone is waiting: sums of short columns, each of which needs the one before. Here every
//! element is a vector of the elements of several matrices, so that nothing is summed across lanes. A lane's numbers do
//! not depend on what the others hold. The update by two reflections and the product that the next one needs read the
//! matrix together (Dongarra, Sorensen & Hammarling 1989).

use std::cell::RefCell;

use pulp::{Simd, WithSimd};

use super::gram::Gram;
use super::real::Real;
use super::tridiagonal::Tridiagonal;
use crate::dispatch::dispatch;

/// As many matrices as the widest vectors have lanes.
pub const MATRICES: usize = 16;

/// Tridiagonal matrices similar to each of `matrices`.
pub fn reduce(matrices: &[&Gram<f32>]) -> Vec<Tridiagonal<f32>> {
    dispatch(Reduce { matrices })
}

struct Reduce<'a> {
    matrices: &'a [&'a Gram<f32>],
}

impl WithSimd for Reduce<'_> {
    type Output = Vec<Tridiagonal<f32>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let lanes = S::F32_LANES;
        let mut reduced = Vec::with_capacity(self.matrices.len());
        for matrices in self.matrices.chunks(lanes) {
            let size = matrices.iter().map(|m| m.size).max().unwrap_or(0);
            let stride = stride(size);
            let mut memory = MEMORY.take();
            // A lane without a matrix holds zeros.
            if matrices.len() < lanes {
                memory.clear();
            }
            let all = at_boundary(&mut memory, (size * stride + SHIFT + 8 * stride) * lanes);
            let (all, rest) = all.split_at_mut(size * stride * lanes);
            rest.fill(0.0);
            let (diagonal, rest) = rest.split_at_mut(stride * lanes);
            let (beside, rest) = rest.split_at_mut(stride * lanes);
            interleave(matrices, stride, lanes, all);
            let vectors = S::as_mut_simd_f32s;
            let to = (&mut *vectors(diagonal).0, &mut *vectors(beside).0);
            tridiagonalize(simd, vectors(all).0, size, to, vectors(&mut rest[SHIFT * lanes..]).0);
            for (lane, matrix) in matrices.iter().enumerate() {
                let of_lane = |all: &[f32], length| (0..length).map(|row| all[row * lanes + lane]).collect();
                reduced.push(Tridiagonal {
                    diagonal: of_lane(diagonal, matrix.size),
                    beside: of_lane(beside, matrix.size.saturating_sub(1)),
                });
            }
            MEMORY.set(memory);
        }
        reduced
    }
}

/// Rows from one column to the next. A processor takes a read for one that waits for an earlier write where the last 12
/// bits of their addresses agree: so the columns and vectors that are worked on lie an eighth of that apart.
fn stride(size: usize) -> usize {
    const PERIOD: usize = 64;
    size.saturating_sub(PERIOD / 4).next_multiple_of(PERIOD) + PERIOD / 4
}
/// Rows that the vectors lie apart from the columns.
const SHIFT: usize = 8;

thread_local! {
    /// Kept for the thread's next matrices: to get it anew from the system takes as long as the reduction.
    static MEMORY: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Memory that starts where vectors can be read in one go: what it held before, and zeros after that.
fn at_boundary(memory: &mut Vec<f32>, length: usize) -> &mut [f32] {
    /// Bytes of the widest vector.
    const BOUNDARY: usize = 64;
    let whole = length + BOUNDARY / size_of::<f32>();
    if memory.len() < whole {
        memory.resize(whole, 0.0);
    }
    let start = memory.as_ptr().align_offset(BOUNDARY).min(memory.len() - length);
    &mut memory[start..start + length]
}

/// Lays the lower triangles of the matrices side by side, column by column; a smaller matrix has zeros at its end, which change
/// nothing.
#[inline(always)]
fn interleave(matrices: &[&Gram<f32>], stride: usize, lanes: usize, to: &mut [f32]) {
    let size = matrices.iter().map(|m| m.size).max().unwrap_or(0);
    for column in 0..size {
        let to = &mut to[column * stride * lanes..][..size * lanes];
        for (group, lane) in matrices.chunks(GROUP).zip((0..).step_by(GROUP)) {
            let common = group.iter().map(|m| m.size).min().unwrap_or(0);
            let mut done = column;
            if let ([a, b, c, d], true) = (group, column < common) {
                let [a, b, c, d] = [a, b, c, d].map(|m| &m.values[column * m.stride..][column..common]);
                let rows = to[column * lanes..common * lanes].chunks_exact_mut(lanes);
                for ((((row, a), b), c), d) in rows.zip(a).zip(b).zip(c).zip(d) {
                    row[lane..lane + GROUP].copy_from_slice(&[*a, *b, *c, *d]);
                }
                done = common;
            }
            for (lane, matrix) in (lane..).zip(group) {
                for row in done..size {
                    let is_there = row.max(column) < matrix.size;
                    to[row * lanes + lane] = if is_there { matrix.values[column * matrix.stride + row] } else { 0.0 };
                }
            }
        }
    }
}

/// Matrices whose elements are written in one go.
const GROUP: usize = 4;

/// Two reflections are applied at a time. The product that the first of them needs is taken as the two before are applied, and that
/// of the second without: memory is read for each, and written once for both.
#[inline(always)]
fn tridiagonalize<S: Simd>(
    simd: S,
    a: &mut [S::f32s],
    size: usize,
    (diagonal, beside): (&mut [S::f32s], &mut [S::f32s]),
    vectors: &mut [S::f32s],
) {
    let stride = stride(size);
    let mut vectors = vectors.chunks_exact_mut(stride);
    let mut vector = || vectors.next().map_or(&mut [][..], |vector| &mut vector[..size]);
    // V and W of both reflections, which become those of the next.
    let mut pairs = [(vector(), vector()), (vector(), vector())];
    let (x, y) = (vector(), vector());
    for j in 0..size {
        let is_first = j % 2 == 0;
        // The reflections before this column's, which the rest of the matrix has not heard of yet.
        let column = &mut a[j * stride..j * stride + size];
        for (v, w) in pairs.iter().take(if is_first { 2 } else { 1 }) {
            let (vj, wj) = (v[j], w[j]);
            for ((a, v), w) in column[j..].iter_mut().zip(&v[j..]).zip(&w[j..]) {
                *a = rank_two(simd, *a, (*v, *w), (vj, wj));
            }
        }
        diagonal[j] = column[j];
        let next = j + 1;
        if next == size {
            return;
        }
        x[next..].copy_from_slice(&column[next..]);
        let (length, factor) = reflect::<f32, S>(simd, &mut x[next..]);
        beside[j] = length;
        let (x, y) = (&mut x[next..], &mut y[next..]);
        let rest = Rest { a: &mut *a, size, stride, start: next };
        let [(v, w), (v2, w2)] = &pairs;
        let (v, w, v2, w2) = (&v[next..], &w[next..], &v2[next..], &w2[next..]);
        if is_first {
            rest.update_and_multiply::<S, 2>(simd, [(v, w), (v2, w2)], x, y);
        } else {
            rest.multiply::<S, 4>(simd, x, y);
            let (by_v, by_w) = (dot::<f32, S>(simd, v, x), dot::<f32, S>(simd, w, x));
            for ((y, v), w) in y.iter_mut().zip(v).zip(w) {
                *y = rank_two(simd, *y, (*v, *w), (by_v, by_w));
            }
        }
        y.iter_mut().for_each(|y| *y = simd.mul_f32s(factor, *y));
        let along = simd.mul_f32s(simd.mul_f32s(simd.splat_f32s(-0.5), factor), dot::<f32, S>(simd, x, y));
        let (v, w) = &mut pairs[usize::from(!is_first)];
        for (((x, y), v), w) in x.iter().zip(y.iter()).zip(&mut v[next..]).zip(&mut w[next..]) {
            (*v, *w) = (*x, simd.mul_add_e_f32s(along, *x, *y));
        }
    }
}

/// The products of two columns of every matrix. Partial sums wait less for each other, and round less.
#[inline(always)]
pub fn dot<T: Real, S: Simd>(simd: S, a: &[T::Vector<S>], b: &[T::Vector<S>]) -> T::Vector<S> {
    let zero = T::splat(simd, T::ZERO);
    let mut sums = [zero; 8];
    let (a_eights, a_last) = a.as_chunks::<8>();
    let (b_eights, b_last) = b.as_chunks::<8>();
    for (a, b) in a_eights.iter().zip(b_eights) {
        for i in 0..8 {
            sums[i] = T::vector_multiply_add(simd, a[i], b[i], sums[i]);
        }
    }
    for (i, (a, b)) in a_last.iter().zip(b_last).enumerate() {
        sums[i] = T::vector_multiply_add(simd, *a, *b, sums[i]);
    }
    let [a, b, c, d, e, f, g, h] = sums;
    let add = |a, b| T::vector_add(simd, a, b);
    add(add(add(a, b), add(c, d)), add(add(e, f), add(g, h)))
}

/// Makes x into h with h\[0\] = 1 such that (1 - f h h^T) x is along the first axis; returns its length there, and f.
#[inline(always)]
pub fn reflect<T: Real, S: Simd>(simd: S, x: &mut [T::Vector<S>]) -> (T::Vector<S>, T::Vector<S>) {
    let (zero, one) = (T::splat(simd, T::ZERO), T::splat(simd, T::ONE));
    let first = x[0];
    let rest = dot::<T, S>(simd, &x[1..], &x[1..]);
    let length = T::vector_root(simd, T::vector_multiply_add(simd, first, first, rest));
    let to = T::vector_where_positive(simd, first, T::vector_negative(simd, length), length);
    let inverse =
        T::vector_where_zero(simd, rest, zero, T::vector_divide(simd, one, T::vector_subtract(simd, first, to)));
    x[0] = one;
    for x in &mut x[1..] {
        *x = T::vector_multiply(simd, *x, inverse);
    }
    let factor =
        T::vector_where_zero(simd, rest, zero, T::vector_divide(simd, T::vector_subtract(simd, to, first), to));
    (T::vector_where_zero(simd, rest, first, to), factor)
}

/// a - v w' - w v'
#[inline(always)]
fn rank_two<S: Simd>(simd: S, a: S::f32s, (v, w): (S::f32s, S::f32s), (v1, w1): (S::f32s, S::f32s)) -> S::f32s {
    simd.negate_mul_add_e_f32s(w, v1, simd.negate_mul_add_e_f32s(v, w1, a))
}

/// The rows and columns from `start` on of the matrices; the lower triangle counts.
struct Rest<'a, V> {
    a: &'a mut [V],
    size: usize,
    stride: usize,
    start: usize,
}

impl<V: Copy> Rest<'_, V> {
    /// A -= v w^T + w v^T for both pairs, then y = A x; all vectors begin at `start`. `COLUMNS` columns at a time.
    #[inline(always)]
    fn update_and_multiply<S: Simd<f32s = V>, const COLUMNS: usize>(
        self,
        simd: S,
        pairs: [(&[V], &[V]); 2],
        x: &[V],
        y: &mut [V],
    ) {
        let Self { a, size, stride, start } = self;
        let rest = size - start;
        y.fill(simd.splat_f32s(0.0));
        let mut c = 0;
        while c < rest {
            let together = COLUMNS.min(rest - c);
            let columns = &mut a[(start + c) * stride..(start + c + together) * stride];
            // The corner on the diagonal.
            for i in 0..together {
                let at = i * stride + start + c;
                for k in i..together {
                    let mut updated = columns[at + k];
                    for (v, w) in pairs {
                        updated = rank_two(simd, updated, (v[c + k], w[c + k]), (v[c + i], w[c + i]));
                    }
                    columns[at + k] = updated;
                    add_products(simd, updated, (i, k), &x[c..], &mut y[c..]);
                }
            }
            let below = c + together;
            if together == COLUMNS && below < rest {
                let mut parts = columns.chunks_exact_mut(stride);
                let columns: [&mut [V]; COLUMNS] = std::array::from_fn(|_| match parts.next() {
                    Some(column) => &mut column[start + below..size],
                    None => &mut [],
                });
                let of = |from: &[V]| -> [V; COLUMNS] { std::array::from_fn(|i| from[c + i]) };
                let [(v, w), (v2, w2)] = pairs;
                let factors = [of(v), of(w), of(v2), of(w2), of(x)];
                let rows = [&v[below..], &w[below..], &v2[below..], &w2[below..], &x[below..]];
                let sums = update_below_corner(simd, columns, factors, rows, &mut y[below..]);
                for (y, sum) in y[c..].iter_mut().zip(sums) {
                    *y = simd.add_f32s(*y, sum);
                }
            }
            c = below;
        }
    }

    /// y = A x.
    #[inline(always)]
    fn multiply<S: Simd<f32s = V>, const COLUMNS: usize>(self, simd: S, x: &[V], y: &mut [V]) {
        let Self { a, size, stride, start } = self;
        let rest = size - start;
        y.fill(simd.splat_f32s(0.0));
        let mut c = 0;
        while c < rest {
            let together = COLUMNS.min(rest - c);
            let columns = &a[(start + c) * stride..(start + c + together) * stride];
            for i in 0..together {
                for k in i..together {
                    add_products(simd, columns[i * stride + start + c + k], (i, k), &x[c..], &mut y[c..]);
                }
            }
            let below = c + together;
            if together == COLUMNS && below < rest {
                let mut parts = columns.chunks_exact(stride);
                let columns: [&[V]; COLUMNS] =
                    std::array::from_fn(|_| parts.next().map_or(&[][..], |column| &column[start + below..size]));
                let factors: [V; COLUMNS] = std::array::from_fn(|i| x[c + i]);
                let sums = multiply_below_corner(simd, columns, factors, &x[below..], &mut y[below..]);
                for (y, sum) in y[c..].iter_mut().zip(sums) {
                    *y = simd.add_f32s(*y, sum);
                }
            }
            c = below;
        }
    }
}

/// Adds to y what an element in column i and row k, and the same above the diagonal, make of x.
#[inline(always)]
fn add_products<S: Simd>(simd: S, a: S::f32s, (i, k): (usize, usize), x: &[S::f32s], y: &mut [S::f32s]) {
    y[k] = simd.mul_add_e_f32s(a, x[i], y[k]);
    if k > i {
        y[i] = simd.mul_add_e_f32s(a, x[k], y[i]);
    }
}

/// The same below the corner; returns the columns' products with x.
#[inline(always)]
fn update_below_corner<S: Simd, const COLUMNS: usize>(
    simd: S,
    columns: [&mut [S::f32s]; COLUMNS],
    factors: [[S::f32s; COLUMNS]; 5],
    [v, w, v2, w2, x]: [&[S::f32s]; 5],
    y: &mut [S::f32s],
) -> [S::f32s; COLUMNS] {
    let rows = y.len();
    let columns = columns.map(|column| &mut column[..rows]);
    let (v, w, v2, w2, x) = (&v[..rows], &w[..rows], &v2[..rows], &w2[..rows], &x[..rows]);
    let [fv, fw, fv2, fw2, fx] = factors;
    let mut sums = [simd.splat_f32s(0.0); COLUMNS];
    for r in 0..rows {
        // Read once: a compiler must suppose that writing to the columns changes what is in the slices.
        let (v, w, v2, w2, x, mut product) = (v[r], w[r], v2[r], w2[r], x[r], y[r]);
        for i in 0..COLUMNS {
            let a = rank_two(simd, columns[i][r], (v, w), (fv[i], fw[i]));
            let a = rank_two(simd, a, (v2, w2), (fv2[i], fw2[i]));
            columns[i][r] = a;
            product = simd.mul_add_e_f32s(a, fx[i], product);
            sums[i] = simd.mul_add_e_f32s(a, x, sums[i]);
        }
        y[r] = product;
    }
    sums
}

#[inline(always)]
fn multiply_below_corner<S: Simd, const COLUMNS: usize>(
    simd: S,
    columns: [&[S::f32s]; COLUMNS],
    factors: [S::f32s; COLUMNS],
    x: &[S::f32s],
    y: &mut [S::f32s],
) -> [S::f32s; COLUMNS] {
    let rows = y.len();
    let (columns, x) = (columns.map(|column| &column[..rows]), &x[..rows]);
    let mut sums = [simd.splat_f32s(0.0); COLUMNS];
    for r in 0..rows {
        let (x, mut product) = (x[r], y[r]);
        for i in 0..COLUMNS {
            product = simd.mul_add_e_f32s(columns[i][r], factors[i], product);
            sums[i] = simd.mul_add_e_f32s(columns[i][r], x, sums[i]);
        }
        y[r] = product;
    }
    sums
}
