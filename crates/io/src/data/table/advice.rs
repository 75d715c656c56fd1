//! What the columns of a table seem to be, for whoever writes a preset for it.

use std::path::Path;

use super::super::written::Columnar;
use super::super::{Columns, DataError, FileSpec};
use super::census::census;
use super::columns::Chosen;
use super::look::{look, look_written};
use super::profile::{Profile, Profiler};
use super::records::Records;

/// What a table seems to hold.
#[derive(Debug, Clone)]
pub struct Advice {
    pub columns: Vec<Column>,
    /// The column that is called as labels are, as a preset names it.
    pub label: Option<String>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// As a preset names it.
    pub name: String,
    pub kind: ColumnKind,
    /// Cells without a value.
    pub missing: u64,
}

/// What a column seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    Numbers,
    /// Whole numbers that count the samples, or are called an id.
    Id,
    Booleans,
    /// So many texts.
    Categories(usize),
    /// Texts that differ in nearly every sample.
    Different,
    Dates,
    /// No cell has a value.
    Empty,
    /// What neither numbers nor texts are made of, such as durations or lists.
    Unreadable,
}

impl ColumnKind {
    /// Whether it is of no use as a feature.
    #[must_use]
    pub fn is_useless(self) -> bool {
        matches!(self, Self::Id | Self::Different | Self::Dates | Self::Empty | Self::Unreadable)
    }
}

/// Names of columns that hold labels, in lower case.
const LABELS: &[&str] =
    &["label", "labels", "target", "targets", "y", "class", "classes", "outcome", "species", "category", "survived"];

/// Looks at all cells of a table.
///
/// # Errors
/// If the table cannot be read.
pub fn advise(path: &Path, tabs: bool) -> Result<Advice, DataError> {
    let (stored, dialect) = look(&FileSpec::new(path), tabs, &[])?;
    of_records(Records::new(stored, dialect), &|_| true)
}

/// Looks at all cells of a file of columns; those that no feature can be made of do not count.
///
/// # Errors
/// If it cannot be read.
pub fn advise_written(columnar: &Columnar) -> Result<Advice, DataError> {
    let (stored, dialect) = look_written(columnar)?;
    of_records(Records::new(stored, dialect), &|column| columnar.check(std::iter::once(column)).is_ok())
}

fn of_records(mut records: Records, is_readable: &dyn Fn(usize) -> bool) -> Result<Advice, DataError> {
    let chosen = Chosen::find(&records.stored.path, &records.dialect, &Columns::All, &[])?;
    let profiles = profiles(&mut records, &chosen)?;
    let texts: Vec<_> = (0..profiles.len()).filter(|column| profiles[*column].texts > 0).collect();
    let counted = census(&records, &texts)?;
    let kind = |column: usize| {
        let profile = &profiles[column];
        let census = texts.iter().position(|text| *text == column).map(|at| &counted[at]);
        match census {
            _ if !is_readable(column) => ColumnKind::Unreadable,
            _ if profile.yes().is_some() => ColumnKind::Booleans,
            _ if profile.holds_dates() || profile.are_days() => ColumnKind::Dates,
            // Whoever reads it says which cell is none.
            Some(_) if profile.are_meant_as_numbers(records.dialect.decimal) => ColumnKind::Numbers,
            Some(census) if census.differs() && profile.are_numbers_written_otherwise(records.dialect.decimal) => {
                ColumnKind::Numbers
            }
            Some(census) if census.differs() => ColumnKind::Different,
            Some(census) => ColumnKind::Categories(census.texts.len()),
            None if profile.is_id(&chosen.names[column]) => ColumnKind::Id,
            None if profile.numbers == 0 => ColumnKind::Empty,
            None => ColumnKind::Numbers,
        }
    };
    let column = |column: &usize| Column {
        name: chosen.in_preset(*column),
        kind: kind(*column),
        missing: profiles[*column].missing,
    };
    let columns: Vec<_> = chosen.features.iter().map(column).collect();
    let is_label = |column: &&usize| LABELS.contains(&chosen.names[**column].to_lowercase().as_str());
    let label = chosen.features.iter().find(is_label).map(|column| chosen.in_preset(*column));
    Ok(Advice { columns, label })
}

fn profiles(records: &mut Records, chosen: &Chosen) -> Result<Vec<Profile>, DataError> {
    let mut profiler = Profiler::new(chosen.names.len(), &chosen.features, records.dialect.decimal);
    records.pass(|record, place| {
        profiler.add(record, place);
        Ok(true)
    })?;
    Ok(profiler.columns)
}
