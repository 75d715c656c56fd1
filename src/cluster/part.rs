//! A part of a run: a file of JSON lines. The first says of what work it is, each other one is a result.
//!
//! ```text
//! {"neartop":"0.1.0","definition":1,"work":"5f0c...","preset":"Digits MLP","seed":0,"repetitions":32,"candidates":130}
//! {"candidate":7,"repetition":0,"near":161.53,"layers":[57.1,...],"propagation":{...},"check":"9c41..."}
//! {"candidate":9,"repetition":0,"failure":"values that are not finite after layer 2 (linear)","check":"02d7..."}
//! ```
//!
//! `candidate` is a place in the run's list of candidates, which `work` covers. Numbers read back to the last bit. Each
//! line carries a checksum, so one that was torn, or that two programs wrote at once, is seen and left out.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::units::Shard;
use neartop_io::preset::printable;
use neartop_study::store::{Awaited, DEFINITION, Entry, Values, Work};

/// Bytes of the longest line that is read.
const LONGEST: u64 = 64 << 20;

/// The first line of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the program.
    pub neartop: String,
    /// Version of what a score is, see [`DEFINITION`].
    pub definition: u32,
    /// [`Work::order_key`]: what is scored, and which number each candidate has.
    pub work: String,
    /// What the preset is called, for people.
    pub preset: String,
    pub seed: u64,
    pub repetitions: usize,
    /// How many there are.
    pub candidates: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// What decides which instructions compute the scores, see [`instructions`].
    #[serde(default)]
    pub instructions: String,
}

impl Header {
    #[must_use]
    pub fn new(work: &Work, shard: Option<Shard>) -> Self {
        Self {
            neartop: env!("CARGO_PKG_VERSION").to_owned(),
            definition: DEFINITION,
            work: work.order_key(),
            preset: work.name.clone(),
            seed: work.seed,
            repetitions: work.repetitions,
            candidates: work.candidates.len(),
            shard,
            instructions: instructions().to_owned(),
        }
    }

    /// Whether results under this header are results of `other` too.
    ///
    /// # Errors
    /// Says what is different, and what would be right where that can be said.
    pub fn check(&self, other: &Self) -> Result<(), Mismatch> {
        if self.work == other.work {
            return Ok(());
        }
        Err(if self.definition != other.definition {
            let program = printable(&self.neartop);
            Mismatch::Definition { program, theirs: self.definition, ours: other.definition }
        } else if self.seed != other.seed {
            Mismatch::Seed { theirs: self.seed, ours: other.seed }
        } else if self.candidates != other.candidates {
            Mismatch::Candidates { theirs: self.candidates, ours: other.candidates }
        } else {
            Mismatch::Content { preset: printable(&self.preset) }
        })
    }

    /// As a line, without its end.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn line(&self) -> io::Result<String> {
        serde_json::to_string(self).map_err(io::Error::other)
    }
}

/// Why results are of other work than that of a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    #[error("neartop {program} made it, whose scores are other numbers (definition {theirs}, here {ours})")]
    Definition { program: String, theirs: u32, ours: u32 },
    #[error("its seed is {theirs}, and that of the run is {ours}; --seed {theirs} would fit")]
    Seed { theirs: u64, ours: u64 },
    #[error("it is of {theirs} candidates, and the run has {ours}")]
    Candidates { theirs: usize, ours: usize },
    #[error("the network, the data or the candidates of its run, {preset:?}, are others than those of this one")]
    Content { preset: String },
}

/// Which kind of vector instructions this machine has. The last bits of a score may differ between kinds.
#[must_use]
pub fn instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            "x86-64 avx512"
        } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            "x86-64 avx2"
        } else {
            "x86-64"
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::env::consts::ARCH
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    candidate: usize,
    repetition: usize,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    near: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    layers: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dead_from: Option<i64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    failure: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    propagation: Option<&'a RawValue>,
    /// SHA-256 of the samples of the repetition, where they come from a data set.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    samples: Option<Cow<'a, str>>,
    check: Cow<'a, str>,
}

/// Writes a result as a line, without its end.
///
/// # Errors
/// If its numbers cannot be written as JSON.
pub fn write_line(work: &Work, entry: &Entry, samples: Option<&str>) -> io::Result<String> {
    let values = Values::of(&entry.result);
    let check = checksum(work, entry.candidate, entry.repetition, &values, samples);
    let raw = |text: String| RawValue::from_string(text).map_err(io::Error::other);
    let near = values.near.map(|near| raw(format!("{near:?}"))).transpose()?;
    let layers = values.layers.map(raw).transpose()?;
    // JSON has no infinities, which zeros have as logarithms.
    let propagation = values.propagation.filter(|text| text != "null");
    let propagation = propagation.map(|text| raw(quote_infinities(&text))).transpose()?;
    let line = Line {
        candidate: entry.candidate,
        repetition: entry.repetition,
        near: near.as_deref(),
        layers: layers.as_deref(),
        dead_from: values.dead_from,
        failure: values.failure.map(Cow::from),
        propagation: propagation.as_deref(),
        samples: samples.map(Cow::from),
        check: check.into(),
    };
    serde_json::to_string(&line).map_err(io::Error::other)
}

/// A result as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct PartLine {
    pub entry: Entry,
    pub samples: Option<String>,
}

/// Reads a line of a part of `work`; none where it is damaged, or no result of that work.
#[must_use]
pub fn read_line(work: &Work, text: &[u8]) -> Option<PartLine> {
    let line: Line<'_> = serde_json::from_slice(text).ok()?;
    let (candidate, repetition) = (line.candidate, line.repetition);
    if candidate >= work.candidates.len() || repetition > u32::MAX as usize {
        return None;
    }
    let near = match line.near {
        Some(near) => Some(near.get().parse::<f64>().ok()?),
        None => None,
    };
    let propagation = line.propagation.map(|text| unquote_infinities(text.get()));
    let values = Values {
        near,
        layers: line.layers.map(|text| text.get().to_owned()),
        dead_from: line.dead_from,
        propagation: propagation.or_else(|| near.map(|_| "null".to_owned())),
        failure: line.failure.map(Cow::into_owned),
    };
    let samples = line.samples.map(Cow::into_owned);
    if line.check != checksum(work, candidate, repetition, &values, samples.as_deref()) {
        return None;
    }
    let result = values.result(Awaited::in_repetition(repetition))?;
    Some(PartLine { entry: Entry { work: 0, candidate, repetition, result }, samples })
}

fn checksum(work: &Work, candidate: usize, repetition: usize, values: &Values, samples: Option<&str>) -> String {
    let key = &work.candidates[candidate].key;
    let sum = match samples {
        None => values.checksum(&work.key, key, repetition),
        Some(samples) => values.checksum(&format!("{} {samples}", work.key), key, repetition),
    };
    format!("{sum:016x}")
}

const INFINITIES: [(&str, &str); 3] = [("-Infinity", "\"-inf\""), ("Infinity", "\"inf\""), ("NaN", "\"nan\"")];

fn quote_infinities(text: &str) -> String {
    INFINITIES.iter().fold(text.to_owned(), |text, (bare, quoted)| text.replace(bare, quoted))
}

fn unquote_infinities(text: &str) -> String {
    INFINITIES.iter().fold(text.to_owned(), |text, (bare, quoted)| text.replace(quoted, bare))
}

/// Why a part cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it is no part of a run: its first line is no header")]
    NoPart,
    #[error("it has a line of more than 64 MiB, as no part has")]
    LongLine,
    #[error("it is a part of other work: {0}")]
    OtherWork(Mismatch),
    #[error("repetition {repetition} was scored on other samples than those of this run")]
    OtherSamples { repetition: usize },
}

/// A part that is read from its beginning, as far as it goes.
pub struct PartReader {
    lines: BufReader<File>,
    /// Bytes up to the end of the last whole line that was read.
    pub offset: u64,
    /// None before there is a whole line.
    pub header: Option<Header>,
    /// Whole lines that were no results.
    pub damaged: usize,
}

impl PartReader {
    /// Opens a part and reads its header, if that is there.
    ///
    /// # Errors
    /// If the file cannot be read or is no part.
    pub fn open(path: &Path) -> Result<Self, PartError> {
        // Before it is opened, for a pipe would be waited for.
        if !path.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file").into());
        }
        let file = File::open(path)?;
        let mut part = Self { lines: BufReader::with_capacity(1 << 16, file), offset: 0, header: None, damaged: 0 };
        if let Some(line) = part.whole_line()? {
            let header = serde_json::from_slice(&line).map_err(|_| PartError::NoPart)?;
            part.header = Some(header);
        }
        Ok(part)
    }

    /// Goes on at the end of a line where an earlier reader stopped.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open_at(path: &Path, offset: u64) -> Result<Self, PartError> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { lines: BufReader::with_capacity(1 << 16, file), offset, header: None, damaged: 0 })
    }

    /// The next result; none at the end of the whole lines there are.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn next(&mut self, work: &Work) -> Result<Option<PartLine>, PartError> {
        while let Some(line) = self.whole_line()? {
            if let Some(found) = read_line(work, &line) {
                return Ok(Some(found));
            }
            if !line.is_empty() && !is_of_worker(&line) {
                self.damaged += 1;
            }
        }
        Ok(None)
    }

    fn whole_line(&mut self) -> Result<Option<Vec<u8>>, PartError> {
        let mut line = Vec::new();
        let read = (&mut self.lines).take(LONGEST).read_until(b'\n', &mut line)? as u64;
        if line.last() == Some(&b'\n') {
            self.offset += read;
            line.pop();
            return Ok(Some(line));
        }
        if read == LONGEST {
            return Err(PartError::LongLine);
        }
        Ok(None)
    }
}

/// Whether a line is a header, or what a worker says between results.
fn is_of_worker(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Answer {
        results: Option<u64>,
        error: Option<String>,
    }
    serde_json::from_slice::<Header>(line).is_ok()
        || serde_json::from_slice::<Answer>(line).is_ok_and(|answer| answer.results.is_some() || answer.error.is_some())
}

/// A part that results are written to, line by line.
pub struct PartWriter<W: Write> {
    to: W,
}

impl PartWriter<File> {
    /// Opens a part to go on with what it has, which is given to `take`, or begins it.
    ///
    /// # Errors
    /// If it is a part of other work, or no part, or cannot be read and written.
    pub fn go_on(path: &Path, work: &Work, header: &Header, take: &mut dyn FnMut(PartLine)) -> Result<Self, PartError> {
        let mut torn = false;
        let mut is_begun = false;
        match PartReader::open(path) {
            Ok(mut part) => {
                if let Some(there) = &part.header {
                    there.check(header).map_err(PartError::OtherWork)?;
                    is_begun = true;
                    while let Some(found) = part.next(work)? {
                        take(found);
                    }
                }
                torn = path.metadata()?.len() > part.offset;
            }
            Err(PartError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        if torn && !is_begun {
            // Not even a header: there is nothing to keep, unless it is a file of another kind.
            let start = std::fs::read(path)?;
            if !b"{\"neartop\":".starts_with(&start[..start.len().min(11)]) {
                return Err(PartError::NoPart);
            }
            std::fs::remove_file(path)?;
            torn = false;
        }
        let mut part = Self { to: OpenOptions::new().create(true).append(true).open(path)? };
        if torn {
            part.to.write_all(b"\n")?;
        }
        if !is_begun {
            part.put(&header.line()?)?;
        }
        Ok(part)
    }

    /// Begins a part anew.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn begin(path: &Path, header: &Header) -> Result<Self, PartError> {
        let mut part = Self { to: File::create(path)? };
        part.put(&header.line()?)?;
        Ok(part)
    }

    /// Makes sure that the file is on its disk, also where that is far away.
    ///
    /// # Errors
    /// If it is not.
    pub fn finish(self) -> io::Result<()> {
        self.to.sync_all()
    }
}

impl<W: Write> PartWriter<W> {
    /// Writes to a stream, after a header.
    ///
    /// # Errors
    /// If that takes nothing.
    pub fn to_stream(to: W, header: &Header) -> io::Result<Self> {
        let mut part = Self { to };
        part.put(&header.line()?)?;
        Ok(part)
    }

    /// Writes a line at once.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(&mut self, line: &str) -> io::Result<()> {
        // In one piece, so that a reader seldom sees half of it.
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        self.to.write_all(&bytes)?;
        self.to.flush()
    }
}

/// Checks that results come from the samples of this run.
///
/// # Errors
/// If they do not.
pub fn check_samples(found: &PartLine, fingerprint: Option<&str>) -> Result<(), PartError> {
    match found.samples.as_deref() == fingerprint {
        true => Ok(()),
        false => Err(PartError::OtherSamples { repetition: found.entry.repetition }),
    }
}
