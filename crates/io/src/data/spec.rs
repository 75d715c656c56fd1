//! What a preset says about data.

use std::path::{Path, PathBuf};

use super::ArraySpec;
pub use super::table_spec::{Categories, Columns, Delimiter, Missing, TableSpec};

/// What a preset says about data.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSpec {
    pub from: DataFrom,
    pub scale: Scale,
}

/// A bundled or synthetic source, or a file.
#[derive(Debug, Clone, PartialEq)]
pub enum DataFrom {
    /// The digits from 0 to `classes` - 1.
    Digits {
        classes: usize,
    },
    /// The noise of airfoils.
    Airfoil,
    /// N(0, 1)
    Gaussian,
    /// U(0, 1)
    Uniform,
    /// Numbers of tokens out of the vocabulary of the network, each as likely as any other.
    Tokens,
    File(FileSpec),
}

/// A file or a folder, and how it is read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileSpec {
    pub path: PathBuf,
    /// What is to be learnt.
    pub labels: Option<LabelsFrom>,
    pub table: TableSpec,
    pub arrays: ArraySpec,
}

/// Where the labels of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelsFrom {
    /// Columns, or one array, of the same file.
    Names(Vec<String>),
    /// Another file.
    File(PathBuf),
}

impl LabelsFrom {
    /// A name that stands alone.
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self::Names(vec![name.to_owned()])
    }
}

impl FileSpec {
    /// A file that tells by itself how it is to be read.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// The same with labels.
    #[must_use]
    pub fn with_labels(self, labels: Option<LabelsFrom>) -> Self {
        Self { labels, ..self }
    }

    /// The file that the labels stand in, if that is another one.
    #[must_use]
    pub fn label_file(&self) -> Option<&Path> {
        match &self.labels {
            Some(LabelsFrom::File(path)) => Some(path),
            _ => None,
        }
    }
}

impl DataFrom {
    /// Makes paths absolute, for a preset that is written elsewhere.
    pub fn make_absolute(&mut self) {
        let Self::File(file) = self else { return };
        let label_file = match &mut file.labels {
            Some(LabelsFrom::File(path)) => Some(path),
            _ => None,
        };
        for path in std::iter::once(&mut file.path).chain(label_file) {
            if let Ok(absolute) = std::path::absolute(&*path) {
                *path = absolute;
            }
        }
    }
}

/// How the values of a data set are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    #[default]
    None,
    /// To [0, 1] over the whole set.
    Unit,
    /// Zero mean and unit variance over the whole set.
    Standardize,
    /// Zero mean and unit variance of every feature, or pixel.
    StandardizeFeatures,
}
