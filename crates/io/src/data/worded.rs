//! Labels that are texts, in a file of their own.

use std::path::PathBuf;

use super::file::unreadable;
use super::labels::Texts;
use super::{DataError, Labels, Source};
use neartop_core::network::Shape;

/// A text for each sample.
pub struct Worded {
    texts: Texts,
    path: PathBuf,
    shape: Shape,
}

impl Worded {
    pub fn new(texts: Texts, path: PathBuf) -> Self {
        Self { texts, path, shape: Shape(vec![1]) }
    }
}

impl Source for Worded {
    fn count(&self) -> usize {
        self.texts.count()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, _: &[usize], _: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        Err(unreadable(&self.path, "it holds texts, where numbers are needed"))
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        self.texts.clone().into_labels(&self.path).map(Some)
    }

    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        Ok(self.texts.clone().numbers())
    }

    fn class_names(&self) -> Result<Option<Vec<String>>, DataError> {
        Ok(self.texts.class_names())
    }
}
