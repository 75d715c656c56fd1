//! Tensors of PyTorch 2.7 and older, which kept them in an archive of `torch.save` within the archive.
//!
//! Such an archive names its tensors in a pickle. candle reads of it what describes tensors, and runs nothing.

use std::borrow::Cow;
use std::io::{Cursor, Read, Write};

use candle_core::pickle::PthTensors;
use candle_core::{DType, Tensor};
use tempfile::NamedTempFile;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::model::ModelError;
use crate::panics::contain;

/// The tensors of an archive, by their names.
pub struct Pickled {
    tensors: Option<PthTensors>,
    /// Bytes of the archive, which hold no larger tensor.
    length: usize,
    /// Where the archive lies for as long as it is read.
    _file: NamedTempFile,
}

fn damaged(what: impl Into<String>) -> ModelError {
    ModelError::Damaged { what: what.into() }
}

impl Pickled {
    /// # Errors
    /// If the archive is damaged, or cannot be put aside.
    pub fn new(what: &str, bytes: &[u8]) -> Result<Self, ModelError> {
        let text = truths_as_bytes(bytes).map_err(|error| damaged(format!("its {what} cannot be read: {error}")))?;
        let mut file = NamedTempFile::new().map_err(ModelError::Read)?;
        file.write_all(&text).and_then(|()| file.flush()).map_err(ModelError::Read)?;
        let read = contain(|| PthTensors::new(file.path(), None));
        let tensors = match read {
            Some(Ok(tensors)) => Some(tensors),
            // A dictionary without entries is no list of tensors to the reader.
            _ if bytes.len() < EMPTY => None,
            Some(Err(error)) => return Err(damaged(format!("its {what} cannot be read: {}", first_line(&error)))),
            None => return Err(damaged(format!("its {what} cannot be read"))),
        };
        Ok(Self { tensors, length: bytes.len(), _file: file })
    }

    /// A tensor with its numbers in single precision, whole numbers in double, and truths as bytes.
    ///
    /// # Errors
    /// If it is not there or cannot be read.
    pub fn tensor(&self, name: &str) -> Result<Option<Tensor>, ModelError> {
        let fail = |why: &str| damaged(format!("its tensor `{name}` {why}"));
        let Some((tensors, info)) = self.tensors.as_ref().and_then(|all| Some((all, all.tensor_infos().get(name)?)))
        else {
            return Ok(None);
        };
        let elements = info.layout.dims().iter().try_fold(info.dtype.size_in_bytes(), |n, size| n.checked_mul(*size));
        if elements.is_none_or(|bytes| bytes > self.length) {
            return Err(fail("has fewer bytes than its sizes say"));
        }
        let read = contain(|| tensors.get(name)).ok_or_else(|| fail("cannot be read"))?;
        let tensor = read.map_err(|error| fail(&format!("cannot be read: {}", first_line(&error))))?;
        let wanted = match info.dtype {
            DType::U8 => DType::U8,
            DType::F16 | DType::BF16 | DType::F32 | DType::F64 => DType::F32,
            _ => DType::F64,
        };
        tensor.map(|tensor| tensor.to_dtype(wanted)).transpose().map_err(|error| fail(&first_line(&error)))
    }
}

/// The list of tensors of an archive.
const LIST: &str = "data.pkl";
/// How the list names a storage of truths, and one of bytes, which has the same contents and is known to candle.
const TRUTHS: &[u8] = b"ctorch\nBoolStorage\n";
const BYTES: &[u8] = b"ctorch\nByteStorage\n";

/// The archive with its truths called bytes.
fn truths_as_bytes(bytes: &[u8]) -> ZipResult<Cow<'_, [u8]>> {
    let places = |text: &[u8]| text.windows(TRUTHS.len()).position(|window| window == TRUTHS);
    if places(bytes).is_none() {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let mut new = ZipWriter::new(Cursor::new(Vec::with_capacity(bytes.len())));
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at)?;
        let name = entry.name()?.into_owned();
        if !name.ends_with(LIST) {
            new.raw_copy_file(entry)?;
            continue;
        }
        let mut list = Vec::new();
        entry.read_to_end(&mut list)?;
        while let Some(place) = places(&list) {
            list[place..place + TRUTHS.len()].copy_from_slice(BYTES);
        }
        new.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored))?;
        new.write_all(&list)?;
    }
    Ok(Cow::Owned(new.finish()?.into_inner()))
}

/// Archives with less than this hold no tensor.
const EMPTY: usize = 1024;

fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
