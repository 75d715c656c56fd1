//! A first look at a table.

use super::super::file::{Stored, unreadable};
use super::super::written::Columnar;
use super::super::{DataError, Delimiter, FileSpec, TableSpec};
use super::dialect::{Asked, Dialect};

/// Opens a table and finds out how it is written; `labels` are columns that must be there.
///
/// # Errors
/// If it cannot be read, or is empty.
pub fn look(file: &FileSpec, tabs: bool, labels: &[String]) -> Result<(Stored, Dialect), DataError> {
    use super::super::Columns::{All, Only, Without};
    let stored = Stored::open(&file.path)?;
    let columns = match &file.table.columns {
        All => &[],
        Only(names) | Without(names) => names.as_slice(),
    };
    let names = [labels, columns].concat();
    match Dialect::find(&stored, &Asked { spec: &file.table, names: &names, tabs })? {
        Some(dialect) => Ok((stored, dialect)),
        None => Err(unreadable(&file.path, "it is empty")),
    }
}

/// The same of a file of columns that was written out.
///
/// # Errors
/// If it has no columns.
pub fn look_written(columnar: &Columnar) -> Result<(Stored, Dialect), DataError> {
    let delimiter = Some(Delimiter::Byte(b','));
    let spec = TableSpec { header: Some(true), delimiter, decimal: Some(b'.'), ..TableSpec::default() };
    let stored = columnar.stored.clone();
    match Dialect::find(&stored, &Asked { spec: &spec, names: &[], tabs: false })? {
        Some(dialect) => Ok((stored, dialect)),
        None => Err(unreadable(&stored.path, "it is empty")),
    }
}
