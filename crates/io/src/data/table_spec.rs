//! What a preset says about a table.

/// How a table is read; what is left open is found out from the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableSpec {
    /// Whether the first line names the columns.
    pub header: Option<bool>,
    pub delimiter: Option<Delimiter>,
    /// The decimal mark of numbers: a point or a comma.
    pub decimal: Option<u8>,
    pub columns: Columns,
    pub missing: Missing,
    pub categories: Categories,
}

impl TableSpec {
    /// The keys that say something.
    #[must_use]
    pub fn keys(&self) -> Vec<&'static str> {
        let keys = [
            ("header", self.header.is_some()),
            ("delimiter", self.delimiter.is_some()),
            ("decimal", self.decimal.is_some()),
            ("columns", matches!(self.columns, Columns::Only(_))),
            ("drop", matches!(self.columns, Columns::Without(_))),
            ("missing", self.missing != Missing::Error),
            ("categories", self.categories != Categories::Error),
        ];
        keys.into_iter().filter(|(_, said)| *said).map(|(key, _)| key).collect()
    }
}

/// What parts the cells of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delimiter {
    Byte(u8),
    /// Runs of spaces and tabs.
    Spaces,
}

impl Delimiter {
    /// As a preset writes it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Byte(b'\t') => "tab".to_owned(),
            Self::Byte(byte) => char::from(byte).to_string(),
            Self::Spaces => "spaces".to_owned(),
        }
    }
}

/// Which columns are features, beside those of the labels. Each is given by its name, or by its place from 1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Columns {
    #[default]
    All,
    /// In this order.
    Only(Vec<String>),
    Without(Vec<String>),
}

/// What becomes of cells without a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Missing {
    /// They are refused.
    #[default]
    Error,
    /// The sample is left out.
    Drop,
    /// The mean of the column stands in.
    Mean,
    /// The median of the column stands in.
    Median,
    /// This stands in; in a column of texts as a category of its own.
    Value(String),
}

/// What becomes of columns of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Categories {
    /// They are refused.
    #[default]
    Error,
    /// A feature for each text: 1 where it stands, else 0.
    OneHot,
    /// The place of the text among all in alphabetical order, from 0.
    Ordinal,
}
