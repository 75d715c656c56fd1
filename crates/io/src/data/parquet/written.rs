//! The rows of a Parquet file as texts.

use std::borrow::Cow;
use std::path::Path;

use parquet::basic::Repetition;
use parquet::file::reader::FileReader;
use parquet::record::Field;
use parquet::schema::types::{Type, TypePtr};

use super::chunk::{parquet_error, reader};
use super::groups::contained;
use super::images::image_columns;
use super::{DURATIONS, durations, row_groups};
use crate::data::DataError;
use crate::data::file::{Stored, shown, unreadable};
use crate::data::written::{Columnar, Written};

/// Writes out all rows.
///
/// # Errors
/// If the file cannot be read.
pub fn write(path: &Path) -> Result<Columnar, DataError> {
    contained(path, || {
        let length = Stored::open(path)?.plain_length().unwrap_or(0);
        let file = reader(path)?;
        row_groups(path, file.metadata(), length)?;
        let schema = file.metadata().file_metadata().schema_descr().root_schema();
        let names = schema.get_fields().iter().map(|field| field.name().to_owned()).collect();
        let durations = durations(file.metadata().file_metadata());
        let kind = |field: &TypePtr| match is_nested(field) {
            true => Some("lists or records".to_owned()),
            false => durations.iter().any(|name| name == field.name()).then(|| DURATIONS.to_owned()),
        };
        let kinds = schema.get_fields().iter().map(kind);
        let mut written = Written::new(path, names, kinds.collect())?;
        for row in file.get_row_iter(None).map_err(|error| parquet_error(path, &error))? {
            let row = row.map_err(|error| parquet_error(path, &error))?;
            let cells = row.get_column_iter().map(|(name, field)| {
                let no_text = || unreadable(path, format!("its column `{}` holds bytes that are no text", shown(name)));
                text(field).ok_or_else(no_text)
            });
            let cells = cells.collect::<Result<Vec<_>, _>>()?;
            written.row(cells.iter().map(AsRef::as_ref))?;
        }
        written.finish()
    })
}

/// Whether every column has one value a row.
///
/// # Errors
/// If the file cannot be read.
pub fn is_flat(path: &Path) -> Result<bool, DataError> {
    contained(path, || {
        let file = reader(path)?;
        let schema = file.metadata().file_metadata().schema_descr();
        let is_nested = schema.root_schema().get_fields().iter().any(|field| is_nested(field));
        Ok(!is_nested && image_columns(schema).is_empty())
    })
}

fn is_nested(field: &Type) -> bool {
    !field.is_primitive()
        || field.get_basic_info().has_repetition() && field.get_basic_info().repetition() == Repetition::REPEATED
}

/// A cell as it would stand in a table, an empty one where there is no value; none of bytes that are no text.
fn text(field: &Field) -> Option<Cow<'_, str>> {
    Some(match field {
        Field::Null | Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => Cow::Borrowed(""),
        Field::Str(text) => Cow::Borrowed(text),
        Field::Bytes(bytes) => Cow::Borrowed(std::str::from_utf8(bytes.data()).ok()?),
        // The shortest text that is the same number.
        Field::Float(x) => Cow::Owned(format!("{x:?}")),
        Field::Double(x) => Cow::Owned(format!("{x:?}")),
        Field::Float16(x) => Cow::Owned(format!("{:?}", x.to_f32())),
        other => Cow::Owned(other.to_string()),
    })
}
