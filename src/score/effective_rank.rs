//! The effective rank of a matrix (Roy & Vetterli 2007).

use faer::MatRef;

/// A matrix whose rank cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RankError {
    #[error("it has values that are not finite")]
    NonFinite,
    #[error("its singular values could not be computed")]
    NoConvergence,
}

/// exp(-sum p ln p) with p = s / sum(s) over the singular values s of the row-major `[rows x columns]` matrix.
///
/// Lies between 1 and min(rows, columns); 0 for a zero matrix.
///
/// # Errors
/// If an element is not finite.
pub fn effective_rank(matrix: &[f32], rows: usize, columns: usize) -> Result<f64, RankError> {
    let largest = matrix.iter().try_fold(0f32, |a, x| if x.is_finite() { Ok(a.max(x.abs())) } else { Err(()) });
    let largest = largest.map_err(|()| RankError::NonFinite)?;
    if largest == 0.0 {
        return Ok(0.0);
    }
    // The rank ignores scale; single precision does not.
    let scale = 2f32.powi(-(largest.log2().floor() as i32).clamp(-120, 120));
    let scaled: Vec<f32> = matrix.iter().map(|x| x * scale).collect();
    let values =
        MatRef::from_row_major_slice(&scaled, rows, columns).singular_values().map_err(|_| RankError::NoConvergence)?;
    Ok(entropy_rank(values.iter().map(|s| f64::from(*s))))
}

/// exp of the Shannon entropy of values that are made to sum to 1. Values of 0 do not count.
pub fn entropy_rank(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let sum: f64 = values.clone().filter(|s| *s > 0.0).sum();
    if sum <= 0.0 {
        return 0.0;
    }
    let entropy: f64 = values
        .filter(|s| *s > 0.0)
        .map(|s| {
            let p = s / sum;
            -p * p.ln()
        })
        .sum();
    entropy.exp()
}
