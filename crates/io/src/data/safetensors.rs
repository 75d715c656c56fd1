//! Safetensors: the length of a JSON header, the header, the elements.

use std::io::Read;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::DataError;
use super::array::Array;
use super::array_source::{ArraySource, LabelsAt};
use super::containers::{Wanted, choose};
use super::element::Element;
use super::file::{Stored, io_error, shown, unreadable};

/// The format's own limit on its header.
const MOST_HEADER: u64 = 100_000_000;

/// Finds the samples, and the labels, by the header alone.
pub fn open(path: &Path, wanted: Wanted<'_>) -> Result<ArraySource, DataError> {
    let stored = Stored::open(path)?;
    let Some(whole) = stored.plain_length() else {
        return Err(unreadable(path, "it is packed, and its tensors are read from any place; unpack it first"));
    };
    let mut stream = stored.stream()?;
    let mut length = [0; 8];
    stream.read_exact(&mut length).map_err(|e| io_error(path, &e))?;
    let length = u64::from_le_bytes(length);
    if length > MOST_HEADER || length > whole - 8 {
        let reason = format!("it is no safetensors file, or truncated: its header would have {length} bytes");
        return Err(unreadable(path, reason));
    }
    let mut header = vec![0; length as usize];
    stream.read_exact(&mut header).map_err(|e| io_error(path, &e))?;
    let metadata: Metadata = serde_json::from_slice(&header)
        .map_err(|e| unreadable(path, format!("its header cannot be read: {}", shown(&e.to_string()))))?;
    let start = 8 + length;
    let mut tensors: Vec<_> = metadata.tensors().into_iter().collect();
    tensors.sort_unstable_by_key(|(name, _)| name.clone());
    let names: Vec<_> = tensors.iter().map(|(name, _)| name.as_str()).collect();
    let chosen = choose(path, &names, wanted, &|i| Ok(tensors[i].1.shape.clone()))?;
    let array = |i: usize| tensor(&stored, start, names[i], tensors[i].1);
    let labels = match chosen.labels {
        Some(i) => LabelsAt::Array(Box::new(array(i)?)),
        None => LabelsAt::Nowhere,
    };
    Ok(ArraySource::new(array(chosen.data)?, labels).telling(chosen.told))
}

fn tensor(stored: &Stored, start: u64, name: &str, info: &TensorInfo) -> Result<Array, DataError> {
    let element = match info.dtype {
        Dtype::BOOL => Element::Bool,
        Dtype::U8 => Element::U8,
        Dtype::U16 => Element::U16,
        Dtype::U32 => Element::U32,
        Dtype::U64 => Element::U64,
        Dtype::I8 => Element::I8,
        Dtype::I16 => Element::I16,
        Dtype::I32 => Element::I32,
        Dtype::I64 => Element::I64,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::BF16,
        Dtype::F32 => Element::F32,
        Dtype::F64 => Element::F64,
        other => {
            let reason = format!("its tensor `{}` is of type {other:?}, which is not read", shown(name));
            return Err(unreadable(&stored.path, reason));
        }
    };
    if info.shape.is_empty() {
        return Err(unreadable(&stored.path, format!("its tensor `{}` is a single number", shown(name))));
    }
    let offset = start + info.data_offsets.0 as u64;
    Array {
        stored: stored.clone(),
        offset,
        element,
        big_endian: false,
        dims: info.shape.clone(),
        fortran: false,
        samples_last: false,
    }
    .checked()
}
