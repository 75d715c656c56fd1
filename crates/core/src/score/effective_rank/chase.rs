//! Reduction of several bands to tridiagonal form side by side: one matrix to a lane of the vectors. A reflection that
//! clears a column fills a block below the band, whose first column the next reflection clears, and so on to the end
//! (Lang 1993). A lane's numbers do not depend on what the others hold.

use pulp::{Arch, Simd, WithSimd};

use super::band::{Band, WIDTH};
use super::together::{dot, reflect};
use super::tridiagonal::Tridiagonal;

/// Tridiagonal matrices similar to each of `bands`.
pub fn reduce(bands: &[&Band]) -> Vec<Tridiagonal<f32>> {
    let reduce = Reduce { bands };
    // What lanes without a matrix hold comes from the caches as well, and a band is long: so narrower vectors where they
    // do.
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        match bands.len() {
            ..=4 => return Simd::vectorize(pulp::x86::V3_128b(simd), reduce),
            5..=8 => return Simd::vectorize(simd, reduce),
            _ => {}
        }
    }
    Arch::new().dispatch(reduce)
}

struct Reduce<'a> {
    bands: &'a [&'a Band],
}

/// Diagonals that are filled at some time.
const FILLED: usize = 2 * WIDTH;

impl WithSimd for Reduce<'_> {
    type Output = Vec<Tridiagonal<f32>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let mut reduced = Vec::with_capacity(self.bands.len());
        for bands in self.bands.chunks(S::F32_LANES) {
            let size = bands.iter().map(|band| band.size).max().unwrap_or(0);
            // Zeros after the last column let every block be a whole one.
            let mut filled = vec![simd.splat_f32s(0.0); (size + FILLED) * FILLED];
            for (lane, band) in bands.iter().enumerate() {
                let to = filled.chunks_exact_mut(FILLED);
                for (from, to) in band.values.chunks_exact(WIDTH + 1).zip(to) {
                    for (x, to) in from.iter().zip(to) {
                        pulp::bytemuck::cast_slice_mut::<S::f32s, f32>(std::slice::from_mut(to))[lane] = *x;
                    }
                }
            }
            tridiagonalize(simd, &mut filled, size);
            for (lane, band) in bands.iter().enumerate() {
                let diagonal_of = |which: usize, length| {
                    let columns = filled.chunks_exact(FILLED).take(length);
                    columns
                        .map(|column| pulp::bytemuck::cast_slice::<S::f32s, f32>(&column[which..=which])[lane])
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
fn tridiagonalize<S: Simd>(simd: S, filled: &mut [S::f32s], size: usize) {
    for column in 0..size.saturating_sub(2) {
        let own = &mut filled[column * FILLED + 1..][..WIDTH];
        let mut reflection = Reflection::of(simd, own);
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
struct Reflection<S: Simd> {
    v: [S::f32s; WIDTH],
    factor: S::f32s,
}

impl<S: Simd> Reflection<S> {
    /// Clears a column but for its first element.
    #[inline(always)]
    fn of(simd: S, column: &mut [S::f32s]) -> Self {
        let zero = simd.splat_f32s(0.0);
        let mut v = [zero; WIDTH];
        v.copy_from_slice(column);
        let (length, factor) = reflect(simd, &mut v);
        column.fill(zero);
        column[0] = length;
        Self { v, factor }
    }

    /// Reflects the square block on the diagonal that starts with the first of the columns, from both sides.
    #[inline(always)]
    fn apply_to_corner(&self, simd: S, columns: &mut [S::f32s]) {
        let v = &self.v;
        let mut w = [simd.splat_f32s(0.0); WIDTH];
        for (c, column) in columns.as_chunks::<FILLED>().0.iter().enumerate() {
            let mut own = simd.mul_f32s(column[0], v[c]);
            for i in c + 1..WIDTH {
                let x = column[i - c];
                w[i] = simd.mul_add_e_f32s(x, v[c], w[i]);
                own = simd.mul_add_e_f32s(x, v[i], own);
            }
            w[c] = simd.add_f32s(w[c], own);
        }
        let along = simd.mul_f32s(simd.mul_f32s(simd.splat_f32s(-0.5), self.factor), dot(simd, v, &w));
        for (w, v) in w.iter_mut().zip(v) {
            *w = simd.mul_f32s(self.factor, simd.mul_add_e_f32s(along, *v, *w));
        }
        for (c, column) in columns.as_chunks_mut::<FILLED>().0.iter_mut().enumerate() {
            for i in c..WIDTH {
                let x = simd.negate_mul_add_e_f32s(v[i], w[c], column[i - c]);
                column[i - c] = simd.negate_mul_add_e_f32s(w[i], v[c], x);
            }
        }
    }

    /// Reflects the block below the corner from the right, and from the left by the reflection that clears its first
    /// column. Returns that.
    #[inline(always)]
    fn pass_on(&self, simd: S, columns: &mut [S::f32s]) -> Self {
        let zero = simd.splat_f32s(0.0);
        let v = &self.v;
        let mut along = [zero; WIDTH];
        for (c, column) in columns.as_chunks::<FILLED>().0.iter().enumerate() {
            let column = &column[WIDTH - c..FILLED - c];
            for i in 0..WIDTH {
                along[i] = simd.mul_add_e_f32s(column[i], v[c], along[i]);
            }
        }
        for along in &mut along {
            *along = simd.mul_f32s(self.factor, *along);
        }
        let (first, others) = columns.split_at_mut(FILLED);
        let first = &mut first[WIDTH..];
        for (x, along) in first.iter_mut().zip(&along) {
            *x = simd.negate_mul_add_e_f32s(*along, v[0], *x);
        }
        let next = Self::of(simd, first);
        for (c, column) in (1..).zip(others.as_chunks_mut::<FILLED>().0) {
            let column = &mut column[WIDTH - c..FILLED - c];
            let mut own = [zero; WIDTH];
            for i in 0..WIDTH {
                own[i] = simd.negate_mul_add_e_f32s(along[i], v[c], column[i]);
            }
            let factor = simd.mul_f32s(next.factor, dot(simd, &own, &next.v));
            for i in 0..WIDTH {
                column[i] = simd.negate_mul_add_e_f32s(factor, next.v[i], own[i]);
            }
        }
        next
    }
}
