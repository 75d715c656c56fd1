//! An array in a file, whose first dimension counts the samples.

use std::io::Read;

use super::element::Element;
use super::file::{Stored, check_finite, io_error, unreadable};
use super::labels::{from_numbers, from_rows};
use super::{DataError, Labels};
use neartop_core::network::Shape;

/// Where an array's elements are.
#[derive(Debug, Clone)]
pub struct Array {
    pub stored: Stored,
    /// Bytes before the first element.
    pub offset: u64,
    pub element: Element,
    pub big_endian: bool,
    pub dims: Vec<usize>,
    /// The first index runs fastest, rather than the last.
    pub fortran: bool,
    /// The samples lie one after the other, and in each of them the first index runs fastest.
    pub samples_last: bool,
}

/// Elements that are converted at once.
pub const BLOCK: usize = 1 << 16;

impl Array {
    /// Checks that the file can hold what its header announces.
    ///
    /// # Errors
    /// If it cannot.
    pub fn checked(self) -> Result<Self, DataError> {
        let product = |least: u64| self.dims.iter().try_fold(1u64, |n, d| n.checked_mul((*d as u64).max(least)));
        // A size of 0 must not hide that those after it are too large to be multiplied.
        let elements = product(1).and(product(0)).filter(|n| *n < 1 << 60);
        let bytes = elements.and_then(|n| n.checked_mul(self.element.size() as u64)?.checked_add(self.offset));
        self.stored.check_holds(bytes)?;
        Ok(self)
    }

    pub fn count(&self) -> usize {
        self.dims.first().copied().unwrap_or(0)
    }

    /// Elements of a sample.
    pub fn size(&self) -> usize {
        self.dims.iter().skip(1).product()
    }

    /// `[n, h, w]` are images of one channel; `[n]` are samples of one feature.
    pub fn sample_shape(&self) -> Shape {
        Shape(match self.dims.get(1..).unwrap_or_default() {
            [] => vec![1],
            [height, width] => vec![1, *height, *width],
            dims => dims.to_vec(),
        })
    }

    /// The same, where the last size counts the samples and the first index runs fastest.
    pub fn with_samples_last(mut self) -> Self {
        self.dims.rotate_right(1);
        Self { fortran: false, samples_last: true, ..self }
    }

    /// The same without sizes of 1, as labels.
    pub fn into_labels(mut self) -> Self {
        self.dims.retain(|d| *d != 1);
        if self.dims.is_empty() {
            self.dims.push(1);
        }
        self
    }

    fn fail(&self, error: &std::io::Error) -> DataError {
        io_error(&self.stored.path, error)
    }

    pub fn read_rows(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        let size = self.size();
        let mut bytes = vec![0; size * self.element.size()];
        let mut values = Vec::with_capacity(size);
        let places = self.samples_last.then(|| places(self.dims.get(1..).unwrap_or_default()));
        let mut placed = vec![0.0; if places.is_some() { size } else { 0 }];
        let mut stream = self.stored.stream()?;
        for row in rows {
            let at = self.offset + (row * bytes.len()) as u64;
            stream.skip_to(at).and_then(|()| stream.read_exact(&mut bytes)).map_err(|e| self.fail(&e))?;
            values.clear();
            self.element.decode(&bytes, self.big_endian, &mut values);
            check_finite(&self.stored.path, &values, |_| *row)?;
            match &places {
                None => take(&values),
                Some(places) => {
                    places.iter().zip(&values).for_each(|(place, x)| placed[*place] = *x);
                    take(&placed);
                }
            }
        }
        stream.finish().map_err(|e| self.fail(&e))
    }

    /// The rows in double precision.
    pub fn read_rows_wide(&self, rows: &[usize], take: &mut dyn FnMut(&[f64])) -> Result<(), DataError> {
        let size = self.size();
        let mut bytes = vec![0; size * self.element.size()];
        let mut values = Vec::with_capacity(size);
        let mut stream = self.stored.stream()?;
        for row in rows {
            let at = self.offset + (row * bytes.len()) as u64;
            stream.skip_to(at).and_then(|()| stream.read_exact(&mut bytes)).map_err(|e| self.fail(&e))?;
            values.clear();
            self.element.decode_wide(&bytes, self.big_endian, &mut values);
            if let Some(x) = values.iter().map(|x| *x as f32).find(|x| !x.is_finite()) {
                check_finite(&self.stored.path, &[x], |_| *row)?;
            }
            take(&values);
        }
        stream.finish().map_err(|e| self.fail(&e))
    }

    /// Gathers the rows in one pass through the columns.
    pub fn read_columns(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        let (size, width) = (self.size(), self.element.size());
        let mut gathered = vec![0f32; rows.len() * size];
        let mut bytes = vec![0; width];
        let mut value = Vec::with_capacity(1);
        let mut stream = self.stored.stream()?;
        for (column, place) in places(self.dims.get(1..).unwrap_or_default()).into_iter().enumerate() {
            for (i, row) in rows.iter().enumerate() {
                let at = self.offset + ((column * self.count() + row) * width) as u64;
                stream.skip_to(at).and_then(|()| stream.read_exact(&mut bytes)).map_err(|e| self.fail(&e))?;
                value.clear();
                self.element.decode(&bytes, self.big_endian, &mut value);
                check_finite(&self.stored.path, &value, |_| *row)?;
                gathered[i * size + place] = value[0];
            }
        }
        stream.finish().map_err(|e| self.fail(&e))?;
        gathered.chunks_exact(size).for_each(take);
        Ok(())
    }

    /// The elements as they lie, a block at a time.
    pub fn blocks(&self, mut take: impl FnMut(usize, &[u8]) -> Result<(), DataError>) -> Result<(), DataError> {
        let total = self.count() * self.size();
        let mut stream = self.stored.stream()?;
        stream.skip_to(self.offset).map_err(|e| self.fail(&e))?;
        let mut bytes = vec![0; BLOCK.min(total) * self.element.size()];
        for first in (0..total).step_by(BLOCK) {
            let block = &mut bytes[..BLOCK.min(total - first) * self.element.size()];
            stream.read_exact(block).map_err(|e| self.fail(&e))?;
            take(first, block)?;
        }
        stream.finish().map_err(|e| self.fail(&e))
    }

    /// Fails unless these can be the labels of `count` samples.
    fn check_labels(&self, count: usize) -> Result<(), DataError> {
        let fail = |reason: String| Err(unreadable(&self.stored.path, reason));
        if self.dims.len() > 2 || self.size() == 0 {
            let dims: Vec<_> = self.dims.iter().map(ToString::to_string).collect();
            let reason = "labels are a number per sample, or a row of numbers, but these are";
            return fail(format!("{reason} [{}]", dims.join(", ")));
        }
        if self.count() != count {
            return fail(format!("it has {} labels, but there are {count} samples", self.count()));
        }
        Ok(())
    }

    /// Labels of `count` samples as numbers, row by row.
    pub fn label_values(&self, count: usize) -> Result<Vec<f32>, DataError> {
        self.check_labels(count)?;
        let mut values = Vec::with_capacity(count * self.size());
        if self.fortran && self.size() > 1 {
            let rows: Vec<_> = (0..count).collect();
            self.read_columns(&rows, &mut |row| values.extend_from_slice(row))?;
            return Ok(values);
        }
        self.blocks(|first, bytes| {
            self.element.decode(bytes, self.big_endian, &mut values);
            check_finite(&self.stored.path, &values[first..], |i| (first + i) / self.size())
        })?;
        Ok(values)
    }

    /// Labels of `count` samples.
    pub fn labels(&self, count: usize) -> Result<Labels, DataError> {
        if self.size() > 1 {
            return Ok(Labels::Several { of: self.label_values(count)?, width: self.size() });
        }
        self.check_labels(count)?;
        let (mut whole, mut values) = (Vec::new(), Vec::new());
        self.blocks(|first, bytes| {
            match self.element.decode_whole(bytes, self.big_endian) {
                Some(block) => whole.extend(block),
                None => {
                    self.element.decode(bytes, self.big_endian, &mut values);
                    check_finite(&self.stored.path, &values[first..], |i| first + i)?;
                }
            }
            Ok(())
        })?;
        Ok(if whole.is_empty() { from_rows(values, 1) } else { from_numbers(&whole) })
    }
}

/// The place among elements of these sizes, in the order of this program, of each of them where the first index runs
/// fastest.
pub fn places(dims: &[usize]) -> Vec<usize> {
    (0..dims.iter().product())
        .map(|mut j: usize| {
            let mut index = Vec::with_capacity(dims.len());
            for d in dims {
                index.push(j % d);
                j /= d;
            }
            index.iter().zip(dims).fold(0, |place, (i, d)| place * d + i)
        })
        .collect()
}
