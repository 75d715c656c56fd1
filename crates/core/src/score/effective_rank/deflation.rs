//! Splits singular values off that are far above the rest.
//!
//! A network whose units share a mean has one singular value that grows with the matrix's size while the others grow
//! with its root. In a Gram matrix the squares of the others would drown in the rounding errors of its square. So the
//! dominant pair of singular vectors is turned into the first axes by two reflections, which round in proportion to
//! elements, not to squares; without its first row and column the matrix has the other singular values.

use std::borrow::Cow;

use pulp::{Simd, WithSimd};

use super::real::{LANES, Real, add_multiple, dot};
use crate::dispatch::dispatch;
use crate::kernels::memory;

/// A matrix without its dominant singular values.
pub struct Deflated<'a, T: Clone> {
    /// Row-major; borrowed as long as nothing was split off.
    pub matrix: Cow<'a, [T]>,
    pub rows: usize,
    pub columns: usize,
    pub outliers: Outliers,
}

/// What was split off.
pub struct Outliers {
    /// The dominant singular values.
    pub dominant: Vec<f64>,
    /// What the singular values of the rest are to be multiplied by.
    pub scale: f64,
    /// What rounding may have added to a singular value of the rest.
    pub noise: f64,
}

/// So many are split off at the most.
const MOST: usize = 4;
/// A squared singular value is dominant if it is this many times the mean of all.
const DOMINANT: f64 = 24.0;
/// A pair of singular vectors is good enough if it leaves this share of its singular value beside the diagonal: then the
/// squares of the others move by its square.
const COUPLING: f64 = 0.01;
const ITERATIONS: usize = 6;

/// Splits the dominant singular values of the row-major `[rows x columns]` matrix off, if it has any.
pub fn split_off_dominant<T: Real>(matrix: &[T], rows: usize, columns: usize) -> Deflated<'_, T> {
    let outliers = Outliers { dominant: Vec::new(), scale: 1.0, noise: 0.0 };
    let mut rest = Deflated { matrix: Cow::Borrowed(matrix), rows, columns, outliers };
    while rest.outliers.dominant.len() < MOST && rest.rows.min(rest.columns) > 1 {
        let (rows, columns) = (rest.rows, rest.columns);
        let Some((value, left, right)) = dispatch(Find { matrix: &rest.matrix, rows, columns }) else {
            break;
        };
        let mut matrix = match rest.matrix {
            Cow::Owned(matrix) => matrix,
            Cow::Borrowed(given) => {
                let mut matrix = memory::to_write(given.len());
                matrix.copy_from_slice(given);
                matrix
            }
        };
        dispatch(Split { matrix: &mut matrix, rows, columns, left, right });
        rest.matrix = Cow::Owned(matrix);
        let outliers = &mut rest.outliers;
        outliers.dominant.push(value * outliers.scale);
        outliers.noise += 2.0 * T::EPSILON.to_f64() * value * outliers.scale / (rows.min(columns) as f64).sqrt();
        rest.rows -= 1;
        rest.columns -= 1;
        rest.rescale();
    }
    rest
}

impl<T: Real> Deflated<'_, T> {
    /// What was split off; the rest is needed no more.
    pub fn into_outliers(self) -> Outliers {
        if let Cow::Owned(matrix) = self.matrix {
            memory::keep(matrix);
        }
        self.outliers
    }

    /// Brings the largest element near 1, so that no square is too small.
    fn rescale(&mut self) {
        let matrix = self.matrix.to_mut();
        let largest = dispatch(|| largest(matrix)).to_f64();
        if largest > 0.0 {
            let factor = 2f64.powi(largest.log2().floor() as i32);
            let inverse = T::from_f64(factor.recip());
            dispatch(|| matrix.iter_mut().for_each(|x| *x *= inverse));
            self.outliers.scale *= factor;
        }
    }
}

/// The largest magnitude.
#[inline(always)]
fn largest<T: Real>(matrix: &[T]) -> T {
    let larger = |a: T, b: T| if b > a { b } else { a };
    let (blocks, rest) = matrix.as_chunks::<{ 2 * LANES }>();
    let mut each = [T::ZERO; 2 * LANES];
    for block in blocks {
        for (largest, x) in each.iter_mut().zip(block) {
            *largest = larger(*largest, x.magnitude());
        }
    }
    each.into_iter().chain(rest.iter().map(|x| x.magnitude())).fold(T::ZERO, larger)
}

struct Find<'a, T> {
    matrix: &'a [T],
    rows: usize,
    columns: usize,
}

impl<T: Real> WithSimd for Find<'_, T> {
    type Output = Option<(f64, Vec<T>, Vec<T>)>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        dominant_pair(simd, self.matrix, self.rows, self.columns)
    }
}

struct Split<'a, T> {
    matrix: &'a mut Vec<T>,
    rows: usize,
    columns: usize,
    /// The unit singular vectors.
    left: Vec<T>,
    right: Vec<T>,
}

impl<T: Real> WithSimd for Split<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { matrix, rows, columns, left, right } = self;
        let (left, left_factor) = reflector(left);
        let (right, right_factor) = reflector(right);
        // From the right row by row, gathering what the reflection from the left needs.
        let mut across = vec![T::ZERO; columns];
        for (row, l) in matrix.chunks_exact_mut(columns).zip(&left) {
            let along = dot(simd, row, &right);
            add_multiple(simd, row, -(right_factor * along), &right);
            add_multiple(simd, &mut across, *l, row);
        }
        // From the left, leaving out the first row and column.
        for (i, l) in left.iter().enumerate().take(rows).skip(1) {
            let factor = -(left_factor * *l);
            let to = (i - 1) * (columns - 1);
            matrix.copy_within(i * columns + 1..(i + 1) * columns, to);
            add_multiple(simd, &mut matrix[to..to + columns - 1], factor, &across[1..]);
        }
        matrix.truncate((rows - 1) * (columns - 1));
    }
}

/// The largest singular value with its unit vectors by power iteration, if it is dominant.
#[inline(always)]
fn dominant_pair<T: Real, S: Simd>(
    simd: S,
    matrix: &[T],
    rows: usize,
    columns: usize,
) -> Option<(f64, Vec<T>, Vec<T>)> {
    let (mut total, mut longest, mut start) = (0.0, 0.0, 0);
    for (i, row) in matrix.chunks_exact(columns).enumerate() {
        let square = dot(simd, row, row).to_f64();
        total += square;
        if square > longest {
            (longest, start) = (square, i);
        }
    }
    let threshold = DOMINANT * total / rows.min(columns) as f64;
    let mut right = matrix[start * columns..(start + 1) * columns].to_vec();
    normalize(simd, &mut right)?;
    for iteration in 0..ITERATIONS {
        let (mut left, mut next) = multiply_twice(simd, matrix, columns, &right);
        let value = normalize(simd, &mut left)?;
        if iteration > 0 && value * value < threshold {
            return None;
        }
        // `next` is value times A^T left, whose part along `right` is the singular value.
        let inverse = T::from_f64(value.recip());
        next.iter_mut().for_each(|n| *n *= inverse);
        let mut off = next.clone();
        add_multiple(simd, &mut off, T::from_f64(-value), &right);
        let beside = dot(simd, &off, &off).to_f64();
        if beside.sqrt() < COUPLING * value {
            return (value * value >= threshold).then(|| ((value * value + beside).sqrt(), left, right));
        }
        right = next;
        normalize(simd, &mut right)?;
    }
    None
}

/// A x and A^T A x, in one pass over the rows of A.
#[inline(always)]
fn multiply_twice<T: Real, S: Simd>(simd: S, matrix: &[T], columns: usize, x: &[T]) -> (Vec<T>, Vec<T>) {
    let (mut once, mut twice) = (Vec::with_capacity(matrix.len() / columns), vec![T::ZERO; columns]);
    let mut fours = matrix.chunks_exact(4 * columns);
    for rows in fours.by_ref() {
        let (a, rest) = rows.split_at(columns);
        let (b, rest) = rest.split_at(columns);
        let (c, d) = rest.split_at(columns);
        let sums = [dot(simd, a, x), dot(simd, b, x), dot(simd, c, x), dot(simd, d, x)];
        once.extend_from_slice(&sums);
        add_four(simd, &mut twice, sums, [a, b, c, d]);
    }
    for row in fours.remainder().chunks_exact(columns) {
        let sum = dot(simd, row, x);
        once.push(sum);
        add_multiple(simd, &mut twice, sum, row);
    }
    (once, twice)
}

/// y plus the sum of factors times rows of its length.
#[inline(always)]
fn add_four<T: Real, S: Simd>(simd: S, y: &mut [T], factors: [T; 4], rows: [&[T]; 4]) {
    let end = y.len() - y.len() % LANES;
    let [a, b, c, d] = [rows[0].split_at(end), rows[1].split_at(end), rows[2].split_at(end), rows[3].split_at(end)];
    let (y, y_rest) = y.split_at_mut(end);
    let [fa, fb, fc, fd] = factors;
    let vectors = [T::vectors::<S>(a.0), T::vectors::<S>(b.0), T::vectors::<S>(c.0), T::vectors::<S>(d.0)];
    let splat = [T::splat(simd, fa), T::splat(simd, fb), T::splat(simd, fc), T::splat(simd, fd)];
    for (i, y) in T::vectors_mut::<S>(y).iter_mut().enumerate() {
        let low = T::vector_multiply_add(
            simd,
            splat[1],
            vectors[1][i],
            T::vector_multiply_add(simd, splat[0], vectors[0][i], *y),
        );
        *y = T::vector_multiply_add(
            simd,
            splat[3],
            vectors[3][i],
            T::vector_multiply_add(simd, splat[2], vectors[2][i], low),
        );
    }
    for (i, y) in y_rest.iter_mut().enumerate() {
        *y += fa * a.1[i] + fb * b.1[i] + fc * c.1[i] + fd * d.1[i];
    }
}

/// Divides by the length and returns it; none for a vector of zeros.
#[inline(always)]
fn normalize<T: Real, S: Simd>(simd: S, vector: &mut [T]) -> Option<f64> {
    let length = dot(simd, vector, vector).to_f64().sqrt();
    let inverse = T::from_f64(length.recip());
    vector.iter_mut().for_each(|x| *x *= inverse);
    (length > 0.0).then_some(length)
}

/// h and f such that the reflection 1 - f h h^T takes the unit vector to the first axis or its opposite.
fn reflector<T: Real>(mut unit: Vec<T>) -> (Vec<T>, T) {
    let sign = if unit[0] < T::ZERO { -T::ONE } else { T::ONE };
    unit[0] += sign;
    let square: f64 = unit.iter().map(|x| x.to_f64().powi(2)).sum();
    (unit, T::from_f64(2.0 / square))
}
