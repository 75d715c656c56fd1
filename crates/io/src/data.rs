//! Where samples come from.
//!
//! A [`Source`] reads rows of a data set in order; [`Samples`] holds the rows that the repetitions of a run use, scaled,
//! and gives every repetition its batch.

mod airfoil;
mod array;
mod containers;
mod digits;
mod element;
mod file;
mod fit;
mod idx;
mod images;
mod labelled;
mod labels;
mod npy;
mod parquet;
mod safetensors;
mod scale;
mod table;

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use sha2::{Digest, Sha256};

use array::{ArraySource, LabelsAt};
use file::Format;
use neartop_core::network::Shape;
use neartop_core::random::{Key, Purpose, below};
use scale::Scaling;

pub use digits::CLASSES as DIGITS;
pub use file::labels_are_a_file;
pub use labelled::{Asked, Labelled};

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

/// The samples of a run.
pub struct Samples {
    shape: Shape,
    seed: u64,
    /// Samples in a batch.
    batch: usize,
    kind: Kind,
}

enum Kind {
    Drawn(fn(Key, usize) -> Vec<f32>),
    Held { count: usize, rows: Vec<usize>, values: Vec<f32> },
}

impl Samples {
    /// Reads what `repetitions` batches of `batch` samples need. A set with fewer samples than a batch gives all of them
    /// to every repetition.
    ///
    /// # Errors
    /// If the data cannot be read or are not of the network's input shape. Images and vectors
    /// of as many elements stand for each other.
    pub fn load(
        spec: &DataSpec,
        input: &Shape,
        seed: u64,
        batch: usize,
        repetitions: usize,
    ) -> Result<Self, DataError> {
        let source = match &spec.from {
            DataFrom::Gaussian => {
                return Ok(Self::drawn(input, seed, batch, Key::standard_normals));
            }
            DataFrom::Uniform => {
                let unit = |key: Key, n| key.quantiles(n, |u| u);
                return Ok(Self::drawn(input, seed, batch, unit));
            }
            from => open_for(from, input)?,
        };
        let count = source.count();
        let batch = batch.min(count);
        let mut rows: Vec<_> = (0..repetitions).flat_map(|r| choose(seed, r as u64, count, batch)).collect();
        rows.sort_unstable();
        rows.dedup();
        let mut values = Vec::with_capacity(rows.len() * input.elements());
        source.read(&rows, &mut |row| values.extend_from_slice(row))?;
        Scaling::of(source.as_ref(), spec.scale)?.apply(&mut values);
        Ok(Self { shape: input.clone(), seed, batch, kind: Kind::Held { count, rows, values } })
    }

    fn drawn(input: &Shape, seed: u64, batch: usize, draw: fn(Key, usize) -> Vec<f32>) -> Self {
        Self { shape: input.clone(), seed, batch, kind: Kind::Drawn(draw) }
    }

    /// Samples in a batch.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.batch
    }

    /// SHA-256, in hexadecimal, of the batch of a repetition as it goes into networks: its numbers in little-endian
    /// single precision. None for samples that are drawn, which the seed says.
    ///
    /// # Errors
    /// As [`Samples::batch`].
    pub fn fingerprint(&self, repetition: u64) -> Result<Option<String>, DataError> {
        self.fingerprint_of(repetition, self.batch)
    }

    /// The same of the first `count` samples of the batch, or of all where it has fewer.
    ///
    /// # Errors
    /// As [`Samples::batch`].
    pub fn fingerprint_of(&self, repetition: u64, count: usize) -> Result<Option<String>, DataError> {
        if matches!(self.kind, Kind::Drawn(_)) {
            return Ok(None);
        }
        let batch = self.batch(repetition)?.narrow(0, 0, count.min(self.batch))?.flatten_all()?.to_vec1::<f32>()?;
        let mut hash = Sha256::new();
        for part in batch.chunks(4096) {
            let bytes: Vec<u8> = part.iter().flat_map(|x| x.to_le_bytes()).collect();
            hash.update(&bytes);
        }
        Ok(Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The batch of a repetition: `[samples, ...]`, the same for every candidate.
    ///
    /// # Errors
    /// If the repetition is none of those that were loaded.
    pub fn batch(&self, repetition: u64) -> Result<Tensor, DataError> {
        let size = self.shape.elements();
        let data = match &self.kind {
            Kind::Drawn(draw) => {
                let key = Key { seed: self.seed, repetition, layer: 0, purpose: Purpose::Inputs };
                draw(key, self.batch * size)
            }
            Kind::Held { count, rows, values } => {
                let mut data = Vec::with_capacity(self.batch * size);
                for row in choose(self.seed, repetition, *count, self.batch) {
                    let at = rows
                        .binary_search(&row)
                        .map_err(|_| DataError::Invalid(format!("repetition {repetition} was not loaded")))?;
                    data.extend_from_slice(&values[at * size..(at + 1) * size]);
                }
                data
            }
        };
        let dims: Vec<_> = std::iter::once(self.batch).chain(self.shape.0.iter().copied()).collect();
        Ok(Tensor::from_vec(data, dims, &Device::Cpu)?)
    }
}

/// Opens a bundled data set or a file.
///
/// # Errors
/// If it cannot be read, or the source is drawn and has no rows.
pub fn open(from: &DataFrom) -> Result<Box<dyn Source>, DataError> {
    open_as(from, None)
}

/// Opens a bundled data set or a file, whose samples get the shape of a network's input.
///
/// # Errors
/// Also if the samples are of another shape.
pub fn open_for(from: &DataFrom, input: &Shape) -> Result<Box<dyn Source>, DataError> {
    Ok(Box::new(fit::Fitted::new(open_as(from, Some(input))?, input)?))
}

fn open_as(from: &DataFrom, input: Option<&Shape>) -> Result<Box<dyn Source>, DataError> {
    match from {
        DataFrom::Digits { classes } => Ok(Box::new(digits::load(*classes)?)),
        DataFrom::Airfoil => Ok(Box::new(airfoil::load()?)),
        DataFrom::Gaussian | DataFrom::Uniform => {
            Err(DataError::Invalid("gaussian and uniform samples are drawn, they have no rows".to_owned()))
        }
        DataFrom::File { path, labels } => open_file(path, labels.as_deref(), input),
    }
}

fn open_file(path: &Path, labels: Option<&str>, input: Option<&Shape>) -> Result<Box<dyn Source>, DataError> {
    let second = || labels.map_or(LabelsAt::Nowhere, |labels| LabelsAt::File(labels.into()));
    let source: Box<dyn Source> = match Format::of(path)? {
        Format::Idx => Box::new(ArraySource::new(idx::open(path)?, second())),
        Format::Npy => Box::new(ArraySource::new(npy::open(path)?, second())),
        Format::Npz => Box::new(npy::open_npz(path, labels)?),
        Format::Safetensors => Box::new(safetensors::open(path, labels)?),
        Format::Table { tabs } => Box::new(table::open(path, tabs, labels)?),
        Format::Parquet => Box::new(parquet::open(path, labels)?),
        Format::Images if labels.is_some() => {
            let reason = "images are labelled by the names of their folders; leave `labels` out";
            return Err(file::unreadable(path, reason));
        }
        Format::Images => Box::new(images::open(path, input)?),
    };
    match (source.count(), source.shape().elements()) {
        (0, _) => Err(file::unreadable(path, "it holds no samples")),
        (_, 0) => Err(file::unreadable(path, format!("its samples are {} and so have no values", source.shape()))),
        _ => Ok(source),
    }
}

/// Checks that a file is an NPY array of numbers, and as long as its header says, before memory is taken for it.
///
/// # Errors
/// If it is not.
pub fn check_npy(path: &Path) -> Result<(), DataError> {
    npy::open(path).map(drop)
}

/// `wanted` of `count` rows, without repetition, by a Fisher-Yates shuffle that stops when it has enough.
fn choose(seed: u64, repetition: u64, count: usize, wanted: usize) -> Vec<usize> {
    let mut rng = Key { seed, repetition, layer: 0, purpose: Purpose::Inputs }.rng();
    let mut moved = std::collections::HashMap::new();
    (0..wanted.min(count))
        .map(|i| {
            let j = i + below(&mut rng, count - i);
            let at_j = moved.get(&j).copied().unwrap_or(j);
            let at_i = moved.get(&i).copied().unwrap_or(i);
            moved.insert(j, at_i);
            at_j
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(scale: Scale) -> Samples {
        let spec = DataSpec { from: DataFrom::Digits { classes: DIGITS }, scale };
        Samples::load(&spec, &Shape(vec![64]), 1, 1797, 1).unwrap()
    }

    #[test]
    fn digits_are_those_of_scikit_learn() {
        let source = open(&DataFrom::Digits { classes: DIGITS }).unwrap();
        assert_eq!((source.count(), source.shape().elements()), (1797, 64));
        let Some(Labels::Classes { of, count: 10 }) = source.labels().unwrap() else { panic!("ten classes") };
        assert_eq!(of[..5], [0, 1, 2, 3, 4]);
        // load_digits().data.mean() and .std()
        let all = digits(Scale::None).batch(0).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let mean = all.iter().map(|x| f64::from(*x)).sum::<f64>() / all.len() as f64;
        let variance = all.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / all.len() as f64;
        assert!((mean - 4.884_164_579_855_314).abs() < 1e-9 && (variance.sqrt() - 6.016_787_548_672_236).abs() < 1e-9);
    }

    #[test]
    fn scales_do_what_they_say() {
        let values = |scale| digits(scale).batch(0).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let unit = values(Scale::Unit);
        assert_eq!(unit.iter().copied().fold(0f32, f32::max), 1.0);
        let standard = values(Scale::Standardize);
        let n = standard.len() as f64;
        let mean = standard.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
        let variance = standard.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / n;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6);
    }

    #[test]
    fn batches_have_no_row_twice_and_differ_by_repetition() {
        let mut rows = choose(3, 0, 1797, 500);
        assert_ne!(rows, choose(3, 1, 1797, 500));
        assert_eq!(rows[..100], choose(3, 0, 1797, 100));
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), 500);
        let mut all = choose(3, 0, 20, 20);
        all.sort_unstable();
        assert_eq!(all, (0..20).collect::<Vec<_>>());
    }
}
