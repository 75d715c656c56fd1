//! NPZ, a zip of arrays of numpy.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use zip::{CompressionMethod, ZipArchive};

use super::DataError;
use super::array_source::{ArraySource, LabelsAt};
use super::containers::{Wanted, choose};
use super::file::{Checksum, Stored, excerpt, io_error, shown, unreadable};
use super::npy::read_header;

/// The most entries that are looked at in an archive.
const MOST_ENTRIES: usize = 10_000;

/// Finds the samples, and the labels, in an NPZ file.
pub fn open(path: &Path, wanted: Wanted<'_>) -> Result<ArraySource, DataError> {
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
        let sum = Checksum { bytes: entry.size(), crc32: entry.crc32() };
        arrays.push((name.to_owned(), stored.member(start, length, deflated, sum)));
    }
    // Headers are read only of arrays that could be asked for, so that an odd one beside them is no hindrance.
    let dims = |i: usize| Ok(read_header(arrays[i].1.clone(), "an array")?.dims);
    let names: Vec<_> = arrays.iter().map(|(name, _)| name.as_str()).collect();
    let chosen = choose(path, &names, wanted, &dims)?;
    let array = |i: usize| read_header(arrays[i].1.clone(), &format!("its array `{}`", shown(names[i])));
    let labels = match chosen.labels {
        Some(i) => LabelsAt::Array(Box::new(array(i)?)),
        None => LabelsAt::Nowhere,
    };
    Ok(ArraySource::new(array(chosen.data)?, labels).telling(chosen.told))
}
