//! The zip: the graph, and tensors as their bytes.

use std::collections::HashMap;
use std::io::{BufReader, Read};
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use serde::Deserialize;
use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};

use super::numbers::quoted;
use super::pickled::Pickled;
use super::schema::{Exported, Int, Meta};
use crate::model::ModelError;
use crate::model::hashed::Source;
use crate::model::program::Stored;

/// The largest graph that is read.
const MOST_GRAPH: u64 = 512 << 20;
/// The largest tensor that is read.
const MOST_TENSOR: u64 = 16 << 30;
/// The most entries of an archive.
const MOST_ENTRIES: usize = 1_000_000;

pub struct Archive {
    zip: ZipArchive<BufReader<Source>>,
    source: Source,
    names: Vec<String>,
    /// What all names begin with.
    root: String,
    weights: HashMap<String, Entry>,
    constants: HashMap<String, Entry>,
    /// Weights and constants as PyTorch 2.7 and older kept them.
    pickled: Vec<Pickled>,
}

#[derive(Debug, Deserialize)]
struct Listing {
    config: HashMap<String, Entry>,
}

#[derive(Debug, Clone, Deserialize)]
struct Entry {
    path_name: String,
    #[serde(default)]
    use_pickle: bool,
    tensor_meta: Option<Meta>,
}

/// What a tensor is to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Parameter,
    Buffer,
    Constant,
}

/// What PyTorch 2.7 and older called the graph, and where they kept tensors.
const OLDER: &str = "serialized_exported_program.json";
const OLDER_TENSORS: [(&str, &str); 2] =
    [("serialized_state_dict.pt", "weights"), ("serialized_constants.pt", "constants")];

const WEIGHTS: &str = "data/weights/";
const CONSTANTS: &str = "data/constants/";

fn damaged(what: impl Into<String>) -> ModelError {
    ModelError::Damaged { what: what.into() }
}

impl Archive {
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let source = Source::open(path).map_err(ModelError::Read)?;
        // Archives within it are not to be taken for it.
        let from_start = Config { archive_offset: ArchiveOffset::Known(0) };
        let zip = ZipArchive::with_config(from_start, BufReader::new(source.clone())).map_err(|error| match error {
            zip::result::ZipError::Io(error) => ModelError::Read(error),
            error => damaged(format!("it is no whole zip ({error}); is it truncated?")),
        })?;
        if zip.len() > MOST_ENTRIES {
            return Err(damaged(format!("it has {} entries", zip.len())));
        }
        let names: Vec<_> = zip.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
        let older = names.iter().find_map(|name| name.strip_suffix(OLDER).map(str::to_owned));
        let graph = names.iter().find(|name| name.contains("models/") && name.ends_with(".json"));
        let newer = graph.and_then(|name| name.split("models/").next()).map(str::to_owned);
        let is_older = newer.is_none() && older.is_some();
        let Some(root) = newer.or(older) else { return Err(without_graph(&names)) };
        let (weights, constants) = (HashMap::new(), HashMap::new());
        let mut archive = Self { zip, source, names, root, weights, constants, pickled: Vec::new() };
        if is_older {
            archive.source.follow();
            archive.pickled = archive.older_tensors()?;
            return Ok(archive);
        }
        if archive.text("byteorder", 64)?.is_some_and(|order| order.trim() != "little") {
            return Err(damaged("its numbers are big-endian, which is not known"));
        }
        archive.weights = archive.config(WEIGHTS, "weights")?;
        archive.constants = archive.config(CONSTANTS, "constants")?;
        Ok(archive)
    }

    /// The graph of the only model, or the one called `model`.
    pub fn graph(&mut self) -> Result<Exported, ModelError> {
        let older = format!("{}{OLDER}", self.root);
        if self.names.contains(&older) {
            return self.parsed(&older);
        }
        let folder = format!("{}models/", self.root);
        let names: Vec<_> = self.names.iter().filter(|name| name.starts_with(&folder)).cloned().collect();
        let usual = format!("{folder}model.json");
        let name = match names.as_slice() {
            [one] => one.clone(),
            many if many.contains(&usual) => usual,
            _ => return Err(damaged(format!("it has {} models, and none is called `model`", names.len()))),
        };
        self.parsed(&name)
    }

    fn parsed(&mut self, name: &str) -> Result<Exported, ModelError> {
        let text = self.read(name, MOST_GRAPH)?.ok_or_else(|| damaged("its graph is missing"))?;
        serde_json::from_slice(&quoted(text)).map_err(|error| damaged(format!("its graph cannot be read: {error}")))
    }

    fn older_tensors(&mut self) -> Result<Vec<Pickled>, ModelError> {
        let mut all = Vec::new();
        for (name, what) in OLDER_TENSORS {
            if let Some(bytes) = self.read(&format!("{}{name}", self.root), MOST_TENSOR)? {
                all.push(Pickled::new(what, &bytes)?);
            }
        }
        Ok(all)
    }

    /// A tensor of PyTorch 2.7 or older; none in newer files.
    fn older_tensor(&self, name: &str, is_trained: bool) -> Result<Option<Stored>, ModelError> {
        for pickled in &self.pickled {
            if let Some(tensor) = pickled.tensor(name)? {
                return Ok(Some(Stored { name: name.to_owned(), is_trained, tensor }));
            }
        }
        Ok(None)
    }

    /// From now on tensors are read in their order in the file.
    pub fn follow(&self) {
        self.source.follow();
    }

    /// SHA-256 of the file, in hexadecimal.
    pub fn digest(&self) -> Result<String, ModelError> {
        self.source.digest()
    }

    /// Where a tensor stands among the entries; none where it is not there, or within one.
    pub fn place(&self, name: &str, kind: Kept) -> Option<usize> {
        let (folder, entry) = self.entry(name, kind)?;
        self.zip.index_for_name(&format!("{}{folder}{}", self.root, entry.path_name))
    }

    /// Persistent buffers are among the weights, others among the constants.
    fn entry(&self, name: &str, kind: Kept) -> Option<(&'static str, &Entry)> {
        let weight = self.weights.get(name).filter(|_| kind != Kept::Constant).map(|entry| (WEIGHTS, entry));
        let constant = || self.constants.get(name).filter(|_| kind != Kept::Parameter).map(|entry| (CONSTANTS, entry));
        weight.or_else(constant)
    }

    /// Reads a tensor.
    pub fn stored(&mut self, name: &str, kind: Kept) -> Result<Stored, ModelError> {
        let is_trained = kind == Kept::Parameter;
        if let Some(stored) = self.older_tensor(name, is_trained)? {
            return Ok(stored);
        }
        let what = if is_trained { "weight" } else { "constant" };
        let (folder, entry) =
            self.entry(name, kind).ok_or_else(|| damaged(format!("its {what} `{name}` is missing")))?;
        let entry = entry.clone();
        self.tensor(name, folder, &entry, is_trained)
    }

    fn config(&mut self, folder: &str, what: &str) -> Result<HashMap<String, Entry>, ModelError> {
        let prefix = format!("{}{folder}", self.root);
        let is_config = |name: &&String| name.starts_with(&prefix) && name.ends_with("config.json");
        let Some(name) = self.names.iter().find(is_config).cloned() else { return Ok(HashMap::new()) };
        let text = self.read(&name, MOST_GRAPH)?.unwrap_or_default();
        let config: Listing = serde_json::from_slice(&text)
            .map_err(|error| damaged(format!("its list of {what} cannot be read: {error}")))?;
        Ok(config.config)
    }

    fn text(&mut self, name: &str, most: u64) -> Result<Option<String>, ModelError> {
        let name = format!("{}{name}", self.root);
        Ok(self.read(&name, most)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The bytes of an entry, whose sum of checks is right; none where there is no such entry.
    fn read(&mut self, name: &str, most: u64) -> Result<Option<Vec<u8>>, ModelError> {
        let fail = |error: &dyn std::fmt::Display| damaged(format!("its `{name}` cannot be read: {error}"));
        let length = self.source.length();
        let mut entry = match self.zip.by_name(name) {
            Ok(entry) => entry,
            Err(zip::result::ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(fail(&error)),
        };
        // No more is taken beforehand than the file has, whatever it says of its entry.
        let size = entry.size().min(length);
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        entry.by_ref().take(most + 1).read_to_end(&mut bytes).map_err(|error| fail(&error))?;
        match bytes.len() as u64 > most {
            true => Err(damaged(format!("its `{name}` is larger than {} MiB", most >> 20))),
            false => Ok(Some(bytes)),
        }
    }

    fn tensor(&mut self, name: &str, folder: &str, entry: &Entry, is_trained: bool) -> Result<Stored, ModelError> {
        let fail = |why: &str| damaged(format!("its tensor `{name}` {why}"));
        let meta = entry.tensor_meta.as_ref().filter(|_| !entry.use_pickle);
        let meta = meta.ok_or_else(|| fail("is a pickle, which is not read since it can run code"))?;
        let path = format!("{}{folder}{}", self.root, entry.path_name);
        let bytes = self.read(&path, MOST_TENSOR)?.ok_or_else(|| fail("has no bytes in the file"))?;
        let tensor = read_tensor(meta, &bytes).map_err(|why| fail(&why))?;
        Ok(Stored { name: name.to_owned(), is_trained, tensor })
    }
}

/// Why a zip without a graph is none of these files.
fn without_graph(names: &[String]) -> ModelError {
    let has = |end: &str| names.iter().any(|name| name.ends_with(end));
    if has("data.pkl") {
        return ModelError::Foreign {
            what: "a PyTorch checkpoint, which holds weights and no network",
            help: "in Python: program = torch.export.export(model, (inputs,)); \
                   torch.export.save(program, \"net.pt2\")",
        };
    }
    damaged("it is a zip without a graph of `torch.export`")
}

fn known(size: &Int) -> Result<usize, String> {
    match size {
        Int::Known(size) => usize::try_from(*size).map_err(|_| format!("has a size of {size}")),
        Int::Free(name) => Err(format!("has a size that is not known (`{name}`)")),
    }
}

/// A tensor from the bytes of its storage.
fn read_tensor(meta: &Meta, bytes: &[u8]) -> Result<Tensor, String> {
    let sizes = meta.sizes.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    let strides = meta.strides.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    let offset = meta.storage_offset.as_ref().map_or(Ok(0), known)?;
    let dtype = dtype(meta.dtype)?;
    let size = dtype.size_in_bytes();
    let elements = sizes.iter().try_fold(1usize, |n, size| n.checked_mul(*size)).ok_or("has too many elements")?;
    let mut dense = Vec::with_capacity(sizes.len());
    let mut run = 1;
    for size in sizes.iter().rev() {
        dense.push(run);
        run *= size.max(&1);
    }
    dense.reverse();
    let is_dense = strides.is_empty() || strides.iter().zip(&dense).zip(&sizes).all(|((a, b), n)| a == b || *n < 2);
    let short = || "has fewer bytes than its sizes say".to_owned();
    let whole = bytes.len() / size.max(1);
    let start = if is_dense && whole == elements { 0 } else { offset };
    let device = &Device::Cpu;
    let tensor = if is_dense {
        let range = start.checked_mul(size).zip(start.checked_add(elements).and_then(|end| end.checked_mul(size)));
        let (from, to) = range.ok_or_else(short)?;
        Tensor::from_raw_buffer(bytes.get(from..to).ok_or_else(short)?, dtype, &sizes, device)
    } else {
        let mut gathered = Vec::with_capacity(elements.min(whole) * size);
        for at in 0..elements {
            let mut rest = at;
            let mut place = offset;
            for (n, stride) in sizes.iter().zip(&strides).rev() {
                place = place.checked_add((rest % n).checked_mul(*stride).ok_or_else(short)?).ok_or_else(short)?;
                rest /= n;
            }
            let from = place.checked_mul(size).ok_or_else(short)?;
            gathered.extend_from_slice(bytes.get(from..from + size).ok_or_else(short)?);
        }
        Tensor::from_raw_buffer(&gathered, dtype, &sizes, device)
    };
    let tensor = tensor.map_err(|error| error.to_string())?;
    let wanted = match dtype {
        DType::U8 if meta.dtype == 12 => DType::U8,
        DType::F16 | DType::BF16 | DType::F32 | DType::F64 => DType::F32,
        _ => DType::F64,
    };
    tensor.to_dtype(wanted).map_err(|error| error.to_string())
}

/// The type of numbers in the schema.
fn dtype(number: u64) -> Result<DType, String> {
    Ok(match number {
        1 | 12 => DType::U8,
        3 => DType::I16,
        4 => DType::I32,
        5 => DType::I64,
        6 => DType::F16,
        7 => DType::F32,
        8 => DType::F64,
        13 => DType::BF16,
        other => return Err(format!("holds numbers of a type that is not known ({other})")),
    })
}
