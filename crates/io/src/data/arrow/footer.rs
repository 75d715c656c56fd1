//! The end of an Arrow file: the schema, and where everything else is.

use std::io::{self, Read};
use std::sync::Arc;

use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::root_as_footer;
use arrow_schema::SchemaRef;

use crate::data::DataError;
use crate::data::file::{Stored, io_error, shown, unreadable};

const MOST_FOOTER: u64 = 1 << 26;
/// After the footer: its length, and the mark.
const END: u64 = 10;

/// What a footer says.
pub struct Footer {
    pub schema: SchemaRef,
    /// The first bytes of the dictionaries and batches, in their order.
    pub places: Vec<u64>,
}

/// The footer of a file that begins with no message of a schema, as polars writes it. Others are read from their begin.
///
/// # Errors
/// If there is none.
pub fn read(stored: &Stored) -> Result<Option<Footer>, DataError> {
    let fail = |e: io::Error| io_error(&stored.path, &e);
    let damaged = |why: &str| unreadable(&stored.path, format!("it is damaged or truncated: {why}"));
    let mut stream = stored.stream()?;
    let mut mark = [0; 4];
    stream.skip_to(8).and_then(|()| stream.read_exact(&mut mark)).map_err(fail)?;
    // Older writers have the length of the message there.
    if mark == [0xff; 4] || u32::from_le_bytes(mark) > 8 {
        return Ok(None);
    }
    let length = match stored.plain_length() {
        Some(length) => length,
        None => io::copy(&mut stored.stream()?, &mut io::sink()).map_err(fail)?,
    };
    let mut end = [0; END as usize];
    let at = length.checked_sub(END).ok_or_else(|| damaged("it has no footer"))?;
    stream.skip_to(at).and_then(|()| stream.read_exact(&mut end)).map_err(fail)?;
    let [a, b, c, d, mark @ ..] = end;
    let size = u64::from(u32::from_le_bytes([a, b, c, d]));
    let from = at.checked_sub(size).filter(|_| &mark == b"ARROW1" && size <= MOST_FOOTER);
    let from = from.ok_or_else(|| damaged("it has no footer"))?;
    let mut footer = vec![0; size as usize];
    let mut stream = stored.stream()?;
    stream.skip_to(from).and_then(|()| stream.read_exact(&mut footer)).map_err(fail)?;
    let footer = root_as_footer(&footer).map_err(|e| damaged(&shown(&e.to_string())))?;
    let schema = footer.schema().ok_or_else(|| damaged("it has no schema"))?;
    let schema = Arc::new(try_fb_to_schema(schema).map_err(|e| damaged(&shown(&e.to_string())))?);
    let blocks = [footer.dictionaries(), footer.recordBatches()];
    let offsets = blocks.iter().flatten().flatten().map(|block| u64::try_from(block.offset()));
    let mut places = offsets.collect::<Result<Vec<_>, _>>().map_err(|_| damaged("a batch has no place"))?;
    places.sort_unstable();
    Ok(Some(Footer { schema, places }))
}
