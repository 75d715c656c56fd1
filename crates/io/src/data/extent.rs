//! The least and the greatest value of each feature.

use super::{DataError, Source};

/// The least and the greatest value of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    pub low: f64,
    pub high: f64,
}

impl Extent {
    #[must_use]
    pub fn range(&self) -> f64 {
        self.high - self.low
    }

    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.low >= self.high
    }
}

/// The extent of each feature, by a pass through the data.
///
/// # Errors
/// If they cannot be read.
pub fn extents(source: &dyn Source) -> Result<Vec<Extent>, DataError> {
    let mut extents = vec![Extent { low: f64::INFINITY, high: f64::NEG_INFINITY }; source.shape().elements()];
    source.scan_features(&mut |first, width, values| {
        for row in values.chunks_exact(width.max(1)) {
            for (extent, x) in extents[first..first + width].iter_mut().zip(row) {
                extent.low = extent.low.min(f64::from(*x));
                extent.high = extent.high.max(f64::from(*x));
            }
        }
    })?;
    Ok(extents)
}
