//! Reduction of a large Gram matrix to a band by blocks of Householder reflections (Bischof, Lang & Sun 2000): all that
//! takes time are products of matrices, where a reduction to tridiagonal form in one go reads the matrix for every column.

use pulp::{Simd, WithSimd};

use super::gram::Gram;
use super::real::{Real, lanes};
use super::tridiagonal::Panel;
use super::update::Update;
use crate::dispatch::dispatch;

/// Diagonals of the band below the main one, and columns that are reduced at a time.
pub const WIDTH: usize = super::tridiagonal::PANEL;

/// The lower half of a symmetric band matrix.
pub struct Band<T> {
    pub size: usize,
    /// `[size, WIDTH + 1]`: every column from its diagonal element on.
    pub values: Vec<T>,
}

/// A number for every column of a panel.
type Row<T> = [T; WIDTH];
/// A small square matrix by rows.
type Square<T> = [Row<T>; WIDTH];

impl<T: Real> Band<T> {
    /// Similar to a Gram matrix, which is lost.
    pub fn of(gram: &mut Gram<T>) -> Self {
        let Gram { size, stride, ref mut values } = *gram;
        let mut panel = Panel::new(stride);
        let mut rows = Rows::new(size);
        for start in (0..size.saturating_sub(WIDTH)).step_by(WIDTH) {
            let matrix = &mut values[..];
            dispatch(Reduce { matrix, size, stride, start, panel: &mut panel, rows: &mut rows });
            let columns = &panel.vectors[..2 * WIDTH * stride];
            let rest = size - start - WIDTH;
            let rows = [&rows.panel[..rest], &rows.w[..rest]];
            Update { matrix: &mut values[..], stride, start: start + WIDTH, columns, rows }.apply();
        }
        let mut band = vec![T::ZERO; size * (WIDTH + 1)];
        for (column, to) in band.chunks_exact_mut(WIDTH + 1).enumerate() {
            let length = (WIDTH + 1).min(size - column);
            to[..length].copy_from_slice(&values[column * (stride + 1)..][..length]);
        }
        Self { size, values: band }
    }
}

impl Band<f32> {
    pub fn in_double_precision(&self) -> Band<f64> {
        Band { size: self.size, values: self.values.iter().copied().map(f64::from).collect() }
    }
}

/// What a panel is worked on in, row by row.
struct Rows<T> {
    /// The columns of the panel below the band, then the vectors V of the reflections 1 - V T V^T that clear them.
    panel: Vec<Row<T>>,
    /// The product of the rest of the matrix A with V.
    product: Vec<Row<T>>,
    /// W, with which the rest becomes A - V W^T - W V^T.
    w: Vec<Row<T>>,
}

impl<T: Real> Rows<T> {
    fn new(size: usize) -> Self {
        let zeros = || vec![[T::ZERO; WIDTH]; size];
        Self { panel: zeros(), product: zeros(), w: zeros() }
    }
}

/// Reduces the columns of one panel, and leaves in `panel` what the rest of the matrix is to hear of it.
struct Reduce<'a, T> {
    /// Column-major; the lower triangle counts.
    matrix: &'a mut [T],
    size: usize,
    stride: usize,
    start: usize,
    panel: &'a mut Panel<T>,
    rows: &'a mut Rows<T>,
}

impl<T: Real> WithSimd for Reduce<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { matrix, size, stride, start, panel, rows } = self;
        let below = start + WIDTH;
        let rest = size - below;
        let Rows { panel: columns, product, w } = rows;
        let (columns, product, w) = (&mut columns[..rest], &mut product[..rest], &mut w[..rest]);
        for (c, from) in matrix[start * stride..].chunks_exact(stride).take(WIDTH).enumerate() {
            columns.iter_mut().zip(&from[below..size]).for_each(|(row, x)| row[c] = *x);
        }
        let (v_columns, w_columns) = panel.vectors.split_at_mut(WIDTH * stride);
        let mut factors = [T::ZERO; WIDTH];
        for (c, column) in v_columns.chunks_exact_mut(stride).enumerate() {
            factors[c] = eliminate(simd, columns, c, &mut column[below..size]);
        }
        for (c, to) in matrix[start * stride..].chunks_exact_mut(stride).take(WIDTH).enumerate() {
            let kept = rest.min(c + 1);
            to[below..below + kept].iter_mut().zip(columns.iter()).for_each(|(x, row)| *x = row[c]);
        }
        for (r, row) in columns.iter_mut().enumerate().take(WIDTH) {
            row[r..].fill(T::ZERO);
            row[r] = T::ONE;
        }
        let v = &*columns;
        let t = of_reflections(&factors.map(|f| f.to_f64()), &products(simd, v, v));
        if S::REGISTER_COUNT >= 32 {
            multiply_symmetric::<T, S, 8>(simd, &matrix[below * stride + below..], stride, v, product);
        } else {
            multiply_symmetric::<T, S, 4>(simd, &matrix[below * stride + below..], stride, v, product);
        }
        // W = A V T - V S / 2 with S = T^T V^T A V T.
        let inner = multiply(&products(simd, v, product), &t);
        let half = scaled(&multiply(&transposed(&t), &inner), -0.5);
        combine(simd, [(product, &scaled(&t, 1.0)), (v, &half)], w);
        for (c, column) in w_columns.chunks_exact_mut(stride).take(WIDTH).enumerate() {
            column[below..size].iter_mut().zip(w.iter()).for_each(|(x, row)| *x = row[c]);
        }
    }
}

/// Takes the column `c` of the rows to a multiple of an axis, in rows from `c` on, by a reflection 1 - f v v^T of all columns from
/// `c` on. Returns f. The column is left with that multiple in row `c` and with v below it, and `v_column` with all of v.
#[inline(always)]
fn eliminate<T: Real, S: Simd>(simd: S, rows: &mut [Row<T>], c: usize, v_column: &mut [T]) -> T {
    let above = c.min(rows.len());
    v_column[..above].fill(T::ZERO);
    let Some((first_row, below)) = rows[above..].split_first_mut() else { return T::ZERO };
    v_column[c] = T::ONE;
    let v_column = &mut v_column[c + 1..];
    // Its own length and its products with the others at once.
    let mut sums = products_with_column(simd, below, c);
    let (first, rest) = (first_row[c], sums[c]);
    if rest == T::ZERO {
        below.iter_mut().for_each(|row| row[c] = T::ZERO);
        v_column.fill(T::ZERO);
        return T::ZERO;
    }
    let length = (first * first + rest).root();
    let to = if first > T::ZERO { -length } else { length };
    let (inverse, factor) = (T::ONE / (first - to), (to - first) / to);
    for (sum, x) in sums.iter_mut().zip(first_row.iter()) {
        *sum = -factor * (*x + inverse * *sum);
    }
    sums[..=c].fill(T::ZERO);
    first_row.iter_mut().zip(&sums).for_each(|(x, sum)| *x += *sum);
    first_row[c] = to;
    let mut own = [[T::ZERO; WIDTH]];
    own[0][c] = T::ONE;
    let added = [sums];
    let (added, own) = (vectors::<T, S>(&added), vectors::<T, S>(&own));
    for (row, v) in below.iter_mut().zip(v_column) {
        *v = row[c] * inverse;
        let weight = T::splat(simd, *v);
        for ((x, added), own) in vectors_mut::<T, S>(std::slice::from_mut(row)).iter_mut().zip(added).zip(own) {
            *x = T::vector_where_zero(simd, *own, T::vector_multiply_add(simd, weight, *added, *x), weight);
        }
    }
    factor
}

/// The upper triangle T such that 1 - V T V^T is the product of the reflections (Schreiber & Van Loan 1989).
#[inline(always)]
fn of_reflections(factors: &Row<f64>, products: &Square<f64>) -> Square<f64> {
    let mut t = [[0.0; WIDTH]; WIDTH];
    for (c, factor) in factors.iter().enumerate() {
        for (r, row) in t.iter_mut().enumerate().take(c) {
            row[c] = -factor * (r..c).map(|k| row[k] * products[k][c]).sum::<f64>();
        }
        t[c][c] = *factor;
    }
    t
}

#[inline(always)]
fn transposed(a: &Square<f64>) -> Square<f64> {
    std::array::from_fn(|i| std::array::from_fn(|j| a[j][i]))
}

#[inline(always)]
fn multiply(a: &Square<f64>, b: &Square<f64>) -> Square<f64> {
    let mut product = [[0.0; WIDTH]; WIDTH];
    for (sums, a) in product.iter_mut().zip(a) {
        for (factor, b) in a.iter().zip(b) {
            for c in 0..WIDTH {
                sums[c] += factor * b[c];
            }
        }
    }
    product
}

/// A matrix times a number, rounded.
#[inline(always)]
fn scaled<T: Real>(a: &Square<f64>, factor: f64) -> Square<T> {
    let mut scaled = [[T::ZERO; WIDTH]; WIDTH];
    for (to, a) in scaled.iter_mut().zip(a) {
        for c in 0..WIDTH {
            to[c] = T::from_f64(factor * a[c]);
        }
    }
    scaled
}

/// The vectors that rows are made of, each [`vectors_of_row`] of them.
#[inline(always)]
fn vectors<T: Real, S: Simd>(rows: &[Row<T>]) -> &[T::Vector<S>] {
    T::vectors::<S>(rows.as_flattened())
}

#[inline(always)]
fn vectors_mut<T: Real, S: Simd>(rows: &mut [Row<T>]) -> &mut [T::Vector<S>] {
    T::vectors_mut::<S>(rows.as_flattened_mut())
}

#[inline(always)]
const fn vectors_of_row<T: Real, S: Simd>() -> usize {
    WIDTH / lanes::<T, S>()
}

/// The products of a column with all columns.
#[inline(always)]
fn products_with_column<T: Real, S: Simd>(simd: S, rows: &[Row<T>], column: usize) -> Row<T> {
    let mut sum = [[T::ZERO; WIDTH]];
    let width = vectors_of_row::<T, S>();
    for part in 0..width {
        let mut sums = [T::splat(simd, T::ZERO); 4];
        let (fours, last) = rows.as_chunks::<4>();
        for rows in fours {
            let vectors = vectors::<T, S>(rows);
            for i in 0..4 {
                let weight = T::splat(simd, rows[i][column]);
                sums[i] = T::vector_multiply_add(simd, weight, vectors[i * width + part], sums[i]);
            }
        }
        for (row, vectors) in last.iter().zip(vectors::<T, S>(last).chunks_exact(width)) {
            sums[0] = T::vector_multiply_add(simd, T::splat(simd, row[column]), vectors[part], sums[0]);
        }
        let [a, b, c, d] = sums;
        vectors_mut::<T, S>(&mut sum)[part] = T::vector_add(simd, T::vector_add(simd, a, b), T::vector_add(simd, c, d));
    }
    sum[0]
}

/// A^T B for matrices of such rows, in double precision but for sums of [`ROWS`] products.
#[inline(always)]
fn products<T: Real, S: Simd>(simd: S, a: &[Row<T>], b: &[Row<T>]) -> Square<f64> {
    /// So many sums that none waits for itself.
    const AT_A_TIME: usize = 8;
    let width = vectors_of_row::<T, S>();
    let mut products = [[0.0; WIDTH]; WIDTH];
    for (a, b) in a.chunks(ROWS).zip(b.chunks(ROWS)) {
        for part in 0..width {
            for (first, products) in products.chunks_exact_mut(AT_A_TIME).enumerate() {
                let mut sums = [T::splat(simd, T::ZERO); AT_A_TIME];
                for (a, b) in a.iter().zip(vectors::<T, S>(b).chunks_exact(width)) {
                    let a = &a.as_chunks::<AT_A_TIME>().0[first];
                    for i in 0..AT_A_TIME {
                        sums[i] = T::vector_multiply_add(simd, T::splat(simd, a[i]), b[part], sums[i]);
                    }
                }
                let mut these = [[T::ZERO; WIDTH]; AT_A_TIME];
                for (these, sum) in vectors_mut::<T, S>(&mut these).chunks_exact_mut(width).zip(sums) {
                    these[part] = sum;
                }
                for (products, these) in products.iter_mut().zip(&these) {
                    products.iter_mut().zip(these).for_each(|(sum, x)| *sum += x.to_f64());
                }
            }
        }
    }
    products
}

/// The sum of the products of tall matrices with small ones.
#[inline(always)]
fn combine<T: Real, S: Simd>(simd: S, terms: [(&[Row<T>], &Square<T>); 2], to: &mut [Row<T>]) {
    /// Rows that an element of the small matrices is read for.
    const AT_A_TIME: usize = 4;
    let width = vectors_of_row::<T, S>();
    for part in 0..width {
        for (place, to) in to.chunks_mut(AT_A_TIME).enumerate() {
            let mut sums = [T::splat(simd, T::ZERO); AT_A_TIME];
            for (tall, small) in terms {
                let small = vectors::<T, S>(small);
                let mut rows = [[T::ZERO; WIDTH]; AT_A_TIME];
                rows[..to.len()].copy_from_slice(&tall[place * AT_A_TIME..][..to.len()]);
                for k in 0..WIDTH {
                    let small = small[k * width + part];
                    for i in 0..AT_A_TIME {
                        sums[i] = T::vector_multiply_add(simd, T::splat(simd, rows[i][k]), small, sums[i]);
                    }
                }
            }
            for (to, sum) in vectors_mut::<T, S>(to).chunks_exact_mut(width).zip(sums) {
                to[part] = sum;
            }
        }
    }
}

/// `product` = A V for the symmetric matrix A whose lower triangle is at the start of the column-major matrix. Every
/// element is read once, `COLUMNS` columns at a time.
#[inline(always)]
fn multiply_symmetric<T: Real, S: Simd, const COLUMNS: usize>(
    simd: S,
    matrix: &[T],
    stride: usize,
    v: &[Row<T>],
    product: &mut [Row<T>],
) {
    let (size, width) = (v.len(), vectors_of_row::<T, S>());
    product.fill([T::ZERO; WIDTH]);
    let (v, product) = (vectors::<T, S>(v), vectors_mut::<T, S>(product));
    for part in 0..width {
        for first in (0..size).step_by(COLUMNS) {
            let together = COLUMNS.min(size - first);
            let at = |row: usize| (first + row) * width + part;
            let mut sums = [T::splat(simd, T::ZERO); COLUMNS];
            let corner = |i: usize, j: usize| matrix[(first + i.min(j)) * stride + first + i.max(j)];
            if together == COLUMNS {
                for j in 0..COLUMNS {
                    let v = v[at(j)];
                    for (i, sum) in sums.iter_mut().enumerate() {
                        *sum = T::vector_multiply_add(simd, T::splat(simd, corner(i, j)), v, *sum);
                    }
                }
            } else {
                for j in 0..together {
                    for (i, sum) in sums.iter_mut().enumerate().take(together) {
                        *sum = T::vector_multiply_add(simd, T::splat(simd, corner(i, j)), v[at(j)], *sum);
                    }
                }
            }
            for (i, sum) in sums.into_iter().enumerate().take(together) {
                product[at(i)] = T::vector_add(simd, product[at(i)], sum);
            }
            let below = first + COLUMNS;
            if below >= size {
                continue;
            }
            let columns: [&[T]; COLUMNS] =
                std::array::from_fn(|j| &matrix[(first + j) * stride + below..][..size - below]);
            let factors: [T::Vector<S>; COLUMNS] = std::array::from_fn(|j| v[at(j)]);
            let sums = below_corner(simd, columns, factors, &v[below * width..], &mut product[below * width..], part);
            for j in 0..COLUMNS {
                product[at(j)] = T::vector_add(simd, product[at(j)], sums[j]);
            }
        }
    }
}

/// Rows whose products are summed before they are added to those of other rows, so that fewer sums are rounded at their full size.
const ROWS: usize = 64;

/// Adds to the rows of `product` those of the columns times `factors`; returns the columns' products with `v`.
#[inline(always)]
fn below_corner<T: Real, S: Simd, const COLUMNS: usize>(
    simd: S,
    columns: [&[T]; COLUMNS],
    factors: [T::Vector<S>; COLUMNS],
    v: &[T::Vector<S>],
    product: &mut [T::Vector<S>],
    part: usize,
) -> [T::Vector<S>; COLUMNS] {
    let width = vectors_of_row::<T, S>();
    let rows = columns[0].len();
    let columns = columns.map(|column| &column[..rows]);
    let mut totals = [T::splat(simd, T::ZERO); COLUMNS];
    let parts = v.chunks(ROWS * width).zip(product.chunks_mut(ROWS * width));
    for (place, (v, product)) in parts.enumerate() {
        let first = place * ROWS;
        let columns = columns.map(|column| &column[first..rows.min(first + ROWS)]);
        let rows = columns[0].len();
        let columns = columns.map(|column| &column[..rows]);
        let mut sums = [T::splat(simd, T::ZERO); COLUMNS];
        for (r, (v, product)) in v.chunks_exact(width).zip(product.chunks_exact_mut(width)).enumerate().take(rows) {
            let (v, mut own) = (v[part], T::splat(simd, T::ZERO));
            for j in 0..COLUMNS {
                let x = T::splat(simd, columns[j][r]);
                own = T::vector_multiply_add(simd, x, factors[j], own);
                sums[j] = T::vector_multiply_add(simd, x, v, sums[j]);
            }
            product[part] = T::vector_add(simd, product[part], own);
        }
        for j in 0..COLUMNS {
            totals[j] = T::vector_add(simd, totals[j], sums[j]);
        }
    }
    totals
}
