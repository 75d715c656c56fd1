//! Opens data sets, whatever their format.

use std::path::Path;

use super::array_source::{ArraySource, LabelsAt};
use super::file::{Format, unreadable};
use super::fit::Fitted;
use super::{DataError, DataFrom, Source};
use super::{airfoil, digits, idx, images, npy, npz, parquet, safetensors, table};
use neartop_core::network::Shape;

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
    Ok(Box::new(Fitted::new(open_as(from, Some(input))?, input)?))
}

fn open_as(from: &DataFrom, input: Option<&Shape>) -> Result<Box<dyn Source>, DataError> {
    match from {
        DataFrom::Digits { classes } => Ok(Box::new(digits::load(*classes)?)),
        DataFrom::Airfoil => Ok(Box::new(airfoil::load()?)),
        DataFrom::Gaussian | DataFrom::Uniform | DataFrom::Tokens => {
            Err(DataError::Invalid("gaussian and uniform samples and tokens are drawn, they have no rows".to_owned()))
        }
        DataFrom::File { path, labels } => open_file(path, labels.as_deref(), input),
    }
}

fn open_file(path: &Path, labels: Option<&str>, input: Option<&Shape>) -> Result<Box<dyn Source>, DataError> {
    let second = || labels.map_or(LabelsAt::Nowhere, |labels| LabelsAt::File(labels.into()));
    let source: Box<dyn Source> = match Format::of(path)? {
        Format::Idx => Box::new(ArraySource::new(idx::open(path)?, second())),
        Format::Npy => Box::new(ArraySource::new(npy::open(path)?, second())),
        Format::Npz => Box::new(npz::open(path, labels)?),
        Format::Safetensors => Box::new(safetensors::open(path, labels)?),
        Format::Table { tabs } => Box::new(table::open(path, tabs, labels)?),
        Format::Parquet => Box::new(parquet::open(path, labels)?),
        Format::Images if labels.is_some() => {
            let reason = "images are labelled by the names of their folders; leave `labels` out";
            return Err(unreadable(path, reason));
        }
        Format::Images => Box::new(images::open(path, input)?),
    };
    match (source.count(), source.shape().elements()) {
        (0, _) => Err(unreadable(path, "it holds no samples")),
        (_, 0) => Err(unreadable(path, format!("its samples are {} and so have no values", source.shape()))),
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
