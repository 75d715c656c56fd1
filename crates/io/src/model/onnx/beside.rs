//! Files beside the model, in which the numbers of its tensors may be.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::super::ModelError;
use super::messages;

type Result<T> = std::result::Result<T, ModelError>;

/// The folder of a model, and what was read of the files in it.
pub struct Beside<'f> {
    folder: &'f Path,
    read: RefCell<Option<Sha256>>,
}

impl<'f> Beside<'f> {
    pub fn new(folder: &'f Path) -> Self {
        Self { folder, read: RefCell::new(None) }
    }

    /// The hash of the model's own file with what was read of others.
    pub fn added_to(&self, hash: Sha256) -> Sha256 {
        match self.read.borrow().clone() {
            None => hash,
            Some(read) => Sha256::new().chain_update(hash.finalize()).chain_update(read.finalize()),
        }
    }

    /// The bytes of a tensor.
    pub fn read(&self, proto: &messages::Tensor, name: &str, expected: usize) -> Result<Bytes> {
        let entry = |key: &str| proto.external.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
        let missing = |why: String| ModelError::MissingWeights { name: name.to_owned(), why };
        let location = entry("location").ok_or_else(|| missing("no file is named".to_owned()))?;
        let (path, folder) = (Path::new(location), self.folder);
        let outside = || ModelError::ExternalOutside { name: name.to_owned(), path: location.to_owned() };
        if !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(outside());
        }
        let number = |key: &str| match entry(key) {
            None => Ok(None),
            Some(text) => {
                text.parse::<u64>().map(Some).map_err(|_| missing(format!("its {key} `{text}` is no number")))
            }
        };
        let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
        let length = length.unwrap_or(expected as u64);
        if length != expected as u64 {
            return Err(missing(format!("`{location}` has {length} bytes for it, and its sizes make {expected}")));
        }
        let unreadable = |error: std::io::Error| missing(format!("`{location}` cannot be read: {error}"));
        // A link may lead out of the folder.
        let (whole, home) =
            (folder.join(path).canonicalize().map_err(unreadable)?, folder.canonicalize().map_err(unreadable)?);
        if !whole.starts_with(&home) {
            return Err(outside());
        }
        let mut file = File::open(whole).map_err(unreadable)?;
        let has = file.metadata().map_err(unreadable)?.len();
        if offset.checked_add(length).is_none_or(|end| end > has) {
            return Err(missing(format!("`{location}` has {has} bytes, and it stands from {offset} on for {length}")));
        }
        file.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
        let mut bytes = vec![0; expected];
        file.read_exact(&mut bytes).map_err(unreadable)?;
        self.read.borrow_mut().get_or_insert_default().update(&bytes);
        Ok(bytes.into())
    }
}
