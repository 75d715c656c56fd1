//! CSV and TSV: a sample per line.

use std::io::{self, Read};
use std::path::Path;

use csv::{ByteRecord, ErrorKind, Position, Reader, ReaderBuilder};

use super::file::{Stored, Stream, excerpt, io_error, shown, unreadable};
use super::labels::Texts;
use super::{DataError, Labels, Source};
use neartop_core::catalog::nearest;
use neartop_core::network::Shape;

/// The longest line: more than a million cells. Also what a bomb can inflate to at once.
const MOST_LINE: usize = 1 << 24;

/// A table whose columns are features, but for the labels.
pub struct Table {
    stored: Stored,
    delimiter: u8,
    header: bool,
    names: Vec<String>,
    label: Option<usize>,
    count: usize,
    shape: Shape,
}

/// Reads the first lines, and counts all.
pub fn open(path: &Path, tabs: bool, labels: Option<&str>) -> Result<Table, DataError> {
    let stored = Stored::open(path)?;
    let delimiter = if tabs { b'\t' } else { delimiter(&stored)? };
    let mut reader = reader(&stored, delimiter, false, true)?;
    let (mut first, mut second) = (ByteRecord::new(), ByteRecord::new());
    let mut next = |record: &mut ByteRecord| reader.read_byte_record(record).map_err(|e| csv_error(&stored, &e));
    if !next(&mut first)? {
        return Err(unreadable(path, "it is empty"));
    }
    next(&mut second)?;
    let header = is_header(&first, &second, labels);
    let names: Vec<String> = match header {
        true => first.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect(),
        false => (1..=first.len()).map(|column| column.to_string()).collect(),
    };
    let label = labels.map(|asked| label_column(path, &names, header, asked)).transpose()?;
    let features = names.len() - usize::from(label.is_some());
    let mut table = Table { stored, delimiter, header, names, label, count: 0, shape: Shape(vec![features]) };
    let mut count = 0;
    table.records(|_, _| {
        count += 1;
        Ok(true)
    })?;
    table.count = count;
    Ok(table)
}

/// What parts the cells of a `.csv`: the comma, unless the first line has none but semicolons or tabs.
fn delimiter(stored: &Stored) -> Result<u8, DataError> {
    let mut head = Vec::new();
    stored.stream()?.take(1 << 16).read_to_end(&mut head).map_err(|e| io_error(&stored.path, &e))?;
    let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
    let candidates = [b',', b';', b'\t'];
    Ok(candidates.into_iter().find(|d| line.contains(d)).unwrap_or(b','))
}

/// The first line is a header if the labels are called by one of its cells, if none of its cells is a number, if it has
/// words over numbers, or if it counts the columns from 0 as pandas does.
fn is_header(first: &ByteRecord, second: &ByteRecord, labels: Option<&str>) -> bool {
    let is_number = |cell: &[u8]| number(cell).is_some();
    let named = labels.is_some_and(|asked| first.iter().any(|cell| cell.trim_ascii() == asked.as_bytes()));
    let counts = first.len() > 3 && first.iter().enumerate().all(|(i, cell)| cell == i.to_string().as_bytes());
    let words_over_numbers = first.iter().zip(second).any(|(a, b)| !is_number(a) && is_number(b));
    let asked_by_number = labels.is_some_and(|asked| asked.parse::<usize>().is_ok());
    (named && !(asked_by_number && first.iter().all(is_number)))
        || counts
        || words_over_numbers
        || !first.iter().any(is_number)
}

fn label_column(path: &Path, names: &[String], header: bool, asked: &str) -> Result<usize, DataError> {
    names.iter().position(|name| name == asked).ok_or_else(|| {
        let hint = match nearest(asked, names.iter().map(String::as_str)).filter(|_| header) {
            Some(near) => format!("did you mean `{}`?", shown(near)),
            None if header => {
                let some: Vec<_> = names.iter().take(10).map(|n| shown(n)).collect();
                format!(
                    "its {} columns are {}{}",
                    names.len(),
                    some.join(", "),
                    if names.len() > 10 { ", ..." } else { "" }
                )
            }
            None => format!("it has no header, so its columns are called 1 to {}", names.len()),
        };
        unreadable(path, format!("no column is called `{}`, as `labels` says; {hint}", shown(asked)))
    })
}

fn number(cell: &[u8]) -> Option<f32> {
    std::str::from_utf8(cell).ok()?.trim().parse().ok()
}

fn reader(stored: &Stored, delimiter: u8, header: bool, flexible: bool) -> Result<Reader<ShortLines>, DataError> {
    let lines = ShortLines { stream: stored.stream()?, length: 0 };
    Ok(ReaderBuilder::new().delimiter(delimiter).has_headers(header).flexible(flexible).from_reader(lines))
}

impl Table {
    /// Hands out the records with their numbers until `take` has enough.
    fn records(&self, mut take: impl FnMut(usize, &ByteRecord) -> Result<bool, DataError>) -> Result<(), DataError> {
        let mut reader = reader(&self.stored, self.delimiter, self.header, false)?;
        let mut record = ByteRecord::new();
        let mut row = 0;
        while reader.read_byte_record(&mut record).map_err(|e| csv_error(&self.stored, &e))? {
            if !take(row, &record)? {
                break;
            }
            row += 1;
        }
        Ok(())
    }

    fn parse(&self, record: &ByteRecord, values: &mut Vec<f32>) -> Result<(), DataError> {
        for (column, cell) in record.iter().enumerate().filter(|(column, _)| Some(*column) != self.label) {
            match number(cell) {
                Some(x) if x.is_finite() => values.push(x),
                _ => return Err(self.bad_cell(record, column, cell)),
            }
        }
        Ok(())
    }

    fn bad_cell(&self, record: &ByteRecord, column: usize, cell: &[u8]) -> DataError {
        let line = line(&self.stored, record.position());
        let name = self.names.get(column).map_or("", String::as_str);
        let what = match cell.trim_ascii() {
            [] => "the cell is empty".to_owned(),
            cell => format!("`{}` is no finite number", excerpt(cell)),
        };
        let hint = match self.label {
            None => format!("; if this is the label column, write `labels: {}`", shown(name)),
            Some(_) => String::new(),
        };
        let place = format!("line {line}, column {} (`{}`)", column + 1, shown(name));
        unreadable(&self.stored.path, format!("{place}: {what}{hint}"))
    }
}

impl Source for Table {
    fn count(&self) -> usize {
        self.count
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        let mut wanted = rows.iter().peekable();
        let mut values = Vec::with_capacity(self.names.len());
        self.records(|row, record| {
            if wanted.next_if(|w| **w == row).is_some() {
                values.clear();
                self.parse(record, &mut values)?;
                take(&values);
            }
            Ok(wanted.peek().is_some())
        })?;
        match wanted.peek() {
            Some(_) => Err(unreadable(&self.stored.path, "it has become shorter while it was read")),
            None => Ok(()),
        }
    }

    fn scan(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        let mut values = Vec::with_capacity(self.names.len());
        self.records(|_, record| {
            values.clear();
            self.parse(record, &mut values)?;
            take(&values);
            Ok(true)
        })
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        let Some(texts) = self.label_texts()? else { return Ok(None) };
        let labels = texts.labels();
        labels
            .map(Some)
            .map_err(|at| unreadable(&self.stored.path, format!("the label of sample {at} (from 0) is not finite")))
    }

    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        Ok(self.label_texts()?.and_then(Texts::numbers))
    }
}

impl Table {
    fn label_texts(&self) -> Result<Option<Texts>, DataError> {
        let Some(column) = self.label else { return Ok(None) };
        let mut texts = Texts::default();
        self.records(|_, record| {
            let cell = record.get(column).unwrap_or_default();
            match std::str::from_utf8(cell).map(str::trim) {
                Ok(text) if !text.is_empty() => texts.push(text),
                _ => return Err(self.bad_cell(record, column, cell)),
            }
            Ok(true)
        })?;
        Ok(Some(texts))
    }
}

/// The line where a record stands. The parser's position is before the empty lines that it passed over.
fn line(stored: &Stored, position: Option<&Position>) -> u64 {
    let Some(position) = position else { return 0 };
    let mut head = Vec::new();
    if let Ok(mut stream) = stored.stream()
        && stream.skip_to(position.byte()).is_ok()
        && stream.take(1 << 16).read_to_end(&mut head).is_err()
    {
        head.clear();
    }
    let empty = head.iter().take_while(|b| matches!(b, b'\n' | b'\r')).filter(|b| **b == b'\n').count();
    position.line() + empty as u64
}

fn csv_error(stored: &Stored, error: &csv::Error) -> DataError {
    let path = &stored.path;
    match error.kind() {
        ErrorKind::Io(e) => io_error(path, e),
        ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = line(stored, pos.as_ref());
            unreadable(path, format!("line {line} has {len} cells, but the first line has {expected_len}"))
        }
        _ => unreadable(path, shown(&error.to_string())),
    }
}

/// Fails at a line that is too long, before anybody keeps it in memory.
struct ShortLines {
    stream: Stream,
    length: usize,
}

impl Read for ShortLines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.stream.read(buffer)?;
        self.length = match buffer[..n].iter().rposition(|b| matches!(b, b'\n' | b'\r')) {
            Some(end) => n - end,
            None => self.length + n,
        };
        if self.length > MOST_LINE {
            return Err(io::Error::other("it has a line of more than 16 MiB, so it is hardly a table"));
        }
        Ok(n)
    }
}
