//! IDX, the format of MNIST (yann.lecun.com/exdb/mnist): two zero bytes, the type, the rank, the big-endian sizes, the
//! elements.

use std::io::Read;
use std::path::Path;

use super::DataError;
use super::array::Array;
use super::element::Element;
use super::file::{Stored, excerpt, io_error, unreadable};

/// Reads the header.
pub fn open(path: &Path) -> Result<Array, DataError> {
    let stored = Stored::open(path)?;
    let mut stream = stored.stream()?;
    let mut magic = [0; 4];
    stream.read_exact(&mut magic).map_err(|e| io_error(path, &e))?;
    let element = match magic {
        [0, 0, 0x08, _] => Element::U8,
        [0, 0, 0x09, _] => Element::I8,
        [0, 0, 0x0b, _] => Element::I16,
        [0, 0, 0x0c, _] => Element::I32,
        [0, 0, 0x0d, _] => Element::F32,
        [0, 0, 0x0e, _] => Element::F64,
        _ => {
            let reason = format!(
                "it is no IDX file: that begins with two zero bytes and a type from 8 to 14, this one with `{}`",
                excerpt(&magic)
            );
            return Err(unreadable(path, reason));
        }
    };
    let rank = magic[3];
    if rank == 0 {
        return Err(unreadable(path, "its header says that it has no dimensions, where 1 or more are needed"));
    }
    let mut sizes = vec![0; usize::from(rank) * 4];
    stream.read_exact(&mut sizes).map_err(|e| io_error(path, &e))?;
    let dims = sizes.as_chunks::<4>().0.iter().map(|size| u32::from_be_bytes(*size) as usize).collect();
    Array {
        stored,
        offset: 4 + sizes.len() as u64,
        element,
        big_endian: true,
        dims,
        fortran: false,
        samples_last: false,
    }
    .checked()
}
