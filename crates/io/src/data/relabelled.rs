//! Samples of one file with the labels of another.

use std::path::Path;

use super::file::unreadable;
use super::{Assumption, DataError, Labels, Source, Summary, labels};
use neartop_core::network::Shape;

/// Samples of one file with the labels of another.
pub struct Relabelled {
    source: Box<dyn Source>,
    labels: Box<dyn Source>,
    /// The labels of the samples, where some samples of the file were left out.
    kept: Option<Vec<usize>>,
    assumptions: Vec<Assumption>,
}

impl Relabelled {
    /// Takes the labels of `labels`, or else its samples.
    ///
    /// # Errors
    /// If there are more or fewer than samples.
    pub fn new(source: Box<dyn Source>, labels: Box<dyn Source>, path: &Path) -> Result<Self, DataError> {
        let kept = source.kept().filter(|kept| kept.len() == labels.count());
        let kept: Option<Vec<_>> = kept.map(|kept| (0..kept.len()).filter(|row| kept[*row]).collect());
        if labels.count() != source.count() && kept.is_none() {
            let reason = format!("it has {} labels, but there are {} samples", labels.count(), source.count());
            return Err(unreadable(path, reason));
        }
        let file = Assumption::LabelFile { file: path.to_string_lossy().into_owned() };
        let of_labels: Vec<_> =
            labels.assumptions().iter().map(|assumption| Assumption::OfLabels(Box::new(assumption.clone()))).collect();
        let assumptions = [source.assumptions(), &[file], &of_labels].concat();
        Ok(Self { source, labels, kept, assumptions })
    }

    /// Rows of numbers as labels.
    fn rows(&self) -> Result<Vec<f32>, DataError> {
        let rows = self.kept.clone().unwrap_or_else(|| (0..self.labels.count()).collect());
        let mut of = Vec::with_capacity(rows.len() * self.labels.shape().elements());
        self.labels.read(&rows, &mut |row| of.extend_from_slice(row))?;
        Ok(of)
    }
}

impl Source for Relabelled {
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
        self.source.read_wide(rows, take)
    }

    fn scan(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        self.source.scan(take)
    }

    fn scan_features(&self, take: &mut dyn FnMut(usize, usize, &[f32])) -> Result<(), DataError> {
        self.source.scan_features(take)
    }

    fn summary(&self) -> Result<Option<Summary>, DataError> {
        self.source.summary()
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        match self.labels.labels()? {
            Some(labels) => Ok(Some(match &self.kept {
                Some(kept) => labels.choose(kept),
                None => labels,
            })),
            None => Ok(Some(labels::from_rows(self.rows()?, self.labels.shape().elements()))),
        }
    }

    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        match self.labels.label_values()? {
            Some(values) => Ok(Some(match &self.kept {
                Some(kept) => {
                    let width = values.len() / self.labels.count().max(1);
                    kept.iter().flat_map(|row| &values[row * width..(row + 1) * width]).copied().collect()
                }
                None => values,
            })),
            None if self.labels.labels()?.is_some() => Ok(None),
            None => Ok(Some(self.rows()?)),
        }
    }

    fn class_names(&self) -> Result<Option<Vec<String>>, DataError> {
        self.labels.class_names()
    }

    fn label_names(&self) -> Vec<String> {
        self.labels.label_names()
    }

    fn feature_names(&self) -> Option<&[String]> {
        self.source.feature_names()
    }

    fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }
}
