//! What the cells of each column of a table are.

use csv::ByteRecord;

use super::super::Summary;
use super::super::labels::yes_of;
use super::super::spread::Spread;
use super::cell::{self, Cell};
use super::records::Place;

/// Different texts that are kept of a column.
const MOST_TEXTS: usize = 3;
/// Numbers for each text, where these are taken for mistakes.
const FEW_TEXTS: u64 = 9;

/// What was found in a column.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    pub numbers: u64,
    pub missing: u64,
    pub texts: u64,
    /// The first cell of each kind that is no number.
    pub first_missing: Option<Found>,
    pub first_text: Option<Found>,
    pub first_infinite: Option<Found>,
    /// The first different texts.
    pub some_texts: Vec<String>,
    spread: Spread,
    sum: f64,
    /// All numbers are whole.
    is_whole: bool,
    /// Bytes of texts are no UTF-8.
    pub is_bytes: bool,
    /// Whether each number is one more than that of the row before.
    counts: bool,
    /// All numbers are days, as 20240131.
    are_days: bool,
    sum_of_squares: f64,
    /// The same texts as bytes.
    known: Vec<Vec<u8>>,
}

/// A cell in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    pub place: Place,
    pub cell: String,
}

impl Profile {
    pub fn new() -> Self {
        Self { counts: true, is_whole: true, are_days: true, ..Self::default() }
    }

    fn number(&mut self, x: f64, single: f64) {
        self.counts &= self.numbers == 0 || x == self.spread.low + self.numbers as f64;
        self.numbers += 1;
        self.spread.add(x, single);
        self.sum += x;
        self.sum_of_squares += x * x;
        self.is_whole &= x.fract() == 0.0;
        self.are_days = self.are_days && cell::is_day(x);
    }

    fn other(&mut self, kind: Cell, cell: &[u8], place: Place) {
        let found = || Some(Found { place, cell: cell::decode(cell.trim_ascii()) });
        match kind {
            Cell::Number(_) => {}
            Cell::Missing => {
                self.missing += 1;
                self.first_missing = self.first_missing.take().or_else(found);
            }
            Cell::Infinite => self.first_infinite = self.first_infinite.take().or_else(found),
            Cell::Text => {
                self.texts += 1;
                self.first_text = self.first_text.take().or_else(found);
                let cell = cell.trim_ascii();
                self.is_bytes |= std::str::from_utf8(cell).is_err();
                if self.known.len() < MOST_TEXTS && !self.known.iter().any(|known| known == cell) {
                    self.known.push(cell.to_vec());
                    self.some_texts.push(cell::decode(cell));
                }
            }
        }
    }

    /// The mean of the numbers.
    pub fn mean(&self) -> f64 {
        self.sum / self.numbers as f64
    }

    /// Whether the numbers count the rows.
    pub fn counts_rows(&self) -> bool {
        self.counts && self.numbers > 9 && self.missing == 0 && self.texts == 0
    }

    /// Whether the numbers count the rows, in whatever order: sums and sums of squares are those of as many whole numbers
    /// in a row.
    fn counts_somehow(&self) -> bool {
        let (n, low) = (self.numbers as f64, self.spread.low);
        let sum = n * low + n * (n - 1.0) / 2.0;
        let squares = n * low * low + low * n * (n - 1.0) + (n - 1.0) * n * (2.0 * n - 1.0) / 6.0;
        let is_close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
        let is_exact = is_close(self.sum, sum) && is_close(self.sum_of_squares, squares);
        self.numbers > 19 && self.is_whole && self.spread.high - low == n - 1.0 && is_exact
    }

    /// Whether the numbers tell samples apart and say nothing else: they count the rows, or are whole and called an id. A
    /// column without a name is what pandas calls an index.
    pub fn is_id(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let is_called_so = name.ends_with("_id")
            || name.ends_with(" id")
            || ["id", "index", "level_0", "unnamed: 0", ""].contains(&name.as_str());
        let is_alone = self.missing == 0 && self.texts == 0;
        self.counts_rows()
            || (is_alone && self.counts_somehow())
            || (is_called_so && self.is_whole && self.numbers > 9 && self.texts == 0)
    }

    /// Whether all numbers are days, as 20240131.
    pub fn are_days(&self) -> bool {
        self.are_days && self.numbers > 1 && self.texts == 0
    }

    /// Whether it has some texts among many numbers.
    pub fn has_few_texts(&self) -> bool {
        self.texts > 0 && self.numbers > FEW_TEXTS * self.texts
    }

    /// Whether its texts are numbers with signs beside them, or a few among many numbers.
    pub fn are_meant_as_numbers(&self, decimal: u8) -> bool {
        let has_signs = |found: &Found| cell::marked(&found.cell, decimal).is_some();
        self.has_few_texts() || self.first_text.as_ref().is_some_and(has_signs)
    }

    /// Whether its texts are numbers that are written in a way of their own, as far as categories are not called so.
    pub fn are_numbers_written_otherwise(&self, decimal: u8) -> bool {
        self.texts > 0 && self.some_texts.iter().all(|text| cell::otherwise(text, decimal).is_some())
    }

    /// Which of two words is yes, if they are all that the column holds.
    pub fn yes(&self) -> Option<&str> {
        if self.numbers > 0 || self.first_infinite.is_some() {
            return None;
        }
        match self.some_texts.as_slice() {
            [one, other] => yes_of(one, other),
            [one] => {
                ["true", "false", "yes", "no"].iter().any(|word| one.eq_ignore_ascii_case(word)).then_some(one.as_str())
            }
            _ => None,
        }
        .map(|yes| match yes.to_ascii_lowercase().as_str() {
            // A column of nothing but no has no word for yes.
            "false" | "no" => "",
            _ => yes,
        })
    }

    pub fn holds_dates(&self) -> bool {
        self.texts > 0 && self.some_texts.iter().all(|text| cell::is_date(text))
    }

    /// Whether single precision would lose what tells its values apart.
    pub fn is_wide(&self) -> bool {
        self.spread.is_wide()
    }
}

/// A first pass through the rows: the profiles of columns, and as long as all cells are numbers, of all values.
pub struct Profiler<'a> {
    pub columns: Vec<Profile>,
    pub summary: Option<Summary>,
    /// Those of the features.
    features: &'a [usize],
    decimal: u8,
    values: Vec<f64>,
}

impl<'a> Profiler<'a> {
    pub fn new(width: usize, features: &'a [usize], decimal: u8) -> Self {
        let summary = Some(Summary::new(features.len()));
        Self { columns: vec![Profile::new(); width], summary, features, decimal, values: Vec::new() }
    }

    /// Takes in a row; whether each of its features has a value.
    pub fn add(&mut self, record: &ByteRecord, place: Place) -> bool {
        let mut is_whole = true;
        self.values.clear();
        for column in self.features {
            let cell = record.get(*column).unwrap_or_default();
            match cell::read(cell, self.decimal) {
                Cell::Number(x) => {
                    let single = f64::from(cell::single(x, cell, self.decimal));
                    self.columns[*column].number(x, single);
                    self.values.push(single);
                }
                kind => {
                    is_whole &= kind != Cell::Missing;
                    self.columns[*column].other(kind, cell, place);
                    self.summary = None;
                }
            }
        }
        if let Some(summary) = &mut self.summary {
            summary.add(&self.values);
        }
        is_whole
    }
}
