//! MAT-files of MATLAB. Version 5: a header of 128 bytes, then arrays, each packed by zlib or as it is. Version 7.3 is
//! HDF5.

use std::io::Read;
use std::path::Path;

use super::array::Array;
use super::array_source::{ArraySource, LabelsAt};
use super::containers::{Axis, Wanted, choose, sample_axis};
use super::element::Element;
use super::file::{Stored, Stream, io_error, shown, unreadable};
use super::{DataError, Source};

const MOST_ARRAYS: usize = 10_000;
const MOST_NAME: u32 = 1 << 12;
const MOST_RANK: u32 = 32;

/// Types of data elements.
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;

/// Finds the samples, and the labels.
pub fn open(path: &Path, wanted: Wanted<'_>) -> Result<Box<dyn Source>, DataError> {
    let stored = Stored::open(path)?;
    let Some(length) = stored.plain_length() else {
        return Err(unreadable(path, "it is packed, and MAT-files are read from any place; unpack it first"));
    };
    let mut header = [0; 128];
    let read = stored.stream()?.read(&mut header).map_err(|e| io_error(path, &e))?;
    if header.starts_with(b"MATLAB 7.3") {
        return hdf5(path, wanted);
    }
    let big = match &header[126..] {
        b"IM" => false,
        b"MI" => true,
        _ => {
            let reason = "it is no MAT-file of version 5 or 7.3; in Python: import numpy, scipy.io; \
                          numpy.savez(\"data.npz\", **scipy.io.loadmat(\"data.mat\"))";
            return Err(unreadable(path, reason));
        }
    };
    if read < 128 {
        return Err(unreadable(path, "it ends before the data that it announces; is it truncated?"));
    }
    let arrays = arrays(&stored, length, big)?;
    let names: Vec<_> = arrays.iter().map(|array| array.name.as_str()).collect();
    let chosen = choose(path, &names, wanted, &|i| Ok(arrays[i].dims.clone()))?;
    let data = arrays[chosen.data].array(path)?;
    let labels = chosen.labels.map(|i| arrays[i].array(path)).transpose()?;
    let (axis, told) = sample_axis(&data.dims, labels.as_ref().map(|of| of.dims.as_slice()), true);
    let data = match axis {
        Axis::First => data,
        Axis::Last => data.with_samples_last(),
    };
    let labels = labels.map_or(LabelsAt::Nowhere, |labels| LabelsAt::Array(Box::new(labels.into_labels())));
    Ok(Box::new(ArraySource::new(data.checked()?, labels).telling(chosen.told).telling(told)))
}

#[cfg(feature = "hdf5")]
fn hdf5(path: &Path, wanted: Wanted<'_>) -> Result<Box<dyn Source>, DataError> {
    use super::hdf5::{Writer, open};
    Ok(Box::new(open(path, wanted, Writer::Matlab)?))
}

#[cfg(not(feature = "hdf5"))]
fn hdf5(path: &Path, _: Wanted<'_>) -> Result<Box<dyn Source>, DataError> {
    let python = "import h5py, numpy; numpy.savez(\"data.npz\", **{k: v[:].T for k, v in h5py.File(\"data.mat\").items() \
                  if hasattr(v, \"shape\")})";
    Err(super::unconverted::left_out(path, "a MAT-file of version 7.3", "hdf5", python))
}

/// An array of a MAT-file.
struct Matrix {
    name: String,
    dims: Vec<usize>,
    stored: Stored,
    big: bool,
    /// The type of the array, and that of the numbers that are stored, which may be narrower.
    class: u8,
    complex: bool,
    element: Option<Element>,
    /// Where the numbers begin, and how many bytes they have.
    offset: u64,
    bytes: u64,
}

impl Matrix {
    fn array(&self, path: &Path) -> Result<Array, DataError> {
        let what = match (self.class, self.element) {
            _ if self.complex => "complex numbers",
            (6..=15, Some(element)) => {
                let values = self.dims.iter().try_fold(element.size() as u64, |n, d| n.checked_mul(*d as u64));
                if values != Some(self.bytes) {
                    let reason = format!("its array `{}` has not as many values as its sizes say", shown(&self.name));
                    return Err(unreadable(path, reason));
                }
                let (stored, dims) = (self.stored.clone(), self.dims.clone());
                let array = Array {
                    stored,
                    offset: self.offset,
                    element,
                    big_endian: self.big,
                    dims,
                    fortran: true,
                    samples_last: false,
                };
                return array.checked();
            }
            (1, _) => "cells",
            (2 | 3, _) => "a structure; in Python: numpy.savez(\"data.npz\", **{name: s[name] for name in names})",
            (4, _) => "text",
            (5, _) => "a sparse matrix; write full(x) in MATLAB",
            _ => "what is not read",
        };
        Err(unreadable(path, format!("its array `{}` is {what}, where numbers are needed", shown(&self.name))))
    }
}

/// Reads what stands before the numbers of each array.
fn arrays(stored: &Stored, length: u64, big: bool) -> Result<Vec<Matrix>, DataError> {
    let fail = |e: std::io::Error| io_error(&stored.path, &e);
    let (mut at, mut arrays) = (128, Vec::new());
    while at + 8 <= length && arrays.len() < MOST_ARRAYS {
        let mut stream = stored.stream()?;
        stream.skip_to(at).map_err(fail)?;
        let tag = Tag::read(&mut stream, big).map_err(fail)?;
        let end = at + 8 + u64::from(tag.bytes);
        if end > length {
            return Err(unreadable(&stored.path, "it ends before the data that it announces; is it truncated?"));
        }
        let found = match tag.kind {
            COMPRESSED => {
                let part = stored.zlib(at + 8, u64::from(tag.bytes));
                let mut stream = part.stream()?;
                match Tag::read(&mut stream, big).map_err(fail)? {
                    Tag { kind: MATRIX, .. } => matrix(part, stream, 8, big).map_err(fail)?,
                    _ => None,
                }
            }
            MATRIX => matrix(stored.clone(), stream, at + 8, big).map_err(fail)?,
            _ => None,
        };
        arrays.extend(found.filter(|array| !array.name.is_empty()));
        // What is packed is not padded to eight bytes.
        at = if tag.kind == COMPRESSED { end } else { end.next_multiple_of(8) };
    }
    Ok(arrays)
}

/// What a data element is: its type and its length. Those of up to four bytes stand in the tag itself.
struct Tag {
    kind: u32,
    bytes: u32,
    small: Option<[u8; 4]>,
}

impl Tag {
    fn read(stream: &mut impl Read, big: bool) -> std::io::Result<Self> {
        let mut eight = [0; 8];
        stream.read_exact(&mut eight)?;
        let [a, b, c, d, rest @ ..] = eight;
        let (kind, bytes) = (number(&[a, b, c, d], big), number(&rest, big));
        Ok(match kind >> 16 {
            0 => Self { kind, bytes, small: None },
            small => Self { kind: kind & 0xffff, bytes: small.min(4), small: Some(rest) },
        })
    }

    /// Bytes of the element in the file, with what it is padded by.
    fn padded(&self) -> u64 {
        if self.small.is_some() { 0 } else { u64::from(self.bytes).next_multiple_of(8) }
    }

    /// The bytes of a short element.
    fn content(&self, stream: &mut impl Read, most: u32) -> std::io::Result<Vec<u8>> {
        if let Some(small) = self.small {
            return Ok(small[..self.bytes as usize].to_vec());
        }
        if self.bytes > most {
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "a name or the sizes are too long"));
        }
        let mut content = vec![0; self.padded() as usize];
        stream.read_exact(&mut content)?;
        content.truncate(self.bytes as usize);
        Ok(content)
    }
}

fn number(bytes: &[u8; 4], big: bool) -> u32 {
    if big { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) }
}

/// Reads flags, sizes and name of an array, up to its numbers. `at` is where its elements begin.
fn matrix(stored: Stored, mut stream: Stream, mut at: u64, big: bool) -> std::io::Result<Option<Matrix>> {
    let mut next = |most: u32| -> std::io::Result<Vec<u8>> {
        let tag = Tag::read(&mut stream, big)?;
        at += 8 + tag.padded();
        tag.content(&mut stream, most)
    };
    let flags = next(8)?;
    let sizes = next(4 * MOST_RANK)?;
    let name = next(MOST_NAME)?;
    let flags = flags.first_chunk().map_or(0, |flags| number(flags, big));
    let dims = sizes.as_chunks::<4>().0.iter().map(|size| number(size, big) as usize).collect();
    let (class, complex) = (flags as u8, flags & 0x800 != 0);
    let name = String::from_utf8_lossy(&name).into_owned();
    let (mut element, mut bytes) = (None, 0);
    if (6..=15).contains(&class) {
        let tag = Tag::read(&mut stream, big)?;
        (element, bytes) = (element_of(tag.kind), u64::from(tag.bytes));
        at += if tag.small.is_some() { 4 } else { 8 };
    }
    Ok(Some(Matrix { name, dims, stored, big, class, complex, element, offset: at, bytes }))
}

/// The type of numbers as they are stored.
fn element_of(kind: u32) -> Option<Element> {
    Some(match kind {
        1 => Element::I8,
        2 => Element::U8,
        3 => Element::I16,
        4 => Element::U16,
        5 => Element::I32,
        6 => Element::U32,
        7 => Element::F32,
        9 => Element::F64,
        12 => Element::I64,
        13 => Element::U64,
        _ => return None,
    })
}
