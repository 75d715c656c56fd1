//! What the columns of a table become.

use std::collections::HashMap;

use csv::ByteRecord;

use super::cell::{self, Cell};

/// What a column becomes.
#[derive(Debug, Clone)]
pub struct Feature {
    pub column: usize,
    pub kind: Kind,
    /// In place of a missing value.
    pub fill: Option<Fill>,
}

/// How the cells of a column are read.
#[derive(Debug, Clone)]
pub enum Kind {
    Number {
        /// Single precision would lose what tells its values apart.
        wide: bool,
    },
    /// 1 for this word, 0 for any other.
    Boolean {
        yes: String,
    },
    OneHot(Categories),
    Ordinal(Categories),
}

/// Texts in alphabetical order, with their places.
#[derive(Debug, Clone, Default)]
pub struct Categories {
    pub texts: Vec<String>,
    places: HashMap<String, usize>,
}

impl Categories {
    pub fn new(mut texts: Vec<String>) -> Self {
        texts.sort_unstable();
        texts.dedup();
        let places = texts.iter().enumerate().map(|(place, text)| (text.clone(), place)).collect();
        Self { texts, places }
    }
}

/// What stands in for a missing value.
#[derive(Debug, Clone, PartialEq)]
pub enum Fill {
    Number(f64),
    /// A category.
    Text(String),
    /// No category: 0 in all features of the column.
    Nothing,
}

impl Feature {
    /// How many features the column becomes.
    pub fn width(&self) -> usize {
        match &self.kind {
            Kind::OneHot(categories) => categories.texts.len(),
            _ => 1,
        }
    }

    /// Their names.
    pub fn names(&self, column: &str) -> Vec<String> {
        match &self.kind {
            Kind::OneHot(categories) => categories.texts.iter().map(|text| format!("{column}={text}")).collect(),
            _ => vec![column.to_owned()],
        }
    }

    /// Appends the values of a record. None where the cell is not what the column held before.
    pub fn read(&self, record: &ByteRecord, decimal: u8, values: &mut Vec<f64>) -> Option<()> {
        let cell = record.get(self.column)?;
        match &self.kind {
            Kind::Number { wide } => values.push(match (cell::read(cell, decimal), &self.fill) {
                (Cell::Number(x), _) if *wide => x,
                (Cell::Number(x), _) => f64::from(cell::single(x, cell, decimal)),
                (Cell::Missing, Some(Fill::Number(x))) => *x,
                _ => return None,
            }),
            Kind::Boolean { yes } => match (cell::is_missing(cell), &self.fill) {
                (true, Some(Fill::Number(x))) => values.push(*x),
                (true, _) => return None,
                (false, _) => values.push(f64::from(u8::from(cell.trim_ascii() == yes.as_bytes()))),
            },
            Kind::OneHot(categories) => {
                let place = self.place(cell, categories)?;
                values.extend((0..categories.texts.len()).map(|i| f64::from(u8::from(Some(i) == place))));
            }
            Kind::Ordinal(categories) => match (self.place(cell, categories)?, &self.fill) {
                (Some(place), _) => values.push(place as f64),
                (None, Some(Fill::Number(x))) => values.push(*x),
                (None, _) => return None,
            },
        }
        Some(())
    }

    /// The place of a text; none where it is missing and has none.
    fn place(&self, cell: &[u8], categories: &Categories) -> Option<Option<usize>> {
        match (cell::is_missing(cell), &self.fill) {
            (false, _) => categories.places.get(&cell::decode(cell.trim_ascii())).map(|place| Some(*place)),
            (true, Some(Fill::Text(text))) => categories.places.get(text).map(|place| Some(*place)),
            (true, Some(_)) => Some(None),
            (true, None) => None,
        }
    }
}
