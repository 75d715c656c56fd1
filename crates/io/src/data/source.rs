//! A data set, its labels, and why it cannot be had.

use neartop_core::network::Shape;

/// What a network is trained to give.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// A class per sample, numbered from 0, and the number of classes.
    Classes { of: Vec<u32>, count: usize },
    /// A number per sample.
    Values(Vec<f32>),
}

/// Data that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("cannot read {path}: {reason}")]
    Read { path: String, reason: String },
    #[error("the data are {given} per sample, but the network's input is {expected}")]
    Shape { given: Shape, expected: Shape },
    /// There is nothing to learn; gives the reason.
    #[error("{0}, and training needs labels")]
    Unlabelled(&'static str),
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

/// A data set whose rows can be read in ascending order.
pub trait Source: Send + Sync {
    /// The number of samples.
    fn count(&self) -> usize;
    /// The shape of a sample.
    fn shape(&self) -> &Shape;
    /// Calls `take` with each of the `rows`, which ascend, in order.
    ///
    /// # Errors
    /// If the file cannot be read, is not what its header says, or holds values that are not finite.
    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError>;
    /// Calls `take` with all values of all samples, in parts and in an order that suits the file, in bounded memory.
    ///
    /// # Errors
    /// As [`Source::read`].
    fn scan(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        for first in (0..self.count()).step_by(1024) {
            let rows: Vec<_> = (first..self.count().min(first + 1024)).collect();
            self.read(&rows, take)?;
        }
        Ok(())
    }
    /// The labels of all samples, if the data set has any.
    ///
    /// # Errors
    /// If they cannot be read.
    fn labels(&self) -> Result<Option<Labels>, DataError>;
    /// The labels of all samples as numbers, whole ones too; none also where they are words or folders.
    ///
    /// # Errors
    /// If they cannot be read.
    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        Ok(match self.labels()? {
            Some(Labels::Values(values)) => Some(values),
            _ => None,
        })
    }
}
