//! What a preset says about data.

use std::path::PathBuf;

use super::file::labels_are_a_file;

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
    Digits { classes: usize },
    /// The noise of airfoils.
    Airfoil,
    /// N(0, 1)
    Gaussian,
    /// U(0, 1)
    Uniform,
    /// Numbers of tokens out of the vocabulary of the network, each as likely as any other.
    Tokens,
    File {
        path: PathBuf,
        /// A second file for IDX and NPY, else the name of a column or an array.
        labels: Option<String>,
    },
}

impl DataFrom {
    /// Makes paths absolute, for a preset that is written elsewhere.
    pub fn make_absolute(&mut self) {
        let Self::File { path, labels } = self else { return };
        if let Some(labels) = labels.as_mut().filter(|_| labels_are_a_file(path))
            && let Ok(absolute) = std::path::absolute(&*labels)
        {
            *labels = absolute.to_string_lossy().into_owned();
        }
        if let Ok(absolute) = std::path::absolute(&*path) {
            *path = absolute;
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
