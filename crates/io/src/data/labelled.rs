//! Samples with their labels, all in memory, for training.

use super::scale::Scaling;
use super::{DataError, DataFrom, DataSpec, Labels, open_for};
use neartop_core::network::Shape;

/// What a network is to learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A class per sample.
    Classes,
    /// A number per sample, also where the labels are whole numbers.
    Values,
}

/// Samples, scaled as for scores, and what is to be learnt of them.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// Of one sample.
    pub shape: Shape,
    /// Row by row.
    pub values: Vec<f32>,
    pub labels: Labels,
}

impl Labelled {
    /// Reads the rows that `rows` chooses, in ascending order, when it is given the labels of all.
    ///
    /// # Errors
    /// If the data cannot be read, are not of the network's input shape, or have no labels.
    pub fn load(
        spec: &DataSpec,
        input: &Shape,
        asked: Asked,
        rows: impl FnOnce(&Labels) -> Vec<usize>,
    ) -> Result<Self, DataError> {
        if matches!(spec.from, DataFrom::Gaussian | DataFrom::Uniform | DataFrom::Tokens) {
            return Err(DataError::Unlabelled("the samples are drawn"));
        }
        let source = open_for(&spec.from, input)?;
        let labels = match asked {
            Asked::Classes => source.labels()?,
            Asked::Values => source.label_values()?.map(Labels::Values),
        };
        let Some(labels) = labels else { return Err(DataError::Unlabelled("the data have no labels")) };
        let rows = rows(&labels);
        let mut values = Vec::with_capacity(rows.len() * input.elements());
        source.read(&rows, &mut |row| values.extend_from_slice(row))?;
        Scaling::of(source.as_ref(), spec.scale)?.apply(&mut values);
        let labels = match labels {
            Labels::Classes { of, count } => Labels::Classes { of: rows.iter().map(|row| of[*row]).collect(), count },
            Labels::Values(of) => Labels::Values(rows.iter().map(|row| of[*row]).collect()),
        };
        Ok(Self { shape: input.clone(), values, labels })
    }
}
