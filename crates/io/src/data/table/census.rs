//! Texts of columns counted, and their medians.

use std::collections::HashMap;

use super::super::DataError;
use super::cell::{self, Cell};
use super::features::Kind;
use super::records::Records;

/// Different texts of a column that are counted.
const MOST_TEXTS: usize = 10_000;
/// Samples from which on a column of texts that differ is no category.
const FEW: u64 = 20;
/// Numbers that are kept at a time.
const MOST_NUMBERS: usize = 1 << 23;

/// How often each text stands in a column.
#[derive(Debug, Clone, Default)]
pub struct Census {
    pub texts: HashMap<String, u64>,
    /// There are more than were counted.
    pub is_cut: bool,
}

/// Counts the texts of columns.
pub fn census(records: &Records, columns: &[usize]) -> Result<Vec<Census>, DataError> {
    let mut all = vec![Census::default(); columns.len()];
    records.all(|record, _| {
        for (column, census) in columns.iter().zip(&mut all) {
            let cell = record.get(*column).unwrap_or_default().trim_ascii();
            if !cell::is_missing(cell) && !census.is_cut {
                census.add(cell);
            }
        }
        Ok(())
    })?;
    Ok(all)
}

impl Census {
    /// Whether nearly every sample has a text of its own.
    pub fn differs(&self) -> bool {
        let samples: u64 = self.texts.values().sum();
        self.is_cut || (samples > FEW && self.texts.len() as u64 * 2 > samples)
    }

    fn add(&mut self, cell: &[u8]) {
        let text = std::str::from_utf8(cell).ok();
        if let Some(count) = text.and_then(|text| self.texts.get_mut(text)) {
            *count += 1;
            return;
        }
        self.is_cut = self.texts.len() >= MOST_TEXTS;
        if !self.is_cut {
            *self.texts.entry(cell::decode(cell)).or_default() += 1;
        }
    }

    /// The numbers that the texts become, with how often each stands there, ascending.
    fn codes(&self, kind: &Kind) -> Vec<(f64, u64)> {
        let code = |text: &str| match kind {
            Kind::Boolean { yes } => f64::from(u8::from(text == yes)),
            Kind::Ordinal(categories) | Kind::OneHot(categories) => {
                categories.texts.partition_point(|other| other.as_str() < text) as f64
            }
            Kind::Number { .. } => 0.0,
        };
        let mut codes: Vec<_> = self.texts.iter().map(|(text, count)| (code(text), *count)).collect();
        codes.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        codes
    }

    pub fn mean_code(&self, kind: &Kind) -> f64 {
        let codes = self.codes(kind);
        let count: u64 = codes.iter().map(|(_, count)| count).sum();
        codes.iter().map(|(code, count)| code * *count as f64).sum::<f64>() / count.max(1) as f64
    }

    pub fn median_code(&self, kind: &Kind) -> f64 {
        let codes = self.codes(kind);
        let count: u64 = codes.iter().map(|(_, count)| count).sum();
        let at = |place: u64| {
            let mut before = 0;
            let code = codes.iter().find(|(_, count)| {
                before += count;
                before > place
            });
            code.map_or(0.0, |(code, _)| *code)
        };
        (at(count.saturating_sub(1) / 2) + at(count / 2)) / 2.0
    }
}

/// The medians of the numbers of columns.
pub fn medians(records: &Records, columns: &[usize]) -> Result<Vec<(usize, f64)>, DataError> {
    let at_once = (MOST_NUMBERS / records.count().max(1)).max(1);
    let mut medians = Vec::with_capacity(columns.len());
    for columns in columns.chunks(at_once) {
        let mut values = vec![Vec::new(); columns.len()];
        records.all(|record, _| {
            for (column, values) in columns.iter().zip(&mut values) {
                if let Cell::Number(x) = cell::read(record.get(*column).unwrap_or_default(), records.dialect.decimal) {
                    values.push(x);
                }
            }
            Ok(())
        })?;
        medians.extend(columns.iter().zip(values).map(|(column, values)| (*column, median(values))));
    }
    Ok(medians)
}

fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    let is_odd = values.len() % 2 == 1;
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    match is_odd {
        true => *upper,
        false => below.iter().copied().fold(f64::NEG_INFINITY, f64::max).midpoint(*upper),
    }
}
