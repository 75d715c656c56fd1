//! What Arrow's columns hold.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, OffsetSizeTrait};
use arrow_schema::DataType;

use crate::data::images::{BYTES, ImageFault};
use crate::data::labels::Texts;

/// Why a column gives no samples. Rows are counted from that of the part that was looked at.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("there is no value")]
    Missing(usize),
    #[error("the list has another length than those before")]
    Uneven(usize),
    #[error("it holds {0}, which is not read")]
    Kind(DataType),
    #[error(transparent)]
    Image(ImageFault),
}

impl Fault {
    pub fn row(&self) -> usize {
        match self {
            Self::Missing(row) | Self::Uneven(row) => *row,
            Self::Kind(_) | Self::Image(_) => 0,
        }
    }
}

/// Whether a column holds numbers that mean themselves, or lists of them.
pub fn is_number(of: &DataType) -> bool {
    match of {
        DataType::List(inner) | DataType::LargeList(inner) | DataType::FixedSizeList(inner, _) => {
            is_number(inner.data_type())
        }
        DataType::Boolean | DataType::Float16 | DataType::Float32 | DataType::Float64 => true,
        of => of.is_integer(),
    }
}

pub fn is_label(of: &DataType) -> bool {
    match of {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_label(values),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => false,
        of => is_number(of),
    }
}

fn check_present(array: &dyn Array) -> Result<(), Fault> {
    match (0..array.len()).find(|row| array.is_null(*row)) {
        Some(row) if array.null_count() > 0 => Err(Fault::Missing(row)),
        _ => Ok(()),
    }
}

/// The numbers of a column row by row, and the lengths of its lists, the outer ones first.
pub fn numbers(array: &ArrayRef) -> Result<(Vec<f64>, Vec<usize>), Fault> {
    check_present(array)?;
    fn all<T: ArrowPrimitiveType>(array: &ArrayRef, to: impl Fn(T::Native) -> f64) -> (Vec<f64>, Vec<usize>) {
        (array.as_primitive::<T>().values().iter().map(|x| to(*x)).collect(), Vec::new())
    }
    Ok(match array.data_type() {
        DataType::Boolean => {
            let of = array.as_boolean().values();
            (of.iter().map(|b| f64::from(u8::from(b))).collect(), Vec::new())
        }
        DataType::Int8 => all::<Int8Type>(array, f64::from),
        DataType::Int16 => all::<Int16Type>(array, f64::from),
        DataType::Int32 => all::<Int32Type>(array, f64::from),
        DataType::Int64 => all::<Int64Type>(array, |x| x as f64),
        DataType::UInt8 => all::<UInt8Type>(array, f64::from),
        DataType::UInt16 => all::<UInt16Type>(array, f64::from),
        DataType::UInt32 => all::<UInt32Type>(array, f64::from),
        DataType::UInt64 => all::<UInt64Type>(array, |x| x as f64),
        DataType::Float16 => all::<Float16Type>(array, half::f16::to_f64),
        DataType::Float32 => all::<Float32Type>(array, f64::from),
        DataType::Float64 => all::<Float64Type>(array, |x| x),
        DataType::FixedSizeList(_, length) => {
            let lists = array.as_fixed_size_list();
            let length = usize::try_from(*length).unwrap_or(0);
            inner(lists.values(), length)?
        }
        DataType::List(_) => of_list::<i32>(array)?,
        DataType::LargeList(_) => of_list::<i64>(array)?,
        of => return Err(Fault::Kind(of.clone())),
    })
}

fn of_list<O: OffsetSizeTrait>(array: &ArrayRef) -> Result<(Vec<f64>, Vec<usize>), Fault> {
    let lists = array.as_list::<O>();
    let offsets: Vec<usize> = lists.value_offsets().iter().map(|offset| offset.as_usize()).collect();
    let [first, .., last] = offsets.as_slice() else { return Ok((Vec::new(), vec![0])) };
    let length = offsets[1] - first;
    match offsets.windows(2).position(|pair| pair[1] - pair[0] != length) {
        Some(row) => Err(Fault::Uneven(row)),
        None => inner(&lists.values().slice(*first, last - first), length),
    }
}

fn inner(values: &ArrayRef, length: usize) -> Result<(Vec<f64>, Vec<usize>), Fault> {
    let per_row = |fault| match fault {
        Fault::Missing(row) => Fault::Missing(row / length.max(1)),
        Fault::Uneven(row) => Fault::Uneven(row / length.max(1)),
        other => other,
    };
    let (values, dims) = numbers(values).map_err(per_row)?;
    Ok((values, std::iter::once(length).chain(dims).collect()))
}

/// The bytes in a row, also of `{bytes, path}`.
pub fn bytes_at(array: &ArrayRef, row: usize) -> Result<&[u8], Fault> {
    if row >= array.len() || array.is_null(row) {
        return Err(Fault::Missing(row));
    }
    match array.data_type() {
        DataType::Binary => Ok(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Ok(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => Ok(array.as_binary_view().value(row)),
        DataType::Struct(_) => match array.as_struct().column_by_name(BYTES) {
            Some(bytes) => bytes_at(bytes, row),
            None => Err(Fault::Missing(row)),
        },
        of => Err(Fault::Kind(of.clone())),
    }
}

/// Takes in labels as they would stand in a table.
pub fn push_labels(array: &ArrayRef, texts: &mut Texts) -> Result<(), Fault> {
    check_present(array)?;
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().flatten().for_each(|text| texts.push(text)),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().flatten().for_each(|text| texts.push(text)),
        DataType::Utf8View => array.as_string_view().iter().flatten().for_each(|text| texts.push(text)),
        DataType::Int64 => {
            array.as_primitive::<Int64Type>().values().iter().for_each(|x| texts.push(&x.to_string()));
        }
        DataType::UInt64 => {
            array.as_primitive::<UInt64Type>().values().iter().for_each(|x| texts.push(&x.to_string()));
        }
        DataType::Dictionary(key, _) => match key.as_ref() {
            DataType::Int8 => of_dictionary::<Int8Type>(array, texts)?,
            DataType::Int16 => of_dictionary::<Int16Type>(array, texts)?,
            DataType::Int32 => of_dictionary::<Int32Type>(array, texts)?,
            DataType::Int64 => of_dictionary::<Int64Type>(array, texts)?,
            DataType::UInt8 => of_dictionary::<UInt8Type>(array, texts)?,
            DataType::UInt16 => of_dictionary::<UInt16Type>(array, texts)?,
            DataType::UInt32 => of_dictionary::<UInt32Type>(array, texts)?,
            DataType::UInt64 => of_dictionary::<UInt64Type>(array, texts)?,
            of => return Err(Fault::Kind(of.clone())),
        },
        _ => numbers(array)?.0.iter().for_each(|x| texts.push(&x.to_string())),
    }
    Ok(())
}

fn of_dictionary<K: ArrowDictionaryKeyType>(array: &ArrayRef, texts: &mut Texts) -> Result<(), Fault> {
    let of = array.as_dictionary::<K>();
    for row in 0..of.len() {
        let key = of.key(row).ok_or(Fault::Missing(row))?;
        push_labels(&of.values().slice(key, 1), texts)?;
    }
    Ok(())
}
