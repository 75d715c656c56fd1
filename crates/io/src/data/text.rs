//! A text as tokens: pieces of it, one after the other, are the samples.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::file::{Stored, io_error, unreadable};
use super::{Assumption, DataError, FileAssumption, Labels, Source, Vocabulary};
use neartop_core::network::{Form, Shape};
use neartop_core::shape::Layout;

/// Bytes that are looked at together.
const BLOCK: usize = 1 << 16;
/// The longest word; what is longer is several.
const MOST_WORD: usize = 64;
/// The most words of which the numbers are counted.
const MOST_WORDS: usize = 1 << 21;
/// Tokens of a sample where no network says how many.
const USUAL: usize = 64;

/// The tokens of a text, in pieces of as many as the network takes.
pub struct Text {
    stored: Stored,
    tokens: Tokens,
    count: usize,
    shape: Shape,
    assumptions: Vec<Assumption>,
}

/// What tokens are called.
enum Tokens {
    Bytes,
    /// The numbers of characters or words; all others have the last number.
    Of {
        kind: Vocabulary,
        numbers: HashMap<String, u32>,
        other: u32,
    },
}

/// Counts the tokens of a text.
pub fn open(path: &Path, vocabulary: Vocabulary, input: Option<&Form>) -> Result<Text, DataError> {
    let vocab = match input.map(|input| input.layout) {
        Some(Layout::Ids { vocab }) => vocab,
        None => usize::MAX,
        Some(_) => {
            let reason = "`vocabulary` makes numbers of tokens of a text, but the network takes features; write \
                          `input: {tokens: 64, vocab: 256}` and begin with an `embedding`";
            return Err(DataError::Invalid(reason.to_owned()));
        }
    };
    let stored = Stored::open(path)?;
    let length = input.map_or(USUAL, |input| input.shape.elements()).max(1);
    let mut found = 0u64;
    let mut counts = HashMap::<String, u64>::new();
    each_token(&stored, vocabulary, &mut |token| {
        found += 1;
        if vocabulary == Vocabulary::Bytes {
            return Ok(true);
        }
        let token = String::from_utf8_lossy(token);
        if let Some(count) = counts.get_mut(token.as_ref()) {
            *count += 1;
        } else if counts.len() < MOST_WORDS {
            counts.insert(token.into_owned(), 1);
        } else {
            let reason = format!("it has more than {MOST_WORDS} different words; write `vocabulary: bytes`");
            return Err(unreadable(path, reason));
        }
        Ok(true)
    })?;
    let count = (found / length as u64) as usize;
    if count == 0 {
        let reason = format!("it has {found} tokens, and a sample of the network takes {length}");
        return Err(unreadable(path, reason));
    }
    let different = counts.len();
    let tokens = Tokens::new(vocabulary, counts, vocab);
    let told = FileAssumption::Text { tokens: found, different, vocab: vocab.min(different), length };
    let assumptions = vec![told.into()];
    Ok(Text { stored, tokens, count, shape: Shape(vec![length]), assumptions })
}

impl Tokens {
    /// Numbers from the most frequent on, ties in the order of the texts.
    fn new(kind: Vocabulary, counts: HashMap<String, u64>, vocab: usize) -> Self {
        if kind == Vocabulary::Bytes {
            return Self::Bytes;
        }
        let mut by_count: Vec<_> = counts.into_iter().collect();
        by_count.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        let other = by_count.len().min(vocab).saturating_sub(1) as u32;
        let own = if by_count.len() > vocab { other as usize } else { by_count.len() };
        let numbers = by_count.into_iter().take(own).enumerate().map(|(i, (text, _))| (text, i as u32)).collect();
        Self::Of { kind, numbers, other }
    }

    fn kind(&self) -> Vocabulary {
        match self {
            Self::Bytes => Vocabulary::Bytes,
            Self::Of { kind, .. } => *kind,
        }
    }

    fn number(&self, token: &[u8]) -> f32 {
        match self {
            Self::Bytes => f32::from(token.first().copied().unwrap_or(0)),
            Self::Of { numbers, other, .. } => {
                let number = match std::str::from_utf8(token) {
                    Ok(token) => numbers.get(token),
                    Err(_) => numbers.get(String::from_utf8_lossy(token).as_ref()),
                };
                number.copied().unwrap_or(*other) as f32
            }
        }
    }
}

/// Calls `take` with the tokens of a text, until it has enough.
fn each_token(
    stored: &Stored,
    vocabulary: Vocabulary,
    take: &mut dyn FnMut(&[u8]) -> Result<bool, DataError>,
) -> Result<(), DataError> {
    let mut bytes = BufReader::with_capacity(BLOCK, stored.stream()?);
    let fail = |e: std::io::Error| io_error(&stored.path, &e);
    let mut token = Vec::with_capacity(MOST_WORD);
    loop {
        let block = bytes.fill_buf().map_err(fail)?;
        if block.is_empty() {
            break;
        }
        let length = block.len();
        for byte in block {
            // A token ends before this byte, and may be it alone.
            let (ends, alone) = match vocabulary {
                Vocabulary::Bytes => (true, true),
                Vocabulary::Characters => (byte & 0xc0 != 0x80, false),
                Vocabulary::Words => {
                    let is_word = byte.is_ascii_alphanumeric() || *byte >= 0x80 || *byte == b'_';
                    (!is_word || token.len() >= MOST_WORD && byte & 0xc0 != 0x80, !is_word)
                }
            };
            if ends && !token.is_empty() {
                if !take(&token)? {
                    return Ok(());
                }
                token.clear();
            }
            let is_left_out = vocabulary == Vocabulary::Words && byte.is_ascii_whitespace();
            if alone && !is_left_out && !take(&[*byte])? {
                return Ok(());
            }
            // What is no UTF-8 does not grow without end.
            if !alone && token.len() < 2 * MOST_WORD {
                token.push(*byte);
            }
        }
        bytes.consume(length);
    }
    if !token.is_empty() {
        take(&token)?;
    }
    Ok(())
}

impl Source for Text {
    fn count(&self) -> usize {
        self.count
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        let length = self.shape.elements();
        if matches!(self.tokens, Tokens::Bytes) {
            return self.read_bytes(rows, take);
        }
        let (mut sample, mut at) = (Vec::with_capacity(length), 0);
        let mut wanted = rows.iter().peekable();
        each_token(&self.stored, self.tokens.kind(), &mut |token| {
            if wanted.peek().is_some_and(|row| **row == at / length) {
                sample.push(self.tokens.number(token));
                if sample.len() == length {
                    take(&sample);
                    sample.clear();
                    wanted.next();
                }
            }
            at += 1;
            Ok(wanted.peek().is_some())
        })?;
        match wanted.peek() {
            Some(_) => Err(unreadable(&self.stored.path, "it has become shorter while it was read")),
            None => Ok(()),
        }
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        Ok(None)
    }

    fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }
}

impl Text {
    fn read_bytes(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        let fail = |e: std::io::Error| io_error(&self.stored.path, &e);
        let mut stream = self.stored.stream()?;
        let mut bytes = vec![0; self.shape.elements()];
        for row in rows {
            stream.skip_to((row * bytes.len()) as u64).and_then(|()| stream.read_exact(&mut bytes)).map_err(fail)?;
            let sample: Vec<_> = bytes.iter().map(|byte| f32::from(*byte)).collect();
            take(&sample);
        }
        Ok(())
    }
}
