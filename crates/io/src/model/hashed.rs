//! A file that is hashed while it is read, so that it is read once.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::ModelError;

/// Bytes that are read at a time where nobody wants them but the hash.
const BLOCK: usize = 1 << 16;

/// A file and the hash of its beginning. What is read where the hash stands goes into it; what is read elsewhere does not, and is
/// read again for the hash.
struct Hashed {
    file: File,
    at: u64,
    hash: Sha256,
    /// How far the hash goes.
    hashed: u64,
    /// Whether the hash takes in what stands before a place that is read beyond it.
    follows: bool,
}

/// A handle on a file that is hashed while it is read.
#[derive(Clone)]
pub struct Source(Rc<RefCell<Hashed>>);

impl Source {
    pub fn open(path: &Path) -> io::Result<Self> {
        let hashed = Hashed { file: File::open(path)?, at: 0, hash: Sha256::new(), hashed: 0, follows: false };
        Ok(Self(Rc::new(RefCell::new(hashed))))
    }

    /// Bytes of the file.
    pub fn length(&self) -> u64 {
        self.0.borrow().file.metadata().map_or(0, |metadata| metadata.len())
    }

    /// From now on the file is read mostly in its order.
    pub fn follow(&self) {
        self.0.borrow_mut().follows = true;
    }

    /// SHA-256 of the whole file, in hexadecimal.
    pub fn digest(&self) -> Result<String, ModelError> {
        let mut file = self.0.borrow_mut();
        file.catch_up(u64::MAX).map_err(ModelError::Read)?;
        Ok(hexadecimal(file.hash.clone()))
    }
}

/// A hash, written.
pub fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Hashed {
    /// Hashes what stands before a place, or before the end of the file.
    fn catch_up(&mut self, place: u64) -> io::Result<()> {
        if self.hashed >= place {
            return Ok(());
        }
        let mut block = vec![0; BLOCK];
        self.file.seek(SeekFrom::Start(self.hashed))?;
        while self.hashed < place {
            let wanted = usize::try_from(place - self.hashed).map_or(BLOCK, |left| left.min(BLOCK));
            match self.file.read(&mut block[..wanted])? {
                0 => break,
                read => self.take(&block[..read]),
            }
        }
        self.file.seek(SeekFrom::Start(self.at)).map(drop)
    }

    fn take(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.hashed += bytes.len() as u64;
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.0.borrow_mut();
        if file.follows {
            let at = file.at;
            file.catch_up(at)?;
        }
        let read = file.file.read(buffer)?;
        // Of what is read anew, only the rest is new to the hash.
        let known = usize::try_from(file.hashed.saturating_sub(file.at)).unwrap_or(usize::MAX);
        if file.hashed >= file.at && known < read {
            file.take(&buffer[known..read]);
        }
        file.at += read as u64;
        Ok(read)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let mut file = self.0.borrow_mut();
        file.at = file.file.seek(to)?;
        Ok(file.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_file_in_whatever_order_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let bytes: Vec<u8> = (0..300_000_u32).map(|at| (at % 997 * 31 % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let expected = hexadecimal(Sha256::new().chain_update(&bytes));
        let orders: [&[(u64, usize)]; 5] =
            [&[], &[(0, 300_000)], &[(200_000, 9), (10, 99)], &[(0, 70_000), (60_000, 30_000)], &[(299_999, 40)]];
        for (order, follows) in orders.into_iter().flat_map(|order| [(order, false), (order, true)]) {
            let mut source = Source::open(&path).unwrap();
            if follows {
                source.follow();
            }
            for (at, length) in order {
                source.seek(SeekFrom::Start(*at)).unwrap();
                let mut read = Vec::new();
                source.by_ref().take(*length as u64).read_to_end(&mut read).unwrap();
                let at = *at as usize;
                assert_eq!(read, bytes[at..bytes.len().min(at + length)], "{order:?}");
            }
            assert_eq!(source.digest().unwrap(), expected, "{order:?} {follows}");
        }
    }
}
