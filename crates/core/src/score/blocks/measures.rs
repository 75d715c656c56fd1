//! What is measured of the values of blocks and activations.

use super::scatter::Scatter;
use crate::score::effective_rank::eigenvalues;
use crate::score::rank_matrix::{Reading, RowBlock};

/// Channels, height and width of an image.
pub type Dims = [usize; 3];

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
