//! The row groups of a Parquet file.

use std::path::{Path, PathBuf};

use super::chunk::{Chunk, reader};
use crate::data::file::unreadable;
use crate::data::labels::Texts;
use crate::data::{DataError, Labels};
use crate::panics::contain;

/// Values that are decoded at once.
pub const BLOCK: usize = 1 << 20;

/// Makes an error of a panic: the library has assertions that a damaged file can break.
pub fn contained<T>(path: &Path, read: impl FnOnce() -> Result<T, DataError>) -> Result<T, DataError> {
    contain(read).unwrap_or_else(|| Err(unreadable(path, "it is damaged, so that the reader of Parquet broke off")))
}

/// A file and its row groups.
pub struct Groups {
    pub path: PathBuf,
    /// Samples of each.
    pub rows: Vec<usize>,
}

impl Groups {
    pub fn count(&self) -> usize {
        self.rows.iter().sum()
    }

    /// The number and the first sample of each row group.
    pub fn group_starts(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.rows.iter().enumerate().scan(0, |first, (group, rows)| {
            let start = *first;
            *first += rows;
            Some((group, start, *rows))
        })
    }

    /// Calls `take` with every chunk of a column in blocks of samples.
    pub fn blocks(
        &self,
        column: usize,
        block: usize,
        take: &mut dyn FnMut(&mut Chunk<'_>, usize) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        contained(&self.path, || {
            let file = reader(&self.path)?;
            for (group, first, rows) in self.group_starts() {
                let mut chunk = Chunk::open(&self.path, &file, group, column, first)?;
                for start in (0..rows).step_by(block) {
                    take(&mut chunk, block.min(rows - start))?;
                }
            }
            Ok(())
        })
    }

    /// The labels in a column as they would stand in a table.
    pub fn texts(&self, column: Option<usize>) -> Result<Option<Texts>, DataError> {
        let Some(column) = column else { return Ok(None) };
        let mut texts = Texts::default();
        self.blocks(column, BLOCK, &mut |chunk, count| chunk.texts(count, &mut texts))?;
        Ok(Some(texts))
    }

    pub fn labels(&self, column: Option<usize>) -> Result<Option<Labels>, DataError> {
        let Some(texts) = self.texts(column)? else { return Ok(None) };
        let labels = texts.labels();
        labels
            .map(Some)
            .map_err(|at| unreadable(&self.path, format!("the label of sample {at} (from 0) is not finite")))
    }
}
