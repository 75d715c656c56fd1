//! Bytes of a table on their way to the parser: in UTF-8, cells separated by one byte.

use std::io::{self, BufReader, Read};

use super::super::file::{Stored, io_error};
use super::super::{DataError, Delimiter};

/// The longest line: more than a million cells. Also what a bomb can inflate to at once.
const MOST_LINE: usize = 1 << 24;
/// What a first look takes.
pub const MOST_HEAD: u64 = 1 << 18;

/// How characters are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, or a single byte for each; with so many bytes before the text.
    Bytes {
        mark: u64,
    },
    Utf16 {
        big_endian: bool,
        mark: u64,
    },
}

impl Encoding {
    /// By the mark at the begin, or by the zeros between the characters.
    pub fn of(head: &[u8]) -> Self {
        let zeros = |odd: usize| head.iter().skip(odd).step_by(2).take(32).filter(|b| **b == 0).count();
        match head {
            [0xef, 0xbb, 0xbf, ..] => Self::Bytes { mark: 3 },
            [0xff, 0xfe, ..] => Self::Utf16 { big_endian: false, mark: 2 },
            [0xfe, 0xff, ..] => Self::Utf16 { big_endian: true, mark: 2 },
            _ if head.len() >= 8 && zeros(1) > 8.min(head.len() / 4) => Self::Utf16 { big_endian: false, mark: 0 },
            _ if head.len() >= 8 && zeros(0) > 8.min(head.len() / 4) => Self::Utf16 { big_endian: true, mark: 0 },
            _ => Self::Bytes { mark: 0 },
        }
    }

    /// What to say of it.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Bytes { .. } => None,
            Self::Utf16 { .. } => Some("UTF-16"),
        }
    }
}

/// The first bytes of the text, in UTF-8 where that is known, and how it is stored.
pub fn head(stored: &Stored) -> Result<(Encoding, Vec<u8>), DataError> {
    let mut head = Vec::new();
    stored.stream()?.take(MOST_HEAD).read_to_end(&mut head).map_err(|e| io_error(&stored.path, &e))?;
    let encoding = Encoding::of(&head);
    let mut text = Vec::new();
    open(stored, encoding, 0)?.take(MOST_HEAD).read_to_end(&mut text).map_err(|e| io_error(&stored.path, &e))?;
    Ok((encoding, text))
}

/// The text in UTF-8 from a byte on, which counts from the begin of the text.
fn open(stored: &Stored, encoding: Encoding, from: u64) -> Result<Box<dyn Read>, DataError> {
    let mut stream = stored.stream()?;
    let (Encoding::Bytes { mark } | Encoding::Utf16 { mark, .. }) = encoding;
    stream.skip_to(mark + from).map_err(|e| io_error(&stored.path, &e))?;
    Ok(match encoding {
        Encoding::Bytes { .. } => Box::new(stream),
        Encoding::Utf16 { big_endian, .. } => {
            Box::new(Utf16 { from: BufReader::new(stream), big_endian, high: None, left: Vec::new() })
        }
    })
}

/// The text as the parser takes it.
pub fn lines(stored: &Stored, encoding: Encoding, delimiter: Delimiter, from: u64) -> Result<ShortLines, DataError> {
    let text = open(stored, encoding, from)?;
    let text: Box<dyn Read> = match delimiter {
        Delimiter::Byte(_) => text,
        Delimiter::Spaces => Box::new(OneSpace::new(text)),
    };
    Ok(ShortLines { stream: text, length: 0 })
}

/// The byte that separates cells for the parser.
pub fn mark(delimiter: Delimiter) -> u8 {
    match delimiter {
        Delimiter::Byte(byte) => byte,
        Delimiter::Spaces => b'\t',
    }
}

/// Fails at a line that is too long, before anybody keeps it in memory.
pub struct ShortLines {
    stream: Box<dyn Read>,
    length: usize,
}

impl Read for ShortLines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.stream.read(buffer)?;
        self.length = match buffer[..n].iter().rposition(|b| matches!(b, b'\n' | b'\r')) {
            Some(end) => n - end,
            None => self.length + n,
        };
        if self.length > MOST_LINE {
            return Err(io::Error::other("it has a line of more than 16 MiB, so it is hardly a table"));
        }
        Ok(n)
    }
}

/// UTF-16 as UTF-8.
struct Utf16<R> {
    from: BufReader<R>,
    big_endian: bool,
    /// The first half of a pair.
    high: Option<u16>,
    /// Bytes that found no room.
    left: Vec<u8>,
}

impl<R: Read> Utf16<R> {
    fn unit(&mut self) -> io::Result<Option<u16>> {
        let mut bytes = [0; 2];
        match self.from.read(&mut bytes[..1])? {
            0 => Ok(None),
            _ => {
                self.from.read_exact(&mut bytes[1..])?;
                Ok(Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }))
            }
        }
    }

    /// The next character; what is none becomes a replacement.
    fn character(&mut self) -> io::Result<Option<char>> {
        let Some(first) = self.high.take().map_or_else(|| self.unit(), |unit| Ok(Some(unit)))? else {
            return Ok(None);
        };
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(Some(char::from_u32(u32::from(first)).unwrap_or(char::REPLACEMENT_CHARACTER)));
        }
        let second = self.unit()?;
        let pair = char::decode_utf16([first, second.unwrap_or(0)]).next().and_then(Result::ok);
        if pair.is_none() {
            self.high = second;
        }
        Ok(Some(pair.unwrap_or(char::REPLACEMENT_CHARACTER)))
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().max(4);
        while self.left.len() < most {
            let Some(next) = self.character()? else { break };
            self.left.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
        }
        let n = self.left.len().min(buffer.len());
        buffer[..n].copy_from_slice(&self.left[..n]);
        self.left.drain(..n);
        Ok(n)
    }
}

/// Runs of spaces and tabs as one tab, and none at the ends of lines; what stands in quotes stays.
struct OneSpace {
    from: Box<dyn Read>,
    bytes: Vec<u8>,
    /// Cells of this line have begun, spaces follow them, quotes are open.
    begun: bool,
    space: bool,
    quoted: bool,
}

impl OneSpace {
    fn new(from: Box<dyn Read>) -> Self {
        Self { from, bytes: vec![0; 1 << 15], begun: false, space: false, quoted: false }
    }

    fn squeeze(&mut self, n: usize, to: &mut [u8]) -> usize {
        let mut at = 0;
        for byte in &self.bytes[..n] {
            match byte {
                b' ' | b'\t' if !self.quoted => self.space = true,
                b'\n' | b'\r' if !self.quoted => {
                    (self.begun, self.space) = (false, false);
                    to[at] = *byte;
                    at += 1;
                }
                byte => {
                    if std::mem::take(&mut self.space) && self.begun {
                        to[at] = b'\t';
                        at += 1;
                    }
                    self.begun = true;
                    self.quoted ^= *byte == b'"';
                    to[at] = *byte;
                    at += 1;
                }
            }
        }
        at
    }
}

/// The begin of a text with runs of spaces as tabs.
pub fn squeezed(head: &[u8]) -> Vec<u8> {
    let mut space = OneSpace::new(Box::new(io::empty()));
    space.bytes = head.to_vec();
    let mut to = vec![0; head.len() + 1];
    let n = space.squeeze(head.len(), &mut to);
    to.truncate(n);
    to
}

impl Read for OneSpace {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A space that waits for the next cell may add a byte to each part.
        let most = self.bytes.len().min(buffer.len().saturating_sub(1).max(1));
        if buffer.len() < 2 {
            return Err(io::Error::other("a buffer of one byte"));
        }
        loop {
            let n = self.from.read(&mut self.bytes[..most])?;
            let written = self.squeeze(n, buffer);
            if n == 0 || written > 0 {
                return Ok(written);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squeezed(text: &'static str) -> String {
        let mut out = Vec::new();
        let mut from = OneSpace::new(Box::new(text.as_bytes()));
        let mut buffer = [0; 7];
        loop {
            let n = from.read(&mut buffer).unwrap();
            if n == 0 {
                return String::from_utf8(out).unwrap();
            }
            out.extend_from_slice(&buffer[..n]);
        }
    }

    #[test]
    fn runs_of_spaces_part_cells() {
        assert_eq!(squeezed("  1   2\t 3  \n 4 \"a  b\" 5\r\n"), "1\t2\t3\n4\t\"a  b\"\t5\r\n");
    }

    #[test]
    fn utf_16_becomes_utf_8() {
        let text = "a,ä,🦀\n1,2,3\n";
        for big_endian in [false, true] {
            let bytes: Vec<u8> = text
                .encode_utf16()
                .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect();
            assert_eq!(Encoding::of(&bytes), Encoding::Utf16 { big_endian, mark: 0 });
            let mut out = String::new();
            let from = BufReader::new(bytes.as_slice());
            Utf16 { from, big_endian, high: None, left: Vec::new() }.read_to_string(&mut out).unwrap();
            assert_eq!(out, text);
        }
    }
}
