//! The least and the greatest value of each feature.

use super::{DataError, Source};

/// The least and the greatest value of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    pub low: f64,
    pub high: f64,
}

impl Default for Extent {
    /// Of no values.
    fn default() -> Self {
        Self { low: f64::INFINITY, high: f64::NEG_INFINITY }
    }
}

impl Extent {
    pub fn add(&mut self, x: f64) {
        self.low = self.low.min(x);
        self.high = self.high.max(x);
    }

    #[must_use]
    pub fn range(&self) -> f64 {
        self.high - self.low
    }

    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.low >= self.high
    }
}

/// The extent of each feature, by a pass through the data where it is not known: in double precision where single precision
/// would lose it.
///
/// # Errors
/// If they cannot be read.
pub fn extents(source: &dyn Source) -> Result<Vec<Extent>, DataError> {
    if let Some(summary) = source.summary()? {
        return Ok(summary.extents);
    }
    let mut extents = vec![Extent::default(); source.shape().elements()];
    source.scan_features(&mut |first, width, values| {
        for row in values.chunks_exact(width.max(1)) {
            for (extent, x) in extents[first..first + width].iter_mut().zip(row) {
                extent.add(f64::from(*x));
            }
        }
    })?;
    Ok(extents)
}
