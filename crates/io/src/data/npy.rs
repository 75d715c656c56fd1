//! NPY, one array of numpy.

use std::io::Read;
use std::path::Path;

use npyz::{DType, Endianness, NpyHeader, Order, TypeChar};

use super::DataError;
use super::array::Array;
use super::element::Element;
use super::file::{Stored, excerpt, io_error, shown, unreadable};
use super::labels::Texts;

/// numpy itself refuses headers beyond 10,000 bytes.
const MOST_HEADER: u64 = 1 << 16;

/// Reads the header of an NPY file.
pub fn open(path: &Path) -> Result<Array, DataError> {
    read_header(Stored::open(path)?, "it")
}

/// The header of an array, and its bytes. `what` names the array in messages.
fn header(stored: &Stored, what: &str) -> Result<(NpyHeader, u64), DataError> {
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
    Ok((header, length))
}

/// `what` names the array in messages.
pub fn read_header(stored: Stored, what: &str) -> Result<Array, DataError> {
    let path = stored.path.clone();
    let fail = |reason: String| unreadable(&path, format!("{what} {reason}"));
    let (header, length) = header(&stored, what)?;
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
            Array { stored, offset: length, element, big_endian, dims, fortran, samples_last: false }.checked()
        }
        _ => Err(fail("is a single number, where an array of samples is needed".to_owned())),
    }
}

/// The texts of an array of one size, as labels are; none where it holds no texts.
///
/// # Errors
/// If the file ends before, or bytes are no text.
pub fn texts(stored: &Stored) -> Result<Option<Texts>, DataError> {
    let (header, length) = header(stored, "it")?;
    let DType::Plain(of) = header.dtype() else { return Ok(None) };
    let width = match of.type_char() {
        TypeChar::UnicodeStr => 4,
        TypeChar::ByteStr => 1,
        _ => return Ok(None),
    };
    let size = usize::try_from(of.size_field()).ok().and_then(|size| size.checked_mul(width)).filter(|size| *size > 0);
    let count = header.shape().iter().try_fold(1u64, |n, size| n.checked_mul(*size));
    let is_row = header.shape().iter().filter(|size| **size != 1).count() <= 1;
    let (Some(size), Some(count), true) = (size, count, is_row) else {
        return Err(unreadable(&stored.path, "it holds texts, which labels are if there is one a sample"));
    };
    stored.check_holds(count.checked_mul(size as u64).and_then(|bytes| bytes.checked_add(length)))?;
    let fail = |e: std::io::Error| io_error(&stored.path, &e);
    let mut stream = stored.stream()?;
    stream.skip_to(length).map_err(fail)?;
    let (mut texts, mut bytes) = (Texts::default(), vec![0; size]);
    for at in 0..count {
        stream.read_exact(&mut bytes).map_err(fail)?;
        let text = match width {
            1 => std::str::from_utf8(&bytes).ok().map(str::to_owned),
            _ => characters(&bytes, of.endianness() == Endianness::Big),
        };
        let text = text.ok_or_else(|| unreadable(&stored.path, format!("label {at} (from 0) is no text")))?;
        texts.push(text.trim_end_matches('\0'));
    }
    stream.finish().map_err(fail)?;
    Ok(Some(texts))
}

/// The text of characters of four bytes.
fn characters(bytes: &[u8], big_endian: bool) -> Option<String> {
    let (units, _) = bytes.as_chunks::<4>();
    let unit = |unit: &[u8; 4]| if big_endian { u32::from_be_bytes(*unit) } else { u32::from_le_bytes(*unit) };
    units.iter().map(|bytes| char::from_u32(unit(bytes))).collect()
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
