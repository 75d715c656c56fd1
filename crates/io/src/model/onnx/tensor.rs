//! Tensors of a file as tensors in memory.

use bytes::Bytes;
use candle_core::{Device, Tensor};
use half::{bf16, f16};

use super::super::ModelError;
use super::beside::Beside;
use super::limits;
use super::messages::{self, Kind};

/// Axes that a tensor may have.
const AXES: usize = 16;
/// What messages say of the numbers in another file.
const EXTERNAL: i32 = 1;

type Result<T> = std::result::Result<T, ModelError>;

/// A tensor in single precision, or of whole numbers as `I64`, or of truth values as `U8`. Its numbers may be in a file of
/// their own.
pub fn read(proto: &messages::Tensor, name: &str, beside: &Beside<'_>) -> Result<Tensor> {
    let dims = dims(proto, name)?;
    let count: usize = dims.iter().product();
    let kind = Kind::try_from(proto.kind).map_err(|_| unread(name, &format!("numbers of type {}", proto.kind)))?;
    let raw = match proto.location {
        EXTERNAL => beside.read(proto, name, count * width(kind).unwrap_or(1))?,
        _ => proto.raw.clone(),
    };
    let is_raw = proto.location == EXTERNAL || !raw.is_empty();
    if is_raw && width(kind).is_some_and(|width| width * count != raw.len()) {
        let why = format!("{count} numbers of type {kind:?} are no {} bytes", raw.len());
        return Err(ModelError::MissingWeights { name: name.to_owned(), why });
    }
    let raw = is_raw.then_some(raw);
    match kind {
        Kind::Float | Kind::Double | Kind::Float16 | Kind::Bfloat16 => reals(proto, kind, raw, name, count)
            .and_then(|numbers| Tensor::from_vec(numbers, dims, &Device::Cpu).map_err(|error| damaged(name, &error))),
        Kind::Bool => {
            let truth = wholes(proto, kind, raw, name, count)?.into_iter().map(|x| u8::from(x != 0)).collect();
            Tensor::from_vec::<_, u8>(truth, dims, &Device::Cpu).map_err(|error| damaged(name, &error))
        }
        _ => wholes(proto, kind, raw, name, count)
            .and_then(|numbers| Tensor::from_vec(numbers, dims, &Device::Cpu).map_err(|error| damaged(name, &error))),
    }
}

fn damaged(name: &str, what: &dyn std::fmt::Display) -> ModelError {
    ModelError::Damaged { what: format!("`{name}`: {what}") }
}

fn unread(name: &str, kind: &str) -> ModelError {
    ModelError::Numbers { name: name.to_owned(), kind: kind.to_owned() }
}

/// The sizes, whose product does not overflow.
fn dims(proto: &messages::Tensor, name: &str) -> Result<Vec<usize>> {
    let too_large = |size| {
        let what = format!("the number of elements of `{name}`");
        ModelError::TooLarge { what, size, limit: limits::FILE }
    };
    if proto.dims.len() > AXES {
        let what = format!("the number of axes of `{name}`");
        return Err(ModelError::TooLarge { what, size: proto.dims.len() as u64, limit: AXES as u64 });
    }
    let dims = proto.dims.iter().map(|dim| usize::try_from(*dim)).collect::<std::result::Result<Vec<_>, _>>();
    let dims = dims.map_err(|_| damaged(name, &"an axis has a negative size"))?;
    let count =
        dims.iter().try_fold(1usize, |count, dim| count.checked_mul(*dim)).ok_or_else(|| too_large(u64::MAX))?;
    if count as u64 > limits::FILE { Err(too_large(count as u64)) } else { Ok(dims) }
}

/// Bytes of a number in raw form.
fn width(kind: Kind) -> Option<usize> {
    match kind {
        Kind::Double | Kind::Int64 | Kind::Uint64 => Some(8),
        Kind::Float | Kind::Int32 | Kind::Uint32 => Some(4),
        Kind::Float16 | Kind::Bfloat16 | Kind::Int16 | Kind::Uint16 => Some(2),
        Kind::Int8 | Kind::Uint8 | Kind::Bool => Some(1),
        Kind::Undefined | Kind::String => None,
    }
}

fn counted<T>(numbers: Vec<T>, name: &str, count: usize) -> Result<Vec<T>> {
    if numbers.len() == count {
        return Ok(numbers);
    }
    let why = format!("it has {} numbers, and its sizes make {count}", numbers.len());
    Err(ModelError::MissingWeights { name: name.to_owned(), why })
}

fn each<const N: usize, T>(raw: &Bytes, read: impl Fn([u8; N]) -> T) -> Vec<T> {
    raw.as_chunks().0.iter().map(|bytes| read(*bytes)).collect()
}

fn reals(proto: &messages::Tensor, kind: Kind, raw: Option<Bytes>, name: &str, count: usize) -> Result<Vec<f32>> {
    let bits = || proto.int32s.iter().map(|bits| *bits as u16);
    let numbers = match (kind, raw) {
        (Kind::Float, None) => proto.floats.clone(),
        (Kind::Double, None) => proto.doubles.iter().map(|x| *x as f32).collect(),
        (Kind::Float16, None) => bits().map(|bits| f16::from_bits(bits).to_f32()).collect(),
        (_, None) => bits().map(|bits| bf16::from_bits(bits).to_f32()).collect(),
        (Kind::Float, Some(raw)) => each(&raw, f32::from_le_bytes),
        (Kind::Double, Some(raw)) => each(&raw, |bytes| f64::from_le_bytes(bytes) as f32),
        (Kind::Float16, Some(raw)) => each(&raw, |bytes| f16::from_le_bytes(bytes).to_f32()),
        (_, Some(raw)) => each(&raw, |bytes| bf16::from_le_bytes(bytes).to_f32()),
    };
    counted(numbers, name, count)
}

fn wholes(proto: &messages::Tensor, kind: Kind, raw: Option<Bytes>, name: &str, count: usize) -> Result<Vec<i64>> {
    let numbers = match (kind, raw) {
        (Kind::Undefined | Kind::String, _) => return Err(unread(name, "no numbers")),
        (Kind::Int64, None) => proto.int64s.clone(),
        (Kind::Uint32 | Kind::Uint64, None) => proto.uint64s.iter().map(|x| *x as i64).collect(),
        (_, None) => proto.int32s.iter().map(|x| i64::from(*x)).collect(),
        (Kind::Int64, Some(raw)) => each(&raw, i64::from_le_bytes),
        (Kind::Uint64, Some(raw)) => each(&raw, |bytes| u64::from_le_bytes(bytes) as i64),
        (Kind::Int32, Some(raw)) => each(&raw, |bytes| i64::from(i32::from_le_bytes(bytes))),
        (Kind::Uint32, Some(raw)) => each(&raw, |bytes| i64::from(u32::from_le_bytes(bytes))),
        (Kind::Int16, Some(raw)) => each(&raw, |bytes| i64::from(i16::from_le_bytes(bytes))),
        (Kind::Uint16, Some(raw)) => each(&raw, |bytes| i64::from(u16::from_le_bytes(bytes))),
        (Kind::Int8, Some(raw)) => raw.iter().map(|byte| i64::from(*byte as i8)).collect(),
        (_, Some(raw)) => raw.iter().map(|byte| i64::from(*byte)).collect(),
    };
    counted(numbers, name, count)
}
