//! Data in the shape that a network takes.

use super::{Assumption, DataError, Labels, Source, Summary};
use neartop_core::network::Shape;

/// A source whose samples have the shape of a network's input.
pub struct Fitted {
    source: Box<dyn Source>,
    shape: Shape,
    /// The samples are `[height, width, channels]`, and these are the first two and the last.
    channels_last: Option<(usize, usize)>,
}

impl Fitted {
    /// Vectors stand for images of as many elements, in the order channel, row, column, and everything for vectors.
    /// Arrays of matrices, which are read as images of one channel, stand for sequences. Images whose last dimension is the input's channels (1, 3 or 4) are transposed, unless they fit as they are.
    ///
    /// # Errors
    /// If the source does not fit.
    pub fn new(source: Box<dyn Source>, input: &Shape) -> Result<Self, DataError> {
        let given = source.shape().clone();
        let mut channels_last = None;
        if given != *input {
            let fits = match (given.0.as_slice(), input.0.as_slice()) {
                _ if given.elements() != input.elements() => false,
                (_, [_]) | ([_], _) => true,
                ([1, rows, columns], [channels, length]) => (rows, columns) == (channels, length),
                ([h, w, c @ (1 | 3 | 4)], [channels, height, width]) if (h, w, c) == (height, width, channels) => {
                    channels_last = Some((h * w, *c));
                    true
                }
                _ => false,
            };
            if !fits {
                return Err(DataError::Shape { given, expected: input.clone() });
            }
        }
        Ok(Self { source, shape: input.clone(), channels_last })
    }
}

impl Source for Fitted {
    fn count(&self) -> usize {
        self.source.count()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        let Some((pixels, channels)) = self.channels_last else { return self.source.read(rows, take) };
        let mut turned = vec![0f32; pixels * channels];
        self.source.read(rows, &mut |row| {
            for (pixel, values) in row.chunks_exact(channels).enumerate() {
                values.iter().enumerate().for_each(|(channel, x)| turned[channel * pixels + pixel] = *x);
            }
            take(&turned);
        })
    }

    fn read_wide(&self, rows: &[usize], take: &mut dyn FnMut(&[f64])) -> Result<(), DataError> {
        if self.channels_last.is_none() {
            return self.source.read_wide(rows, take);
        }
        let mut wide = Vec::with_capacity(self.shape.elements());
        self.read(rows, &mut |row| {
            wide.clear();
            wide.extend(row.iter().map(|x| f64::from(*x)));
            take(&wide);
        })
    }

    fn scan_features(&self, take: &mut dyn FnMut(usize, usize, &[f32])) -> Result<(), DataError> {
        let Some((pixels, channels)) = self.channels_last else { return self.source.scan_features(take) };
        let mut one = [0f32];
        self.source.scan_features(&mut |first, width, values| {
            for row in values.chunks_exact(width.max(1)) {
                for (i, x) in row.iter().enumerate() {
                    let (pixel, channel) = ((first + i) / channels, (first + i) % channels);
                    one[0] = *x;
                    take(channel * pixels + pixel, 1, &one);
                }
            }
        })
    }

    fn summary(&self) -> Result<Option<Summary>, DataError> {
        match self.channels_last {
            None => self.source.summary(),
            Some(_) => Ok(None),
        }
    }

    fn scan(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        self.source.scan(take)
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        self.source.labels()
    }

    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        self.source.label_values()
    }

    fn class_names(&self) -> Result<Option<Vec<String>>, DataError> {
        self.source.class_names()
    }

    fn label_names(&self) -> Vec<String> {
        self.source.label_names()
    }

    fn feature_names(&self) -> Option<&[String]> {
        self.source.feature_names()
    }

    fn assumptions(&self) -> &[Assumption] {
        self.source.assumptions()
    }
}
