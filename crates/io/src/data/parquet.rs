//! Parquet: numeric columns as features, one column of lists of equal lengths, or one of images.

mod chunk;
mod durations;
mod groups;
mod images;
mod written;

use std::fs::File;
use std::path::Path;
use std::sync::OnceLock;

use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use super::containers::{LABELS, Wanted, usual};
use super::file::{Stored, excerpt, shown, unreadable};
use super::images::Asked;
use super::labels::Texts;
use super::spread::Spread;
use super::wide::round;
use super::{DataError, Labels, Source, Summary, chosen};
use chunk::{Chunk, Lists, Number, name, reader};
use durations::durations;
use groups::{BLOCK, Groups, contained};
use images::{ImageColumn, image_columns};
use neartop_core::catalog::nearest;
use neartop_core::network::Shape;
pub use written::{is_flat, write};

/// A table whose columns are features, but for the labels.
pub struct Parquet {
    table: Groups,
    features: Vec<usize>,
    feature_names: Vec<String>,
    label: Option<usize>,
    /// The values of a record in a column.
    lists: Lists,
    shape: Shape,
    /// Features whose values single precision would lose; once that has been looked at.
    wide: OnceLock<Vec<bool>>,
}

/// Reads the file's metadata, and a first list or image to know its size.
pub fn open(path: &Path, wanted: Wanted<'_>, images: Asked<'_>) -> Result<Box<dyn Source>, DataError> {
    contained(path, || open_unguarded(path, wanted, images))
}

fn open_unguarded(path: &Path, wanted: Wanted<'_>, asked: Asked<'_>) -> Result<Box<dyn Source>, DataError> {
    let stored = Stored::open(path)?;
    if !stored.head()?.starts_with(b"PAR1") || stored.plain_length().is_none() {
        let reason = "it is no Parquet file: that begins with PAR1, this one with";
        return Err(unreadable(path, format!("{reason} `{}`", excerpt(&stored.head()?))));
    }
    let file = reader(path)?;
    let metadata = file.metadata();
    let schema = metadata.file_metadata().schema_descr();
    let names: Vec<_> = schema.columns().iter().map(|column| name(column)).collect();
    let label = wanted.labels.map(|asked| label_column(path, &names, asked)).transpose()?;
    let table = Groups { path: path.to_owned(), rows: row_groups(path, metadata, stored.plain_length().unwrap_or(0))? };
    if let Some(bytes) = ImageColumn::choose(path, &image_columns(schema), wanted.array)? {
        let label = label.or_else(|| usual(LABELS, &names).filter(|i| !bytes.is_of(&names[*i])));
        return Ok(Box::new(images::open(table, &file, bytes, label, asked)?));
    }
    if asked.size.is_some() {
        return Err(unreadable(path, "`size` says how large images become, but it has no column of images"));
    }
    let features = features(path, schema, &names, label, wanted)?;
    check_durations(path, &durations(metadata.file_metadata()), label.iter().chain(&features).map(|i| &names[*i]))?;
    let lists = first_lists(&table, &file, &features)?;
    let dims: Vec<_> = match lists.dims.as_slice() {
        [] => vec![features.len()],
        [rows, columns] => vec![1, *rows, *columns],
        dims => dims.to_vec(),
    };
    let feature_names = features.iter().map(|i| names[*i].clone()).collect();
    Ok(Box::new(Parquet { table, features, feature_names, label, lists, shape: Shape(dims), wide: OnceLock::new() }))
}

/// The columns of numbers that make a sample: that of the name, or all but the labels.
fn features(
    path: &Path,
    schema: &SchemaDescriptor,
    names: &[String],
    label: Option<usize>,
    wanted: Wanted<'_>,
) -> Result<Vec<usize>, DataError> {
    let features: Vec<_> = match wanted.array {
        Some(array) => vec![column_of(path, names, array, "array")?],
        None => {
            let all: Vec<_> = names.iter().map(String::as_str).collect();
            chosen::features(wanted.columns, &all, label, &|asked, key| column_of(path, names, asked, key))?
        }
    };
    for i in &features {
        let column = schema.column(*i);
        let problem = match column.max_rep_level() {
            _ if !is_number(&column) => {
                format!("holds {}, where numbers are needed{}", kind(&column), categories(is_text(&column)))
            }
            1.. if features.len() > 1 => {
                "holds lists, and so must be the only column beside the labels, or be named by `array`".to_owned()
            }
            _ => continue,
        };
        let hint = match label {
            None => "; if a column holds the labels, name it by `labels`; `drop` leaves columns out",
            Some(_) => "; `drop` leaves columns out",
        };
        return Err(unreadable(path, format!("its column `{}` {problem}{hint}", shown(&names[*i]))));
    }
    Ok(features)
}

/// Values of a column that are looked at at a time, to see whether single precision keeps them apart.
const FIRST: usize = 1 << 14;

/// What durations are, in messages.
const DURATIONS: &str = "durations";

/// Fails if one of the columns holds durations, whose unit the numbers do not tell.
fn check_durations<'a>(
    path: &Path,
    durations: &[String],
    mut columns: impl Iterator<Item = &'a String>,
) -> Result<(), DataError> {
    let Some(name) = columns.find(|name| durations.contains(name)) else { return Ok(()) };
    let name = shown(name);
    let advice = "make numbers of them, such as seconds, or `drop` the column";
    Err(unreadable(path, format!("its column `{name}` holds {DURATIONS}, where numbers are needed; {advice}")))
}

/// What makes features of texts.
fn categories(is_text: bool) -> &'static str {
    if is_text { " (`categories: one_hot` or `ordinal` makes features of texts)" } else { "" }
}

/// The number of rows in each row group.
fn row_groups(path: &Path, metadata: &ParquetMetaData, length: u64) -> Result<Vec<usize>, DataError> {
    let mut groups = Vec::with_capacity(metadata.num_row_groups());
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
    match groups.iter().try_fold(0usize, |sum, rows| sum.checked_add(*rows)) {
        Some(_) => Ok(groups),
        None => Err(unreadable(path, "its metadata announce more rows than any file holds")),
    }
}

/// The lists of the first sample, which those of all others are like.
fn first_lists(table: &Groups, file: &SerializedFileReader<File>, features: &[usize]) -> Result<Lists, DataError> {
    let (Some(group), Some(column)) = (table.rows.iter().position(|rows| *rows > 0), features.first()) else {
        return Ok(Lists::single());
    };
    Chunk::open(&table.path, file, group, *column, 0)?.lists()
}

fn label_column(path: &Path, names: &[String], asked: &str) -> Result<usize, DataError> {
    column_of(path, names, asked, "labels")
}

fn column_of(path: &Path, names: &[String], asked: &str, key: &str) -> Result<usize, DataError> {
    names.iter().position(|name| name == asked).ok_or_else(|| {
        let hint = match nearest(asked, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{}`?", shown(near)),
            None => {
                let some: Vec<_> = names.iter().take(10).map(|n| shown(n)).collect();
                format!("its {} columns begin with {}", names.len(), some.join(", "))
            }
        };
        unreadable(path, format!("no column is called `{}`, as `{key}` says; {hint}", shown(asked)))
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

impl Parquet {
    /// The rows of one group, column by column, then handed out in order.
    fn read_group<N: Number>(
        &self,
        file: &SerializedFileReader<File>,
        (group, first): (usize, usize),
        rows: &[usize],
        take: &mut dyn FnMut(&[N]),
    ) -> Result<(), DataError> {
        let (size, width) = (self.shape.elements(), self.lists.len());
        let mut gathered = vec![N::of_natural(0); rows.len() * size];
        for (place, column) in self.features.iter().enumerate() {
            let mut chunk = Chunk::open(&self.table.path, file, group, *column, first)?;
            let mut done = 0;
            for run in rows.chunk_by(|a, b| a + 1 == *b) {
                chunk.skip_to(run[0])?;
                for values in chunk.numbers(run.len(), &self.lists)?.chunks_exact(width) {
                    gathered[done * size + place * width..][..width].copy_from_slice(values);
                    done += 1;
                }
            }
        }
        gathered.chunks_exact(size).for_each(take);
        Ok(())
    }

    fn read_rows<N: Number>(&self, rows: &[usize], take: &mut dyn FnMut(&[N])) -> Result<(), DataError> {
        contained(&self.table.path, || {
            let file = reader(&self.table.path)?;
            for (group, first, count) in self.table.group_starts() {
                let (from, to) = (rows.partition_point(|r| *r < first), rows.partition_point(|r| *r < first + count));
                if from < to {
                    self.read_group(&file, (group, first), &rows[from..to], take)?;
                }
            }
            Ok(())
        })
    }

    /// All values, feature by feature, as [`Source::scan_features`] gives them.
    fn scan_columns<N: Number>(&self, take: &mut dyn FnMut(usize, usize, &[N])) -> Result<(), DataError> {
        let width = self.lists.len();
        let block = (BLOCK / width.max(1)).max(1);
        for (place, column) in self.features.iter().enumerate() {
            self.table.blocks(*column, block, &mut |chunk, count| {
                take(place * width, width, &chunk.numbers(count, &self.lists)?);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Which features single precision would lose, such as times in seconds. Of most columns the first values tell.
    fn look(&self) -> Result<Vec<bool>, DataError> {
        let width = self.lists.len().max(1);
        let mut spreads = vec![Spread::default(); self.shape.elements()];
        contained(&self.table.path, || {
            let file = reader(&self.table.path)?;
            let schema = file.metadata().file_metadata().schema_descr();
            let may_be_wide = |column: usize| {
                matches!(schema.column(column).physical_type(), Type::DOUBLE | Type::INT32 | Type::INT64)
            };
            for (spreads, column) in spreads.chunks_mut(width).zip(&self.features) {
                if may_be_wide(*column) {
                    self.look_at(&file, *column, spreads)?;
                }
            }
            Ok(())
        })?;
        Ok(spreads.iter().map(Spread::is_wide).collect())
    }

    /// Takes in the values of a column, as long as they may be such.
    fn look_at(
        &self,
        file: &SerializedFileReader<File>,
        column: usize,
        spreads: &mut [Spread],
    ) -> Result<(), DataError> {
        let width = self.lists.len().max(1);
        let block = (FIRST / width).max(1);
        for (group, first, rows) in self.table.group_starts() {
            let mut chunk = Chunk::open(&self.table.path, file, group, column, first)?;
            for start in (0..rows).step_by(block) {
                if spreads.iter().all(Spread::is_near) {
                    return Ok(());
                }
                for row in chunk.numbers::<f64>(block.min(rows - start), &self.lists)?.chunks_exact(width) {
                    spreads.iter_mut().zip(row).for_each(|(spread, x)| spread.add(*x, f64::from(*x as f32)));
                }
            }
        }
        Ok(())
    }

    /// These features, where there are any and all values have been looked at.
    fn known_wide(&self) -> Option<&Vec<bool>> {
        self.wide.get().filter(|features| features.contains(&true))
    }
}

impl Source for Parquet {
    fn count(&self) -> usize {
        self.table.count()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        self.read_rows(rows, take)
    }

    fn read_wide(&self, rows: &[usize], take: &mut dyn FnMut(&[f64])) -> Result<(), DataError> {
        let mut rounded = Vec::with_capacity(self.shape.elements());
        match self.known_wide() {
            Some(wide) => self.read_rows(rows, &mut |row| {
                round(row, wide, &mut rounded);
                take(&rounded);
            }),
            None => self.read_rows(rows, &mut |row: &[f32]| {
                rounded.clear();
                rounded.extend(row.iter().copied().map(f64::from));
                take(&rounded);
            }),
        }
    }

    fn scan(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        self.scan_columns(&mut |_, _, values| take(values))
    }

    fn scan_features(&self, take: &mut dyn FnMut(usize, usize, &[f32])) -> Result<(), DataError> {
        self.scan_columns(take)
    }

    /// Where single precision would lose features; of others a pass in the order of the file says more.
    fn summary(&self) -> Result<Option<Summary>, DataError> {
        if self.wide.get().is_none() {
            let wide = self.look()?;
            self.wide.get_or_init(|| wide);
        }
        let Some(wide) = self.known_wide() else { return Ok(None) };
        let mut summary = Summary::new(wide.len());
        let mut rounded = Vec::with_capacity(self.lists.len());
        self.scan_columns(&mut |first, width, values: &[f64]| {
            for row in values.chunks_exact(width.max(1)) {
                round(row, &wide[first..], &mut rounded);
                summary.add_part(first, &rounded);
            }
        })?;
        Ok(Some(summary))
    }

    fn feature_names(&self) -> Option<&[String]> {
        self.lists.dims.is_empty().then_some(self.feature_names.as_slice())
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        self.table.labels(self.label)
    }

    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        Ok(self.table.texts(self.label)?.and_then(Texts::numbers))
    }

    fn class_names(&self) -> Result<Option<Vec<String>>, DataError> {
        Ok(self.table.texts(self.label)?.and_then(|texts| texts.class_names()))
    }
}
