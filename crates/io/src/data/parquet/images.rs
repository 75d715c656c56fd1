//! Images in a column of Parquet: bytes of PNG, JPEG and the like, as the Hub stores them in `{bytes, path}`.

use std::fs::File;
use std::io::Cursor;
use std::path::Path;

use parquet::basic::{ConvertedType, Type};
use parquet::file::reader::SerializedFileReader;
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use super::chunk::{Chunk, name, reader};
use super::groups::{Groups, contained};
use crate::data::file::{shown, unreadable};
use crate::data::images::{Asked, BYTES, ImageFault, Unheeded, Wanted, decode, header, is_image_name, wanted};
use crate::data::labels::Texts;
use crate::data::{Assumption, DataError, FileAssumption, Labels, Source};
use neartop_core::network::Shape;

/// A column of images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageColumn {
    name: String,
    /// The place of its bytes among all columns.
    bytes: usize,
}

/// The columns that hold images, or bytes that may be some.
pub fn image_columns(schema: &SchemaDescriptor) -> Vec<ImageColumn> {
    let is_bytes = |column: &ColumnDescriptor| {
        column.max_rep_level() == 0
            && column.physical_type() == Type::BYTE_ARRAY
            && column.logical_type_ref().is_none()
            && column.converted_type() == ConvertedType::NONE
    };
    let of = |(bytes, column): (usize, &std::sync::Arc<ColumnDescriptor>)| {
        let named = match column.path().parts() {
            [of, bytes] if bytes == BYTES => Some(of.clone()),
            [of] if is_image_name(of) => Some(of.clone()),
            _ => None,
        };
        named.filter(|_| is_bytes(column)).map(|name| ImageColumn { name, bytes })
    };
    schema.columns().iter().enumerate().filter_map(of).collect()
}

impl ImageColumn {
    /// The one that is asked for, or the only one.
    ///
    /// # Errors
    /// If there are several and none is asked for.
    pub fn choose(path: &Path, of: &[Self], asked: Option<&str>) -> Result<Option<Self>, DataError> {
        match (asked, of) {
            (Some(asked), of) => Ok(of.iter().find(|column| column.name == asked).cloned()),
            (None, []) => Ok(None),
            (None, [only]) => Ok(Some(only.clone())),
            (None, several) => {
                let names: Vec<_> = several.iter().map(|column| format!("`{}`", shown(&column.name))).collect();
                let reason = format!("it has several columns of images: {}; name one by `array`", names.join(", "));
                Err(unreadable(path, reason))
            }
        }
    }

    /// Whether a column belongs to the images.
    pub fn is_of(&self, name: &str) -> bool {
        name.split('.').next() == Some(self.name.as_str())
    }
}

/// Samples from a column of images. Values are from 0 to 255, or to 65,535.
pub struct ImagesOfParquet {
    table: Groups,
    column: ImageColumn,
    label: Option<usize>,
    wanted: Wanted,
    shape: Shape,
    assumptions: Vec<Assumption>,
}

/// Reads the header of the first image.
pub fn open(
    table: Groups,
    file: &SerializedFileReader<File>,
    column: ImageColumn,
    label: Option<usize>,
    asked: Asked<'_>,
) -> Result<ImagesOfParquet, DataError> {
    let Some(group) = table.rows.iter().position(|rows| *rows > 0) else {
        return Err(unreadable(&table.path, "it holds no samples"));
    };
    let bytes = Chunk::open(&table.path, file, group, column.bytes, 0)?.bytes()?;
    let first = header(Cursor::new(bytes.data())).map_err(|fault| failed(&table.path, &column, 0, &fault))?;
    let mut unheeded = Unheeded::default();
    unheeded.look(Cursor::new(bytes.data()));
    let wanted = wanted(first, asked);
    let (height, width) = wanted.size;
    let columns: Vec<_> = file_columns(file);
    let left = |(i, name): &(usize, String)| !column.is_of(name) && Some(*i) != label;
    let left: Vec<_> = columns.iter().cloned().enumerate().filter(left).map(|(_, name)| name).collect();
    let taken = label.map(|i| columns[i].clone());
    let told = FileAssumption::ImageColumn { taken: column.name.clone(), labels: taken, left };
    let resized = asked.size.map(|_| FileAssumption::Resized { height, width });
    let assumptions = std::iter::once(told).chain(resized).chain(unheeded.told()).map(Into::into).collect();
    let shape = Shape(vec![wanted.channels.count(), height, width]);
    Ok(ImagesOfParquet { table, column, label, wanted, shape, assumptions })
}

fn file_columns(file: &SerializedFileReader<File>) -> Vec<String> {
    use parquet::file::reader::FileReader;
    file.metadata().file_metadata().schema_descr().columns().iter().map(|column| name(column)).collect()
}

fn failed(path: &Path, column: &ImageColumn, sample: usize, fault: &ImageFault) -> DataError {
    unreadable(path, format!("column `{}`, sample {sample} (from 0): {fault}", shown(&column.name)))
}

impl Source for ImagesOfParquet {
    fn count(&self) -> usize {
        self.table.count()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        contained(&self.table.path, || {
            let file = reader(&self.table.path)?;
            let mut values = Vec::with_capacity(self.shape.elements());
            for (group, first, count) in self.table.group_starts() {
                let (from, to) = (rows.partition_point(|r| *r < first), rows.partition_point(|r| *r < first + count));
                if from == to {
                    continue;
                }
                let mut chunk = Chunk::open(&self.table.path, &file, group, self.column.bytes, first)?;
                for row in &rows[from..to] {
                    chunk.skip_to(*row)?;
                    let bytes = chunk.bytes()?;
                    decode(Cursor::new(bytes.data()), &self.wanted, &mut values)
                        .map_err(|fault| failed(&self.table.path, &self.column, *row, &fault))?;
                    take(&values);
                }
            }
            Ok(())
        })
    }

    fn scan(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        self.read(&(0..self.count()).collect::<Vec<_>>(), take)
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

    fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }
}
