//! Arrays whose channels stand where the network does not look for them.

use super::{Assumption, ChannelOrder, DataError, FileAssumption, Labels, Source, Summary};
use neartop_core::network::Shape;

/// How the sizes of samples are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    AsTheyAre,
    /// The last axis becomes the first.
    LastToFirst,
    /// The first axis becomes the last.
    FirstToLast,
}

/// Samples whose axes are in another order than in their file.
struct Turned {
    source: Box<dyn Source>,
    shape: Shape,
    /// Of an element in the file, the sizes before and after which the axes are exchanged.
    sizes: (usize, usize),
    assumptions: Vec<Assumption>,
}

/// Samples of arrays in the order of axes that a network's input has: `[channels, ...]`, or `[tokens, features]` where
/// `features_last`. Where the preset does not say the order it is that which fits.
///
/// # Errors
/// If both fit.
pub fn arrange(
    source: Box<dyn Source>,
    order: Option<ChannelOrder>,
    input: Option<&Shape>,
    features_last: bool,
) -> Result<Box<dyn Source>, DataError> {
    let given = axes(source.shape(), order, input);
    let turn = match (order, input) {
        (Some(order), _) => by_order(order, features_last),
        (None, Some(input)) => fitting(&given, &input.0, features_last)?,
        (None, None) => Turn::AsTheyAre,
    };
    let told = if order.is_none() { told(&given, turn, features_last) } else { None };
    let (shape, sizes) = match (turn, given.as_slice()) {
        (Turn::LastToFirst, [rest @ .., last]) if !rest.is_empty() => {
            let shape = std::iter::once(last).chain(rest).copied().collect();
            (Shape(shape), (rest.iter().product(), *last))
        }
        (Turn::FirstToLast, [first, rest @ ..]) if !rest.is_empty() => {
            let shape = rest.iter().chain(std::iter::once(first)).copied().collect();
            (Shape(shape), (*first, rest.iter().product()))
        }
        _ if told.is_none() => return Ok(source),
        _ => (source.shape().clone(), (1, source.shape().elements())),
    };
    let assumptions = source.assumptions().iter().cloned().chain(told.map(Into::into)).collect();
    Ok(Box::new(Turned { source, shape, sizes, assumptions }))
}

/// The sizes of samples as the file has them. Matrices, which are read as images of one channel, are sequences where the
/// network takes those; vectors of which the order is told are images of the network's size.
fn axes(given: &Shape, order: Option<ChannelOrder>, input: Option<&Shape>) -> Vec<usize> {
    match (given.0.as_slice(), order, input.map(|input| input.0.as_slice())) {
        ([1, rows, columns], _, Some([_, _])) | ([1, rows, columns], Some(_), None) => vec![*rows, *columns],
        ([n], Some(ChannelOrder::ChannelsLast), Some([first, rest @ ..]))
            if *n == first * rest.iter().product::<usize>() =>
        {
            rest.iter().chain([first]).copied().collect()
        }
        (dims, _, _) => dims.to_vec(),
    }
}

fn by_order(order: ChannelOrder, features_last: bool) -> Turn {
    match (order, features_last) {
        (ChannelOrder::ChannelsFirst, false) | (ChannelOrder::ChannelsLast, true) => Turn::AsTheyAre,
        (ChannelOrder::ChannelsLast, false) => Turn::LastToFirst,
        (ChannelOrder::ChannelsFirst, true) => Turn::FirstToLast,
    }
}

fn fitting(given: &[usize], input: &[usize], features_last: bool) -> Result<Turn, DataError> {
    if given.len() != input.len() || given.len() < 2 {
        return Ok(Turn::AsTheyAre);
    }
    let mut turned = input.to_vec();
    match features_last {
        true => turned.rotate_right(1),
        false => turned.rotate_left(1),
    }
    match (given == input, given == turned) {
        (true, true) if !features_last && given.iter().any(|d| *d != 1) => {
            Err(DataError::Ambiguous(Shape(given.to_vec())))
        }
        (false, true) if features_last => Ok(Turn::FirstToLast),
        (false, true) => Ok(Turn::LastToFirst),
        _ => Ok(Turn::AsTheyAre),
    }
}

/// Whether samples of these sizes are rather images with their channels last.
#[must_use]
pub fn looks_channels_last(sizes: &[usize]) -> bool {
    matches!(sizes, [a, b, c] if a == b && b != c || *c <= 4 && *a > 4 && *b > 4)
}

/// What is to be said of the order.
fn told(given: &[usize], turn: Turn, features_last: bool) -> Option<FileAssumption> {
    let sizes = given.to_vec();
    match turn {
        Turn::LastToFirst => Some(FileAssumption::ChannelsLast { sizes }),
        Turn::FirstToLast => Some(FileAssumption::ChannelsFirst { sizes }),
        Turn::AsTheyAre if looks_channels_last(given) && !features_last => {
            Some(FileAssumption::ChannelsFirst { sizes })
        }
        Turn::AsTheyAre => None,
    }
}

impl Turned {
    fn turn<T: Copy>(&self, row: &[T], turned: &mut Vec<T>) {
        let (_, after) = self.sizes;
        turned.clear();
        (0..after).for_each(|i| turned.extend(row.iter().skip(i).step_by(after)));
    }
}

impl Source for Turned {
    fn count(&self) -> usize {
        self.source.count()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        if self.sizes.0 == 1 {
            return self.source.read(rows, take);
        }
        let mut turned = Vec::with_capacity(self.shape.elements());
        self.source.read(rows, &mut |row| {
            self.turn(row, &mut turned);
            take(&turned);
        })
    }

    fn read_wide(&self, rows: &[usize], take: &mut dyn FnMut(&[f64])) -> Result<(), DataError> {
        if self.sizes.0 == 1 {
            return self.source.read_wide(rows, take);
        }
        let mut turned = Vec::with_capacity(self.shape.elements());
        self.source.read_wide(rows, &mut |row| {
            self.turn(row, &mut turned);
            take(&turned);
        })
    }

    fn summary(&self) -> Result<Option<Summary>, DataError> {
        if self.sizes.0 == 1 { self.source.summary() } else { Ok(None) }
    }

    fn scan_features(&self, take: &mut dyn FnMut(usize, usize, &[f32])) -> Result<(), DataError> {
        let (before, after) = self.sizes;
        if before == 1 {
            return self.source.scan_features(take);
        }
        self.source.scan_features(&mut |first, width, values| {
            for row in values.chunks_exact(width.max(1)) {
                for (i, x) in row.iter().enumerate() {
                    let at = first + i;
                    take((at % after) * before + at / after, 1, std::slice::from_ref(x));
                }
            }
        })
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

    fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }
}
