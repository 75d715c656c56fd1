//! The scale of a data set.

use super::summary::{Moments, Summary};
use super::{DataError, Scale, Source};

/// x -> (x - shift) factor, the same for all values or by feature.
#[derive(Debug, Clone)]
pub struct Scaling {
    /// Shift and factor of every feature in turn; a single one for all.
    of: Vec<(f64, f64)>,
}

impl Scaling {
    /// Scales a sample, and only then rounds it to single precision.
    fn apply(&self, sample: &[f64], to: &mut Vec<f32>) {
        let scaled = |x: &f64, (shift, factor): (f64, f64)| ((x - shift) * factor) as f32;
        match self.of.as_slice() {
            [of] => to.extend(sample.iter().map(|x| scaled(x, *of))),
            of => to.extend(sample.iter().zip(of).map(|(x, of)| scaled(x, *of))),
        }
    }

    /// The samples in `rows`, scaled, row by row.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn read(&self, source: &dyn Source, rows: &[usize]) -> Result<Vec<f32>, DataError> {
        let mut values = Vec::with_capacity(rows.len() * source.shape().elements());
        source.read_wide(rows, &mut |row| self.apply(row, &mut values))?;
        Ok(values)
    }

    fn one(shift: f64, factor: f64) -> Self {
        Self { of: vec![(shift, factor)] }
    }

    /// Shift and factor from all values of the set.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn of(source: &dyn Source, scale: Scale) -> Result<Self, DataError> {
        if scale == Scale::None {
            return Ok(Self::one(0.0, 1.0));
        }
        match source.summary()? {
            Some(summary) => Ok(Self::of_summary(&summary, scale)),
            None => Self::of_pass(source, scale),
        }
    }

    fn of_summary(summary: &Summary, scale: Scale) -> Self {
        match scale {
            Scale::None => Self::one(0.0, 1.0),
            Scale::Unit => Self::unit(summary.limits()),
            Scale::Standardize => Self { of: vec![summary.all.standardizing()] },
            Scale::StandardizeFeatures => Self { of: summary.features.iter().map(Moments::standardizing).collect() },
        }
    }

    fn unit((low, high): (f64, f64)) -> Self {
        Self::one(low, if high > low { (high - low).recip() } else { 1.0 })
    }

    /// The same by a pass through the file.
    fn of_pass(source: &dyn Source, scale: Scale) -> Result<Self, DataError> {
        match scale {
            Scale::None => Ok(Self::one(0.0, 1.0)),
            Scale::Unit => {
                let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
                source.scan(&mut |values| {
                    for x in values {
                        low = low.min(*x);
                        high = high.max(*x);
                    }
                })?;
                Ok(Self::unit((f64::from(low), f64::from(high))))
            }
            Scale::Standardize => {
                let mut moments = Moments::default();
                source.scan(&mut |values| values.chunks(4096).for_each(|block| moments.add(block)))?;
                Ok(Self { of: vec![moments.standardizing()] })
            }
            Scale::StandardizeFeatures => {
                let mut moments = vec![Moments::default(); source.shape().elements()];
                source.scan_features(&mut |first, width, values| {
                    for row in values.chunks_exact(width.max(1)) {
                        moments[first..first + width].iter_mut().zip(row).for_each(|(m, x)| m.add_one(f64::from(*x)));
                    }
                })?;
                Ok(Self { of: moments.iter().map(Moments::standardizing).collect() })
            }
        }
    }
}
