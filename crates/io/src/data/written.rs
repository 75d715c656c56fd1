//! A file of columns, written out as a table of texts: what is known of gaps, texts and several labels there holds for it too.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use csv::{QuoteStyle, Writer, WriterBuilder};
use tempfile::NamedTempFile;

use super::DataError;
use super::file::{Stored, io_error, shown, unreadable};

/// Columns that are written row by row.
pub struct Written {
    path: std::path::PathBuf,
    names: Vec<String>,
    /// What a column holds where that is neither numbers nor text.
    kinds: Vec<Option<String>>,
    out: Writer<BufWriter<NamedTempFile>>,
}

/// A table that was written out, and what its columns hold where that cannot be read.
pub struct Columnar {
    pub stored: Stored,
    names: Vec<String>,
    kinds: Vec<Option<String>>,
}

impl Written {
    /// # Errors
    /// If there is no room for it.
    pub fn new(path: &Path, names: Vec<String>, kinds: Vec<Option<String>>) -> Result<Self, DataError> {
        let file = NamedTempFile::new().map_err(|error| no_room(path, &error))?;
        let out = WriterBuilder::new().quote_style(QuoteStyle::Always).from_writer(BufWriter::new(file));
        let mut written = Self { path: path.to_owned(), names, kinds, out };
        let names = written.names.clone();
        written.row(names.iter().map(String::as_str))?;
        Ok(written)
    }

    /// Writes the cells of a row.
    ///
    /// # Errors
    /// If there is no room for it.
    pub fn row<'c>(&mut self, cells: impl Iterator<Item = &'c str>) -> Result<(), DataError> {
        self.out.write_record(cells).map_err(|error| no_room(&self.path, &error.into()))
    }

    /// # Errors
    /// If there is no room for it.
    pub fn finish(self) -> Result<Columnar, DataError> {
        let Self { path, names, kinds, out } = self;
        let fail = |error: std::io::Error| no_room(&path, &error);
        let mut buffered = out.into_inner().map_err(|error| fail(std::io::Error::other(error.to_string())))?;
        buffered.flush().map_err(fail)?;
        let file = buffered.into_inner().map_err(|error| fail(error.into_error()))?;
        let length = file.as_file().metadata().map_err(fail)?.len();
        Ok(Columnar { stored: Stored::written(&path, Arc::new(file), length), names, kinds })
    }
}

impl Columnar {
    /// Refuses columns that are to be read and cannot be.
    ///
    /// # Errors
    /// Names the first of them.
    pub fn check(&self, mut columns: impl Iterator<Item = usize>) -> Result<(), DataError> {
        let found = columns.find_map(|column| Some((column, self.kinds.get(column)?.as_ref()?)));
        found.map_or(Ok(()), |(column, kind)| {
            let name = shown(&self.names[column]);
            let reason = format!("its column `{name}` holds {kind}, which no feature is made of; `drop` leaves it out");
            Err(unreadable(&self.stored.path, reason))
        })
    }
}

fn no_room(path: &Path, error: &std::io::Error) -> DataError {
    io_error(path, &std::io::Error::new(error.kind(), format!("writing its columns as a table of texts: {error}")))
}
