//! Columns of Parquet, row group by row group.

use std::fs::File;
use std::path::Path;

use half::f16;
use parquet::basic::ConvertedType;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use crate::data::DataError;
use crate::data::file::{check_finite, io_error, shown, unreadable};
use crate::data::labels::Texts;

pub fn reader(path: &Path) -> Result<SerializedFileReader<File>, DataError> {
    let file = File::open(path).map_err(|e| io_error(path, &e))?;
    SerializedFileReader::new(file).map_err(|e| parquet_error(path, &e))
}

pub fn parquet_error(path: &Path, error: &ParquetError) -> DataError {
    unreadable(path, format!("it is damaged or truncated: {}", shown(&error.to_string())))
}

/// A column's name; that of lists is the name of the list.
pub fn name(column: &ColumnDescriptor) -> String {
    match column.max_rep_level() {
        0 => column.path().string(),
        _ => column.path().parts().first().cloned().unwrap_or_default(),
    }
}

/// The values of some records of a column.
#[derive(Default)]
struct Records<T> {
    values: Vec<T>,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
}

/// Reads the next `count` records of a column.
fn next<T: DataType>(reader: &mut ColumnReaderImpl<T>, count: usize) -> Result<(usize, Records<T::T>), ParquetError> {
    let mut records = Records { values: Vec::new(), definitions: Vec::new(), repetitions: Vec::new() };
    let Records { values, definitions, repetitions } = &mut records;
    let (read, ..) = reader.read_records(count, Some(definitions), Some(repetitions), values)?;
    Ok((read, records))
}

/// A number in the precision that is wanted.
pub trait Number: Copy {
    fn of_whole(x: i64) -> Self;
    fn of_natural(x: u64) -> Self;
    fn of_single(x: f32) -> Self;
    fn of_double(x: f64) -> Self;
    fn to_single(self) -> f32;
}

macro_rules! number {
    ($t:ty, $single:expr, $double:expr) => {
        impl Number for $t {
            fn of_whole(x: i64) -> Self {
                x as $t
            }
            fn of_natural(x: u64) -> Self {
                x as $t
            }
            fn of_single(x: f32) -> Self {
                $single(x)
            }
            fn of_double(x: f64) -> Self {
                $double(x)
            }
            fn to_single(self) -> f32 {
                self as f32
            }
        }
    };
}

number!(f32, |x| x, |x| x as f32);
number!(f64, f64::from, |x| x);

/// Reads the next `count` records of a numeric column.
fn next_numbers<N: Number>(
    reader: &mut ColumnReader,
    count: usize,
    unsigned: bool,
) -> Result<(usize, Records<N>), ParquetError> {
    fn convert<T, N>((read, of): (usize, Records<T>), to: impl Fn(T) -> N) -> (usize, Records<N>) {
        let values = of.values.into_iter().map(to).collect();
        (read, Records { values, definitions: of.definitions, repetitions: of.repetitions })
    }
    Ok(match reader {
        ColumnReader::BoolColumnReader(r) => convert(next(r, count)?, |b| N::of_natural(u64::from(b))),
        ColumnReader::Int32ColumnReader(r) if unsigned => {
            convert(next(r, count)?, |x| N::of_natural(u64::from(x as u32)))
        }
        ColumnReader::Int32ColumnReader(r) => convert(next(r, count)?, |x| N::of_whole(i64::from(x))),
        ColumnReader::Int64ColumnReader(r) if unsigned => convert(next(r, count)?, |x| N::of_natural(x as u64)),
        ColumnReader::Int64ColumnReader(r) => convert(next(r, count)?, N::of_whole),
        ColumnReader::FloatColumnReader(r) => convert(next(r, count)?, N::of_single),
        ColumnReader::DoubleColumnReader(r) => convert(next(r, count)?, N::of_double),
        ColumnReader::FixedLenByteArrayColumnReader(r) => convert(next(r, count)?, |bytes| match bytes.data() {
            [low, high] => N::of_single(f16::from_le_bytes([*low, *high]).to_f32()),
            _ => N::of_single(f32::NAN),
        }),
        _ => return Err(ParquetError::General("a column changed its type".to_owned())),
    })
}

fn skip(reader: &mut ColumnReader, count: usize) -> Result<usize, ParquetError> {
    match reader {
        ColumnReader::BoolColumnReader(r) => r.skip_records(count),
        ColumnReader::Int32ColumnReader(r) => r.skip_records(count),
        ColumnReader::Int64ColumnReader(r) => r.skip_records(count),
        ColumnReader::Int96ColumnReader(r) => r.skip_records(count),
        ColumnReader::FloatColumnReader(r) => r.skip_records(count),
        ColumnReader::DoubleColumnReader(r) => r.skip_records(count),
        ColumnReader::ByteArrayColumnReader(r) => r.skip_records(count),
        ColumnReader::FixedLenByteArrayColumnReader(r) => r.skip_records(count),
    }
}

/// A column of one row group that is being read.
pub struct Chunk<'a> {
    path: &'a Path,
    column: &'a ColumnDescriptor,
    reader: ColumnReader,
    /// The next sample, counted over the whole file.
    at: usize,
}

/// The values of a record: more than one in lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lists {
    /// The lengths of the lists, the outer ones first; none of a single value.
    pub dims: Vec<usize>,
    /// At which depth a list begins with each value.
    levels: Vec<i16>,
}

impl Lists {
    /// A single value.
    pub fn single() -> Self {
        Self { dims: Vec::new(), levels: vec![0] }
    }

    /// Lists of the lengths that a record has, where those of one depth are equally long.
    fn of(levels: &[i16], depth: i16) -> Option<Self> {
        let at_most = |level: i16| levels.iter().filter(|l| **l <= level).count();
        let counts: Vec<_> = (0..=depth).map(at_most).collect();
        let dims: Vec<_> = counts.windows(2).map(|pair| pair[1].checked_div(pair[0]).unwrap_or(0)).collect();
        let begins = |i: usize| {
            let inner = |k: usize| dims[k..].iter().product::<usize>().max(1);
            (0..=dims.len()).find(|k| i.is_multiple_of(inner(*k))).unwrap_or(0) as i16
        };
        let regular = levels.iter().enumerate().all(|(i, level)| begins(i) == *level);
        (regular && dims.iter().product::<usize>() == levels.len()).then(|| Self { dims, levels: levels.to_vec() })
    }

    pub fn len(&self) -> usize {
        self.levels.len()
    }
}

impl<'a> Chunk<'a> {
    pub fn open(
        path: &'a Path,
        file: &'a SerializedFileReader<File>,
        group: usize,
        column: usize,
        first: usize,
    ) -> Result<Self, DataError> {
        let reader = file.get_row_group(group).and_then(|g| g.get_column_reader(column));
        let reader = reader.map_err(|e| parquet_error(path, &e))?;
        let column = file.metadata().file_metadata().schema_descr().columns()[column].as_ref();
        Ok(Self { path, column, reader, at: first })
    }

    fn fail(&self, problem: &str) -> DataError {
        unreadable(self.path, format!("its column `{}` {problem}", shown(&name(self.column))))
    }

    pub fn skip_to(&mut self, sample: usize) -> Result<(), DataError> {
        let ahead = sample - self.at;
        match skip(&mut self.reader, ahead).map_err(|e| parquet_error(self.path, &e))? {
            n if n == ahead => self.at = sample,
            _ => return Err(self.fail("ends before the rows that the file announces; is it damaged?")),
        }
        Ok(())
    }

    /// Checks that `count` records were read, and that each has as many values as it should and none is missing.
    fn check<T>(&self, count: usize, read: usize, records: &Records<T>, lists: &Lists) -> Result<(), DataError> {
        if read != count {
            return Err(self.fail("ends before the rows that the file announces; is it damaged?"));
        }
        let Records { values, definitions, repetitions } = records;
        if let Some(null) = definitions.iter().position(|d| *d < self.column.max_def_level()) {
            // Without lists there is a level per record.
            let record = match repetitions.as_slice() {
                [] => null,
                levels => levels[..=null].iter().filter(|level| **level == 0).count().saturating_sub(1),
            };
            return Err(self.fail(&format!("has no value for sample {} (from 0)", self.at + record)));
        }
        let size = lists.len();
        // Without lists there are no levels.
        let uneven = repetitions.chunks(size.max(1)).position(|record| record != lists.levels);
        if uneven.is_some() || values.len() != count * size {
            let sample = self.at + uneven.unwrap_or(count.saturating_sub(1));
            let shape = lists.dims.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
            return Err(self.fail(&format!("has a list of another length than {shape} for sample {sample} (from 0)")));
        }
        Ok(())
    }

    /// The next values, which must be finite in single precision.
    pub fn numbers<N: Number>(&mut self, count: usize, lists: &Lists) -> Result<Vec<N>, DataError> {
        use ConvertedType::{UINT_8, UINT_16, UINT_32, UINT_64};
        let unsigned = [UINT_8, UINT_16, UINT_32, UINT_64].contains(&self.column.converted_type());
        let (read, records) =
            next_numbers(&mut self.reader, count, unsigned).map_err(|e| parquet_error(self.path, &e))?;
        self.check(count, read, &records, lists)?;
        let values: Vec<N> = records.values;
        if let Some(at) = values.iter().position(|x| !x.to_single().is_finite()) {
            check_finite(self.path, &[values[at].to_single()], |_| self.at + at / lists.len().max(1))?;
        }
        self.at += count;
        Ok(values)
    }

    /// The lists of the next sample.
    pub fn lists(&mut self) -> Result<Lists, DataError> {
        if self.column.max_rep_level() == 0 {
            return Ok(Lists::single());
        }
        let (_, records) = next_numbers::<f32>(&mut self.reader, 1, false).map_err(|e| parquet_error(self.path, &e))?;
        let depth = self.column.max_rep_level();
        // An empty list has levels, but no value.
        match Lists::of(&records.repetitions, depth).filter(|lists| lists.len() == records.values.len()) {
            Some(lists) => Ok(lists),
            None => Err(self.fail(&format!("has lists of several lengths for sample {} (from 0)", self.at))),
        }
    }

    /// The next value as bytes.
    pub fn bytes(&mut self) -> Result<parquet::data_type::ByteArray, DataError> {
        let ColumnReader::ByteArrayColumnReader(reader) = &mut self.reader else {
            return Err(self.fail("holds no bytes"));
        };
        let (read, mut records) = next(reader, 1).map_err(|e| parquet_error(self.path, &e))?;
        self.check(1, read, &records, &Lists::single())?;
        self.at += 1;
        records.values.pop().ok_or_else(|| self.fail("has no value"))
    }

    /// Reads the next labels as they would stand in a table.
    pub fn texts(&mut self, count: usize, take: &mut Texts) -> Result<(), DataError> {
        fn push<T>(of: &Records<T>, text: impl Fn(&T) -> String, take: &mut Texts) {
            of.values.iter().for_each(|value| take.push(&text(value)));
        }
        let path = self.path;
        macro_rules! take {
            ($reader:ident, $text:expr) => {{
                let (read, records) = next($reader, count).map_err(|e| parquet_error(path, &e))?;
                self.check(count, read, &records, &Lists::single())?;
                push(&records, $text, take);
            }};
        }
        match &mut self.reader {
            ColumnReader::BoolColumnReader(r) => take!(r, |b| u8::from(*b).to_string()),
            ColumnReader::Int32ColumnReader(r) => take!(r, ToString::to_string),
            ColumnReader::Int64ColumnReader(r) => take!(r, ToString::to_string),
            // Whole ones are classes, as in tables.
            ColumnReader::FloatColumnReader(r) => take!(r, |x| format!("{x:?}")),
            ColumnReader::DoubleColumnReader(r) => take!(r, |x| format!("{x:?}")),
            ColumnReader::ByteArrayColumnReader(r) => {
                take!(r, |bytes| String::from_utf8_lossy(bytes.data()).into_owned());
            }
            _ => return Err(self.fail("holds no labels: those are numbers or text")),
        }
        self.at += count;
        Ok(())
    }
}
