//! How data were read where they could have been meant otherwise.

use std::fmt;

use super::FileAssumption;
use super::words::shown;

/// Something about data that was found out rather than said. Each is told once, in one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assumption {
    /// What is no table.
    File(FileAssumption),
    /// The first line names the columns, or does not.
    Header {
        taken: bool,
    },
    /// What separates cells, in the plural.
    Delimiter(&'static str),
    DecimalComma,
    /// How characters are stored.
    Encoding(&'static str),
    /// So many lines before the table are no part of it.
    Comments(usize),
    TrailingDelimiter,
    /// The first column holds names of rows, as R writes them.
    RowNames,
    /// Columns that look like ids, as a preset names them.
    LooksLikeId {
        columns: Vec<String>,
    },
    /// Columns of numbers that look like dates, as a preset names them.
    LooksLikeDate {
        columns: Vec<String>,
    },
    /// Columns of two words that are read as 1 and 0.
    Booleans {
        columns: Vec<String>,
    },
    /// Cells without a value in these columns became something else.
    Filled {
        columns: Vec<String>,
        cells: u64,
        with: String,
    },
    /// Samples were left out, since cells have no value.
    DroppedRows(usize),
    /// Columns were left out, since they have no value at all.
    DroppedColumns {
        columns: Vec<String>,
    },
    /// Texts became features: so many, of these columns.
    OneHot {
        columns: Vec<String>,
        features: usize,
    },
    /// Texts became their places in alphabetical order.
    Ordinal {
        columns: Vec<String>,
    },
    /// The labels come from a file of their own.
    LabelFile {
        file: String,
    },
    /// How that file was read.
    OfLabels(Box<Assumption>),
    /// A column of that file counts the samples and is no label.
    LabelId {
        column: String,
    },
}

impl From<FileAssumption> for Assumption {
    fn from(of: FileAssumption) -> Self {
        Self::File(of)
    }
}

impl Assumption {
    /// Those of several files as of one: each once, with what they count in all.
    pub(super) fn of_all<'a>(files: impl Iterator<Item = &'a [Self]>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for told in files.flatten() {
            if !all.iter_mut().any(|known| known.takes_in(told)) {
                all.push(told.clone());
            }
        }
        all
    }

    /// Whether another one says the same of other samples, which are counted then.
    fn takes_in(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::DroppedRows(rows), Self::DroppedRows(more)) => *rows += more,
            (
                Self::Filled { columns, cells, with },
                Self::Filled { columns: others, cells: more, with: other_with },
            ) if with == other_with => {
                columns.extend(others.iter().filter(|column| !columns.contains(column)).cloned().collect::<Vec<_>>());
                *cells += more;
            }
            (one, other) => return one == other,
        }
        true
    }
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(of) => write!(f, "{of}"),
            Self::Header { taken: true } => {
                f.write_str("the first line is taken for the names of the columns; `header: false` makes it a sample")
            }
            Self::Header { taken: false } => {
                f.write_str("the first line is taken for a sample; `header: true` makes it the names of the columns")
            }
            Self::Delimiter(name) => write!(f, "cells are separated by {name}; `delimiter` says otherwise"),
            Self::DecimalComma => f.write_str("commas in numbers are decimal marks; `decimal: \".\"` says otherwise"),
            Self::Encoding(name) => write!(f, "the text is read as {name}"),
            Self::Comments(lines) => write!(f, "comments before the table are left out: {lines} {}", lines_of(*lines)),
            Self::TrailingDelimiter => f.write_str("all lines end with a delimiter, and no column follows it"),
            Self::RowNames => f.write_str("the first column has no name and is left out as names of rows"),
            Self::LooksLikeId { columns } => {
                let names = columns.join(", ");
                write!(f, "what looks like an id is read as a feature; `drop: [{names}]` leaves it out")
            }
            Self::LooksLikeDate { columns } => {
                let names = columns.join(", ");
                write!(f, "what looks like dates, as 20240131, is read as numbers; `drop: [{names}]` leaves it out")
            }
            Self::Booleans { columns } => write!(f, "yes and no are read as 1 and 0: {}", list(columns)),
            Self::Filled { columns, cells, with } => {
                let (cells, become_) = match cells {
                    1 => ("1 cell without a value".to_owned(), "becomes"),
                    n => (format!("{n} cells without a value"), "become"),
                };
                write!(f, "{cells} {become_} {with}: {}", list(columns))
            }
            Self::DroppedRows(1) => f.write_str("1 sample is left out, since a cell of it has no value"),
            Self::DroppedRows(rows) => write!(f, "{rows} samples are left out, since cells of them have no value"),
            Self::DroppedColumns { columns } => write!(f, "left out, since no cell has a value: {}", list(columns)),
            Self::OneHot { columns, features } => {
                write!(f, "texts become {features} features, one for each text: {}", list(columns))
            }
            Self::Ordinal { columns } => {
                write!(f, "texts become their places in alphabetical order, from 0: {}", list(columns))
            }
            Self::OfLabels(assumption) => write!(f, "of the labels: {assumption}"),
            Self::LabelFile { file } => write!(f, "the labels are read from {}", shown(file)),
            Self::LabelId { column } => write!(f, "column `{}` counts the labels and is none", shown(column)),
        }
    }
}

fn lines_of(count: usize) -> &'static str {
    if count == 1 { "line" } else { "lines" }
}

/// Names of columns, the first of many.
fn list(columns: &[String]) -> String {
    const MOST: usize = 10;
    let names: Vec<_> = columns.iter().take(MOST).map(|name| format!("`{}`", shown(name))).collect();
    match columns.len().saturating_sub(MOST) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
