//! What a column of the ranking is, on the screen and in files.

use std::cmp::Ordering;

use neartop_study::study::{Ranked, Study};

use crate::signs::Signs;

/// A column: what it shows and how it sorts.
pub struct Column {
    pub title: &'static str,
    /// What it shows, for the help overlay.
    pub help: &'static str,
    /// Whether it says something of a study; otherwise it is not there.
    pub is_relevant: fn(&Study) -> bool,
    /// Columns of the screen; for texts what they should have before dispensable columns come in.
    pub width: u16,
    /// Texts stand to the left and take what room is left; numbers stand to the right.
    pub is_text: bool,
    /// Whether it is a quantity that was measured, one number for each candidate.
    pub is_measured: bool,
    /// Where there is no room for all, the column with the highest number goes first.
    pub dispensable: u8,
    /// Whether it comes in while the app is open, so that its digit comes after those of the others.
    pub comes_late: bool,
    /// Whether the first sort by this column puts the largest first.
    pub largest_first: bool,
    pub cell: fn(&Study, &Ranked, &Signs) -> String,
    /// What stands in the cell where that does not fit; none where it is cut.
    pub short: Option<fn(&Study, &Ranked) -> String>,
    /// Orders by rising value; rows without one come last whatever the direction, so none is compared here.
    pub value: fn(&Study, &Ranked) -> Value,
    /// The same in files, where it is there too.
    pub file: Option<FileColumn>,
}

impl Column {
    /// Whether the table makes no sense without it.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.dispensable == 0
    }
}

/// A column of tables and CSV.
#[derive(Clone, Copy)]
pub struct FileColumn {
    /// Orders the columns of a file.
    pub(super) place: u8,
    /// Its name in CSV.
    pub name: &'static str,
    /// What stands above it in tables; none where it is in CSV only.
    pub heading: Option<&'static str>,
    /// Numbers stand to the right.
    pub is_number: bool,
    /// Whether it is left out where all of its cells are empty.
    pub(super) is_optional: bool,
    /// Where there is no room for all, the column with the highest number goes first; none that has 0.
    pub dispensable: u8,
    pub cell: fn(&Study, &Ranked, Form) -> String,
}

/// What cells of files are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// People: numbers with two digits.
    Table,
    /// Programs: numbers with all of their digits.
    Csv,
}

impl Form {
    pub(super) fn number(self, number: Option<f64>) -> String {
        match (number, self) {
            (None, _) => String::new(),
            (Some(x), Self::Table) => format!("{x:.2}"),
            (Some(x), Self::Csv) => x.to_string(),
        }
    }
}

impl FileColumn {
    pub(super) const fn text(
        place: u8,
        name: &'static str,
        heading: Option<&'static str>,
        cell: fn(&Study, &Ranked, Form) -> String,
    ) -> Self {
        Self { place, name, heading, is_number: false, is_optional: false, dispensable: 0, cell }
    }

    pub(super) const fn number(
        place: u8,
        name: &'static str,
        heading: Option<&'static str>,
        cell: fn(&Study, &Ranked, Form) -> String,
    ) -> Self {
        Self { is_number: true, ..Self::text(place, name, heading, cell) }
    }

    pub(super) const fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }
}

/// What a column sorts by.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Number(f64),
    Text(String),
    Missing,
}

impl Value {
    /// Missing values are last in both directions.
    #[must_use]
    pub fn compare(&self, other: &Self, descending: bool) -> Ordering {
        let turn = |order: Ordering| if descending { order.reverse() } else { order };
        match (self, other) {
            (Self::Missing, Self::Missing) => Ordering::Equal,
            (Self::Missing, _) => Ordering::Greater,
            (_, Self::Missing) => Ordering::Less,
            (Self::Number(a), Self::Number(b)) => turn(a.total_cmp(b)),
            (Self::Text(a), Self::Text(b)) => turn(a.cmp(b)),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

impl From<Option<f64>> for Value {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Missing, Self::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_come_last_both_ways() {
        for descending in [false, true] {
            assert_eq!(Value::Missing.compare(&Value::Number(1.0), descending), Ordering::Greater);
        }
        assert_eq!(Value::Number(2.0).compare(&Value::Number(1.0), true), Ordering::Less);
    }
}
