//! Whether samples and labels in files of their own are in the same order.

use std::path::Path;

use super::cell;
use super::columns::Chosen;
use super::look::look;
use super::records::Records;
use super::{DataError, FileSpec, counting_column, excerpt, shown, unreadable};

/// Labels go to samples row by row. So where a column counts the labels, the samples' column of that name must count them too.
///
/// # Errors
/// If a file cannot be read, or a sample's label stands in another row.
pub fn check_order(samples: &FileSpec, tabs: bool, labels: &Path, label_tabs: bool) -> Result<(), DataError> {
    let (mut records, chosen) = opened(&FileSpec::new(labels), label_tabs)?;
    let counting = counting_column(&mut records, &chosen)?;
    let Some(column) = counting.filter(|_| records.dialect.header && chosen.features.len() > 1) else { return Ok(()) };
    let name = &chosen.names[column];
    let of_labels = cells(&mut records, column)?;
    let (mut records, chosen) = opened(&samples.clone().with_labels(None), tabs)?;
    let Some(column) = chosen.names.iter().position(|other| other == name) else { return Ok(()) };
    let of_samples = cells(&mut records, column)?;
    let decimal = records.dialect.decimal;
    let is_other = |(a, b): (&Vec<u8>, &Vec<u8>)| cell::label(a, decimal) != cell::label(b, decimal);
    let rows = of_samples.iter().zip(&of_labels);
    match rows.clone().position(is_other) {
        // How many there are is compared elsewhere.
        Some(row) if of_samples.len() == of_labels.len() => {
            let (name, [sample, label]) = (shown(name), [&of_samples[row], &of_labels[row]].map(|cell| excerpt(cell)));
            let reason = format!(
                "labels go to samples row by row, but in row {} `{name}` is {sample} of the sample and {label} of the label: sort \
                 both files by `{name}`",
                row + 1
            );
            Err(unreadable(labels, reason))
        }
        _ => Ok(()),
    }
}

fn opened(file: &FileSpec, tabs: bool) -> Result<(Records, Chosen), DataError> {
    let (stored, dialect) = look(file, tabs, &[])?;
    let chosen = Chosen::find(&file.path, &dialect, &file.table.columns, &[])?;
    Ok((Records::new(stored, dialect), chosen))
}

/// All cells of a column.
fn cells(records: &mut Records, column: usize) -> Result<Vec<Vec<u8>>, DataError> {
    let mut cells = Vec::new();
    records.pass(|record, _| {
        cells.push(record.get(column).unwrap_or_default().trim_ascii().to_vec());
        Ok(true)
    })?;
    Ok(cells)
}
