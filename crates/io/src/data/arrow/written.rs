//! The rows of an Arrow file as texts.

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Decimal128Type, Decimal256Type, DecimalType, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use arrow_schema::DataType;

use super::batches::{Batches, contained};
use super::columns::{is_label, numbers};
use crate::data::DataError;
use crate::data::file::{shown, unreadable};
use crate::data::written::{Columnar, Written};

/// Writes out all rows.
///
/// # Errors
/// If the file cannot be read.
pub fn write(path: &Path) -> Result<Columnar, DataError> {
    contained(path, || {
        let batches = Batches::open(path)?;
        let fields = batches.schema.fields();
        let names = fields.iter().map(|field| field.name().clone()).collect();
        let kinds = fields.iter().map(|field| (!is_cell(field.data_type())).then(|| field.data_type().to_string()));
        let mut written = Written::new(path, names, kinds.collect())?;
        let columns: Vec<_> = (0..fields.len()).collect();
        batches.each(&columns, &mut |_, _| true, &mut |arrays, _, rows| {
            let texts = arrays.iter().map(texts).collect::<Result<Vec<_>, _>>();
            let texts =
                texts.map_err(|what| unreadable(path, format!("it holds {}, which is not read", shown(&what))))?;
            (0..rows).try_for_each(|row| written.row(texts.iter().map(|column| column[row].as_str())))
        })?;
        written.finish()
    })
}

/// Whether a row of such a column is a cell of a table.
fn is_cell(kind: &DataType) -> bool {
    is_label(kind) || matches!(kind, DataType::Decimal128(..) | DataType::Decimal256(..))
}

/// Whether every column has one value a row.
///
/// # Errors
/// If the file cannot be read.
pub fn is_flat(path: &Path) -> Result<bool, DataError> {
    let is_one = |kind: &DataType| is_label(kind) || !(kind.is_nested() || is_bytes(kind));
    contained(path, || Ok(Batches::open(path)?.schema.fields().iter().all(|field| is_one(field.data_type()))))
}

/// Bytes may be images.
fn is_bytes(kind: &DataType) -> bool {
    matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_))
}

/// The cells of a column as they would stand in a table, empty ones where there is no value; or what it holds.
fn texts(array: &ArrayRef) -> Result<Vec<String>, String> {
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let words = ["false", "true"];
    Ok(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().map(owned).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(owned).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(owned).collect(),
        DataType::Boolean => {
            array.as_boolean().iter().map(|truth| owned(truth.map(|truth| words[usize::from(truth)]))).collect()
        }
        DataType::Int64 => integers(array.as_primitive::<Int64Type>().iter()),
        DataType::UInt64 => integers(array.as_primitive::<UInt64Type>().iter()),
        DataType::Decimal128(..) => decimals(array.as_primitive::<Decimal128Type>()),
        DataType::Decimal256(..) => decimals(array.as_primitive::<Decimal256Type>()),
        DataType::Dictionary(key, _) => match key.as_ref() {
            DataType::Int8 => of_dictionary::<Int8Type>(array)?,
            DataType::Int16 => of_dictionary::<Int16Type>(array)?,
            DataType::Int32 => of_dictionary::<Int32Type>(array)?,
            DataType::Int64 => of_dictionary::<Int64Type>(array)?,
            DataType::UInt8 => of_dictionary::<UInt8Type>(array)?,
            DataType::UInt16 => of_dictionary::<UInt16Type>(array)?,
            DataType::UInt32 => of_dictionary::<UInt32Type>(array)?,
            DataType::UInt64 => of_dictionary::<UInt64Type>(array)?,
            other => return Err(other.to_string()),
        },
        kind if is_label(kind) => (0..array.len()).map(|row| number(array, row)).collect::<Result<_, _>>()?,
        // Refused where it is to be read.
        _ => vec![String::new(); array.len()],
    })
}

fn integers<T: ToString>(all: impl Iterator<Item = Option<T>>) -> Vec<String> {
    all.map(|x| x.map(|x| x.to_string()).unwrap_or_default()).collect()
}

fn decimals<T: DecimalType>(array: &PrimitiveArray<T>) -> Vec<String> {
    let text = |row| if array.is_null(row) { String::new() } else { array.value_as_string(row) };
    (0..array.len()).map(text).collect()
}

fn number(array: &ArrayRef, row: usize) -> Result<String, String> {
    if array.is_null(row) {
        return Ok(String::new());
    }
    let (values, _) = numbers(&array.slice(row, 1)).map_err(|fault| fault.to_string())?;
    let is_single = matches!(array.data_type(), DataType::Float16 | DataType::Float32);
    // The shortest text that is the same number.
    Ok(values.first().map_or_else(String::new, |x| if is_single { format!("{:?}", *x as f32) } else { x.to_string() }))
}

fn of_dictionary<K: ArrowDictionaryKeyType>(array: &ArrayRef) -> Result<Vec<String>, String> {
    let of = array.as_dictionary::<K>();
    let values = texts(of.values())?;
    let text = |row: usize| of.key(row).and_then(|key| values.get(key).cloned()).unwrap_or_default();
    Ok((0..of.len()).map(text).collect())
}
