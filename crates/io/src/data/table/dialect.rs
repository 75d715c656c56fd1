//! How a table is written: what separates cells, which decimal mark, whether the first line is a header.

use csv::{ByteRecord, ReaderBuilder};

use super::super::file::{Stored, unreadable};
use super::super::{Assumption, DataError, Delimiter, TableSpec};
use super::cell::{self, Cell};
use super::header::{self, Verdict};
use super::text::{self, Encoding};

/// Records that are looked at.
const MOST_RECORDS: usize = 1000;

/// How a table is written.
#[derive(Debug, Clone)]
pub struct Dialect {
    pub encoding: Encoding,
    /// Where the table begins in the text, and how many lines are before.
    pub from: u64,
    pub lines_before: u64,
    pub delimiter: Delimiter,
    pub decimal: u8,
    pub header: bool,
    /// Whether the header was found out rather than said.
    pub header_is_assumed: bool,
    /// Cells of a line, with one after a trailing delimiter.
    pub width: usize,
    pub trailing: bool,
    /// The first column has no name in the header.
    pub row_names: bool,
    /// The first record.
    pub first: Vec<Vec<u8>>,
    pub assumptions: Vec<Assumption>,
}

/// What a preset says of columns before they are known.
pub struct Asked<'a> {
    pub spec: &'a TableSpec,
    /// Names that must be columns.
    pub names: &'a [String],
    /// The name of the file says that tabs separate cells.
    pub tabs: bool,
}

/// Fails if the first line is an object or a list of JSON.
fn check_no_json(stored: &Stored, text: &[u8]) -> Result<(), DataError> {
    let first = text.trim_ascii_start();
    let line = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_json = |kind| line.starts_with(kind) && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
    if !is_json(b"{") && !is_json(b"[") {
        return Ok(());
    }
    let advice = "in Python, `pandas.read_json(path, lines=True).to_csv(to, index=False)` makes one of it";
    Err(unreadable(&stored.path, format!("it holds JSON, where a table is needed; {advice}")))
}

impl Dialect {
    /// Looks at the begin of a file. None where it is empty.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn find(stored: &Stored, asked: &Asked<'_>) -> Result<Option<Self>, DataError> {
        let (encoding, head) = text::head(stored)?;
        let mut assumptions: Vec<_> = encoding.name().map(Assumption::Encoding).into_iter().collect();
        let (comments, from) = match encoding {
            Encoding::Bytes { .. } => comments(&head),
            Encoding::Utf16 { .. } => (0, 0),
        };
        check_no_json(stored, &head[from..])?;
        let usual = Delimiter::Byte(if asked.tabs { b'\t' } else { b',' });
        let named = named_delimiter(&head).filter(|_| from == 0 && matches!(encoding, Encoding::Bytes { .. }));
        let (preamble, from) = named.map_or((0, from), |(_, length)| (1, length));
        let said = asked.spec.delimiter.or(named.map(|(delimiter, _)| delimiter));
        let delimiter = said.unwrap_or_else(|| find_delimiter(&head[from..], usual, asked.spec.decimal));
        // A line of names may begin with `#` too.
        let names_follow = comments > 0 && {
            let first = records(&head, delimiter);
            let is_one = comments == 1 && delimiter != Delimiter::Spaces;
            is_one && first.len() > 1 && first[0].len() == first[1].len() && first[0].len() > 1
        };
        let (comments, from) = if names_follow { (0, 0) } else { (comments, from) };
        let records = records(&head[from..], delimiter);
        let Some(first) = records.first() else { return Ok(None) };
        if comments > 0 {
            assumptions.push(Assumption::Comments(comments));
        }
        if asked.spec.delimiter.is_none() && delimiter != usual {
            assumptions.push(Assumption::Delimiter(word(delimiter)));
        }
        let (decimal, assumed) = decimal(asked.spec.decimal, &records, delimiter);
        assumptions.extend(assumed);
        let (width, trailing, row_names) = width(&records);
        if trailing {
            assumptions.push(Assumption::TrailingDelimiter);
        }
        if row_names {
            assumptions.push(Assumption::RowNames);
        }
        let verdict = match asked.spec.header {
            Some(taken) => Verdict { taken, told: false },
            None if row_names => Verdict { taken: true, told: false },
            None => header::find(&records, asked.names, decimal),
        };
        if verdict.told {
            assumptions.push(Assumption::Header { taken: verdict.taken });
        }
        Ok(Some(Self {
            encoding,
            from: from as u64,
            lines_before: (comments + preamble) as u64,
            delimiter,
            decimal,
            header: verdict.taken,
            header_is_assumed: asked.spec.header.is_none(),
            width,
            trailing,
            row_names,
            first: first.iter().map(<[u8]>::to_vec).collect(),
            assumptions,
        }))
    }
}

/// The delimiter that Excel's first line `sep=;` names, and the bytes of the line.
fn named_delimiter(head: &[u8]) -> Option<(Delimiter, usize)> {
    let rest = head.strip_prefix(b"sep=")?;
    let (delimiter, rest) = rest.split_first()?;
    let end = [&b"\r\n"[..], b"\n"].into_iter().find(|end| rest.starts_with(end))?;
    Some((Delimiter::Byte(*delimiter), 5 + end.len()))
}

/// The number of lines at the begin that are comments, and their bytes.
fn comments(head: &[u8]) -> (usize, usize) {
    let lines = head.split_inclusive(|b| *b == b'\n').take_while(|line| matches!(line.first(), Some(b'#' | b'%')));
    lines.fold((0, 0), |(count, bytes), line| (count + 1, bytes + line.len()))
}

fn word(delimiter: Delimiter) -> &'static str {
    match delimiter {
        Delimiter::Byte(b',') => "commas",
        Delimiter::Byte(b';') => "semicolons",
        Delimiter::Byte(b'\t') => "tabs",
        Delimiter::Byte(b'|') => "`|`",
        Delimiter::Byte(_) => "the delimiter",
        Delimiter::Spaces => "spaces",
    }
}

/// The first records, as cells are separated by this.
fn records(head: &[u8], delimiter: Delimiter) -> Vec<ByteRecord> {
    let squeezed;
    let head = match delimiter {
        Delimiter::Byte(_) => head,
        Delimiter::Spaces => {
            squeezed = text::squeezed(head);
            &squeezed
        }
    };
    // The last line may be cut off.
    let whole = match head.iter().rposition(|b| *b == b'\n') {
        Some(end) if head.len() as u64 >= text::MOST_HEAD / 2 => &head[..end],
        _ => head,
    };
    let mut reader = ReaderBuilder::new();
    reader.delimiter(text::mark(delimiter)).has_headers(false).flexible(true);
    reader.from_reader(whole).into_byte_records().map_while(Result::ok).take(MOST_RECORDS).collect()
}

/// Cells of a line, whether the last is only what follows a trailing delimiter, and whether the header has no name for the
/// first column.
fn width(records: &[ByteRecord]) -> (usize, bool, bool) {
    let (Some(first), second) = (records.first(), records.get(1)) else { return (0, false, false) };
    let Some(second) = second else { return (first.len(), false, false) };
    let rest = &records[1..];
    let longer = first.len() + 1 == second.len() && rest.iter().all(|r| r.len() == second.len());
    let ends_empty = |r: &ByteRecord| r.len() > 1 && r.iter().next_back().is_some_and(|c| c.trim_ascii().is_empty());
    let trailing = rest.iter().all(ends_empty) && (longer || (ends_empty(first) && first.len() == second.len()));
    (if longer { second.len() } else { first.len() }, trailing, longer && !trailing)
}

/// What separates the cells best: the same number of them on all lines, and the most numbers.
fn find_delimiter(head: &[u8], usual: Delimiter, decimal: Option<u8>) -> Delimiter {
    let all = [b',', b';', b'\t', b'|'].map(Delimiter::Byte);
    let candidates = std::iter::once(usual).chain(all).chain([Delimiter::Spaces]);
    let mut best: Option<(f64, Delimiter)> = None;
    for delimiter in candidates {
        if let Some(numbers) = fit(&records(head, delimiter), delimiter, decimal)
            && best.is_none_or(|(most, _)| numbers > most + 1e-9)
        {
            best = Some((numbers, delimiter));
        }
    }
    best.map_or_else(|| in_first_line(head, usual), |(_, delimiter)| delimiter)
}

/// What the first line has, where lines differ.
fn in_first_line(head: &[u8], usual: Delimiter) -> Delimiter {
    let line = head.split(|b| *b == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let candidates = [text::mark(usual), b',', b';', b'\t'];
    candidates.into_iter().find(|byte| line.contains(byte)).map_or(usual, Delimiter::Byte)
}

/// The share of numbers below the first line, if all lines have as many cells and more than one.
fn fit(records: &[ByteRecord], delimiter: Delimiter, decimal: Option<u8>) -> Option<f64> {
    let (width, trailing, row_names) = width(records);
    let rest = records.get(1..).unwrap_or_default();
    let first = records.first()?.len();
    let lines_agree = (first == width || row_names || trailing) && rest.iter().all(|r| r.len() == width);
    if width - usize::from(trailing) < 2 || !lines_agree {
        return None;
    }
    let marks = match decimal {
        Some(mark) => vec![mark],
        None if delimiter == Delimiter::Byte(b',') => vec![b'.'],
        None => vec![b'.', b','],
    };
    let is_number = |cell: &&[u8]| marks.iter().any(|mark| !matches!(cell::read(cell, *mark), Cell::Text));
    let cells: usize = rest.iter().map(ByteRecord::len).sum();
    let numbers = rest.iter().flat_map(ByteRecord::iter).filter(is_number).count();
    Some(numbers as f64 / cells.max(1) as f64)
}

/// The decimal mark: a comma where numbers have some, and none a point.
fn decimal(said: Option<u8>, records: &[ByteRecord], delimiter: Delimiter) -> (u8, Option<Assumption>) {
    if let Some(mark) = said {
        return (mark, None);
    }
    let cells = || records.iter().flat_map(ByteRecord::iter);
    let is_number = |cell: &[u8], mark: u8| cell.contains(&mark) && matches!(cell::read(cell, mark), Cell::Number(_));
    let commas: Vec<_> = cells().filter(|cell| is_number(cell, b',')).collect();
    let points = cells().any(|cell| is_number(cell, b'.'));
    // In quotes between commas, 1,234 is rather a thousand.
    let thousands = |cell: &&[u8]| cell.trim_ascii().rsplit(|b| *b == b',').next().is_some_and(|end| end.len() == 3);
    let is_thousands = delimiter == Delimiter::Byte(b',') && commas.iter().all(thousands);
    match commas.is_empty() || points || is_thousands {
        true => (b'.', None),
        false => (b',', Some(Assumption::DecimalComma)),
    }
}
