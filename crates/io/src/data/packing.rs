//! How bytes are packed.

use std::io::{self, BufRead, Read};

use bzip2::read::MultiBzDecoder;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use lzma_rust2::XzReader;

/// How bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    Plain,
    Gzip,
    Deflate,
    Zlib,
    Bzip2,
    Xz,
    Zstd,
}

/// The ends of names of files that are packed.
pub const ENDINGS: [&str; 5] = [".gz", ".bz2", ".xz", ".zst", ".zip"];

/// Deflate never makes more than this many bytes of one.
const MOST_INFLATION: u64 = 1032;
/// The most memory that unpacking takes, as a power of two of bytes: as much as `xz -9` and `zstd -19` need, and more.
const MOST_MEMORY: u32 = 27;

impl Packing {
    /// By the first bytes of a file.
    pub fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }

    /// The most bytes that so many packed ones can hold, where that is known.
    pub fn most(self, length: u64) -> Option<u64> {
        match self {
            Self::Plain => Some(length),
            Self::Gzip | Self::Deflate | Self::Zlib => Some(length.saturating_mul(MOST_INFLATION)),
            Self::Bzip2 | Self::Xz | Self::Zstd => None,
        }
    }

    /// The bytes that are packed, in bounded memory.
    ///
    /// # Errors
    /// If they cannot be unpacked at all.
    pub fn unpack<'a>(self, bytes: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Self::Plain => Box::new(bytes),
            Self::Gzip => Box::new(MultiGzDecoder::new(bytes)),
            Self::Deflate => Box::new(DeflateDecoder::new(bytes)),
            Self::Zlib => Box::new(ZlibDecoder::new(bytes)),
            Self::Bzip2 => Box::new(MultiBzDecoder::new(bytes)),
            Self::Xz => Box::new(XzReader::new_mem_limit(bytes, true, 1 << (MOST_MEMORY - 10))),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
                decoder.window_log_max(MOST_MEMORY)?;
                Box::new(decoder)
            }
        })
    }
}
