//! The least and the greatest value of each feature.

use super::{DataError, Extent, Source};

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
