//! What is measured of the values of blocks and activations.

use std::borrow::Cow;

use pulp::{Arch, Simd, WithSimd};

use crate::kernels::add_product_by_rows;
use crate::kernels::lanes::{squares_about, sum};
use crate::score::effective_rank::{eigenvalues, largest, power_of_two};
use crate::score::rank_matrix::{Reading, RowBlock};

/// Channels, height and width of an image.
pub type Dims = [usize; 3];

/// Adds a b^T of every sample, whose matrices have so many rows each and a column for every position.
fn add_products(sums: &mut [f32], [(a, rows), (b, columns)]: [(&[f32], usize); 2], positions: usize) {
    let samples = a.chunks_exact((rows * positions).max(1)).zip(b.chunks_exact((columns * positions).max(1)));
    samples.for_each(|(a, b)| add_product_by_rows(sums, a, b, positions));
}

/// The entropy of the eigenvalues of the covariance between the channels of images, made to sum to 1.
pub fn entropy_of_channels(images: &[f32], [channels, height, width]: Dims) -> f64 {
    let scatter = Scatter::of(images, channels, height * width);
    let eigenvalues = eigenvalues(&scatter.with_diagonal(&scatter.squares), channels);
    let sum: f64 = eigenvalues.iter().sum();
    finite(eigenvalues.iter().map(|e| e / sum).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum())
}

/// The least eigenvalue of the correlations between the units of outputs; those of a unit that is the same everywhere are 0.
pub fn least_correlation(outputs: &[f32], reading: Reading) -> f64 {
    let columns = reading.columns();
    let count = outputs.len() / columns.max(1);
    // Means take one.
    if count <= columns {
        return 0.0;
    }
    let scatter = match reading {
        Reading::Channels { channels, height, width } => Scatter::of(outputs, channels, height * width),
        Reading::Vectors { .. } | Reading::Positions { .. } => {
            let rows = reading.rows(outputs, RowBlock { first: 0, taken: count });
            let columns = (0..columns).flat_map(|column| rows.iter().skip(column).step_by(columns).copied());
            Scatter::of(&columns.collect::<Vec<_>>(), reading.columns(), count)
        }
    };
    if scatter.has_constant() {
        return 0.0;
    }
    let correlations = scatter.with_diagonal(&vec![1.0; columns]);
    finite(eigenvalues(&correlations, columns).first().copied().unwrap_or(0.0))
}

/// The sums over samples and positions of the products of channels, each less its mean.
struct Scatter {
    channels: usize,
    /// Over the roots of the squares of both; the diagonal does not count.
    correlations: Vec<f64>,
    squares: Vec<f64>,
    /// Means included.
    raw_squares: Vec<f64>,
}

/// The share of squares that rounding leaves of a channel that is the same everywhere.
const CONSTANT: f64 = 1e-10;

impl Scatter {
    fn of(images: &[f32], channels: usize, positions: usize) -> Self {
        let images = &*within_reach(images);
        let (mut sums, mut raw_squares) = (vec![0.0; channels], vec![0.0; channels]);
        for (plane, values) in images.chunks_exact(positions.max(1)).enumerate() {
            let [sum, square] = sums_of(values);
            sums[plane % channels] += sum;
            raw_squares[plane % channels] += square;
        }
        let mut products = vec![0.0; channels * channels];
        add_products(&mut products, [(images, channels); 2], positions);
        let count = (images.len() / channels.max(1)).max(1) as f64;
        let squares: Vec<f64> =
            raw_squares.iter().zip(&sums).map(|(square, sum)| (square - sum * sum / count).max(0.0)).collect();
        let roots: Vec<_> = squares.iter().map(|square| square.sqrt()).collect();
        let mut correlations = Vec::with_capacity(products.len());
        for (i, products) in products.chunks_exact(channels.max(1)).enumerate() {
            let mean = sums[i] / count;
            for ((product, sum), root) in products.iter().zip(&sums).zip(&roots) {
                let root = roots[i] * root;
                correlations.push(if root > 0.0 { (f64::from(*product) - mean * sum) / root } else { 0.0 });
            }
        }
        Self { channels, correlations, squares, raw_squares }
    }

    /// Whether a channel is the same everywhere.
    fn has_constant(&self) -> bool {
        self.squares.iter().zip(&self.raw_squares).any(|(square, raw)| *square <= CONSTANT * raw)
    }

    /// The matrix with these squares, as parts of the largest.
    fn with_diagonal(&self, squares: &[f64]) -> Vec<f32> {
        let largest = squares.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let roots: Vec<f64> = squares.iter().map(|square| (square / largest).sqrt()).collect();
        let mut matrix = Vec::with_capacity(self.correlations.len());
        for (i, correlations) in self.correlations.chunks_exact(self.channels.max(1)).enumerate() {
            for (j, (correlation, root)) in correlations.iter().zip(&roots).enumerate() {
                matrix.push((if i == j { 1.0 } else { *correlation } * roots[i] * root) as f32);
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
fn sums_of(values: &[f32]) -> [f64; 2] {
    Arch::new().dispatch(Sums(values))
}

struct Sums<'a>(&'a [f32]);

impl WithSimd for Sums<'_> {
    type Output = [f64; 2];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f64; 2] {
        [sum(simd, self.0), squares_about(simd, self.0, 0.0)]
    }
}

fn finite(x: f64) -> f64 {
    // A sum of nothing is -0.
    if x.is_finite() { x + 0.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [f32; 8] = [1.0, 4.0, 2.0, 8.0, 5.0, 7.0, 1.0, 3.0];
    const B: [f32; 8] = [2.0, 3.0, 1.0, 9.0, 9.0, 5.0, 2.0, 2.0];

    /// Two samples of two channels of 2 x 2.
    fn images(factor: f32) -> Vec<f32> {
        [&A[..4], &B[..4], &A[4..], &B[4..]].concat().into_iter().map(|x| x * factor).collect()
    }

    // Expected values by numpy.corrcoef and numpy.cov.
    #[test]
    fn two_channels_have_one_correlation() {
        let reading = Reading::Channels { channels: 2, height: 2, width: 2 };
        let pairs: Vec<f32> = A.iter().zip(&B).flat_map(|(a, b)| [*a, *b]).collect();
        for least in [
            least_correlation(&images(1.0), reading),
            least_correlation(&images(1e-25), reading),
            least_correlation(&images(1e25), reading),
            least_correlation(&pairs, Reading::Positions { positions: 4, features: 2 }),
        ] {
            assert!((least - 0.19362311).abs() < 1e-6, "{least}");
        }
        assert!((entropy_of_channels(&images(1.0), [2, 2, 2]) - 0.30855745).abs() < 1e-6);
        assert_eq!(entropy_of_channels(&[0.0; 16], [2, 2, 2]), 0.0);
    }

    #[test]
    fn a_constant_channel_has_no_correlation() {
        let constant = [&A[..4], &[7.1; 4], &A[4..], &[7.1; 4]].concat();
        assert_eq!(least_correlation(&constant, Reading::Channels { channels: 2, height: 2, width: 2 }), 0.0);
    }
}
