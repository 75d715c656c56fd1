//! CSV, TSV and their like: a sample per line.

mod advice;
mod cell;
mod census;
mod columns;
mod dialect;
mod features;
mod header;
mod ids;
mod look;
mod plan;
mod profile;
mod records;
mod text;

use std::path::Path;

use csv::ByteRecord;

use super::file::{excerpt, shown, unreadable};
use super::labels::Texts;
use super::written::Columnar;
use super::{Assumption, DataError, FileSpec, Labels, LabelsFrom, Missing, Source, Summary};
pub use advice::{Advice, Column, ColumnKind, advise, advise_written};
use columns::Chosen;
use features::Feature;
pub use ids::check_order;
use look::{look, look_written};
use neartop_core::network::Shape;
use plan::Plan;
use profile::{Profile, Profiler};
use records::{Place, Records};

/// A table whose columns are features, but for the labels.
pub struct Table {
    records: Records,
    chosen: Chosen,
    features: Vec<Feature>,
    feature_names: Vec<String>,
    shape: Shape,
    summary: Option<Summary>,
    assumptions: Vec<Assumption>,
}

/// Goes through a table once, or more often where texts become features or gaps are filled.
///
/// # Errors
/// If a column is not there, or a cell of a feature is of no use.
pub fn open(file: &FileSpec, tabs: bool) -> Result<Table, DataError> {
    let names = names_of_labels(file);
    let (stored, dialect) = look(file, tabs, names)?;
    let chosen = Chosen::find(&file.path, &dialect, &file.table.columns, names)?;
    Table::new(file, Records::new(stored, dialect), chosen)
}

/// The same of a file of columns that was written out as a table.
///
/// # Errors
/// If a column is not there, or a cell of a feature is of no use.
pub fn open_written(file: &FileSpec, columnar: &Columnar) -> Result<Table, DataError> {
    let names = names_of_labels(file);
    let (stored, dialect) = look_written(columnar)?;
    let chosen = Chosen::find(&file.path, &dialect, &file.table.columns, names)?;
    columnar.check(chosen.features.iter().chain(&chosen.labels).copied())?;
    Table::new(file, Records::new(stored, dialect), chosen)
}

/// The columns that a preset names as labels.
fn names_of_labels(file: &FileSpec) -> &[String] {
    match &file.labels {
        Some(LabelsFrom::Names(names)) => names,
        _ => &[],
    }
}

/// A table that holds nothing but labels. Of two columns, one that counts the rows is none.
///
/// # Errors
/// If it cannot be read.
pub fn open_labels(path: &Path, tabs: bool) -> Result<Table, DataError> {
    let file = FileSpec::new(path);
    let (stored, dialect) = look(&file, tabs, &[])?;
    let mut chosen = Chosen::find(path, &dialect, &file.table.columns, &[])?;
    let mut records = Records::new(stored, dialect);
    let counting = counting_column(&mut records, &chosen)?;
    let mut table = match counting.filter(|_| chosen.features.len() > 1) {
        Some(column) => {
            records.dialect.assumptions.push(Assumption::LabelId { column: chosen.names[column].clone() });
            chosen.features.retain(|other| *other != column);
            chosen
        }
        None => chosen,
    };
    (table.labels, table.features) = (std::mem::take(&mut table.features), Vec::new());
    Table::new(&file, records, table)
}

/// The first column that counts the rows.
fn counting_column(records: &mut Records, chosen: &Chosen) -> Result<Option<usize>, DataError> {
    let mut profiler = Profiler::new(chosen.names.len(), &chosen.features, records.dialect.decimal);
    records.pass(|record, place| {
        profiler.add(record, place);
        Ok(true)
    })?;
    Ok(profiler.columns.iter().position(Profile::counts_rows))
}

impl Table {
    fn new(file: &FileSpec, mut records: Records, chosen: Chosen) -> Result<Self, DataError> {
        let mut assumptions = std::mem::take(&mut records.dialect.assumptions);
        let mut profiler = Profiler::new(chosen.names.len(), &chosen.features, records.dialect.decimal);
        let drops = file.table.missing == Missing::Drop;
        let has_label = |record: &ByteRecord| {
            chosen.labels.iter().all(|label| !cell::is_missing_label(record.get(*label).unwrap_or_default()))
        };
        let mut rows = 0;
        records.pass(|record, place| {
            rows += 1;
            let is_whole = profiler.add(record, place);
            Ok(!drops || (is_whole && has_label(record)))
        })?;
        let names_are_bytes =
            records.dialect.header && records.dialect.first.iter().any(|c| std::str::from_utf8(c).is_err());
        if names_are_bytes || profiler.columns.iter().any(|profile| profile.is_bytes) {
            assumptions.push(Assumption::Encoding("Windows-1252, since it is no UTF-8"));
        }
        if rows > records.count() {
            assumptions.push(Assumption::DroppedRows(rows - records.count()));
        }
        let Profiler { columns: profiles, mut summary, .. } = profiler;
        let plan = Plan { file, records: &records, chosen: &chosen, profiles: &profiles };
        let (features, told) = plan.features()?;
        assumptions.extend(told);
        if profiles.iter().any(Profile::is_wide) || rows > records.count() {
            summary = None;
        }
        let names = features.iter().flat_map(|feature| feature.names(&chosen.names[feature.column]));
        let feature_names: Vec<_> = names.collect();
        let shape = Shape(vec![feature_names.len()]);
        Ok(Self { records, chosen, features, feature_names, shape, summary, assumptions })
    }

    fn parse(&self, record: &ByteRecord, values: &mut Vec<f64>) -> Result<(), DataError> {
        values.clear();
        for feature in &self.features {
            if feature.read(record, self.records.dialect.decimal, values).is_none() {
                return Err(unreadable(&self.records.stored.path, "it has changed while it was read"));
            }
        }
        Ok(())
    }

    fn bad_label(&self, record: &ByteRecord, place: Place, column: usize) -> DataError {
        let at = self.records.place(place.byte);
        let cell = excerpt(record.get(column).unwrap_or_default());
        let what = match cell.trim().is_empty() {
            true => "the label is missing".to_owned(),
            false => format!("`{cell}` is no label"),
        };
        let place = format!("{at}, column {} (`{}`)", column + 1, shown(&self.chosen.names[column]));
        let hint = "`missing: drop` leaves such samples out";
        unreadable(&self.records.stored.path, format!("{place}: {what}; {hint}"))
    }

    /// The labels of each label column.
    fn label_texts(&self) -> Result<Vec<Texts>, DataError> {
        let mut texts: Vec<Texts> = self.chosen.labels.iter().map(|_| Texts::default()).collect();
        if texts.is_empty() {
            return Ok(texts);
        }
        let decimal = self.records.dialect.decimal;
        self.records.all(|record, place| {
            for (column, texts) in self.chosen.labels.iter().zip(&mut texts) {
                let label = record.get(*column).unwrap_or_default();
                if cell::is_missing_label(label) {
                    return Err(self.bad_label(record, place, *column));
                }
                texts.push(&cell::label(label, decimal));
            }
            Ok(())
        })?;
        Ok(texts)
    }

    /// Several labels of each sample, row by row.
    fn rows_of_labels(&self, texts: Vec<Texts>) -> Result<Vec<f32>, DataError> {
        let (width, count) = (texts.len(), self.records.count());
        let mut rows = vec![0f32; width * count];
        for (place, texts) in texts.into_iter().enumerate() {
            let name = shown(&self.chosen.names[self.chosen.labels[place]]);
            let Some(numbers) = texts.numbers_or_booleans() else {
                let reason =
                    format!("column `{name}` of the labels holds words, and several labels are numbers or yes and no");
                return Err(unreadable(&self.records.stored.path, reason));
            };
            numbers.iter().enumerate().for_each(|(row, x)| rows[row * width + place] = *x);
        }
        Ok(rows)
    }
}

impl Source for Table {
    fn count(&self) -> usize {
        self.records.count()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        let mut single = Vec::with_capacity(self.shape.elements());
        self.read_wide(rows, &mut |row| {
            single.clear();
            single.extend(row.iter().map(|x| *x as f32));
            take(&single);
        })
    }

    fn read_wide(&self, rows: &[usize], take: &mut dyn FnMut(&[f64])) -> Result<(), DataError> {
        let mut values = Vec::with_capacity(self.shape.elements());
        self.records.some(rows, |record| {
            self.parse(record, &mut values)?;
            take(&values);
            Ok(())
        })
    }

    fn scan(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        let size = self.shape.elements();
        self.scan_features(&mut |_, _, row| take(&row[..size]))
    }

    fn scan_features(&self, take: &mut dyn FnMut(usize, usize, &[f32])) -> Result<(), DataError> {
        let size = self.shape.elements();
        let (mut values, mut single) = (Vec::with_capacity(size), Vec::with_capacity(size));
        self.records.all(|record, _| {
            self.parse(record, &mut values)?;
            single.clear();
            single.extend(values.iter().map(|x| *x as f32));
            take(0, size, &single);
            Ok(())
        })
    }

    fn summary(&self) -> Result<Option<Summary>, DataError> {
        if let Some(summary) = &self.summary {
            return Ok(Some(summary.clone()));
        }
        let mut summary = Summary::new(self.shape.elements());
        let mut values = Vec::with_capacity(self.shape.elements());
        self.records.all(|record, _| {
            self.parse(record, &mut values)?;
            summary.add(&values);
            Ok(())
        })?;
        Ok(Some(summary))
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        let mut texts = self.label_texts()?;
        match texts.len() {
            0 => Ok(None),
            1 => texts.pop().map(Texts::labels).transpose().map_err(|at| {
                unreadable(&self.records.stored.path, format!("the label of sample {at} (from 0) is not finite"))
            }),
            width => Ok(Some(Labels::Several { of: self.rows_of_labels(texts)?, width })),
        }
    }

    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        let mut texts = self.label_texts()?;
        match texts.len() {
            0 => Ok(None),
            1 => Ok(texts.pop().and_then(Texts::numbers)),
            _ => self.rows_of_labels(texts).map(Some),
        }
    }

    fn class_names(&self) -> Result<Option<Vec<String>>, DataError> {
        match self.label_texts()?.as_slice() {
            [texts] => Ok(texts.class_names()),
            _ => Ok(None),
        }
    }

    fn label_names(&self) -> Vec<String> {
        self.chosen.labels.iter().map(|label| self.chosen.names[*label].clone()).collect()
    }

    fn feature_names(&self) -> Option<&[String]> {
        Some(&self.feature_names)
    }

    fn kept(&self) -> Option<&[bool]> {
        self.records.kept()
    }

    fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }
}
