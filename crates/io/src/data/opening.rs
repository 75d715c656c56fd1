//! Opens data sets, whatever their format.

use std::path::Path;

use super::array_source::{ArraySource, LabelsAt};
use super::file::{Format, unreadable};
use super::fit::Fitted;
use super::relabelled::Relabelled;
use super::table::Column;
use super::wide::Wide;
use super::{DataError, DataFrom, FileSpec, LabelsFrom, Source};
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
        DataFrom::File(file) => open_file(file, input),
    }
}

fn open_file(file: &FileSpec, input: Option<&Shape>) -> Result<Box<dyn Source>, DataError> {
    let path = file.path.as_path();
    let format = Format::of(path)?;
    check_keys(file, format)?;
    let source = match file.label_file() {
        // An array takes the labels from another one itself.
        Some(labels) if !(is_array(format) && is_array(Format::of(labels)?)) => {
            let source = open_format(&file.clone().with_labels(None), format, input)?;
            Box::new(Relabelled::new(source, open_labels(labels)?, labels)?)
        }
        _ => open_format(file, format, input)?,
    };
    match (source.count(), source.shape().elements()) {
        (0, _) => Err(unreadable(path, "it holds no samples")),
        (_, 0) => Err(unreadable(path, format!("its samples are {} and so have no values", source.shape()))),
        _ => Ok(source),
    }
}

/// Whether a file holds one array and nothing else.
fn is_array(format: Format) -> bool {
    matches!(format, Format::Idx | Format::Npy)
}

fn open_format(file: &FileSpec, format: Format, input: Option<&Shape>) -> Result<Box<dyn Source>, DataError> {
    let path = file.path.as_path();
    let second = || file.label_file().map_or(LabelsAt::Nowhere, |labels| LabelsAt::File(labels.into()));
    Ok(match format {
        Format::Idx => Box::new(ArraySource::new(idx::open(path)?, second())),
        Format::Npy => Wide::of(ArraySource::new(npy::open(path)?, second())),
        Format::Npz => Wide::of(npz::open(path, label_array(file)?)?),
        Format::Safetensors => Box::new(safetensors::open(path, label_array(file)?)?),
        Format::Table { tabs } => Box::new(table::open(file, tabs)?),
        Format::Parquet => Box::new(parquet::open(path, label_array(file)?)?),
        Format::Images if file.labels.is_some() => {
            let reason = "images are labelled by the names of their folders; leave `labels` out";
            return Err(unreadable(path, reason));
        }
        Format::Images => Box::new(images::open(path, input)?),
    })
}

/// The labels of another file: what it calls so, or all that it holds.
fn open_labels(path: &Path) -> Result<Box<dyn Source>, DataError> {
    let file = FileSpec::new(path);
    match Format::of(path)? {
        Format::Table { tabs } => Ok(Box::new(table::open_labels(path, tabs)?)),
        Format::Images => {
            Err(unreadable(path, "labels in a second file are an array or a table, and this is a folder"))
        }
        format => open_format(&file, format, None),
    }
}

/// The one name that `labels` gives, where a file takes no more.
fn label_array(file: &FileSpec) -> Result<Option<&str>, DataError> {
    match &file.labels {
        Some(LabelsFrom::Names(names)) => match names.as_slice() {
            [name] => Ok(Some(name)),
            _ => Err(unreadable(&file.path, "`labels` names several columns, which only tables such as CSV have")),
        },
        _ => Ok(None),
    }
}

/// Refuses keys that say how to read another kind of file.
fn check_keys(file: &FileSpec, format: Format) -> Result<(), DataError> {
    match (format, file.table.keys().first()) {
        (Format::Table { .. }, _) | (_, None) => Ok(()),
        (_, Some(key)) => {
            Err(unreadable(&file.path, format!("`{key}` says how to read a table such as CSV; leave it out")))
        }
    }
}

/// The columns of a table and the one that is called as labels are; none of what is no table.
///
/// # Errors
/// If it cannot be read.
pub fn advise(path: &Path) -> Result<Option<(Vec<Column>, Option<String>)>, DataError> {
    match Format::of(path)? {
        Format::Table { tabs } => table::advise(path, tabs).map(Some),
        _ => Ok(None),
    }
}

/// Checks that a file is an NPY array of numbers, and as long as its header says, before memory is taken for it.
///
/// # Errors
/// If it is not.
pub fn check_npy(path: &Path) -> Result<(), DataError> {
    npy::open(path).map(drop)
}
