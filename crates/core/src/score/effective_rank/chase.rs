//! Reduction of several bands to tridiagonal form side by side: one matrix to a lane of the vectors. A reflection that
//! clears a column fills a block below the band, whose first column the next reflection clears, and so on to the end
//! (Lang 1993). A lane's numbers do not depend on what the others hold.

use pulp::{Simd, WithSimd};

use super::band::{Band, WIDTH};
use super::real::{Real, lanes};
use super::together::{dot, reflect};
use super::tridiagonal::Tridiagonal;
use crate::dispatch::{dispatch, dispatch_to};

/// Tridiagonal matrices similar to each of `bands`.
pub fn reduce<T: Real>(bands: &[&Band<T>]) -> Vec<Tridiagonal<T>> {
    let reduce = Reduce { bands };
    // What lanes without a matrix hold comes from the caches as well, and a band is long: so narrower vectors where they
    // do.
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        match bands.len() * size_of::<T>() {
            ..=16 => return dispatch_to(pulp::x86::V3_128b(simd), reduce),
            17..=32 => return dispatch_to(simd, reduce),
            _ => {}
        }
    }
    dispatch(reduce)
}

struct Reduce<'a, T> {
    bands: &'a [&'a Band<T>],
}

/// Diagonals that are filled at some time.
const FILLED: usize = 2 * WIDTH;

impl<T: Real> WithSimd for Reduce<'_, T> {
    type Output = Vec<Tridiagonal<T>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let mut reduced = Vec::with_capacity(self.bands.len());
        for bands in self.bands.chunks(lanes::<T, S>()) {
            let size = bands.iter().map(|band| band.size).max().unwrap_or(0);
            // Zeros after the last column let every block be a whole one.
            let mut filled = vec![T::splat(simd, T::ZERO); (size + FILLED) * FILLED];
            for (lane, band) in bands.iter().enumerate() {
                let to = filled.chunks_exact_mut(FILLED);
                for (from, to) in band.values.chunks_exact(WIDTH + 1).zip(to) {
                    for (x, to) in from.iter().zip(to) {
                        pulp::bytemuck::cast_slice_mut::<T::Vector<S>, T>(std::slice::from_mut(to))[lane] = *x;
                    }
                }
            }
            tridiagonalize::<T, S>(simd, &mut filled, size);
            for (lane, band) in bands.iter().enumerate() {
                let diagonal_of = |which: usize, length| {
                    let columns = filled.chunks_exact(FILLED).take(length);
                    columns
                        .map(|column| pulp::bytemuck::cast_slice::<T::Vector<S>, T>(&column[which..=which])[lane])
                        .collect()
                };
                let (diagonal, beside) = (diagonal_of(0, band.size), diagonal_of(1, band.size.saturating_sub(1)));
                reduced.push(Tridiagonal { diagonal, beside });
            }
        }
        reduced
    }
}

/// `filled` holds every column from its diagonal element on.
#[inline(always)]
fn tridiagonalize<T: Real, S: Simd>(simd: S, filled: &mut [T::Vector<S>], size: usize) {
    for column in 0..size.saturating_sub(2) {
        let own = &mut filled[column * FILLED + 1..][..WIDTH];
        let mut reflection = Reflection::<T, S>::of(simd, own);
        let mut start = column + 1;
        while start + 1 < size {
            let block = &mut filled[start * FILLED..][..WIDTH * FILLED];
            reflection.apply_to_corner(simd, block);
            start += WIDTH;
            if start < size {
                reflection = reflection.pass_on(simd, block);
            }
        }
    }
}

/// 1 - f v v^T
struct Reflection<T: Real, S: Simd> {
    v: [T::Vector<S>; WIDTH],
    factor: T::Vector<S>,
}

impl<T: Real, S: Simd> Reflection<T, S> {
    /// Clears a column but for its first element.
    #[inline(always)]
    fn of(simd: S, column: &mut [T::Vector<S>]) -> Self {
        let zero = T::splat(simd, T::ZERO);
        let mut v = [zero; WIDTH];
        v.copy_from_slice(column);
        let (length, factor) = reflect::<T, S>(simd, &mut v);
        column.fill(zero);
        column[0] = length;
        Self { v, factor }
    }

    /// Reflects the square block on the diagonal that starts with the first of the columns, from both sides.
    #[inline(always)]
    fn apply_to_corner(&self, simd: S, columns: &mut [T::Vector<S>]) {
        let v = &self.v;
        let mut w = [T::splat(simd, T::ZERO); WIDTH];
        for (c, column) in columns.as_chunks::<FILLED>().0.iter().enumerate() {
            let mut own = T::vector_multiply(simd, column[0], v[c]);
            for i in c + 1..WIDTH {
                let x = column[i - c];
                w[i] = T::vector_multiply_add(simd, x, v[c], w[i]);
                own = T::vector_multiply_add(simd, x, v[i], own);
            }
            w[c] = T::vector_add(simd, w[c], own);
        }
        let along = T::vector_multiply(
            simd,
            T::vector_multiply(simd, T::splat(simd, T::from_f64(-0.5)), self.factor),
            dot::<T, S>(simd, v, &w),
        );
        for (w, v) in w.iter_mut().zip(v) {
            *w = T::vector_multiply(simd, self.factor, T::vector_multiply_add(simd, along, *v, *w));
        }
        for (c, column) in columns.as_chunks_mut::<FILLED>().0.iter_mut().enumerate() {
            for i in c..WIDTH {
                let x = T::vector_subtract_product(simd, v[i], w[c], column[i - c]);
                column[i - c] = T::vector_subtract_product(simd, w[i], v[c], x);
            }
        }
    }

    /// Reflects the block below the corner from the right, and from the left by the reflection that clears its first
    /// column. Returns that.
    #[inline(always)]
    fn pass_on(&self, simd: S, columns: &mut [T::Vector<S>]) -> Self {
        let zero = T::splat(simd, T::ZERO);
        let v = &self.v;
        let mut along = [zero; WIDTH];
        for (c, column) in columns.as_chunks::<FILLED>().0.iter().enumerate() {
            let column = &column[WIDTH - c..FILLED - c];
            for i in 0..WIDTH {
                along[i] = T::vector_multiply_add(simd, column[i], v[c], along[i]);
            }
        }
        for along in &mut along {
            *along = T::vector_multiply(simd, self.factor, *along);
        }
        let (first, others) = columns.split_at_mut(FILLED);
        let first = &mut first[WIDTH..];
        for (x, along) in first.iter_mut().zip(&along) {
            *x = T::vector_subtract_product(simd, *along, v[0], *x);
        }
        let next = Self::of(simd, first);
        for (c, column) in (1..).zip(others.as_chunks_mut::<FILLED>().0) {
            let column = &mut column[WIDTH - c..FILLED - c];
            let mut own = [zero; WIDTH];
            for i in 0..WIDTH {
                own[i] = T::vector_subtract_product(simd, along[i], v[c], column[i]);
            }
            let factor = T::vector_multiply(simd, next.factor, dot::<T, S>(simd, &own, &next.v));
            for i in 0..WIDTH {
                column[i] = T::vector_subtract_product(simd, factor, next.v[i], own[i]);
            }
        }
        next
    }
}
