//! Opens data sets, whatever their format.

use std::path::{Path, PathBuf};

use super::array_source::{ArraySource, LabelsAt};
#[cfg(feature = "arrow")]
use super::arrow;
use super::containers::Wanted;
use super::file::{Format, Stored, unreadable};
use super::fit::Fitted;
#[cfg(feature = "hdf5")]
use super::hdf5;
use super::images::Asked;
use super::relabelled::Relabelled;
use super::shards::Shards;
use super::table::Advice;
use super::turned::arrange;
#[cfg(not(all(feature = "arrow", feature = "hdf5")))]
use super::unconverted;
use super::wide::Wide;
use super::worded::Worded;
use super::written::Columnar;
use super::{DataError, DataFrom, FileSpec, LabelsFrom, Source, Vocabulary};
use super::{airfoil, digits, idx, images, mat, npy, npz, parquet, safetensors, shards, table, text};
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
    let format = match file.arrays.vocabulary {
        Some(_) => Format::Text,
        None => Format::of(path)?,
    };
    check_keys(file, format)?;
    check_array_keys(file, format)?;
    if format == Format::Shards {
        return open_shards(file, input);
    }
    let source: Box<dyn Source> = match file.label_file() {
        Some(labels) if format == Format::Images && matches!(Format::of(labels)?, Format::Table { .. }) => {
            let asked = Asked { size: file.arrays.size, input: input.map(|input| &input.shape) };
            Box::new(images::open_listed(path, labels, asked)?)
        }
        // An array takes the labels from another one itself.
        Some(labels) if !(is_array(format) && is_array(Format::of(labels)?)) => {
            if let (Format::Table { tabs }, Format::Table { tabs: label_tabs }) = (format, Format::of(labels)?) {
                table::check_order(file, tabs, labels, label_tabs)?;
            }
            let source = open_format(&file.clone().with_labels(None), format, input, Holds::Samples)?;
            Box::new(Relabelled::new(source, open_labels(labels)?, labels)?)
        }
        _ => open_format(file, format, input, Holds::Samples)?,
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

/// What a file is opened for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Samples,
    Labels,
}

fn open_format(
    file: &FileSpec,
    format: Format,
    input: Option<&Form>,
    holds: Holds,
) -> Result<Box<dyn Source>, DataError> {
    let path = file.path.as_path();
    let asked = Asked { size: file.arrays.size, input: input.map(|input| &input.shape) };
    let wanted = Wanted {
        array: file.arrays.array.as_deref(),
        labels: label_array(file, format)?,
        columns: Some(&file.table.columns),
        is_of_labels: holds == Holds::Labels,
    };
    let second = || file.label_file().map_or(LabelsAt::Nowhere, |labels| LabelsAt::File(labels.into()));
    // Tokens may stand one after the other, however many a sample has.
    let tokens = input.filter(|input| matches!(input.layout, Layout::Ids { .. })).map(|input| input.shape.elements());
    let pieces = tokens.filter(|length| *length > 1);
    let array = |source: ArraySource| -> Box<dyn Source> {
        Box::new(match pieces {
            Some(length) => source.in_pieces(length),
            None => source,
        })
    };
    // Numbers that single precision does not tell apart are kept apart.
    let wide = |source: ArraySource| -> Box<dyn Source> {
        match pieces {
            Some(_) => array(source),
            None => Wide::of(source),
        }
    };
    if let Some(columnar) = as_table(file, format)? {
        return Ok(Box::new(table::open_written(file, &columnar)?));
    }
    Ok(match format {
        Format::Idx => array(ArraySource::new(idx::open(path)?, second())),
        Format::Npy => wide(ArraySource::new(npy::open(path)?, second())),
        Format::Npz => wide(npz::open(path, wanted)?),
        Format::Safetensors => array(safetensors::open(path, wanted)?),
        Format::Hdf5 => open_hdf5(path, wanted)?,
        Format::Mat => mat::open(path, wanted)?,
        Format::Arrow => open_arrow(path, wanted, asked)?,
        Format::Text => Box::new(text::open(path, file.arrays.vocabulary.unwrap_or(Vocabulary::Bytes), input)?),
        Format::Shards => return open_shards(file, input),
        Format::Table { tabs } => Box::new(table::open(file, tabs)?),
        Format::Parquet => parquet::open(path, wanted, asked)?,
        Format::Images if file.labels.is_some() => {
            let reason = "images are labelled by the names of their folders; leave `labels` out";
            return Err(unreadable(path, reason));
        }
        Format::Images => Box::new(images::open(path, asked)?),
    })
}

/// All files of a folder.
fn open_shards(folder: &FileSpec, input: Option<&Form>) -> Result<Box<dyn Source>, DataError> {
    if folder.label_file().is_some() {
        let reason =
            "its files are read as one data set, and so have their labels in themselves; name them by `labels`";
        return Err(unreadable(&folder.path, reason));
    }
    let (files, told) = shards::list(&folder.path)?;
    let open = |path: &PathBuf| open_file(&FileSpec { path: path.clone(), ..folder.clone() }, input);
    let sources = files.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    Ok(Box::new(Shards::new(sources, &files, told)?))
}

#[cfg(feature = "hdf5")]
fn open_hdf5(path: &Path, wanted: Wanted<'_>) -> Result<Box<dyn Source>, DataError> {
    Ok(Box::new(hdf5::open(path, wanted, hdf5::Writer::Any)?))
}

#[cfg(not(feature = "hdf5"))]
fn open_hdf5(path: &Path, _: Wanted<'_>) -> Result<Box<dyn Source>, DataError> {
    let python = "import h5py, numpy; f = h5py.File(\"data.h5\"); \
                  numpy.savez(\"data.npz\", **{name: f[name][:] for name in (\"x\", \"y\")})";
    Err(unconverted::left_out(path, "HDF5", "hdf5", python))
}

#[cfg(feature = "arrow")]
fn open_arrow(path: &Path, wanted: Wanted<'_>, asked: Asked<'_>) -> Result<Box<dyn Source>, DataError> {
    Ok(Box::new(arrow::open(path, wanted, asked)?))
}

#[cfg(not(feature = "arrow"))]
fn open_arrow(path: &Path, _: Wanted<'_>, _: Asked<'_>) -> Result<Box<dyn Source>, DataError> {
    Err(no_arrow(path))
}

#[cfg(not(feature = "arrow"))]
fn no_arrow(path: &Path) -> DataError {
    let python = "import pandas; pandas.read_feather(\"data.feather\").to_parquet(\"data.parquet\")";
    unconverted::left_out(path, "Arrow", "arrow", python)
}

/// The labels of another file: what it calls so, or all that it holds.
fn open_labels(path: &Path) -> Result<Box<dyn Source>, DataError> {
    let file = FileSpec::new(path);
    match Format::of(path)? {
        Format::Table { tabs } => Ok(Box::new(table::open_labels(path, tabs)?)),
        Format::Images | Format::Shards => {
            Err(unreadable(path, "labels in a second file are an array or a table, and this is a folder"))
        }
        Format::Npy => match npy::texts(&Stored::open(path)?)? {
            Some(texts) => Ok(Box::new(Worded::new(texts, path.to_owned()))),
            None => open_format(&file, Format::Npy, None, Holds::Labels),
        },
        format => open_format(&file, format, None, Holds::Labels),
    }
}

/// A file of columns as a table of texts, where it is to be read like one: with gaps, with texts, or with several labels.
fn as_table(file: &FileSpec, format: Format) -> Result<Option<Columnar>, DataError> {
    let has_several = matches!(&file.labels, Some(LabelsFrom::Names(names)) if names.len() > 1);
    let is_asked = has_several || file.table.keys().iter().any(|key| matches!(*key, "missing" | "categories"));
    match format {
        Format::Parquet if is_asked => parquet::write(&file.path).map(Some),
        Format::Arrow if is_asked => write_arrow(&file.path).map(Some),
        _ => Ok(None),
    }
}

#[cfg(feature = "arrow")]
fn write_arrow(path: &Path) -> Result<Columnar, DataError> {
    arrow::write(path)
}

#[cfg(not(feature = "arrow"))]
fn write_arrow(path: &Path) -> Result<Columnar, DataError> {
    Err(no_arrow(path))
}

/// The one name that `labels` gives, where a file takes no more.
fn label_array(file: &FileSpec, format: Format) -> Result<Option<&str>, DataError> {
    match &file.labels {
        _ if matches!(format, Format::Table { .. } | Format::Images | Format::Shards | Format::Text) => Ok(None),
        Some(LabelsFrom::Names(names)) => match names.as_slice() {
            [name] => Ok(Some(name)),
            // Read like a table.
            _ if matches!(format, Format::Parquet | Format::Arrow) => Ok(None),
            _ => Err(unreadable(&file.path, "`labels` names several columns, which only tables such as CSV have")),
        },
        _ => Ok(None),
    }
}

/// Refuses keys that say how to read another kind of file.
fn check_keys(file: &FileSpec, format: Format) -> Result<(), DataError> {
    let has_columns = matches!(format, Format::Parquet | Format::Arrow);
    let is_for_columns = |key: &&&str| has_columns && matches!(**key, "columns" | "drop" | "missing" | "categories");
    match (format, file.table.keys().iter().find(|key| !is_for_columns(key))) {
        (Format::Table { .. } | Format::Shards, _) | (_, None) => Ok(()),
        (_, Some(key)) => {
            Err(unreadable(&file.path, format!("`{key}` says how to read a table such as CSV; leave it out")))
        }
    }
}

/// What a table seems to hold; none of what is no table.
///
/// # Errors
/// If it cannot be read.
pub fn advise(path: &Path) -> Result<Option<Advice>, DataError> {
    match Format::of(path)? {
        Format::Table { tabs } => table::advise(path, tabs).map(Some),
        Format::Parquet if parquet::is_flat(path)? => table::advise_written(&parquet::write(path)?).map(Some),
        #[cfg(feature = "arrow")]
        Format::Arrow if arrow::is_flat(path)? => table::advise_written(&write_arrow(path)?).map(Some),
        _ => Ok(None),
    }
}

/// Refuses keys of arrays, images and texts that say nothing of a file of this format.
fn check_array_keys(file: &FileSpec, format: Format) -> Result<(), DataError> {
    let fits = |key: &str| match key {
        _ if format == Format::Shards => true,
        "size" => matches!(format, Format::Images | Format::Parquet | Format::Arrow),
        "layout" => is_arranged(format),
        "vocabulary" => format == Format::Text,
        _ => is_arranged(format) && !is_array(format),
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
    use Format::{Arrow, Hdf5, Idx, Mat, Npy, Npz, Parquet, Safetensors};
    matches!(format, Idx | Npy | Npz | Safetensors | Parquet | Arrow | Hdf5 | Mat)
}

/// Checks that a file is an NPY array of numbers, and as long as its header says, before memory is taken for it.
///
/// # Errors
/// If it is not.
pub fn check_npy(path: &Path) -> Result<(), DataError> {
    npy::open(path).map(drop)
}
