//! Numbers as files store them.

use half::{bf16, f16};

/// The type of an array's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    Bool,
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F16,
    BF16,
    F32,
    F64,
}

impl Element {
    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 | Self::BF16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Appends the elements in `bytes` in single precision.
    pub fn decode(self, bytes: &[u8], big_endian: bool, out: &mut Vec<f32>) {
        let big = big_endian;
        match self {
            Self::Bool => out.extend(bytes.iter().map(|b| f32::from(u8::from(*b != 0)))),
            Self::U8 => out.extend(bytes.iter().map(|b| f32::from(*b))),
            Self::I8 => out.extend(bytes.iter().map(|b| f32::from(*b as i8))),
            Self::U16 => each(bytes, big, |b| f32::from(u16::from_le_bytes(b)), out),
            Self::I16 => each(bytes, big, |b| f32::from(i16::from_le_bytes(b)), out),
            Self::F16 => each(bytes, big, |b| f16::from_le_bytes(b).to_f32(), out),
            Self::BF16 => each(bytes, big, |b| bf16::from_le_bytes(b).to_f32(), out),
            Self::U32 => each(bytes, big, |b| u32::from_le_bytes(b) as f32, out),
            Self::I32 => each(bytes, big, |b| i32::from_le_bytes(b) as f32, out),
            Self::F32 => each(bytes, big, f32::from_le_bytes, out),
            Self::U64 => each(bytes, big, |b| u64::from_le_bytes(b) as f32, out),
            Self::I64 => each(bytes, big, |b| i64::from_le_bytes(b) as f32, out),
            Self::F64 => each(bytes, big, |b| f64::from_le_bytes(b) as f32, out),
        }
    }

    /// Appends the elements in `bytes` in double precision.
    pub fn decode_wide(self, bytes: &[u8], big_endian: bool, out: &mut Vec<f64>) {
        let big = big_endian;
        match self {
            Self::U32 => each(bytes, big, |b| f64::from(u32::from_le_bytes(b)), out),
            Self::I32 => each(bytes, big, |b| f64::from(i32::from_le_bytes(b)), out),
            Self::U64 => each(bytes, big, |b| u64::from_le_bytes(b) as f64, out),
            Self::I64 => each(bytes, big, |b| i64::from_le_bytes(b) as f64, out),
            Self::F64 => each(bytes, big, f64::from_le_bytes, out),
            _ => {
                let mut single = Vec::with_capacity(bytes.len() / self.size());
                self.decode(bytes, big_endian, &mut single);
                out.extend(single.into_iter().map(f64::from));
            }
        }
    }

    /// The elements in `bytes`, if their type holds whole numbers. Those beyond `i64` saturate.
    pub fn decode_whole(self, bytes: &[u8], big_endian: bool) -> Option<Vec<i64>> {
        let mut out = Vec::with_capacity(bytes.len() / self.size());
        let big = big_endian;
        match self {
            Self::Bool => out.extend(bytes.iter().map(|b| i64::from(*b != 0))),
            Self::U8 => out.extend(bytes.iter().map(|b| i64::from(*b))),
            Self::I8 => out.extend(bytes.iter().map(|b| i64::from(*b as i8))),
            Self::U16 => each(bytes, big, |b| u16::from_le_bytes(b).into(), &mut out),
            Self::I16 => each(bytes, big, |b| i16::from_le_bytes(b).into(), &mut out),
            Self::U32 => each(bytes, big, |b| u32::from_le_bytes(b).into(), &mut out),
            Self::I32 => each(bytes, big, |b| i32::from_le_bytes(b).into(), &mut out),
            Self::U64 => each(bytes, big, |b| i64::try_from(u64::from_le_bytes(b)).unwrap_or(i64::MAX), &mut out),
            Self::I64 => each(bytes, big, i64::from_le_bytes, &mut out),
            Self::F16 | Self::BF16 | Self::F32 | Self::F64 => return None,
        }
        Some(out)
    }
}

/// Converts `bytes`, of either byte order, by a conversion from little-endian ones.
fn each<const N: usize, T>(bytes: &[u8], big_endian: bool, convert: impl Fn([u8; N]) -> T, out: &mut Vec<T>) {
    let (elements, _) = bytes.as_chunks::<N>();
    match big_endian {
        false => out.extend(elements.iter().map(|e| convert(*e))),
        true => out.extend(elements.iter().map(|e| {
            let mut e = *e;
            e.reverse();
            convert(e)
        })),
    }
}
