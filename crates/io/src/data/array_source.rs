//! Samples in an array, and their labels in another.

use std::path::{Path, PathBuf};

use super::array::{Array, BLOCK, places};
use super::file::{Format, Stored, check_finite, unreadable};
use super::labels::Texts;
use super::{Assumption, DataError, FileAssumption, Labels, Source, idx, npy};
use neartop_core::network::Shape;

/// Where an array's labels are.
#[derive(Debug, Clone)]
pub enum LabelsAt {
    Nowhere,
    /// Another file.
    File(PathBuf),
    /// Another array of the same file.
    Array(Box<Array>),
    /// Texts of such an array.
    Texts(Texts),
}

/// Samples in an array.
pub struct ArraySource {
    array: Array,
    labels: LabelsAt,
    shape: Shape,
    assumptions: Vec<Assumption>,
}

impl ArraySource {
    pub fn array(&self) -> &Array {
        &self.array
    }

    pub fn new(array: Array, labels: LabelsAt) -> Self {
        let shape = array.sample_shape();
        Self { array, labels, shape, assumptions: Vec::new() }
    }

    /// Labels that are texts.
    fn label_texts(&self) -> Result<Option<Texts>, DataError> {
        let texts = match &self.labels {
            LabelsAt::Texts(texts) => Some(texts.clone()),
            LabelsAt::File(path) if Format::of(path)? == Format::Npy => npy::texts(&Stored::open(path)?)?,
            _ => None,
        };
        match texts {
            Some(texts) if texts.count() != self.count() => {
                let reason = format!("it has {} labels for {} samples", texts.count(), self.count());
                Err(unreadable(&self.array.stored.path, reason))
            }
            texts => Ok(texts),
        }
    }

    /// Numbers of tokens one after the other, in pieces of so many.
    pub fn in_pieces(mut self, length: usize) -> Self {
        if let [count] = self.array.dims.as_slice() {
            let (count, tokens) = (count / length.max(1), *count as u64);
            self.array.dims = vec![count, length];
            self.shape = self.array.sample_shape();
            self = self.telling(Some(FileAssumption::Pieces { tokens, length }));
        }
        self
    }

    /// The same with what is to be said of it.
    pub fn telling(mut self, told: Option<FileAssumption>) -> Self {
        self.assumptions.extend(told.map(Into::into));
        self
    }
}

impl Source for ArraySource {
    fn count(&self) -> usize {
        self.array.count()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        match self.array.fortran && self.array.size() > 1 {
            true => self.array.read_columns(rows, take),
            false => self.array.read_rows(rows, take),
        }
    }

    fn scan(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        let array = &self.array;
        let (count, size) = (array.count(), array.size());
        let mut values = Vec::with_capacity(BLOCK);
        array.blocks(|first, bytes| {
            values.clear();
            array.element.decode(bytes, array.big_endian, &mut values);
            let sample = |i: usize| if array.fortran { (first + i) % count } else { (first + i) / size };
            check_finite(&array.stored.path, &values, sample)?;
            take(&values);
            Ok(())
        })
    }

    fn scan_features(&self, take: &mut dyn FnMut(usize, usize, &[f32])) -> Result<(), DataError> {
        let array = &self.array;
        let (count, size) = (array.count(), array.size());
        if !array.fortran || size <= 1 {
            let rows: Vec<_> = (0..count).collect();
            return self.read(&rows, &mut |row| take(0, size, row));
        }
        // Feature after feature, as they lie.
        let places = places(array.dims.get(1..).unwrap_or_default());
        let mut values = Vec::with_capacity(BLOCK);
        array.blocks(|first, bytes| {
            values.clear();
            array.element.decode(bytes, array.big_endian, &mut values);
            check_finite(&array.stored.path, &values, |i| (first + i) % count)?;
            let mut at = first;
            while at < first + values.len() {
                let end = (at - at % count + count).min(first + values.len());
                take(places[at / count], 1, &values[at - first..end - first]);
                at = end;
            }
            Ok(())
        })
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        if let Some(texts) = self.label_texts()? {
            return Ok(Some(texts.into_labels(&self.array.stored.path)?));
        }
        match &self.labels {
            LabelsAt::Nowhere | LabelsAt::Texts(_) => Ok(None),
            LabelsAt::Array(array) => array.labels(self.count()).map(Some),
            LabelsAt::File(path) => label_file(path)?.labels(self.count()).map(Some),
        }
    }

    fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }

    fn class_names(&self) -> Result<Option<Vec<String>>, DataError> {
        Ok(self.label_texts()?.and_then(|texts| texts.class_names()))
    }

    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        if let Some(texts) = self.label_texts()? {
            return Ok(texts.numbers());
        }
        match &self.labels {
            LabelsAt::Nowhere | LabelsAt::Texts(_) => Ok(None),
            LabelsAt::Array(array) => array.label_values(self.count()).map(Some),
            LabelsAt::File(path) => label_file(path)?.label_values(self.count()).map(Some),
        }
    }
}

fn label_file(path: &Path) -> Result<Array, DataError> {
    match Format::of(path)? {
        Format::Idx => idx::open(path),
        Format::Npy => npy::open(path),
        _ => Err(unreadable(path, "labels in a second file are an IDX or NPY file")),
    }
}
