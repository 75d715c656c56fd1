//! Arrow's IPC, which is Feather of version 2 and what the Hub's `datasets` keeps: numeric columns as features, one column of
//! lists of equal lengths, or one of images.

mod batches;
mod columns;
mod footer;
mod written;

use std::io::Cursor;
use std::path::Path;

use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field};

use super::containers::{LABELS, Wanted, usual};
use super::file::{check_finite, shown, unreadable};
use super::images::{self, Asked, BYTES, decode, header, is_image_name};
use super::labels::Texts;
use super::{Assumption, DataError, FileAssumption, Labels, Source, Summary, chosen};
use batches::{Batches, contained};
use columns::{Fault, bytes_at, is_label, is_number, numbers, push_labels};
use neartop_core::catalog::nearest;
use neartop_core::network::Shape;
pub use written::{is_flat, write};

/// Values that are taken out at once, unless a sample has more.
const BLOCK: usize = 1 << 18;

/// What the samples are made of.
enum Samples {
    /// These columns.
    Numbers(Vec<usize>),
    /// The images in a column.
    Images(usize, images::Wanted),
}

/// The columns of an Arrow file.
pub struct Arrow {
    batches: Batches,
    samples: Samples,
    label: Option<usize>,
    shape: Shape,
    /// Of columns that are a feature each.
    feature_names: Vec<String>,
    assumptions: Vec<Assumption>,
}

/// Reads the schema, where the batches are, and the first sample.
pub fn open(path: &Path, wanted: Wanted<'_>, asked: Asked<'_>) -> Result<Arrow, DataError> {
    contained(path, || open_unguarded(path, wanted, asked))
}

fn open_unguarded(path: &Path, wanted: Wanted<'_>, asked: Asked<'_>) -> Result<Arrow, DataError> {
    let batches = Batches::open(path)?;
    let fields: Vec<_> = batches.schema.fields().iter().map(AsRef::as_ref).collect();
    let names: Vec<_> = fields.iter().map(|field: &&Field| field.name().as_str()).collect();
    let find = |asked: &str, key: &str| {
        names.iter().position(|name| *name == asked).ok_or_else(|| {
            let hint = match nearest(asked, names.iter().copied()) {
                Some(near) => format!("did you mean `{}`?", shown(near)),
                None => format!("its columns are {}", listed(&names)),
            };
            unreadable(path, format!("no column is called `{}`, as `{key}` says; {hint}", shown(asked)))
        })
    };
    let label = wanted.labels.map(|labels| find(labels, "labels")).transpose()?;
    let array = wanted.array.map(|array| find(array, "array")).transpose()?;
    let images: Vec<_> = (0..fields.len()).filter(|i| holds_images(fields[*i])).collect();
    let image = match (array, images.as_slice()) {
        (Some(array), images) => images.contains(&array).then_some(array),
        (None, [image]) => Some(*image),
        (None, []) => None,
        (None, _) => {
            let names: Vec<_> = images.iter().map(|i| names[*i]).collect();
            let reason = format!("it has several columns of images: {}; name one by `array`", listed(&names));
            return Err(unreadable(path, reason));
        }
    };
    if let Some(image) = image {
        let label = label.or_else(|| usual(LABELS, &names).filter(|i| *i != image && is_label(fields[*i].data_type())));
        return of_images(batches, image, label, asked);
    }
    if asked.size.is_some() {
        return Err(unreadable(path, "`size` says how large images become, but it has no column of images"));
    }
    let columns = match array {
        Some(array) => vec![array],
        None => chosen::features(wanted.columns, &names, label, &find)?,
    };
    check_columns(path, &fields, &columns, label)?;
    let first = batches.first_row(&columns)?;
    let Some(first) = first else { return Err(unreadable(path, "it holds no samples")) };
    let dims = match (first.as_slice(), columns.as_slice()) {
        ([column], [of]) => numbers(column).map_err(|fault| failed(path, names[*of], 0, &fault))?.1,
        _ => vec![columns.len()],
    };
    let shape = Shape(match dims.as_slice() {
        [] => vec![1],
        [rows, columns] => vec![1, *rows, *columns],
        dims => dims.to_vec(),
    });
    let is_flat =
        dims.len() == 1 && dims[0] == columns.len() && columns.iter().all(|i| !is_list(fields[*i].data_type()));
    let feature_names = columns.iter().filter(|_| is_flat).map(|i| names[*i].to_owned()).collect();
    let samples = Samples::Numbers(columns);
    Ok(Arrow { samples, label, shape, feature_names, assumptions: Vec::new(), batches })
}

fn listed(names: &[&str]) -> String {
    let some: Vec<_> = names.iter().take(10).map(|name| shown(name)).collect();
    format!("{}{}", some.join(", "), if names.len() > 10 { ", ..." } else { "" })
}

fn failed(path: &Path, column: &str, sample: usize, fault: &Fault) -> DataError {
    unreadable(path, format!("column `{}`, sample {} (from 0): {fault}", shown(column), sample + fault.row()))
}

/// Whether a column holds images: bytes of files, or `{bytes, path}` as the Hub stores them.
fn holds_images(field: &Field) -> bool {
    let is_bytes = |of: &DataType| matches!(of, DataType::Binary | DataType::LargeBinary | DataType::BinaryView);
    match field.data_type() {
        DataType::Struct(fields) => fields.iter().any(|inner| inner.name() == BYTES && is_bytes(inner.data_type())),
        of => is_bytes(of) && is_image_name(field.name()),
    }
}

fn is_list(of: &DataType) -> bool {
    matches!(of, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}

fn check_columns(path: &Path, fields: &[&Field], columns: &[usize], label: Option<usize>) -> Result<(), DataError> {
    for i in columns {
        let of = fields[*i].data_type();
        let is_list = is_list(of);
        let problem = match is_number(of) {
            false if is_label(of) => format!(
                "holds {of}, where numbers are needed (`categories: one_hot` or `ordinal` makes features of texts)"
            ),
            false => format!("holds {of}, where numbers are needed"),
            true if is_list && columns.len() > 1 => {
                "holds lists, and so must be the only column beside the labels, or be named by `array`".to_owned()
            }
            true => continue,
        };
        let hint = match label {
            None => "; if a column holds the labels, name it by `labels`; `drop` leaves columns out",
            Some(_) => "; `drop` leaves columns out",
        };
        let name = shown(fields[*i].name());
        return Err(unreadable(path, format!("its column `{name}` {}{hint}", shown(&problem))));
    }
    Ok(())
}

fn of_images(batches: Batches, column: usize, label: Option<usize>, asked: Asked<'_>) -> Result<Arrow, DataError> {
    let path = batches.path();
    let name = |i: usize| batches.schema.field(i).name().clone();
    let fail = |fault: &Fault| failed(path, &name(column), 0, fault);
    let Some(first) = batches.first_row(&[column])? else { return Err(unreadable(path, "it holds no samples")) };
    let bytes = first.first().map_or(Err(Fault::Missing(0)), |of| bytes_at(of, 0)).map_err(|fault| fail(&fault))?;
    let mut unheeded = images::Unheeded::default();
    unheeded.look(Cursor::new(bytes));
    let first = header(Cursor::new(bytes)).map_err(|fault| fail(&Fault::Image(fault)))?;
    let wanted = images::wanted(first, asked);
    let (height, width) = wanted.size;
    let left = (0..batches.schema.fields().len()).filter(|i| *i != column && Some(*i) != label).map(name).collect();
    let told = FileAssumption::ImageColumn { taken: name(column), labels: label.map(name), left };
    let resized = asked.size.map(|_| FileAssumption::Resized { height, width });
    let assumptions = std::iter::once(told).chain(resized).chain(unheeded.told()).map(Into::into).collect();
    let shape = Shape(vec![wanted.channels.count(), height, width]);
    let samples = Samples::Images(column, wanted);
    Ok(Arrow { samples, label, shape, feature_names: Vec::new(), assumptions, batches })
}

impl Arrow {
    fn name(&self, column: usize) -> &str {
        self.batches.schema.field(column).name()
    }

    /// Hands out the samples at `rows` of a batch, whose first is number `first` of all.
    fn hand_out(
        &self,
        columns: &[ArrayRef],
        first: usize,
        rows: &[usize],
        take: &mut dyn FnMut(&[f64]),
    ) -> Result<(), DataError> {
        match &self.samples {
            Samples::Numbers(of) => self.numbers(columns, of, first, rows, take),
            Samples::Images(column, wanted) => {
                let (mut values, mut wide) = (Vec::new(), Vec::new());
                for row in rows {
                    let fail = |fault: Fault| failed(self.batches.path(), self.name(*column), *row, &fault);
                    let bytes = bytes_at(&columns[0], row - first).map_err(|_| fail(Fault::Missing(0)))?;
                    decode(Cursor::new(bytes), wanted, &mut values).map_err(|fault| fail(Fault::Image(fault)))?;
                    wide.clear();
                    wide.extend(values.iter().map(|x| f64::from(*x)));
                    take(&wide);
                }
                Ok(())
            }
        }
    }

    fn numbers(
        &self,
        columns: &[ArrayRef],
        of: &[usize],
        first: usize,
        rows: &[usize],
        take: &mut dyn FnMut(&[f64]),
    ) -> Result<(), DataError> {
        let path = self.batches.path();
        let size = self.shape.elements();
        let most = (BLOCK / size.max(1)).max(1);
        let mut left = rows;
        while let Some(start) = left.first() {
            let (near, rest) = left.split_at(left.partition_point(|row| row - start < most));
            let count = near.last().unwrap_or(start) - start + 1;
            let mut gathered = vec![0.0; count * size];
            for (place, (column, i)) in columns.iter().zip(of).enumerate() {
                let part = column.slice(start - first, count);
                let (values, dims) = numbers(&part).map_err(|fault| failed(path, self.name(*i), *start, &fault))?;
                let width = dims.iter().product::<usize>();
                if width * columns.len() != size {
                    let reason = format!("its column `{}` has lists of several lengths", shown(self.name(*i)));
                    return Err(unreadable(path, reason));
                }
                for (row, values) in values.chunks_exact(width.max(1)).enumerate() {
                    gathered[row * size + place * width..][..width].copy_from_slice(values);
                }
            }
            for row in near {
                let sample = &gathered[(row - start) * size..][..size];
                if sample.iter().any(|x| !(*x as f32).is_finite()) {
                    let single: Vec<_> = sample.iter().map(|x| *x as f32).collect();
                    check_finite(path, &single, |_| *row)?;
                }
                take(sample);
            }
            left = rest;
        }
        Ok(())
    }

    fn texts(&self) -> Result<Option<Texts>, DataError> {
        let Some(label) = self.label else { return Ok(None) };
        let path = self.batches.path();
        let mut texts = Texts::default();
        contained(path, || {
            self.batches.each(&[label], &mut |_, _| true, &mut |columns, first, _| {
                let fail = |fault: Fault| failed(path, self.name(label), first, &fault);
                columns.iter().try_for_each(|column| push_labels(column, &mut texts).map_err(fail))
            })
        })?;
        Ok(Some(texts))
    }
}

impl Source for Arrow {
    fn count(&self) -> usize {
        self.batches.count()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        let mut single = Vec::with_capacity(self.shape.elements());
        self.read_wide(rows, &mut |row| {
            single.clear();
            single.extend(row.iter().map(|x| *x as f32));
            take(&single);
        })
    }

    fn read_wide(&self, rows: &[usize], take: &mut dyn FnMut(&[f64])) -> Result<(), DataError> {
        let columns = match &self.samples {
            Samples::Numbers(columns) => columns.clone(),
            Samples::Images(column, _) => vec![*column],
        };
        let within = |first: usize, count: usize| {
            let (from, to) = (rows.partition_point(|r| *r < first), rows.partition_point(|r| *r < first + count));
            &rows[from..to]
        };
        contained(self.batches.path(), || {
            self.batches.each(
                &columns,
                &mut |first, count| !within(first, count).is_empty(),
                &mut |read, first, count| self.hand_out(read, first, within(first, count), take),
            )
        })
    }

    fn scan(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        self.read(&(0..self.count()).collect::<Vec<_>>(), take)
    }

    fn scan_features(&self, take: &mut dyn FnMut(usize, usize, &[f32])) -> Result<(), DataError> {
        let size = self.shape.elements();
        self.read(&(0..self.count()).collect::<Vec<_>>(), &mut |row| take(0, size, row))
    }

    /// In double precision, since a time in seconds has more digits than single precision.
    fn summary(&self) -> Result<Option<Summary>, DataError> {
        let mut summary = Summary::new(self.shape.elements());
        self.read_wide(&(0..self.count()).collect::<Vec<_>>(), &mut |row| summary.add(row))?;
        Ok(Some(summary))
    }

    fn feature_names(&self) -> Option<&[String]> {
        (!self.feature_names.is_empty()).then_some(self.feature_names.as_slice())
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        let Some(texts) = self.texts()? else { return Ok(None) };
        let fail = |at| unreadable(self.batches.path(), format!("the label of sample {at} (from 0) is not finite"));
        texts.labels().map(Some).map_err(fail)
    }

    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        Ok(self.texts()?.and_then(Texts::numbers))
    }

    fn class_names(&self) -> Result<Option<Vec<String>>, DataError> {
        Ok(self.texts()?.and_then(|texts| texts.class_names()))
    }

    fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }
}
