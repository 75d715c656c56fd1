//! The 1,797 digits of 8x8 pixels that scikit-learn ships: the test set of "Optical Recognition of Handwritten Digits"
//! (E. Alpaydin, C. Kaynak; UCI Machine Learning Repository, CC BY 4.0), 64 integers from 0 to 16 and the digit.

use std::io::Read;

use flate2::read::GzDecoder;

use super::{DataError, Labels, Source};
use neartop_core::network::Shape;

static FILE: &[u8] = include_bytes!("digits.csv.gz");

struct Digits {
    shape: Shape,
    pixels: Vec<f32>,
    digits: Vec<u32>,
    classes: usize,
}

/// How many digits there are.
pub const CLASSES: usize = 10;

/// Unpacks the bundled file, and keeps the digits from 0 to `classes` - 1.
pub fn load(classes: usize) -> Result<impl Source, DataError> {
    let broken = |reason: String| DataError::Read { path: "the bundled digits".to_owned(), reason };
    let mut text = String::new();
    GzDecoder::new(FILE).read_to_string(&mut text).map_err(|e| broken(e.to_string()))?;
    let mut set = Digits { shape: Shape(vec![64]), pixels: Vec::new(), digits: Vec::new(), classes };
    for record in csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes()).into_deserialize() {
        let mut row: Vec<f32> = record.map_err(|e| broken(e.to_string()))?;
        if let Some(digit) = row.pop().map(|digit| digit as u32).filter(|digit| (*digit as usize) < classes) {
            set.digits.push(digit);
            set.pixels.extend(row);
        }
    }
    Ok(set)
}

impl Source for Digits {
    fn count(&self) -> usize {
        self.digits.len()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        rows.iter().for_each(|row| take(&self.pixels[row * 64..(row + 1) * 64]));
        Ok(())
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        Ok(Some(Labels::Classes { of: self.digits.clone(), count: self.classes }))
    }

    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        Ok(Some(self.digits.iter().map(|digit| *digit as f32).collect()))
    }
}
