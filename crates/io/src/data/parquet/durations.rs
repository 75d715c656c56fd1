//! Columns of durations. Parquet has no type for them and stores integers, so only the schema that Arrow's writers, pandas
//! and polars among them, put beside the rows tells.

use parquet::file::metadata::FileMetaData;

/// The names of the columns that hold durations.
#[cfg(feature = "arrow")]
pub fn durations(metadata: &FileMetaData) -> Vec<String> {
    use arrow_ipc::convert::try_schema_from_ipc_buffer;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    const KEY: &str = "ARROW:schema";

    let entry = metadata.key_value_metadata().and_then(|entries| entries.iter().find(|entry| entry.key == KEY));
    let bytes = entry.and_then(|entry| STANDARD.decode(entry.value.as_deref()?).ok());
    let schema = bytes.and_then(|bytes| try_schema_from_ipc_buffer(&bytes).ok());
    let mut names = Vec::new();
    schema.iter().flat_map(|schema| schema.fields()).for_each(|field| of_field("", field, &mut names));
    names
}

/// Appends the names of the columns that a field is stored in.
#[cfg(feature = "arrow")]
fn of_field(within: &str, field: &arrow_schema::Field, names: &mut Vec<String>) {
    use arrow_schema::DataType::{Duration, FixedSizeList, LargeList, List, Struct};
    let name = format!("{within}{}", field.name());
    let mut of = field.data_type();
    while let List(inner) | LargeList(inner) | FixedSizeList(inner, _) = of {
        of = inner.data_type();
    }
    match of {
        Duration(_) => names.push(name),
        Struct(fields) => fields.iter().for_each(|inner| of_field(&format!("{name}."), inner, names)),
        _ => {}
    }
}

/// Without Arrow, that schema is not read.
#[cfg(not(feature = "arrow"))]
pub fn durations(_: &FileMetaData) -> Vec<String> {
    Vec::new()
}
