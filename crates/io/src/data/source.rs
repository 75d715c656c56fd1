//! A data set, its labels, and why it cannot be had.

use super::{Assumption, Summary};
use neartop_core::network::Shape;

/// What a network is trained to give.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// A class per sample, numbered from 0, and the number of classes.
    Classes { of: Vec<u32>, count: usize },
    /// A number per sample.
    Values(Vec<f32>),
    /// Several numbers per sample, row by row.
    Several { of: Vec<f32>, width: usize },
}

impl Labels {
    /// The number of samples.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Classes { of, .. } => of.len(),
            Self::Values(of) => of.len(),
            Self::Several { of, width } => of.len() / width.max(&1),
        }
    }

    /// Those of some samples.
    #[must_use]
    pub fn choose(&self, rows: &[usize]) -> Self {
        match self {
            Self::Classes { of, count } => {
                Self::Classes { of: rows.iter().map(|row| of[*row]).collect(), count: *count }
            }
            Self::Values(of) => Self::Values(rows.iter().map(|row| of[*row]).collect()),
            Self::Several { of, width } => {
                let of = rows.iter().flat_map(|row| &of[row * width..(row + 1) * width]).copied().collect();
                Self::Several { of, width: *width }
            }
        }
    }
}

/// Data that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("cannot read {path}: {reason}")]
    Read { path: String, reason: String },
    #[error("the data are {given} per sample, but the network's input is {expected}")]
    Shape { given: Shape, expected: Shape },
    /// Either order of the axes fits.
    #[error(
        "the samples are {}, and any of these sizes may count the channels; write `layout: channels_first` or \
         `layout: channels_last` under `data`",
        .0.0.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ")
    )]
    Ambiguous(Shape),
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
    /// Calls `take` with each of the `rows` before they are rounded to single precision, where that would lose them: a time
    /// in seconds has more digits than single precision.
    ///
    /// # Errors
    /// As [`Source::read`].
    fn read_wide(&self, rows: &[usize], take: &mut dyn FnMut(&[f64])) -> Result<(), DataError> {
        let mut wide = Vec::with_capacity(self.shape().elements());
        self.read(rows, &mut |row| {
            wide.clear();
            wide.extend(row.iter().map(|x| f64::from(*x)));
            take(&wide);
        })
    }
    /// Calls `take` with all values of all samples in parts, in bounded memory: the first feature of a part, how many features
    /// it has, and these of one or more samples, row by row. The values of a feature come in the order of the samples.
    ///
    /// # Errors
    /// As [`Source::read`].
    fn scan_features(&self, take: &mut dyn FnMut(usize, usize, &[f32])) -> Result<(), DataError> {
        let size = self.shape().elements();
        for first in (0..self.count()).step_by(1024) {
            let rows: Vec<_> = (first..self.count().min(first + 1024)).collect();
            self.read(&rows, &mut |row| take(0, size, row))?;
        }
        Ok(())
    }
    /// What is known of all values without another pass through the file.
    ///
    /// # Errors
    /// As [`Source::read`].
    fn summary(&self) -> Result<Option<Summary>, DataError> {
        Ok(None)
    }
    /// The labels of all samples, if the data set has any.
    ///
    /// # Errors
    /// If they cannot be read.
    fn labels(&self) -> Result<Option<Labels>, DataError>;
    /// The labels of all samples as numbers, whole ones too, row by row; none also where they are words or folders.
    ///
    /// # Errors
    /// If they cannot be read.
    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        Ok(match self.labels()? {
            Some(Labels::Values(values)) => Some(values),
            _ => None,
        })
    }
    /// What the classes are called, in their order, where they have names.
    ///
    /// # Errors
    /// If the labels cannot be read.
    fn class_names(&self) -> Result<Option<Vec<String>>, DataError> {
        Ok(None)
    }
    /// What the labels of a sample are called, where they have names.
    fn label_names(&self) -> Vec<String> {
        Vec::new()
    }
    /// What the features are called, where they have names.
    fn feature_names(&self) -> Option<&[String]> {
        None
    }
    /// Whether each sample of the file is one of these, where some were left out.
    fn kept(&self) -> Option<&[bool]> {
        None
    }
    /// What was assumed in reading, to be told once.
    fn assumptions(&self) -> &[Assumption] {
        &[]
    }
}
