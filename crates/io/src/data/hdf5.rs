//! HDF5, also as MATLAB 7.3 writes it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use half::f16;
use hdf5_reader::error::{ByteOrder, Error};
use hdf5_reader::group::Group;
use hdf5_reader::{
    Dataset, Datatype, FileStorage, FilterRegistry, H5Type, Hdf5File, OpenOptions, SliceInfo, SliceInfoElem,
};

use super::containers::{Axis, Wanted, choose, sample_axis};
use super::file::{Stored, check_finite, shown, unreadable};
use super::labels::{Texts, from_numbers, from_rows, whole};
use super::{Assumption, DataError, Labels, Source, Summary};
use crate::panics::contain;
use neartop_core::network::Shape;

/// Values that are read at once, unless a sample has more.
const BLOCK: usize = 1 << 18;
/// The most bytes of a chunk, unpacked, and of what is read at once.
const MOST_BYTES: usize = 1 << 28;
const MOST_ARRAYS: usize = 10_000;
/// The number of the filter that h5py brings.
const LZF: u16 = 32000;
const MOST_DEEP: usize = 8;

/// Who wrote a file, which says in what order its sizes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    Any,
    /// MATLAB turns the sizes around.
    Matlab,
}

/// Samples in an array of an HDF5 file.
pub struct Hdf5 {
    path: PathBuf,
    data: Dataset,
    labels: Option<Dataset>,
    writer: Writer,
    axis: Axis,
    count: usize,
    shape: Shape,
    assumptions: Vec<Assumption>,
}

/// Finds the samples, and the labels, by the metadata alone.
pub fn open(path: &Path, wanted: Wanted<'_>, writer: Writer) -> Result<Hdf5, DataError> {
    contained(path, || open_unguarded(path, wanted, writer))
}

fn contained<T>(path: &Path, read: impl FnOnce() -> Result<T, DataError>) -> Result<T, DataError> {
    contain(read).unwrap_or_else(|| Err(unreadable(path, "it is damaged, so that the reader of HDF5 broke off")))
}

fn open_unguarded(path: &Path, wanted: Wanted<'_>, writer: Writer) -> Result<Hdf5, DataError> {
    if Stored::open(path)?.plain_length().is_none() {
        return Err(unreadable(path, "it is packed, and HDF5 is read from any place; unpack it first"));
    }
    let storage = FileStorage::open(path).map_err(|e| failed(path, &e))?;
    let mut filters = FilterRegistry::new();
    filters.register(LZF, Box::new(|_, packed, _| unpack_lzf(packed)));
    let options = OpenOptions {
        max_chunk_bytes: MOST_BYTES,
        max_read_bytes: MOST_BYTES,
        filter_registry: Some(filters),
        ..OpenOptions::default()
    };
    let file = Hdf5File::from_storage_with_options(Arc::new(storage), options).map_err(|e| failed(path, &e))?;
    let mut arrays = Vec::new();
    collect(path, &file.root_group().map_err(|e| failed(path, &e))?, "", 0, &mut arrays)?;
    let names: Vec<_> = arrays.iter().map(|(name, _)| name.as_str()).collect();
    let chosen = choose(path, &names, wanted, &|i| dims(path, &arrays[i].1, writer))?;
    let mut take = |i: usize| arrays[i].1.clone();
    let (data, labels) = (take(chosen.data), chosen.labels.map(&mut take));
    check_number(path, names[chosen.data], &data)?;
    let given = dims(path, &data, writer)?;
    let labelled = labels.as_ref().map(|of| dims(path, of, writer)).transpose()?;
    let (axis, told) = sample_axis(&given, labelled.as_deref(), writer == Writer::Matlab);
    let (count, sample) = match (axis, given.as_slice()) {
        (_, []) => {
            return Err(unreadable(path, format!("its array `{}` is a single number", shown(names[chosen.data]))));
        }
        (Axis::First, [count, sample @ ..]) => (*count, sample.to_vec()),
        (Axis::Last, [sample @ .., count]) => (*count, sample.to_vec()),
    };
    let shape = Shape(match sample.as_slice() {
        [] => vec![1],
        [height, width] => vec![1, *height, *width],
        dims => dims.to_vec(),
    });
    if shape.elements().checked_mul(8).is_none_or(|bytes| bytes > MOST_BYTES) {
        return Err(unreadable(path, format!("a sample of {shape} is larger than what is read")));
    }
    let assumptions = chosen.told.into_iter().chain(told).map(Into::into).collect();
    Ok(Hdf5 { path: path.to_owned(), data, labels, writer, axis, count, shape, assumptions })
}

fn failed(path: &Path, error: &Error) -> DataError {
    unreadable(path, format!("it cannot be read as HDF5: {}", shown(&error.to_string())))
}

/// Appends the arrays in a group and in those in it.
fn collect(
    path: &Path,
    group: &Group,
    prefix: &str,
    depth: usize,
    arrays: &mut Vec<(String, Dataset)>,
) -> Result<(), DataError> {
    let (groups, datasets) = group.members().map_err(|e| failed(path, &e))?;
    arrays.extend(datasets.into_iter().map(|of| (format!("{prefix}{}", of.name()), of)));
    if arrays.len() > MOST_ARRAYS {
        return Err(unreadable(path, format!("it has more than {MOST_ARRAYS} arrays")));
    }
    for inner in groups {
        // What MATLAB keeps for itself.
        if depth < MOST_DEEP && !inner.name().starts_with('#') {
            collect(path, &inner, &format!("{prefix}{}/", inner.name()), depth + 1, arrays)?;
        }
    }
    Ok(())
}

/// The sizes of an array as its writer names them.
fn dims(path: &Path, of: &Dataset, writer: Writer) -> Result<Vec<usize>, DataError> {
    let dims: Option<Vec<_>> = of.shape().iter().map(|d| usize::try_from(*d).ok()).collect();
    let mut dims = dims.filter(|dims| dims.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).is_some());
    if writer == Writer::Matlab {
        dims.iter_mut().for_each(|dims| dims.reverse());
    }
    dims.ok_or_else(|| unreadable(path, format!("its array `{}` is larger than any file", shown(of.name()))))
}

fn check_number(path: &Path, name: &str, of: &Dataset) -> Result<(), DataError> {
    let kind = match of.dtype() {
        Datatype::FixedPoint { size: 1 | 2 | 4 | 8, .. } | Datatype::FloatingPoint { size: 2 | 4 | 8, .. } => {
            return Ok(());
        }
        Datatype::Enum { base, .. } if matches!(**base, Datatype::FixedPoint { size: 1 | 2 | 4 | 8, .. }) => {
            return Ok(());
        }
        Datatype::Compound { .. } => "records of several fields",
        Datatype::String { .. } | Datatype::VarLen { .. } => "texts or lists",
        Datatype::Reference { .. } => "references, as the cells of MATLAB are",
        _ => "numbers of a kind that is not read",
    };
    Err(unreadable(path, format!("its array `{}` holds {kind}, where numbers are needed", shown(name))))
}

/// A number of any of the types.
#[derive(Debug, Clone, Copy)]
struct Number(f64);

impl H5Type for Number {
    fn hdf5_type() -> Datatype {
        Datatype::FloatingPoint { size: 8, byte_order: ByteOrder::LittleEndian }
    }

    fn from_bytes(bytes: &[u8], of: &Datatype) -> Result<Self, Error> {
        let (size, order) = match of {
            Datatype::Enum { base, .. } => return Self::from_bytes(bytes, base),
            Datatype::FixedPoint { size, byte_order, .. } | Datatype::FloatingPoint { size, byte_order } => {
                (usize::from(*size), *byte_order)
            }
            _ => return Err(Error::InvalidData("no number".to_owned())),
        };
        let short = || Error::InvalidData("a number is cut off".to_owned());
        let mut eight = [0u8; 8];
        let (from, to) = (bytes.get(..size).ok_or_else(short)?, eight.get_mut(..size).ok_or_else(short)?);
        to.copy_from_slice(from);
        if order == ByteOrder::BigEndian {
            to.reverse();
        }
        let bits = u64::from_le_bytes(eight);
        Ok(Self(match (of, size) {
            (Datatype::FloatingPoint { .. }, 2) => f16::from_bits(bits as u16).to_f64(),
            (Datatype::FloatingPoint { .. }, 4) => f64::from(f32::from_bits(bits as u32)),
            (Datatype::FloatingPoint { .. }, _) => f64::from_bits(bits),
            (Datatype::FixedPoint { signed: true, .. }, 1) => f64::from(bits as u8 as i8),
            (Datatype::FixedPoint { signed: true, .. }, 2) => f64::from(bits as u16 as i16),
            (Datatype::FixedPoint { signed: true, .. }, 4) => f64::from(bits as u32 as i32),
            (Datatype::FixedPoint { signed: true, .. }, _) => bits as i64 as f64,
            _ => bits as f64,
        }))
    }

    fn element_size(of: &Datatype) -> usize {
        match of {
            Datatype::Enum { base, .. } => Self::element_size(base),
            Datatype::FixedPoint { size, .. } | Datatype::FloatingPoint { size, .. } => usize::from(*size),
            _ => 0,
        }
    }
}

/// LZF: runs of bytes as they are, and copies of what came before.
fn unpack_lzf(packed: &[u8]) -> Result<Vec<u8>, Error> {
    let short = || Error::InvalidData("a chunk in LZF is cut off".to_owned());
    let mut out = Vec::with_capacity(packed.len().min(MOST_BYTES));
    let mut rest = packed.iter();
    let mut next = || rest.next().map(|byte| usize::from(*byte)).ok_or_else(short);
    let mut left = packed.len();
    while left > 0 {
        let control = next()?;
        left -= 1;
        if control < 32 {
            for _ in 0..=control {
                out.push(next()? as u8);
            }
            left = left.checked_sub(control + 1).ok_or_else(short)?;
            continue;
        }
        let mut length = control >> 5;
        if length == 7 {
            length += next()?;
            left = left.checked_sub(1).ok_or_else(short)?;
        }
        let back = ((control & 31) << 8) + next()? + 1;
        left = left.checked_sub(1).ok_or_else(short)?;
        let from = out.len().checked_sub(back).ok_or_else(short)?;
        if out.len() + length + 2 > MOST_BYTES {
            return Err(Error::InvalidData("a chunk in LZF is larger than what is read".to_owned()));
        }
        for i in from..from + length + 2 {
            out.push(out[i]);
        }
    }
    Ok(out)
}

impl Hdf5 {
    /// The samples from `first` on, each in the order of its own sizes.
    fn span(&self, first: usize, count: usize) -> Result<Vec<f64>, DataError> {
        let rank = self.data.ndim();
        // In the file; MATLAB's first size is the last one there.
        let at = if (self.axis == Axis::First) == (self.writer == Writer::Any) { 0 } else { rank.saturating_sub(1) };
        let mut selection = SliceInfo::all(rank);
        selection.selections[at] = SliceInfoElem::Slice { start: first as u64, end: (first + count) as u64, step: 1 };
        let read = self.data.read_slice::<Number>(&selection).map_err(|e| failed(&self.path, &e))?;
        let (size, mut values) = (self.shape.elements(), vec![0.0; read.len()]);
        if read.len() != count * size {
            return Err(unreadable(&self.path, "it gives fewer values than its metadata announce"));
        }
        let places = self.places();
        for (i, Number(x)) in read.into_iter().enumerate() {
            let (sample, element) = if at == 0 { (i / size, i % size) } else { (i % count, i / count) };
            values[sample * size + places.as_ref().map_or(element, |places| places[element])] = x;
        }
        Ok(values)
    }

    /// The place among a sample's values of each of them in the order of the file, where that is another one.
    fn places(&self) -> Option<Vec<usize>> {
        let dims = &self.shape.0;
        (self.writer == Writer::Matlab && dims.len() > 1).then(|| super::array::places(dims))
    }
}

impl Source for Hdf5 {
    fn count(&self) -> usize {
        self.count
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        let mut single = Vec::with_capacity(self.shape.elements());
        self.read_wide(rows, &mut |row| {
            single.clear();
            single.extend(row.iter().map(|x| *x as f32));
            take(&single);
        })
    }

    fn read_wide(&self, rows: &[usize], take: &mut dyn FnMut(&[f64])) -> Result<(), DataError> {
        let size = self.shape.elements().max(1);
        let most = (BLOCK / size).max(1);
        let mut left = rows;
        while let Some(first) = left.first() {
            let (near, rest) = left.split_at(left.partition_point(|row| row - first < most));
            let last = near.last().unwrap_or(first);
            let values = contained(&self.path, || self.span(*first, last - first + 1))?;
            for row in near {
                let sample = &values[(row - first) * size..][..size];
                if sample.iter().any(|x| !(*x as f32).is_finite()) {
                    let single: Vec<_> = sample.iter().map(|x| *x as f32).collect();
                    check_finite(&self.path, &single, |_| *row)?;
                }
                take(sample);
            }
            left = rest;
        }
        Ok(())
    }

    /// In double precision, since a time in seconds has more digits than single precision.
    fn summary(&self) -> Result<Option<Summary>, DataError> {
        let mut summary = Summary::new(self.shape.elements());
        self.read_wide(&(0..self.count()).collect::<Vec<_>>(), &mut |row| summary.add(row))?;
        Ok(Some(summary))
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        let Some(labels) = &self.labels else { return Ok(None) };
        if matches!(labels.dtype(), Datatype::String { .. } | Datatype::VarLen { .. }) {
            let texts = self.texts(labels)?;
            return texts.labels().map(Some).map_err(|_| unreadable(&self.path, "a label is not finite"));
        }
        let is_whole = !matches!(labels.dtype(), Datatype::FloatingPoint { .. });
        let (values, width) = self.label_rows(labels)?;
        if is_whole
            && width == 1
            && let Some(numbers) = whole(&values)
        {
            return Ok(Some(from_numbers(&numbers)));
        }
        Ok(Some(from_rows(values.into_iter().map(|x| x as f32).collect(), width)))
    }

    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        match &self.labels {
            Some(labels) if !matches!(labels.dtype(), Datatype::String { .. } | Datatype::VarLen { .. }) => {
                Ok(Some(self.label_rows(labels)?.0.into_iter().map(|x| x as f32).collect()))
            }
            _ => Ok(None),
        }
    }

    fn class_names(&self) -> Result<Option<Vec<String>>, DataError> {
        match &self.labels {
            Some(labels) if matches!(labels.dtype(), Datatype::String { .. } | Datatype::VarLen { .. }) => {
                Ok(self.texts(labels)?.class_names())
            }
            _ => Ok(None),
        }
    }

    fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }
}

impl Hdf5 {
    fn texts(&self, labels: &Dataset) -> Result<Texts, DataError> {
        let read = contained(&self.path, || labels.read_strings().map_err(|e| failed(&self.path, &e)))?;
        self.check_labels(read.len())?;
        let mut texts = Texts::default();
        read.iter().for_each(|text| texts.push(text));
        Ok(texts)
    }

    fn check_labels(&self, labels: usize) -> Result<(), DataError> {
        match labels == self.count {
            true => Ok(()),
            false => {
                Err(unreadable(&self.path, format!("it has {labels} labels, but there are {} samples", self.count)))
            }
        }
    }

    /// Labels row by row, and how many there are of each sample.
    fn label_rows(&self, labels: &Dataset) -> Result<(Vec<f64>, usize), DataError> {
        check_number(&self.path, labels.name(), labels)?;
        let dims: Vec<_> = dims(&self.path, labels, self.writer)?.into_iter().filter(|d| *d != 1).collect();
        let width = match dims.as_slice() {
            [] if self.count == 1 => 1,
            [count] if *count == self.count => 1,
            [count, width] if *count == self.count => *width,
            _ => {
                self.check_labels(dims.first().copied().unwrap_or(0))?;
                return Err(unreadable(&self.path, "labels are a number per sample, or a row of numbers"));
            }
        };
        let read = contained(&self.path, || labels.read_array::<Number>().map_err(|e| failed(&self.path, &e)))?;
        let mut values: Vec<f64> = read.into_iter().map(|Number(x)| x).collect();
        if self.writer == Writer::Matlab && width > 1 {
            values = (0..self.count * width).map(|i| values[(i % width) * self.count + i / width]).collect();
        }
        match values.iter().position(|x| !x.is_finite()) {
            None => Ok((values, width)),
            Some(at) => {
                Err(unreadable(&self.path, format!("the label of sample {} (from 0) is not finite", at / width)))
            }
        }
    }
}
