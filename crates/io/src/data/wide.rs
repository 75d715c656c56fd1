//! Arrays of numbers that single precision would lose, such as times in seconds.

use std::sync::OnceLock;

use super::array_source::ArraySource;
use super::element::Element;
use super::spread::Spread;
use super::{Assumption, DataError, Labels, Source, Summary};
use neartop_core::network::Shape;

/// An array of numbers in double precision, or whole ones of as many digits.
pub struct Wide {
    source: ArraySource,
    /// Features whose values single precision would lose; once that has been looked at.
    features: OnceLock<Vec<bool>>,
}

impl Wide {
    /// The array as it is, or where its numbers may be such.
    pub fn of(source: ArraySource) -> Box<dyn Source> {
        use Element::{F64, I32, I64, U32, U64};
        let array = source.array();
        match matches!(array.element, F64 | I32 | I64 | U32 | U64) && !array.fortran {
            true => Box::new(Self { source, features: OnceLock::new() }),
            false => Box::new(source),
        }
    }

    /// Looks at all values.
    fn look(&self) -> Result<Vec<bool>, DataError> {
        let mut spreads = vec![Spread::default(); self.shape().elements()];
        self.all(&mut |row| {
            spreads.iter_mut().zip(row).for_each(|(spread, x)| spread.add(*x, f64::from(*x as f32)));
        })?;
        Ok(spreads.iter().map(Spread::is_wide).collect())
    }

    fn all(&self, take: &mut dyn FnMut(&[f64])) -> Result<(), DataError> {
        let rows: Vec<_> = (0..self.count()).collect();
        self.source.array().read_rows_wide(&rows, take)
    }
}

/// Rounds those features to single precision that it does not lose.
pub fn round(row: &[f64], wide: &[bool], to: &mut Vec<f64>) {
    to.clear();
    to.extend(row.iter().zip(wide).map(|(x, wide)| if *wide { *x } else { f64::from(*x as f32) }));
}

impl Source for Wide {
    fn count(&self) -> usize {
        self.source.count()
    }

    fn shape(&self) -> &Shape {
        self.source.shape()
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        self.source.read(rows, take)
    }

    fn read_wide(&self, rows: &[usize], take: &mut dyn FnMut(&[f64])) -> Result<(), DataError> {
        let wide = self.features.get().filter(|features| features.contains(&true));
        let Some(wide) = wide else { return self.source.read_wide(rows, take) };
        let mut rounded = Vec::with_capacity(wide.len());
        self.source.array().read_rows_wide(rows, &mut |row| {
            round(row, wide, &mut rounded);
            take(&rounded);
        })
    }

    fn scan(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        self.source.scan(take)
    }

    fn scan_features(&self, take: &mut dyn FnMut(usize, usize, &[f32])) -> Result<(), DataError> {
        self.source.scan_features(take)
    }

    /// Of arrays that hold such features; of others a pass in the order of the file says more.
    fn summary(&self) -> Result<Option<Summary>, DataError> {
        let wide = match self.features.get() {
            Some(wide) => wide,
            None => {
                let wide = self.look()?;
                self.features.get_or_init(|| wide)
            }
        };
        if !wide.contains(&true) {
            return Ok(None);
        }
        let mut summary = Summary::new(wide.len());
        let mut rounded = Vec::with_capacity(wide.len());
        self.all(&mut |row| {
            round(row, wide, &mut rounded);
            summary.add(&rounded);
        })?;
        Ok(Some(summary))
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        self.source.labels()
    }

    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        self.source.label_values()
    }

    fn class_names(&self) -> Result<Option<Vec<String>>, DataError> {
        self.source.class_names()
    }

    fn assumptions(&self) -> &[Assumption] {
        self.source.assumptions()
    }
}
