//! Opens data sets, whatever their format.

use std::path::Path;

use super::array_source::{ArraySource, LabelsAt};
use super::containers::Wanted;
use super::file::{Format, unreadable};
use super::fit::Fitted;
use super::images::Asked;
use super::relabelled::Relabelled;
use super::table::Column;
use super::turned::arrange;
use super::{DataError, DataFrom, FileSpec, LabelsFrom, Source};
use super::{airfoil, digits, idx, images, npy, npz, parquet, safetensors, table};
use neartop_core::network::{Form, Shape};
use neartop_core::shape::Layout;

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
    open_for_form(from, &Form::of_input(input.clone()))
}

/// The same, where the input's axes may mean something else.
///
/// # Errors
/// Also if the samples are of another shape.
pub fn open_for_form(from: &DataFrom, input: &Form) -> Result<Box<dyn Source>, DataError> {
    Ok(Box::new(Fitted::new(open_as(from, Some(input))?, &input.shape)?))
}

fn open_as(from: &DataFrom, input: Option<&Form>) -> Result<Box<dyn Source>, DataError> {
    match from {
        DataFrom::Digits { classes } => Ok(Box::new(digits::load(*classes)?)),
        DataFrom::Airfoil => Ok(Box::new(airfoil::load()?)),
        DataFrom::Gaussian | DataFrom::Uniform | DataFrom::Tokens => {
            Err(DataError::Invalid("gaussian and uniform samples and tokens are drawn, they have no rows".to_owned()))
        }
        DataFrom::File(file) => open_file(file, input),
    }
}

fn open_file(file: &FileSpec, input: Option<&Form>) -> Result<Box<dyn Source>, DataError> {
    let path = file.path.as_path();
    let format = Format::of(path)?;
    check_keys(file, format)?;
    check_array_keys(file, format)?;
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
        _ if is_arranged(format) => {
            let features_last = input.is_some_and(|input| input.layout != Layout::Channels);
            arrange(source, file.arrays.layout, input.map(|input| &input.shape), features_last)
        }
        _ => Ok(source),
    }
}

/// Whether a file holds one array and nothing else.
fn is_array(format: Format) -> bool {
    matches!(format, Format::Idx | Format::Npy)
}

fn open_format(file: &FileSpec, format: Format, input: Option<&Form>) -> Result<Box<dyn Source>, DataError> {
    let path = file.path.as_path();
    let asked = Asked { size: file.arrays.size, input: input.map(|input| &input.shape) };
    let wanted = Wanted { array: file.arrays.array.as_deref(), labels: label_array(file, format)? };
    let second = || file.label_file().map_or(LabelsAt::Nowhere, |labels| LabelsAt::File(labels.into()));
    Ok(match format {
        Format::Idx => Box::new(ArraySource::new(idx::open(path)?, second())),
        Format::Npy => Box::new(ArraySource::new(npy::open(path)?, second())),
        Format::Npz => Box::new(npz::open(path, wanted)?),
        Format::Safetensors => Box::new(safetensors::open(path, wanted)?),
        Format::Table { tabs } => Box::new(table::open(file, tabs)?),
        Format::Parquet => parquet::open(path, wanted, asked)?,
        Format::Images if file.labels.is_some() => {
            let reason = "images are labelled by the names of their folders; leave `labels` out";
            return Err(unreadable(path, reason));
        }
        Format::Images => Box::new(images::open(path, asked)?),
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
fn label_array(file: &FileSpec, format: Format) -> Result<Option<&str>, DataError> {
    match &file.labels {
        _ if matches!(format, Format::Table { .. } | Format::Images) => Ok(None),
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

/// Refuses keys of arrays, images and texts that say nothing of a file of this format.
fn check_array_keys(file: &FileSpec, format: Format) -> Result<(), DataError> {
    let fits = |key: &str| match key {
        "size" => matches!(format, Format::Images | Format::Parquet),
        "layout" => is_arranged(format),
        _ => matches!(format, Format::Npz | Format::Safetensors | Format::Parquet),
    };
    let what = |key: &str| match key {
        "size" => "says how large images become",
        "layout" => "says in what order the axes of an array are",
        "array" => "names one of several arrays of a file",
        _ => "says what the tokens of a text are",
    };
    match file.arrays.keys().into_iter().find(|key| !fits(key)) {
        None => Ok(()),
        Some(key) => Err(unreadable(&file.path, format!("`{key}` {}, which this is not; leave it out", what(key)))),
    }
}

/// Whether the axes of samples can be in several orders.
fn is_arranged(format: Format) -> bool {
    matches!(format, Format::Idx | Format::Npy | Format::Npz | Format::Safetensors | Format::Parquet)
}

/// Checks that a file is an NPY array of numbers, and as long as its header says, before memory is taken for it.
///
/// # Errors
/// If it is not.
pub fn check_npy(path: &Path) -> Result<(), DataError> {
    npy::open(path).map(drop)
}
