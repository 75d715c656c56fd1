//! NPY, one array of numpy, and NPZ, a zip of them.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use npyz::{DType, Endianness, NpyHeader, Order, TypeChar};
use zip::{CompressionMethod, ZipArchive};

use super::DataError;
use super::array::{Array, ArraySource, LabelsAt};
use super::containers::choose;
use super::element::Element;
use super::file::{Stored, excerpt, io_error, shown, unreadable};

/// numpy itself refuses headers beyond 10,000 bytes.
const MOST_HEADER: u64 = 1 << 16;

/// Reads the header of an NPY file.
pub fn open(path: &Path) -> Result<Array, DataError> {
    read_header(Stored::open(path)?, "it")
}

/// `what` names the array in messages.
fn read_header(stored: Stored, what: &str) -> Result<Array, DataError> {
    let path = stored.path.clone();
    let fail = |reason: String| unreadable(&path, format!("{what} {reason}"));
    let mut start = [0; 12];
    stored.stream()?.read_exact(&mut start).map_err(|e| io_error(&path, &e))?;
    let length = match start {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, _, low, high, ..] => 10 + u64::from(u16::from_le_bytes([low, high])),
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, _, a, b, c, d] => 12 + u64::from(u32::from_le_bytes([a, b, c, d])),
        [0x93, b'N', b'U', b'M', b'P', b'Y', version, ..] => {
            return Err(fail(format!("is of NPY version {version}, where 1, 2 or 3 are known")));
        }
        [0x80, 2..=5, ..] => {
            let reason = "is a Python pickle, which is never read since it can run code; save it with numpy.save";
            return Err(fail(reason.to_owned()));
        }
        _ => {
            return Err(fail(format!(
                "is no NPY file: that begins with \\x93NUMPY, this one with `{}`",
                excerpt(&start[..6])
            )));
        }
    };
    if length > MOST_HEADER {
        return Err(fail(format!("has a header of {length} bytes, where {MOST_HEADER} would be many")));
    }
    stored.check_holds(Some(length))?;
    let mut text = Vec::new();
    stored.stream()?.take(length).read_to_end(&mut text).map_err(|e| io_error(&path, &e))?;
    // The reader multiplies the sizes unchecked.
    if !is_countable(&text) {
        return Err(fail("has a header that announces more than any file holds".to_owned()));
    }
    let header = NpyHeader::from_reader(text.as_slice()).map_err(|e| match e.kind() {
        std::io::ErrorKind::UnexpectedEof => io_error(&path, &e),
        _ => fail(format!("has a header that cannot be read: {}", shown(&e.to_string()))),
    })?;
    let dtype = header.dtype();
    let Some((element, big_endian)) = element(&dtype) else {
        let descr = shown(&dtype.descr());
        return Err(fail(match dtype.uses_pickled_array() {
            true => {
                "holds Python objects, which are pickled and never read; convert it by .astype(numpy.float32)".into()
            }
            false => format!(
                "holds elements of type {descr}, where numbers (f2 to f8, i1 to i8, u1 to u8) or bool are needed"
            ),
        }));
    };
    let dims: Option<Vec<_>> = header.shape().iter().map(|d| usize::try_from(*d).ok()).collect();
    match dims {
        Some(dims) if !dims.is_empty() => {
            let fortran = header.order() == Order::Fortran;
            Array { stored, offset: length, element, big_endian, dims, fortran }.checked()
        }
        _ => Err(fail("is a single number, where an array of samples is needed".to_owned())),
    }
}

/// Whether the product of the sizes in a header stays below 2^63, zeros and all.
fn is_countable(header: &[u8]) -> bool {
    let header = String::from_utf8_lossy(header);
    let shape = header.split_once("shape").map_or("", |(_, rest)| rest);
    let shape = shape.split(')').next().unwrap_or("");
    let mut sizes = shape.split(|c: char| !c.is_ascii_digit()).filter(|size| !size.is_empty());
    sizes
        .try_fold(1u64, |n, size| n.checked_mul(size.parse::<u64>().ok()?.max(1)))
        .is_some_and(|n| i64::try_from(n).is_ok())
}

fn element(dtype: &DType) -> Option<(Element, bool)> {
    let DType::Plain(of) = dtype else { return None };
    let element = match (of.type_char(), of.size_field()) {
        (TypeChar::Bool, 1) => Element::Bool,
        (TypeChar::Uint, 1) => Element::U8,
        (TypeChar::Uint, 2) => Element::U16,
        (TypeChar::Uint, 4) => Element::U32,
        (TypeChar::Uint, 8) => Element::U64,
        (TypeChar::Int, 1) => Element::I8,
        (TypeChar::Int, 2) => Element::I16,
        (TypeChar::Int, 4) => Element::I32,
        (TypeChar::Int, 8) => Element::I64,
        (TypeChar::Float, 2) => Element::F16,
        (TypeChar::Float, 4) => Element::F32,
        (TypeChar::Float, 8) => Element::F64,
        _ => return None,
    };
    Some((element, of.endianness() == Endianness::Big))
}

/// The most entries that are looked at in an archive.
const MOST_ENTRIES: usize = 10_000;

/// Finds the samples, and the labels, in an NPZ file.
pub fn open_npz(path: &Path, labels: Option<&str>) -> Result<ArraySource, DataError> {
    let stored = Stored::open(path)?;
    if !stored.head()?.starts_with(b"PK") || stored.plain_length().is_none() {
        return Err(unreadable(
            path,
            format!(
                "it is no NPZ file: that is a zip and begins with PK, this one with `{}`",
                excerpt(&stored.head()?)
            ),
        ));
    }
    let fail = |error: zip::result::ZipError| match error {
        zip::result::ZipError::Io(e) => io_error(path, &e),
        e => {
            unreadable(path, format!("its list of arrays cannot be read ({}); is it truncated?", shown(&e.to_string())))
        }
    };
    let file = File::open(path).map_err(|e| io_error(path, &e))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(fail)?;
    let mut arrays = Vec::new();
    for i in 0..archive.len().min(MOST_ENTRIES) {
        let entry = archive.by_index_raw(i).map_err(fail)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let Some(name) = name.strip_suffix(".npy") else { continue };
        let what = format!("its array `{}`", shown(name));
        let deflated = match entry.compression() {
            _ if entry.encrypted() => return Err(unreadable(path, format!("{what} is encrypted"))),
            CompressionMethod::Stored => false,
            CompressionMethod::Deflated => true,
            other => {
                return Err(unreadable(path, format!("{what} is compressed by {other}, where numpy uses deflate")));
            }
        };
        let Some(start) = entry.data_start() else { continue };
        let whole = stored.plain_length().unwrap_or(0);
        let length = entry.compressed_size();
        if start.checked_add(length).is_none_or(|end| end > whole) {
            return Err(unreadable(path, format!("{what} lies beyond the end of the file; is it truncated?")));
        }
        arrays.push((name.to_owned(), stored.part(start, length, deflated)));
    }
    // Headers are read only of arrays that could be asked for, so that an odd one beside them is no hindrance.
    let rank = |i: usize| Ok(read_header(arrays[i].1.clone(), "an array")?.dims.len());
    let names: Vec<_> = arrays.iter().map(|(name, _)| name.as_str()).collect();
    let (data, labels) = choose(path, &names, labels, &rank)?;
    let array = |i: usize| read_header(arrays[i].1.clone(), &format!("its array `{}`", shown(names[i])));
    let labels = match labels {
        Some(i) => LabelsAt::Array(Box::new(array(i)?)),
        None => LabelsAt::Nowhere,
    };
    Ok(ArraySource::new(array(data)?, labels))
}
