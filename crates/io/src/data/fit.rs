//! Data in the shape that a network takes.

use super::{Assumption, DataError, Labels, Source, Summary};
use neartop_core::network::Shape;

/// A source whose samples have the shape of a network's input.
pub struct Fitted {
    source: Box<dyn Source>,
    shape: Shape,
}

impl Fitted {
    /// Vectors stand for images of as many elements, in the order channel, row, column, and everything for vectors.
    /// Arrays of matrices, which are read as images of one channel, stand for sequences.
    ///
    /// # Errors
    /// If the source does not fit.
    pub fn new(source: Box<dyn Source>, input: &Shape) -> Result<Self, DataError> {
        let given = source.shape().clone();
        if given != *input {
            let fits = match (given.0.as_slice(), input.0.as_slice()) {
                _ if given.elements() != input.elements() => false,
                (_, [_]) | ([_], _) => true,
                ([1, rows, columns], [channels, length]) => (rows, columns) == (channels, length),
                _ => false,
            };
            if !fits {
                return Err(DataError::Shape { given, expected: input.clone() });
            }
        }
        Ok(Self { source, shape: input.clone() })
    }
}

impl Source for Fitted {
    fn count(&self) -> usize {
        self.source.count()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        self.source.read(rows, take)
    }

    fn read_wide(&self, rows: &[usize], take: &mut dyn FnMut(&[f64])) -> Result<(), DataError> {
        self.source.read_wide(rows, take)
    }

    fn scan_features(&self, take: &mut dyn FnMut(usize, usize, &[f32])) -> Result<(), DataError> {
        self.source.scan_features(take)
    }

    fn summary(&self) -> Result<Option<Summary>, DataError> {
        self.source.summary()
    }

    fn scan(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        self.source.scan(take)
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

    fn label_names(&self) -> Vec<String> {
        self.source.label_names()
    }

    fn feature_names(&self) -> Option<&[String]> {
        self.source.feature_names()
    }

    fn assumptions(&self) -> &[Assumption] {
        self.source.assumptions()
    }
}
