//! Files of data: which format they have, and their bytes in ascending order.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Crc;
use tempfile::NamedTempFile;

use super::DataError;
pub use super::errors::{io_error, unreadable};
use super::names::{entries, is_image};
use super::packing::{ENDINGS, Packing};
pub use super::words::{excerpt, shown};
use super::zipped::{self, Member};
use neartop_core::catalog::nearest;

/// What the program can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Idx,
    /// CSV or TSV.
    Table {
        tabs: bool,
    },
    Npy,
    Npz,
    Parquet,
    Safetensors,
    Hdf5,
    /// MATLAB's.
    Mat,
    /// Arrow's, which is Feather's too.
    Arrow,
    /// A text of tokens.
    Text,
    /// A folder with a folder of images per class.
    Images,
    /// A folder of files that are one data set.
    Shards,
}

const KNOWN: &str = "IDX, .csv, .tsv, .data, .dat, .txt, .npy (each also .gz, .bz2, .xz, .zst or .zip), .npz, .parquet, \
    .arrow, .feather, .safetensors, .h5, .mat, or a folder of images";

impl Format {
    /// The format that a name stands for.
    pub fn of_name(path: &Path) -> Option<Self> {
        let name = unpacked(path).to_string_lossy().to_ascii_lowercase();
        let name = name.as_str();
        // The names of MNIST: train-images-idx3-ubyte, train-images.idx3-ubyte.
        let (_, end) = name.rsplit_once(['-', '.']).unwrap_or(("", name));
        if name.contains("idx") && ["ubyte", "byte", "short", "int", "float", "double"].contains(&end) {
            return Some(Self::Idx);
        }
        match name.rsplit_once('.')?.1 {
            "idx" | "idx1" | "idx2" | "idx3" | "idx4" => Some(Self::Idx),
            "csv" | "data" | "dat" | "txt" => Some(Self::Table { tabs: false }),
            "tsv" | "tab" => Some(Self::Table { tabs: true }),
            "npy" => Some(Self::Npy),
            "npz" => Some(Self::Npz),
            "parquet" | "pq" => Some(Self::Parquet),
            "safetensors" => Some(Self::Safetensors),
            "h5" | "hdf5" | "hdf" | "he5" => Some(Self::Hdf5),
            "mat" => Some(Self::Mat),
            "arrow" | "feather" | "ipc" => Some(Self::Arrow),
            _ => None,
        }
    }

    /// The format that begins with these bytes.
    fn of_magic(head: &[u8]) -> Option<Self> {
        match head {
            [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some(Self::Npy),
            [b'P', b'K', 3, 4, ..] => Some(Self::Npz),
            [b'P', b'A', b'R', b'1', ..] => Some(Self::Parquet),
            [_, _, _, _, 0, 0, 0, 0, b'{', ..] => Some(Self::Safetensors),
            [0x89, b'H', b'D', b'F', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Hdf5),
            [b'M', b'A', b'T', b'L', b'A', b'B', b' ', b'5' | b'7', ..] => Some(Self::Mat),
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] | [b'F', b'E', b'A', b'1', ..] => Some(Self::Arrow),
            [0, 0, 8 | 9 | 11..=14, 1..=8, ..] => Some(Self::Idx),
            _ => None,
        }
    }

    /// The format of a file or folder, by its name, or else by its first bytes.
    ///
    /// # Errors
    /// If it is not there, no regular file, or of no known format.
    pub fn of(path: &Path) -> Result<Self, DataError> {
        if path.is_dir() {
            return Ok(Self::of_folder(path));
        }
        // Names such as x.dat say that it is some text, or nothing at all.
        let named = Self::of_name(path);
        if let Some(format) = named.filter(|format| !matches!(format, Self::Table { .. })) {
            return Ok(format);
        }
        let stored = Stored::open(path)?;
        let head = stored.head()?;
        Self::of_magic(&head).or(named).or_else(|| Self::of_name(&stored.name)).ok_or_else(|| {
            let pickle = matches!(head.as_slice(), [0x80, 2..=5, ..]);
            unreadable(
                path,
                match pickle {
                    true => "it is a Python pickle, which is never read since it can run code; save it with numpy.save"
                        .into(),
                    false => format!("neither its name nor its first bytes tell its format; known are {KNOWN}"),
                },
            )
        })
    }

    /// Images, unless there is none and files of another format are.
    fn of_folder(path: &Path) -> Self {
        let inside = entries(path).unwrap_or_default();
        let is_data = |path: &PathBuf| path.is_file() && Self::of_name(path).is_some();
        let has_images = |path: &PathBuf| is_image(path) || path.is_dir();
        match inside.iter().any(is_data) && !inside.iter().any(has_images) {
            true => Self::Shards,
            false => Self::Images,
        }
    }

    /// Whether labels stand in a second file rather than under a name in the same one.
    fn has_label_file(self) -> bool {
        matches!(self, Self::Idx | Self::Npy)
    }
}

/// Whether the `labels` of the data at `path` name a second file rather than a column or an array.
#[must_use]
pub fn labels_are_a_file(path: &Path) -> bool {
    Format::of_name(path).or_else(|| Format::of(path).ok()).is_some_and(Format::has_label_file)
}

/// Whether the name of a file is one of data.
#[must_use]
pub fn is_data_file(path: &Path) -> bool {
    Format::of_name(path).is_some()
}

/// Fails at the first value that is not finite. `sample` gives the sample of a position among the values.
pub fn check_finite(path: &Path, values: &[f32], sample: impl Fn(usize) -> usize) -> Result<(), DataError> {
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(at) => Err(unreadable(
            path,
            format!(
                "sample {} (from 0) holds {}, but every value must be a finite number in single precision: leave such samples \
                 out, or fill them",
                sample(at),
                values[at]
            ),
        )),
    }
}

/// What stands for a file in Git LFS is shorter.
const LARGEST_POINTER: u64 = 1024;

/// Bytes in a file, perhaps compressed.
#[derive(Debug, Clone)]
pub struct Stored {
    pub path: PathBuf,
    /// What it is called, unpacked.
    pub name: PathBuf,
    start: u64,
    /// In the file.
    length: u64,
    packing: Packing,
    sum: Option<Checksum>,
    /// Where the bytes are, if that is no file of the user's.
    written: Option<Arc<NamedTempFile>>,
}

/// What an archive says of one of its members, unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checksum {
    pub bytes: u64,
    pub crc32: u32,
}

impl Stored {
    /// A regular file, whose first bytes tell whether it is compressed.
    ///
    /// # Errors
    /// If it is missing or no regular file.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let metadata = path.metadata().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => unreadable(path, missing(path)),
            _ => io_error(path, &error),
        })?;
        if !metadata.is_file() {
            let kind = if metadata.is_dir() { "a folder" } else { "no regular file" };
            return Err(unreadable(path, format!("it is {kind}, where a file is needed")));
        }
        let (start, length, name) = (0, metadata.len(), unpacked(path));
        let plain =
            Self { path: path.to_owned(), name, start, length, packing: Packing::Plain, sum: None, written: None };
        let head = plain.head()?;
        if head == b"version https://" && length < LARGEST_POINTER {
            let reason =
                "it is a pointer of Git LFS, which stands for the file; `git lfs pull` fetches the file itself";
            return Err(unreadable(path, reason));
        }
        let is_npz = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("npz"));
        if head.starts_with(b"PK\x03\x04") && !is_npz {
            return Ok(zipped::only_member(path, length)?.map_or(plain.clone(), |member| plain.member(&member)));
        }
        Ok(Self { packing: Packing::of(&head), ..plain })
    }

    /// A member of an archive, as it is or deflated.
    pub fn member(&self, of: &Member) -> Self {
        let packing = if of.deflated { Packing::Deflate } else { Packing::Plain };
        let sum = Checksum { bytes: of.bytes, crc32: of.crc32 };
        self.part(of.start, of.length, packing, Some(sum), PathBuf::from(&of.name))
    }

    /// Some of the bytes, packed in zlib.
    pub fn zlib(&self, start: u64, length: u64) -> Self {
        self.part(start, length, Packing::Zlib, None, self.name.clone())
    }

    fn part(&self, start: u64, length: u64, packing: Packing, sum: Option<Checksum>, name: PathBuf) -> Self {
        Self { path: self.path.clone(), name, start, length, packing, sum, written: None }
    }

    /// What a file holds, written in another way to a file that goes with the last of its readers.
    pub fn written(path: &Path, written: Arc<NamedTempFile>, length: u64) -> Self {
        let (name, packing) = (unpacked(path), Packing::Plain);
        Self { path: path.to_owned(), name, start: 0, length, packing, sum: None, written: Some(written) }
    }

    /// Whether lines are not those of the user's file.
    pub fn is_written(&self) -> bool {
        self.written.is_some()
    }

    /// The length, where that is known without reading.
    pub fn plain_length(&self) -> Option<u64> {
        (self.packing == Packing::Plain).then_some(self.length)
    }

    /// Fails unless `bytes` can be had from what is stored, before anything is allocated for them.
    ///
    /// # Errors
    /// Says how much is there.
    pub fn check_holds(&self, bytes: Option<u64>) -> Result<(), DataError> {
        let (most, of) = match self.packing.most(self.length) {
            Some(most) => (most, if self.packing == Packing::Plain { "" } else { "at most " }),
            // Others make any number of bytes of a few, so that only a look tells.
            None => (self.count_to(bytes.unwrap_or(0))?, ""),
        };
        match bytes {
            Some(bytes) if bytes <= most => Ok(()),
            _ => Err(unreadable(
                &self.path,
                format!(
                    "its header announces {}, but it holds {of}{most} bytes; is it truncated?",
                    bytes.map_or_else(|| "more than any file holds".to_owned(), |b| format!("{b} bytes"))
                ),
            )),
        }
    }

    /// How many bytes there are, or so many.
    fn count_to(&self, most: u64) -> Result<u64, DataError> {
        io::copy(&mut self.stream()?.take(most), &mut io::sink()).map_err(|e| io_error(&self.path, &e))
    }

    /// The first 16 bytes, or as many as there are.
    pub fn head(&self) -> Result<Vec<u8>, DataError> {
        let mut head = Vec::new();
        self.stream()?.take(16).read_to_end(&mut head).map_err(|e| io_error(&self.path, &e))?;
        Ok(head)
    }

    pub fn stream(&self) -> Result<Stream, DataError> {
        let open = || {
            let mut file = File::open(self.written.as_ref().map_or(self.path.as_path(), |written| written.path()))?;
            file.seek(SeekFrom::Start(self.start))?;
            Ok(file)
        };
        let file: File = open().map_err(|e| io_error(&self.path, &e))?;
        let from = match (self.packing, self.sum) {
            (Packing::Plain, None) => Origin::File(BufReader::with_capacity(1 << 16, file)),
            (packing, sum) => {
                let bytes = BufReader::new(file).take(self.length);
                let bytes = packing.unpack(bytes).map_err(|e| io_error(&self.path, &e))?;
                let bytes: Box<dyn Read> = match sum {
                    Some(sum) => Box::new(Summed::new(bytes, sum)),
                    None => bytes,
                };
                Origin::Packed(BufReader::with_capacity(1 << 16, bytes))
            }
        };
        Ok(Stream { from, at: 0 })
    }
}

/// A name without the ending that says how it is packed.
fn unpacked(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let lower = name.to_ascii_lowercase();
    let end = ENDINGS.iter().find(|end| lower.ends_with(*end)).map_or(0, |end| end.len());
    PathBuf::from(&name[..name.len() - end])
}

/// What to say of a file that is not there.
fn missing(path: &Path) -> String {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Ok(entries) = folder.read_dir() else {
        return format!("there is no such file, nor the folder {}", shown(&folder.to_string_lossy()));
    };
    let names: Vec<_> = entries.take(10_000).flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    match nearest(&name, names.iter().map(String::as_str)) {
        Some(near) => format!("there is no such file; did you mean `{}`?", shown(near)),
        None => "there is no such file".to_owned(),
    }
}

/// Stored bytes from first to last.
pub struct Stream {
    from: Origin,
    at: u64,
}

enum Origin {
    /// Bytes without a checksum, of which any may be left out.
    File(BufReader<File>),
    /// Bytes that are unpacked, or whose checksum needs all of them.
    Packed(BufReader<Box<dyn Read>>),
}

/// Compares the bytes with their checksum as soon as they end.
struct Summed<R> {
    from: R,
    crc: Crc,
    left: u64,
    expected: u32,
}

impl<R> Summed<R> {
    fn new(from: R, sum: Checksum) -> Self {
        Self { from, crc: Crc::new(), left: sum.bytes, expected: sum.crc32 }
    }
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(buffer)?;
        self.crc.update(&buffer[..n]);
        self.left = self.left.checked_sub(n as u64).ok_or_else(|| damaged("it unpacks to more than it announces"))?;
        match n {
            0 if buffer.is_empty() => Ok(0),
            0 if self.left > 0 => Err(io::ErrorKind::UnexpectedEof.into()),
            0 if self.crc.sum() != self.expected => Err(damaged("the checksum does not match")),
            n => Ok(n),
        }
    }
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

impl Stream {
    /// Goes to a byte further on: in a plain file without reading what lies between.
    ///
    /// # Errors
    /// If the bytes end before.
    pub fn skip_to(&mut self, byte: u64) -> io::Result<()> {
        let ahead = byte.checked_sub(self.at).ok_or(io::ErrorKind::InvalidInput)?;
        match &mut self.from {
            Origin::File(file) => {
                file.seek_relative(i64::try_from(ahead).map_err(|_| io::ErrorKind::UnexpectedEof)?)?;
            }
            Origin::Packed(bytes) => {
                if io::copy(&mut bytes.take(ahead), &mut io::sink())? < ahead {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
        self.at = byte;
        Ok(())
    }

    /// Reads what is left of bytes that have a checksum, which compares it.
    ///
    /// # Errors
    /// If the bytes are not those that were written.
    pub fn finish(&mut self) -> io::Result<()> {
        match &mut self.from {
            Origin::File(_) => Ok(()),
            Origin::Packed(bytes) => io::copy(bytes, &mut io::sink()).map(drop),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = match &mut self.from {
            Origin::File(file) => file.read(buffer)?,
            Origin::Packed(bytes) => bytes.read(buffer)?,
        };
        self.at += n as u64;
        Ok(n)
    }
}
