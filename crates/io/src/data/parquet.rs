//! Parquet: numeric columns as features, or one column of lists of equal length.

use std::fs::File;
use std::path::{Path, PathBuf};

use half::f16;
use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::file::{Stored, check_finite, excerpt, io_error, shown, unreadable};
use super::labels::Texts;
use super::{DataError, Labels, Source};
use crate::panics::contain;
use neartop_core::catalog::nearest;
use neartop_core::network::Shape;

/// Values that are decoded at once.
const BLOCK: usize = 1 << 20;

/// A table whose columns are features, but for the labels.
pub struct Parquet {
    path: PathBuf,
    features: Vec<usize>,
    label: Option<usize>,
    /// Values of a record in a column: more than one in lists.
    per_record: usize,
    /// Samples of each row group.
    groups: Vec<usize>,
    shape: Shape,
}

/// Reads the file's metadata, and a first list to know its length.
pub fn open(path: &Path, labels: Option<&str>) -> Result<Parquet, DataError> {
    contained(path, || open_unguarded(path, labels))
}

/// Makes an error of a panic: the library has assertions that a damaged file can break.
fn contained<T>(path: &Path, read: impl FnOnce() -> Result<T, DataError>) -> Result<T, DataError> {
    contain(read).unwrap_or_else(|| Err(unreadable(path, "it is damaged, so that the reader of Parquet broke off")))
}

fn open_unguarded(path: &Path, labels: Option<&str>) -> Result<Parquet, DataError> {
    let stored = Stored::open(path)?;
    if !stored.head()?.starts_with(b"PAR1") || stored.plain_length().is_none() {
        let reason = "it is no Parquet file: that begins with PAR1, this one with";
        return Err(unreadable(path, format!("{reason} `{}`", excerpt(&stored.head()?))));
    }
    let file = reader(path)?;
    let metadata = file.metadata();
    let schema = metadata.file_metadata().schema_descr();
    let names: Vec<_> = schema.columns().iter().map(|column| name(column)).collect();
    let label = labels.map(|asked| label_column(path, &names, asked)).transpose()?;
    let features: Vec<_> = (0..names.len())
        // The index that pandas writes is no feature.
        .filter(|i| Some(*i) != label && !names[*i].starts_with("__index_level_"))
        .collect();
    let lists = features.iter().filter(|i| schema.column(**i).max_rep_level() > 0).count();
    for i in &features {
        let column = schema.column(*i);
        let problem = match column.max_rep_level() {
            _ if !is_number(&column) => format!("holds {}, where numbers are needed", kind(&column)),
            1 if features.len() > 1 => "holds lists, and so must be the only column beside the labels".to_owned(),
            2.. => "holds lists of lists, where lists of numbers are needed".to_owned(),
            _ => continue,
        };
        let hint = match label {
            None => "; if a column holds the labels, name it by `labels`",
            Some(_) => "",
        };
        return Err(unreadable(path, format!("its column `{}` {problem}{hint}", shown(&names[*i]))));
    }
    let mut groups = Vec::with_capacity(metadata.num_row_groups());
    let length = stored.plain_length().unwrap_or(0);
    for group in metadata.row_groups() {
        // The reader takes these for granted.
        let inside = |column: &ColumnChunkMetaData| {
            let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
            let end = start.checked_add(column.compressed_size());
            start >= 0 && column.compressed_size() >= 0 && end.is_some_and(|end| end as u64 <= length)
        };
        if !group.columns().iter().all(inside) {
            return Err(unreadable(path, "its metadata point beyond its end; is it damaged or truncated?"));
        }
        let rows = usize::try_from(group.num_rows());
        groups.push(rows.map_err(|_| unreadable(path, "its metadata announce a negative number of rows"))?);
    }
    if groups.iter().try_fold(0usize, |sum, rows| sum.checked_add(*rows)).is_none() {
        return Err(unreadable(path, "its metadata announce more rows than any file holds"));
    }
    let mut set = Parquet { path: path.to_owned(), features, label, per_record: 1, groups, shape: Shape(Vec::new()) };
    if lists > 0 && set.count() > 0 {
        set.per_record = set.first_length(&file)?;
    }
    set.shape = Shape(vec![set.features.len() * set.per_record]);
    Ok(set)
}

fn reader(path: &Path) -> Result<SerializedFileReader<File>, DataError> {
    let file = File::open(path).map_err(|e| io_error(path, &e))?;
    SerializedFileReader::new(file).map_err(|e| parquet_error(path, &e))
}

fn parquet_error(path: &Path, error: &ParquetError) -> DataError {
    unreadable(path, format!("it is damaged or truncated: {}", shown(&error.to_string())))
}

/// A column's name; that of lists is the name of the list.
fn name(column: &ColumnDescriptor) -> String {
    match column.max_rep_level() {
        0 => column.path().string(),
        _ => column.path().parts().first().cloned().unwrap_or_default(),
    }
}

fn label_column(path: &Path, names: &[String], asked: &str) -> Result<usize, DataError> {
    names.iter().position(|name| name == asked).ok_or_else(|| {
        let hint = match nearest(asked, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{}`?", shown(near)),
            None => {
                let some: Vec<_> = names.iter().take(10).map(|n| shown(n)).collect();
                format!("its {} columns begin with {}", names.len(), some.join(", "))
            }
        };
        unreadable(path, format!("no column is called `{}`, as `labels` says; {hint}", shown(asked)))
    })
}

/// Whether a column holds numbers that mean themselves, rather than times or decimals.
fn is_number(column: &ColumnDescriptor) -> bool {
    let logical = column.logical_type_ref();
    match column.physical_type() {
        Type::FIXED_LEN_BYTE_ARRAY => matches!(logical, Some(LogicalType::Float16)),
        Type::BOOLEAN | Type::FLOAT | Type::DOUBLE => true,
        Type::INT32 | Type::INT64 => {
            use ConvertedType::{INT_8, INT_16, INT_32, INT_64, NONE, UINT_8, UINT_16, UINT_32, UINT_64};
            matches!(logical, None | Some(LogicalType::Integer { .. }))
                && [NONE, INT_8, INT_16, INT_32, INT_64, UINT_8, UINT_16, UINT_32, UINT_64]
                    .contains(&column.converted_type())
        }
        Type::BYTE_ARRAY | Type::INT96 => false,
    }
}

fn is_text(column: &ColumnDescriptor) -> bool {
    column.physical_type() == Type::BYTE_ARRAY
}

fn kind(column: &ColumnDescriptor) -> String {
    match (is_text(column), column.converted_type()) {
        (true, _) => "text".to_owned(),
        (false, ConvertedType::NONE) => format!("{:?}", column.physical_type()).to_lowercase(),
        (false, converted) => format!("{converted:?}").to_lowercase(),
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

/// Reads the next `count` records of a numeric column, in single precision.
fn next_numbers(
    reader: &mut ColumnReader,
    count: usize,
    unsigned: bool,
) -> Result<(usize, Records<f32>), ParquetError> {
    fn convert<T>((read, of): (usize, Records<T>), to: impl Fn(T) -> f32) -> (usize, Records<f32>) {
        let values = of.values.into_iter().map(to).collect();
        (read, Records { values, definitions: of.definitions, repetitions: of.repetitions })
    }
    Ok(match reader {
        ColumnReader::BoolColumnReader(r) => convert(next(r, count)?, |b| f32::from(u8::from(b))),
        ColumnReader::Int32ColumnReader(r) if unsigned => convert(next(r, count)?, |x| x as u32 as f32),
        ColumnReader::Int32ColumnReader(r) => convert(next(r, count)?, |x| x as f32),
        ColumnReader::Int64ColumnReader(r) if unsigned => convert(next(r, count)?, |x| x as u64 as f32),
        ColumnReader::Int64ColumnReader(r) => convert(next(r, count)?, |x| x as f32),
        ColumnReader::FloatColumnReader(r) => convert(next(r, count)?, |x| x),
        ColumnReader::DoubleColumnReader(r) => convert(next(r, count)?, |x| x as f32),
        ColumnReader::FixedLenByteArrayColumnReader(r) => convert(next(r, count)?, |bytes| match bytes.data() {
            [low, high] => f16::from_le_bytes([*low, *high]).to_f32(),
            _ => f32::NAN,
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
struct Chunk<'a> {
    set: &'a Parquet,
    column: &'a ColumnDescriptor,
    reader: ColumnReader,
    /// The next sample, counted over the whole file.
    at: usize,
}

impl<'a> Chunk<'a> {
    fn open(
        set: &'a Parquet,
        file: &'a SerializedFileReader<File>,
        group: usize,
        column: usize,
        first: usize,
    ) -> Result<Self, DataError> {
        let reader = file.get_row_group(group).and_then(|g| g.get_column_reader(column));
        let reader = reader.map_err(|e| parquet_error(&set.path, &e))?;
        let column = file.metadata().file_metadata().schema_descr().columns()[column].as_ref();
        Ok(Self { set, column, reader, at: first })
    }

    fn fail(&self, problem: &str) -> DataError {
        unreadable(&self.set.path, format!("its column `{}` {problem}", shown(&name(self.column))))
    }

    fn skip_to(&mut self, sample: usize) -> Result<(), DataError> {
        let ahead = sample - self.at;
        match skip(&mut self.reader, ahead).map_err(|e| parquet_error(&self.set.path, &e))? {
            n if n == ahead => self.at = sample,
            _ => return Err(self.fail("ends before the rows that the file announces; is it damaged?")),
        }
        Ok(())
    }

    /// Checks that `count` records were read, and that each has as many values as it should and none is missing.
    fn check<T>(&self, count: usize, read: usize, records: &Records<T>, per_record: usize) -> Result<(), DataError> {
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
        let starts = repetitions.iter().enumerate().filter(|(_, level)| **level == 0).map(|(i, _)| i);
        let uneven = starts.enumerate().position(|(record, start)| start != record * per_record);
        if uneven.is_some() || values.len() != count * per_record {
            let sample = (self.at + uneven.unwrap_or(count)).saturating_sub(1);
            let problem = format!("has a list of another length than {per_record} for sample {sample} (from 0)");
            return Err(self.fail(&problem));
        }
        Ok(())
    }

    fn numbers(&mut self, count: usize) -> Result<Vec<f32>, DataError> {
        use ConvertedType::{UINT_8, UINT_16, UINT_32, UINT_64};
        let unsigned = [UINT_8, UINT_16, UINT_32, UINT_64].contains(&self.column.converted_type());
        let (read, records) =
            next_numbers(&mut self.reader, count, unsigned).map_err(|e| parquet_error(&self.set.path, &e))?;
        self.check(count, read, &records, self.set.per_record)?;
        let first = self.at;
        check_finite(&self.set.path, &records.values, |i| first + i / self.set.per_record)?;
        self.at += count;
        Ok(records.values)
    }

    /// Reads the next labels as they would stand in a table.
    fn texts(&mut self, count: usize, take: &mut Texts) -> Result<(), DataError> {
        fn push<T>(of: &Records<T>, text: impl Fn(&T) -> String, take: &mut Texts) {
            of.values.iter().for_each(|value| take.push(&text(value)));
        }
        let path = &self.set.path;
        macro_rules! take {
            ($reader:ident, $text:expr) => {{
                let (read, records) = next($reader, count).map_err(|e| parquet_error(path, &e))?;
                self.check(count, read, &records, 1)?;
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

impl Parquet {
    /// The length of the first list.
    fn first_length(&self, file: &SerializedFileReader<File>) -> Result<usize, DataError> {
        let Some(group) = self.groups.iter().position(|rows| *rows > 0) else { return Ok(0) };
        let mut chunk = Chunk::open(self, file, group, self.features[0], 0)?;
        let (_, records) = next_numbers(&mut chunk.reader, 1, false).map_err(|e| parquet_error(&self.path, &e))?;
        Ok(records.values.len())
    }

    /// The number and the first sample of each row group.
    fn group_starts(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.groups.iter().enumerate().scan(0, |first, (group, rows)| {
            let start = *first;
            *first += rows;
            Some((group, start, *rows))
        })
    }

    /// The rows of one group, column by column, then handed out in order.
    fn read_group(
        &self,
        file: &SerializedFileReader<File>,
        (group, first): (usize, usize),
        rows: &[usize],
        take: &mut dyn FnMut(&[f32]),
    ) -> Result<(), DataError> {
        let (size, width) = (self.shape.elements(), self.per_record);
        let mut gathered = vec![0f32; rows.len() * size];
        for (place, column) in self.features.iter().enumerate() {
            let mut chunk = Chunk::open(self, file, group, *column, first)?;
            let mut done = 0;
            for run in rows.chunk_by(|a, b| a + 1 == *b) {
                chunk.skip_to(run[0])?;
                for values in chunk.numbers(run.len())?.chunks_exact(width) {
                    gathered[done * size + place * width..][..width].copy_from_slice(values);
                    done += 1;
                }
            }
        }
        gathered.chunks_exact(size).for_each(take);
        Ok(())
    }

    /// Calls `take` with every chunk of a column in blocks of samples.
    fn blocks(
        &self,
        column: usize,
        take: &mut dyn FnMut(&mut Chunk<'_>, usize) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        contained(&self.path, || {
            let file = reader(&self.path)?;
            let block = (BLOCK / self.per_record.max(1)).max(1);
            for (group, first, rows) in self.group_starts() {
                let mut chunk = Chunk::open(self, &file, group, column, first)?;
                for start in (0..rows).step_by(block) {
                    take(&mut chunk, block.min(rows - start))?;
                }
            }
            Ok(())
        })
    }
}

impl Source for Parquet {
    fn count(&self) -> usize {
        self.groups.iter().sum()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        contained(&self.path, || {
            let file = reader(&self.path)?;
            for (group, first, count) in self.group_starts() {
                let (from, to) = (rows.partition_point(|r| *r < first), rows.partition_point(|r| *r < first + count));
                if from < to {
                    self.read_group(&file, (group, first), &rows[from..to], take)?;
                }
            }
            Ok(())
        })
    }

    fn scan(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        for column in &self.features {
            self.blocks(*column, &mut |chunk, count| {
                take(&chunk.numbers(count)?);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn scan_features(&self, take: &mut dyn FnMut(usize, usize, &[f32])) -> Result<(), DataError> {
        for (place, column) in self.features.iter().enumerate() {
            self.blocks(*column, &mut |chunk, count| {
                take(place * self.per_record, self.per_record, &chunk.numbers(count)?);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        let Some(texts) = self.label_texts()? else { return Ok(None) };
        let labels = texts.labels();
        labels
            .map(Some)
            .map_err(|at| unreadable(&self.path, format!("the label of sample {at} (from 0) is not finite")))
    }

    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        Ok(self.label_texts()?.and_then(Texts::numbers))
    }

    fn class_names(&self) -> Result<Option<Vec<String>>, DataError> {
        Ok(self.label_texts()?.and_then(|texts| texts.class_names()))
    }
}

impl Parquet {
    fn label_texts(&self) -> Result<Option<Texts>, DataError> {
        let Some(column) = self.label else { return Ok(None) };
        let mut texts = Texts::default();
        self.blocks(column, &mut |chunk, count| chunk.texts(count, &mut texts))?;
        Ok(Some(texts))
    }
}
