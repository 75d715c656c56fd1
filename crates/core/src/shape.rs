//! Shapes of values, and which of their axes holds the units.

use std::fmt;

/// The shape of one sample: `[features]`, `[channels, length]` or `[channels, height, width]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape(pub Vec<usize>);

impl Shape {
    #[must_use]
    pub fn elements(&self) -> usize {
        self.0.iter().product()
    }

    /// Channels of an image or a sequence, features of a vector.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.first().copied().unwrap_or(0)
    }

    /// `[channels, height, width]`
    #[must_use]
    pub fn image(&self) -> Option<[usize; 3]> {
        self.0.as_slice().try_into().ok()
    }

    /// `[channels, length]`
    #[must_use]
    pub fn sequence(&self) -> Option<[usize; 2]> {
        self.0.as_slice().try_into().ok()
    }

    /// The number of features.
    #[must_use]
    pub fn vector(&self) -> Option<usize> {
        match self.0.as_slice() {
            [features] => Some(*features),
            _ => None,
        }
    }

    /// Elements of one channel: 1 for a vector.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.0.iter().skip(1).product()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<_> = self.0.iter().map(usize::to_string).collect();
        match self.0.as_slice() {
            [features] => write!(f, "{features} features"),
            [_, _] => write!(f, "{} (channels x length)", dims.join(" x ")),
            _ => write!(f, "{} (channels x height x width)", dims.join(" x ")),
        }
    }
}

/// Which axis of a sample holds its units, which are the columns of a rank matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The first: channels, each over all positions.
    Channels,
    /// The last: features, of every position.
    Features,
}

/// A value's shape and the meaning of its axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    pub shape: Shape,
    pub layout: Layout,
}

impl Form {
    /// What comes into a network: features of a vector, channels of everything else.
    #[must_use]
    pub fn of_input(shape: Shape) -> Self {
        let layout = if shape.0.len() == 1 { Layout::Features } else { Layout::Channels };
        Self { shape, layout }
    }

    #[must_use]
    pub fn features(n: usize) -> Self {
        Self { shape: Shape(vec![n]), layout: Layout::Features }
    }

    #[must_use]
    pub fn channels(dims: Vec<usize>) -> Self {
        Self { shape: Shape(dims), layout: Layout::Channels }
    }

    /// Number of units: the columns of a rank matrix.
    #[must_use]
    pub fn units(&self) -> usize {
        let axis = match self.layout {
            Layout::Channels => self.shape.0.first(),
            Layout::Features => self.shape.0.last(),
        };
        axis.copied().unwrap_or(0)
    }

    /// Rows that a sample gives to a rank matrix.
    #[must_use]
    pub fn rows(&self) -> usize {
        (self.shape.elements() / self.units().max(1)).max(1)
    }
}
