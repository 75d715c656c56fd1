//! Reads parts side by side, a piece at a time.

use std::sync::Arc;

use super::directory::Directory;
use super::part::{Header, PartError, PartLine, PartReader};
use neartop_study::store::Work;

/// Parts that a reader opens in a turn, lines that it takes of one, and the most readers.
const FILES: usize = 16;
const LINES: usize = 64;
const MOST_READERS: usize = 16;

/// Reads the parts of a run.
#[derive(Debug)]
pub struct Reading {
    directory: Directory,
    work: Arc<Work>,
    readers: usize,
}

/// What was read of a part.
#[derive(Debug)]
pub struct Read {
    /// Where it was read from its beginning.
    pub header: Option<Header>,
    pub found: Vec<PartLine>,
    /// Where to go on.
    pub offset: u64,
    /// There may be more lines.
    pub more: bool,
}

impl Reading {
    #[must_use]
    pub fn new(directory: Directory, work: Arc<Work>) -> Self {
        let readers = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_READERS);
        Self { directory, work, readers }
    }

    /// Parts that are read in a turn.
    #[must_use]
    pub fn together(&self) -> usize {
        self.readers * FILES
    }

    /// Goes on with the part of a chunk, from 0, for some lines.
    ///
    /// # Errors
    /// If it cannot be read or is no part.
    pub fn read(&self, at: usize, offset: u64) -> Result<Read, PartError> {
        let path = self.directory.part(at as u32 + 1);
        let mut part = if offset == 0 { PartReader::open(&path)? } else { PartReader::open_at(&path, offset)? };
        let mut found = Vec::new();
        while found.len() < LINES
            && let Some(one) = part.next(&self.work)?
        {
            found.push(one);
        }
        Ok(Read { header: part.header.take(), more: found.len() == LINES, found, offset: part.offset })
    }

    /// The same for several chunks: parsing takes longer than anything else that a coordinator does.
    #[must_use]
    pub fn read_all(&self, chunks: &[(usize, u64)]) -> Vec<(usize, Result<Read, PartError>)> {
        let read = |share: &[(usize, u64)]| -> Vec<_> {
            share.iter().map(|(at, offset)| (*at, self.read(*at, *offset))).collect()
        };
        if self.readers == 1 || chunks.len() == 1 {
            return read(chunks);
        }
        std::thread::scope(|scope| {
            let shares = chunks.chunks(chunks.len().div_ceil(self.readers).max(1));
            let readers: Vec<_> = shares.map(|share| scope.spawn(move || read(share))).collect();
            readers.into_iter().filter_map(|reader| reader.join().ok()).flatten().collect()
        })
    }
}
