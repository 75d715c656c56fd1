//! The messages of Arrow's IPC: a schema, dictionaries, and batches of rows. A file is a stream of them between two marks, and
//! is read as one, unless its schema stands in its footer alone.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{read_dictionary, read_record_batch};
use arrow_ipc::{Message, MessageHeader, root_as_message};
use arrow_schema::{ArrowError, SchemaRef};

use super::footer;
use crate::data::DataError;
use crate::data::file::{Stored, Stream, io_error, shown, unreadable};
use crate::panics::contain;

const MOST_METADATA: u32 = 1 << 26;
/// The most bytes of a batch, unpacked.
const MOST_BODY: u64 = 1 << 30;
const MOST_BATCHES: usize = 1 << 20;

/// Takes the columns of a batch, the number of its first row, and how many it has.
type Take<'a> = dyn FnMut(&[ArrayRef], usize, usize) -> Result<(), DataError> + 'a;

/// Where a message stands.
struct Place {
    /// The first byte of its metadata, how many there are, and how many of its body after them.
    at: u64,
    metadata: usize,
    body: u64,
    rows: usize,
}

/// The batches of a file.
pub struct Batches {
    stored: Stored,
    pub schema: SchemaRef,
    dictionaries: HashMap<i64, ArrayRef>,
    places: Vec<Place>,
}

/// What the messages of a file have said so far.
struct Read {
    schema: Option<SchemaRef>,
    dictionaries: HashMap<i64, ArrayRef>,
    places: Vec<Place>,
}

impl Read {
    fn message(
        &mut self,
        stored: &Stored,
        stream: &mut Stream,
        mut place: Place,
        metadata: &[u8],
    ) -> Result<(), DataError> {
        let path = &stored.path;
        let message = parse(path, metadata)?;
        match (message.header_type(), &self.schema) {
            (MessageHeader::Schema, _) => {
                let of = message.header_as_schema().ok_or_else(|| damaged(path, "it has no schema"))?;
                self.schema = Some(Arc::new(try_fb_to_schema(of).map_err(|e| failed(path, &e))?));
            }
            (MessageHeader::DictionaryBatch, Some(schema)) => {
                let of = message.header_as_dictionary_batch();
                let of = of.ok_or_else(|| damaged(path, "a dictionary is missing"))?;
                let body = body(stored, stream, &place)?;
                of.data().map_or(Ok(()), |batch| check_buffers(path, &batch, &body))?;
                read_dictionary(&body, of, schema, &mut self.dictionaries, &message.version())
                    .map_err(|e| failed(path, &e))?;
            }
            (MessageHeader::RecordBatch, Some(_)) => {
                let rows = message.header_as_record_batch().map_or(-1, |batch| batch.length());
                place.rows = usize::try_from(rows).map_err(|_| damaged(path, "a batch has no number of rows"))?;
                self.places.push(place);
            }
            _ => return Err(damaged(path, "it does not begin with its schema")),
        }
        match self.places.len() > MOST_BATCHES {
            true => Err(unreadable(path, format!("it has more than {MOST_BATCHES} batches"))),
            false => Ok(()),
        }
    }
}

/// Makes an error of a panic: the library has assertions that a damaged file can break.
pub fn contained<T>(path: &Path, read: impl FnOnce() -> Result<T, DataError>) -> Result<T, DataError> {
    contain(read).unwrap_or_else(|| Err(unreadable(path, "it is damaged, so that the reader of Arrow broke off")))
}

fn failed(path: &Path, error: &ArrowError) -> DataError {
    unreadable(path, format!("it is damaged or truncated: {}", shown(&error.to_string())))
}

fn damaged(path: &Path, why: &str) -> DataError {
    unreadable(path, format!("it is damaged or truncated: {why}"))
}

impl Batches {
    /// Reads all but the rows.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let stored = Stored::open(path)?;
        let head = stored.head()?;
        if head.starts_with(b"FEA1") {
            let reason = "it is Feather of version 1, which is not read; in Python: import pandas; \
                          pandas.read_feather(\"data.feather\").to_parquet(\"data.parquet\")";
            return Err(unreadable(path, reason));
        }
        let is_file = head.starts_with(b"ARROW1");
        let mut stream = stored.stream()?;
        let footer = if is_file { footer::read(&stored)? } else { None };
        let (schema, mut places) = footer.map_or((None, None), |end| (Some(end.schema), Some(end.places.into_iter())));
        let mut read = Read { schema, dictionaries: HashMap::new(), places: Vec::new() };
        let mut after = if is_file { 8 } else { 0 };
        while let Some(at) = places.as_mut().map_or(Some(after), Iterator::next) {
            let Some((place, metadata)) = next(&stored, &mut stream, at)? else { break };
            after = place.at + place.metadata as u64 + place.body;
            read.message(&stored, &mut stream, place, &metadata)?;
        }
        let rows = read.places.iter().try_fold(0usize, |sum, place: &Place| sum.checked_add(place.rows));
        match (read.schema, rows) {
            (Some(schema), Some(_)) => {
                Ok(Self { stored, schema, dictionaries: read.dictionaries, places: read.places })
            }
            _ => Err(damaged(path, "it has no schema, or more rows than any file holds")),
        }
    }

    pub fn path(&self) -> &Path {
        &self.stored.path
    }

    pub fn count(&self) -> usize {
        self.places.iter().map(|place| place.rows).sum()
    }

    /// The columns of the first row, if there is one.
    pub fn first_row(&self, columns: &[usize]) -> Result<Option<Vec<ArrayRef>>, DataError> {
        let mut first = None;
        let mut is_first = true;
        self.each(columns, &mut |_, rows| rows > 0 && std::mem::replace(&mut is_first, false), &mut |read, _, _| {
            first = Some(read.iter().map(|column| column.slice(0, 1)).collect());
            Ok(())
        })?;
        Ok(first)
    }

    /// Calls `take` with the columns of each batch that is wanted, with its first row and how many it has.
    pub fn each(
        &self,
        columns: &[usize],
        is_wanted: &mut dyn FnMut(usize, usize) -> bool,
        take: &mut Take<'_>,
    ) -> Result<(), DataError> {
        let mut stream = self.stored.stream()?;
        let mut first = 0;
        for place in &self.places {
            if is_wanted(first, place.rows) {
                let read = self.columns(&mut stream, place, columns)?;
                take(&read, first, place.rows)?;
            }
            first += place.rows;
        }
        Ok(())
    }

    fn columns(&self, stream: &mut Stream, place: &Place, columns: &[usize]) -> Result<Vec<ArrayRef>, DataError> {
        let path = self.path();
        stream.skip_to(place.at).map_err(|e| io_error(path, &e))?;
        let mut metadata = vec![0; place.metadata];
        stream.read_exact(&mut metadata).map_err(|e| io_error(path, &e))?;
        let message = parse(path, &metadata)?;
        let batch = message.header_as_record_batch().ok_or_else(|| damaged(path, "a batch is missing"))?;
        let body = body(&self.stored, stream, place)?;
        check_buffers(path, &batch, &body)?;
        let schema = Arc::clone(&self.schema);
        let read = read_record_batch(&body, batch, schema, &self.dictionaries, None, &message.version())
            .map_err(|e| failed(path, &e))?;
        if read.num_rows() != place.rows {
            return Err(damaged(path, "a batch has not the rows that it announces"));
        }
        Ok(columns.iter().map(|i| Arc::clone(read.column(*i))).collect())
    }
}

fn parse<'a>(path: &Path, metadata: &'a [u8]) -> Result<Message<'a>, DataError> {
    root_as_message(metadata).map_err(|e| damaged(path, &shown(&e.to_string())))
}

/// The next message, if there is one.
fn next(stored: &Stored, stream: &mut Stream, at: u64) -> Result<Option<(Place, Vec<u8>)>, DataError> {
    let path = &stored.path;
    stream.skip_to(at).map_err(|e| io_error(path, &e))?;
    let mut start = [0; 4];
    if stream.read(&mut start[..1]).map_err(|e| io_error(path, &e))? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut start[1..]).map_err(|e| io_error(path, &e))?;
    let mut begin = at + 4;
    // Older writers have no mark before the length.
    if start == [0xff; 4] {
        stream.read_exact(&mut start).map_err(|e| io_error(path, &e))?;
        begin += 4;
    }
    let length = u32::from_le_bytes(start);
    if length == 0 {
        return Ok(None);
    }
    if length > MOST_METADATA {
        return Err(damaged(path, &format!("a message has {length} bytes of metadata")));
    }
    stored.check_holds(begin.checked_add(u64::from(length)))?;
    let mut metadata = vec![0; length as usize];
    stream.read_exact(&mut metadata).map_err(|e| io_error(path, &e))?;
    let body = u64::try_from(parse(path, &metadata)?.bodyLength()).unwrap_or(u64::MAX);
    if body > MOST_BODY {
        let reason = format!("a batch has {body} bytes, and {MOST_BODY} are the most that is read; write smaller ones");
        return Err(unreadable(path, reason));
    }
    stored.check_holds((begin + u64::from(length)).checked_add(body))?;
    Ok(Some((Place { at: begin, metadata: metadata.len(), body, rows: 0 }, metadata)))
}

fn body(stored: &Stored, stream: &mut Stream, place: &Place) -> Result<Buffer, DataError> {
    let fail = |e: std::io::Error| io_error(&stored.path, &e);
    stream.skip_to(place.at + place.metadata as u64).map_err(fail)?;
    let mut body = vec![0; place.body as usize];
    stream.read_exact(&mut body).map_err(fail)?;
    Ok(Buffer::from_vec(body))
}

/// Fails if buffers lie outside of the body, or would unpack to more than is read.
fn check_buffers(path: &Path, batch: &arrow_ipc::RecordBatch<'_>, body: &[u8]) -> Result<(), DataError> {
    let mut sum = 0u64;
    for buffer in batch.buffers().iter().flatten() {
        let (offset, length) = (usize::try_from(buffer.offset()).ok(), usize::try_from(buffer.length()).ok());
        let part = offset.zip(length).and_then(|(offset, length)| body.get(offset..offset.checked_add(length)?));
        let Some(part) = part else { return Err(damaged(path, "a column lies outside of its batch")) };
        if batch.compression().is_some()
            && let Some(unpacked) = part.first_chunk::<8>()
        {
            // -1 says that it is not packed.
            sum = sum.saturating_add(u64::try_from(i64::from_le_bytes(*unpacked)).unwrap_or(0));
        }
    }
    match sum > MOST_BODY {
        true => {
            Err(unreadable(path, format!("a batch unpacks to {sum} bytes, and {MOST_BODY} are the most that is read")))
        }
        false => Ok(()),
    }
}
