//! The scatter of the channels of images.

use std::borrow::Cow;

use pulp::{Simd, WithSimd};

use crate::dispatch::dispatch;
use crate::kernels::add_product_by_rows;
use crate::kernels::lanes::sum_and_squares;
use crate::score::effective_rank::{largest, power_of_two};

/// The sums over samples and positions of the products of channels, each less its mean.
pub struct Scatter {
    channels: usize,
    /// Over the roots of the squares of both, of each channel with those after it; the rest of the matrix means nothing.
    correlations: Vec<f64>,
    pub squares: Vec<f64>,
    /// Means included.
    raw_squares: Vec<f64>,
}

/// The share of squares that rounding leaves of a channel that is the same everywhere.
const CONSTANT: f64 = 1e-10;

impl Scatter {
    /// Of images `[samples x channels x positions]`.
    pub fn of(images: &[f32], channels: usize, positions: usize) -> Self {
        let images = &*within_reach(images);
        let (mut sums, mut raw_squares) = (vec![0.0; channels], vec![0.0; channels]);
        for (plane, values) in images.chunks_exact(positions.max(1)).enumerate() {
            let [sum, square] = dispatch(Sums(values));
            sums[plane % channels] += sum;
            raw_squares[plane % channels] += square;
        }
        let products = products(images, channels, positions);
        let count = (images.len() / channels.max(1)).max(1) as f64;
        let squares: Vec<f64> =
            raw_squares.iter().zip(&sums).map(|(square, sum)| (square - sum * sum / count).max(0.0)).collect();
        let roots: Vec<_> = squares.iter().map(|square| square.sqrt()).collect();
        let mut correlations = vec![0.0; products.len()];
        for i in 0..channels {
            let mean = sums[i] / count;
            for j in i + 1..channels {
                let (at, root) = (i * channels + j, roots[i] * roots[j]);
                if root > 0.0 {
                    correlations[at] = (f64::from(products[at]) - mean * sums[j]) / root;
                }
            }
        }
        Self { channels, correlations, squares, raw_squares }
    }

    /// Whether a channel is the same everywhere.
    pub fn has_constant(&self) -> bool {
        self.squares.iter().zip(&self.raw_squares).any(|(square, raw)| *square <= CONSTANT * raw)
    }

    /// The matrix with these squares, as parts of the largest: the diagonal and what is after it in every row.
    pub fn with_diagonal(&self, squares: &[f64]) -> Vec<f32> {
        let largest = squares.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let roots: Vec<f64> = squares.iter().map(|square| (square / largest).sqrt()).collect();
        let mut matrix = vec![0.0; self.correlations.len()];
        for i in 0..self.channels {
            matrix[i * self.channels + i] = (roots[i] * roots[i]) as f32;
            for j in i + 1..self.channels {
                let at = i * self.channels + j;
                matrix[at] = (self.correlations[at] * roots[i] * roots[j]) as f32;
            }
        }
        matrix
    }
}

/// The same, scaled where squares would leave single precision; nothing but zeros where an element is not finite.
fn within_reach(values: &[f32]) -> Cow<'_, [f32]> {
    match largest(values) {
        Some(largest) if largest == 0.0 || (1e-9..1e9).contains(&largest) => Cow::Borrowed(values),
        Some(largest) => values.iter().map(|x| x * power_of_two(largest)).collect(),
        None => Cow::Owned(vec![0.0; values.len()]),
    }
}

/// The sum and the sum of squares.
struct Sums<'a>(&'a [f32]);

impl WithSimd for Sums<'_> {
    type Output = [f64; 2];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f64; 2] {
        sum_and_squares(simd, self.0)
    }
}

/// More channels than these are left to a library.
const DIRECT: usize = 256;

/// The sum of A A^T over samples, whose A is `[channels x positions]`: of every row the diagonal and what is after it.
fn products(images: &[f32], channels: usize, positions: usize) -> Vec<f32> {
    let mut products = vec![0.0; channels * channels];
    let samples = images.chunks_exact((channels * positions).max(1));
    if (SIDE..=DIRECT).contains(&channels) {
        dispatch(Products { images, channels, positions, to: &mut products });
    } else {
        samples.for_each(|a| add_product_by_rows(&mut products, a, a, positions));
    }
    products
}

struct Products<'a> {
    images: &'a [f32],
    channels: usize,
    positions: usize,
    to: &'a mut [f32],
}

/// Channels that are multiplied with each other at a time, at the most.
const SIDE: usize = 4;

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many sums as there are registers for.
        if S::REGISTER_COUNT >= 32 {
            self.multiply::<S, SIDE>(simd);
        } else {
            self.multiply::<S, 3>(simd);
        }
    }
}

impl Products<'_> {
    #[inline(always)]
    fn multiply<S: Simd, const N: usize>(self, simd: S) {
        for i in (0..self.channels).step_by(N) {
            for j in (i..self.channels).step_by(N) {
                // Some of the last channels are multiplied twice rather than alone.
                let [i, j] = [i, j].map(|at| at.min(self.channels - N));
                let tile = self.tile::<S, N>(simd, i, j);
                for (row, sums) in tile.iter().enumerate() {
                    self.to[(i + row) * self.channels + j..][..N].copy_from_slice(sums);
                }
            }
        }
    }

    /// The products of channels from `i` with those from `j`.
    #[inline(always)]
    fn tile<S: Simd, const N: usize>(&self, simd: S, i: usize, j: usize) -> [[f32; N]; N] {
        let zero = simd.splat_f32s(0.0);
        let mut sums = [[zero; N]; N];
        for sample in self.images.chunks_exact(self.channels * self.positions) {
            let (a, b) = (&sample[i * self.positions..], &sample[j * self.positions..]);
            let whole = self.positions - self.positions % S::F32_LANES;
            for at in (0..whole).step_by(S::F32_LANES) {
                let (mut high, mut wide) = ([zero; N], [zero; N]);
                for n in 0..N {
                    let at = n * self.positions + at;
                    high[n] = S::as_simd_f32s(&a[at..at + S::F32_LANES]).0[0];
                    wide[n] = S::as_simd_f32s(&b[at..at + S::F32_LANES]).0[0];
                }
                for row in 0..N {
                    for column in 0..N {
                        sums[row][column] = simd.mul_add_e_f32s(high[row], wide[column], sums[row][column]);
                    }
                }
            }
            if whole < self.positions {
                let (mut high, mut wide) = ([zero; N], [zero; N]);
                for n in 0..N {
                    let (from, to) = (n * self.positions + whole, (n + 1) * self.positions);
                    high[n] = simd.partial_load_f32s(&a[from..to]);
                    wide[n] = simd.partial_load_f32s(&b[from..to]);
                }
                for row in 0..N {
                    for column in 0..N {
                        sums[row][column] = simd.mul_add_e_f32s(high[row], wide[column], sums[row][column]);
                    }
                }
            }
        }
        let mut tile = [[0.0; N]; N];
        for row in 0..N {
            for column in 0..N {
                tile[row][column] = simd.reduce_sum_f32s(sums[row][column]);
            }
        }
        tile
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_sums_over_samples_and_positions() {
        for channels in [1, 3, 4, 5, 7, 8, 33, DIRECT + 1] {
            for positions in [1, 4, 16, 49] {
                let [samples, size] = [3, channels * positions];
                let images: Vec<f32> = (0..samples * size).map(|k| ((k * 7919) % 101) as f32 / 101.0 - 0.3).collect();
                let found = products(&images, channels, positions);
                for (i, j) in (0..channels).flat_map(|i| (i..channels).map(move |j| (i, j))) {
                    let row =
                        |sample: usize, channel: usize| &images[sample * size + channel * positions..][..positions];
                    let of_sample = |k| row(k, i).iter().zip(row(k, j)).map(|(a, b)| f64::from(a * b)).sum::<f64>();
                    let expected: f64 = (0..samples).map(of_sample).sum();
                    let found = f64::from(found[i * channels + j]);
                    assert!((found - expected).abs() < 1e-4, "{channels} x {positions}: {i}, {j}");
                }
            }
        }
    }
}
