//! The records of a table, one after the other.

use csv::{ByteRecord, ErrorKind, Position, Reader, ReaderBuilder};

use std::io::Read;

use super::super::DataError;
use super::super::file::{Stored, io_error, shown, unreadable};
use super::dialect::Dialect;
use super::text::{self, Encoding, ShortLines};
use crate::data::Delimiter;

/// A table whose records can be read.
pub struct Records {
    pub stored: Stored,
    pub dialect: Dialect,
    /// Rows at which reading can begin, where the file allows that.
    marks: Vec<Mark>,
    /// Whether each row is a sample, where some are not.
    kept: Option<Vec<bool>>,
    count: usize,
}

/// Where a row stands.
#[derive(Debug, Clone, Copy)]
struct Mark {
    row: usize,
    /// Samples before it.
    samples: usize,
    byte: u64,
}

/// Rows between two marks.
const APART: usize = 128;

impl Records {
    pub fn new(stored: Stored, dialect: Dialect) -> Self {
        Self { stored, dialect, marks: Vec::new(), kept: None, count: 0 }
    }

    /// The number of samples.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether a byte of the text is a place in the file.
    fn can_seek(&self) -> bool {
        self.stored.plain_length().is_some()
            && matches!(self.dialect.encoding, Encoding::Bytes { .. })
            && matches!(self.dialect.delimiter, Delimiter::Byte(_))
    }

    fn reader(&self, header: bool, skip: u64) -> Result<Reader<ShortLines>, DataError> {
        let dialect = &self.dialect;
        let lines = text::lines(&self.stored, dialect.encoding, dialect.delimiter, dialect.from + skip)?;
        let mut reader = ReaderBuilder::new();
        reader.delimiter(text::mark(dialect.delimiter)).has_headers(header).flexible(true).buffer_capacity(1 << 16);
        Ok(reader.from_reader(lines))
    }

    /// Goes through all rows for the first time; `take` says of each whether it is a sample.
    ///
    /// # Errors
    /// If lines have different numbers of cells, or what `take` says.
    pub fn pass(
        &mut self,
        mut take: impl FnMut(&ByteRecord, Place) -> Result<bool, DataError>,
    ) -> Result<(), DataError> {
        let can_seek = self.can_seek();
        let mut reader = self.reader(self.dialect.header, 0)?;
        let (mut record, mut row, mut samples) = (ByteRecord::new(), 0, 0);
        let (mut marks, mut kept) = (Vec::new(), Vec::new());
        let mut last = None;
        loop {
            let byte = reader.position().byte();
            if !reader.read_byte_record(&mut record).map_err(|e| self.csv_error(&e))? {
                break;
            }
            if row % APART == 0 && can_seek {
                // Whoever begins here must not take it for a header.
                let byte = record.position().map_or(byte, Position::byte);
                marks.push(Mark { row, samples, byte });
            }
            self.check_width(&record, row)?;
            last =
                Some(&record).filter(|record| is_of_lines(record)).and_then(ByteRecord::position).map(Position::byte);
            let is_sample = take(&record, Place { row, byte: record.position().map_or(0, Position::byte) })?;
            if !is_sample && kept.is_empty() {
                kept = vec![true; row];
            }
            if !is_sample || !kept.is_empty() {
                kept.push(is_sample);
            }
            (row, samples) = (row + 1, samples + usize::from(is_sample));
        }
        last.map_or(Ok(()), |last| self.check_closed(last))?;
        (self.marks, self.count) = (marks, samples);
        self.kept = (samples < row).then_some(kept);
        Ok(())
    }

    /// Whether each row is a sample, where some are not.
    pub fn kept(&self) -> Option<&[bool]> {
        self.kept.as_deref()
    }

    /// Hands out the samples from number `first` on with their numbers, until `take` has enough.
    ///
    /// # Errors
    /// If the file cannot be read, or what `take` says.
    pub fn from(
        &self,
        first: usize,
        take: &mut dyn FnMut(usize, Place, &ByteRecord) -> Result<bool, DataError>,
    ) -> Result<(), DataError> {
        let place = self.marks.partition_point(|mark| mark.samples <= first);
        let mark = place.checked_sub(1).map(|place| self.marks[place]);
        let mut reader = match mark {
            Some(mark) => self.reader(false, mark.byte)?,
            None => self.reader(self.dialect.header, 0)?,
        };
        let (mut row, mut sample) = mark.map_or((0, 0), |mark| (mark.row, mark.samples));
        let mut record = ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(|e| self.csv_error(&e))? {
            if self.kept.as_ref().is_none_or(|kept| kept.get(row).copied().unwrap_or(false)) {
                let byte = record.position().map_or(0, Position::byte) + mark.map_or(0, |mark| mark.byte);
                if sample >= first && !take(sample, Place { row, byte }, &record)? {
                    break;
                }
                sample += 1;
            }
            row += 1;
        }
        Ok(())
    }

    /// All samples in order.
    ///
    /// # Errors
    /// As [`Records::from`].
    pub fn all(&self, mut take: impl FnMut(&ByteRecord, Place) -> Result<(), DataError>) -> Result<(), DataError> {
        self.from(0, &mut |_, place, record| take(record, place).map(|()| true))
    }

    /// The samples in `rows`, which ascend. Stretches of the file that hold none are passed over.
    ///
    /// # Errors
    /// As [`Records::from`].
    pub fn some(
        &self,
        rows: &[usize],
        mut take: impl FnMut(&ByteRecord) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let mut wanted = rows.iter().copied().peekable();
        while let Some(first) = wanted.peek().copied() {
            let before = wanted.len();
            self.from(first, &mut |sample, _, record| {
                if wanted.next_if(|next| *next == sample).is_some() {
                    take(record)?;
                }
                // Where the next one is far, it is cheaper to begin anew.
                Ok(wanted.peek().is_some_and(|next| self.marks.is_empty() || next - sample <= 2 * APART))
            })?;
            if wanted.len() == before {
                return Err(unreadable(&self.stored.path, "it has become shorter while it was read"));
            }
        }
        Ok(())
    }

    /// A line has as many cells as the first; that after a trailing delimiter is empty, or missing.
    fn check_width(&self, record: &ByteRecord, row: usize) -> Result<(), DataError> {
        let (width, found) = (self.dialect.width, record.len());
        let is_trailing =
            self.dialect.trailing && record.get(width - 1).is_none_or(|cell| cell.trim_ascii().is_empty());
        if (found == width && (!self.dialect.trailing || is_trailing)) || (is_trailing && found + 1 == width) {
            return Ok(());
        }
        let line = self.line(record.position().map_or(0, Position::byte));
        let reason = format!("line {line} has {found} cells, but the first line has {}", self.dialect.first.len());
        let hint = match row {
            _ if is_of_lines(record) => "; a quote in it is closed some lines later, or not at all",
            0 => "; put `#` before the first line if it is no part of the table",
            _ => "",
        };
        Err(unreadable(&self.stored.path, reason + hint))
    }

    /// Fails if a quote of the last record, which stands there, is not closed: then the rest of the file is in one of its cells.
    fn check_closed(&self, record: u64) -> Result<(), DataError> {
        let mark = text::mark(self.dialect.delimiter);
        let mut cell = InCell::Begin;
        self.each_byte(|at, byte| {
            if at >= record {
                cell = cell.after(byte, mark);
            }
            None::<()>
        });
        if cell != InCell::Quoted {
            return Ok(());
        }
        let reason = format!("{} has a quote that is not closed before the end of the file", self.place(record));
        Err(unreadable(&self.stored.path, reason))
    }

    /// Where a byte of the text stands, for people: its line, or its row where the user's file has none.
    pub fn place(&self, byte: u64) -> String {
        let line = self.line(byte);
        if self.stored.is_written() {
            format!("row {} (from 0)", line.saturating_sub(2))
        } else {
            format!("line {line}")
        }
    }

    /// The line, from 1, of a byte of the text; empty lines there are passed over.
    pub fn line(&self, byte: u64) -> u64 {
        let mut lines = 1 + self.dialect.lines_before;
        let found = self.each_byte(|at, found| {
            if at >= byte && !matches!(found, b'\n' | b'\r') {
                return Some(lines);
            }
            lines += u64::from(found == b'\n');
            None
        });
        found.unwrap_or(0)
    }

    /// Calls `take` with every byte of the text and where it stands, until that gives something or the text ends.
    fn each_byte<R>(&self, mut take: impl FnMut(u64, u8) -> Option<R>) -> Option<R> {
        let dialect = &self.dialect;
        let mut text = text::lines(&self.stored, dialect.encoding, dialect.delimiter, dialect.from).ok()?;
        let (mut at, mut buffer) = (0, vec![0; 1 << 16]);
        loop {
            let n = text.read(&mut buffer).ok().filter(|n| *n > 0)?;
            for byte in &buffer[..n] {
                if let Some(found) = take(at, *byte) {
                    return Some(found);
                }
                at += 1;
            }
        }
    }

    fn csv_error(&self, error: &csv::Error) -> DataError {
        let path = &self.stored.path;
        match error.kind() {
            ErrorKind::Io(e) => io_error(path, e),
            _ => unreadable(path, shown(&error.to_string())),
        }
    }
}

/// Where in a cell a text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum InCell {
    Begin,
    /// Quotes mean themselves.
    Plain,
    Quoted,
    /// After a quote in a quoted one, which ends that unless another follows.
    AfterQuote,
}

impl InCell {
    fn after(self, byte: u8, mark: u8) -> Self {
        match (self, byte) {
            (Self::Quoted, b'"') => Self::AfterQuote,
            (Self::Quoted, _) | (Self::Begin | Self::AfterQuote, b'"') => Self::Quoted,
            (_, b'\n' | b'\r') => Self::Begin,
            (_, byte) if byte == mark => Self::Begin,
            _ => Self::Plain,
        }
    }
}

/// Whether a cell has several lines.
fn is_of_lines(record: &ByteRecord) -> bool {
    record.as_slice().contains(&b'\n')
}

/// Where a record stands: its row in the file, and the byte of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub row: usize,
    pub byte: u64,
}
