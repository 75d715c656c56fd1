//! What is in a zip.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use zip::read::ZipFile;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::DataError;
use super::errors::{io_error, unreadable};
use super::words::shown;

/// The most entries that are looked at in an archive.
pub const MOST_ENTRIES: usize = 10_000;

/// Where a file stands in a zip.
#[derive(Debug, Clone)]
pub struct Member {
    pub name: String,
    pub start: u64,
    /// Packed.
    pub length: u64,
    pub deflated: bool,
    /// Unpacked.
    pub bytes: u64,
    pub crc32: u32,
}

/// An archive whose list of entries was read.
pub fn archive(path: &Path) -> Result<ZipArchive<BufReader<File>>, DataError> {
    let file = File::open(path).map_err(|e| io_error(path, &e))?;
    ZipArchive::new(BufReader::new(file)).map_err(|e| failed(path, e))
}

pub fn failed(path: &Path, error: ZipError) -> DataError {
    match error {
        ZipError::Io(e) => io_error(path, &e),
        e => unreadable(
            path,
            format!("its list of entries cannot be read ({}); is it truncated?", shown(&e.to_string())),
        ),
    }
}

/// Where an entry stands, if it is a file that can be read.
///
/// # Errors
/// If it is encrypted, packed in a way that is not read, or beyond the end.
pub fn member<R: Read + Seek>(
    path: &Path,
    entry: &ZipFile<'_, R>,
    name: &str,
    whole: u64,
) -> Result<Option<Member>, DataError> {
    let what = format!("its entry `{}`", shown(name));
    let deflated = match entry.compression() {
        _ if entry.encrypted() => return Err(unreadable(path, format!("{what} is encrypted"))),
        CompressionMethod::Stored => false,
        CompressionMethod::Deflated => true,
        other => return Err(unreadable(path, format!("{what} is compressed by {other}, where deflate is read"))),
    };
    let Some(start) = entry.data_start() else { return Ok(None) };
    let length = entry.compressed_size();
    if start.checked_add(length).is_none_or(|end| end > whole) {
        return Err(unreadable(path, format!("{what} lies beyond the end of the file; is it truncated?")));
    }
    let (name, bytes, crc32) = (name.to_owned(), entry.size(), entry.crc32());
    Ok(Some(Member { name, start, length, deflated, bytes, crc32 }))
}

/// The file in a zip of one file; none of a zip of arrays of numpy.
///
/// # Errors
/// If there are several, or what is there cannot be read.
pub fn only_member(path: &Path, whole: u64) -> Result<Option<Member>, DataError> {
    let mut archive = archive(path)?;
    let (mut names, mut only) = (Vec::new(), None);
    for i in 0..archive.len().min(MOST_ENTRIES) {
        let entry = archive.by_index_raw(i).map_err(|e| failed(path, e))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let file = name.rsplit('/').next().unwrap_or_default();
        if file.is_empty() || file.starts_with('.') || name.starts_with("__MACOSX") {
            continue;
        }
        if file == "data.pkl" {
            let reason = "torch.save wrote it, and its pickle is never read since it can run code; in Python: \
                          from safetensors.torch import save_file; save_file({\"x\": torch.load(\"data.pt\")}, \
                          \"data.safetensors\")";
            return Err(unreadable(path, reason));
        }
        if names.is_empty() {
            only = member(path, &entry, &name, whole)?;
        }
        names.push(name);
    }
    match names.as_slice() {
        [] => Err(unreadable(path, "it is an empty archive")),
        [_] => Ok(only),
        names if names.iter().all(|name| name.ends_with(".npy")) => Ok(None),
        names => {
            let some: Vec<_> = names.iter().take(5).map(|name| format!("`{}`", shown(name))).collect();
            let more = if names.len() > 5 { ", ..." } else { "" };
            let reason = "an archive is read where it holds one file, and this has";
            Err(unreadable(path, format!("{reason} {}: {}{more}; unpack it", names.len(), some.join(", "))))
        }
    }
}
