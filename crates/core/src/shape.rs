//! Shapes of values, and which of their axes holds the units.

use std::fmt;

/// The shape of one sample: `[features]`, `[channels, length]`, `[channels, height, width]` or `[tokens, features]`.
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
            [_, _, _] => write!(f, "{} (channels x height x width)", dims.join(" x ")),
            _ => write!(f, "{} (channels first)", dims.join(" x ")),
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
    /// None: every element is the number of a token, below `vocab`.
    Ids { vocab: usize },
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
        Self::tokens(vec![n])
    }

    /// Features of every position: `[..., features]`.
    #[must_use]
    pub fn tokens(dims: Vec<usize>) -> Self {
        Self { shape: Shape(dims), layout: Layout::Features }
    }

    /// The numbers of `tokens` tokens of a vocabulary.
    #[must_use]
    pub fn ids(tokens: usize, vocab: usize) -> Self {
        Self { shape: Shape(vec![tokens]), layout: Layout::Ids { vocab } }
    }

    #[must_use]
    pub fn channels(dims: Vec<usize>) -> Self {
        Self { shape: Shape(dims), layout: Layout::Channels }
    }

    /// The same shape with another number of units.
    #[must_use]
    pub fn with_units(&self, units: usize) -> Self {
        let mut form = self.clone();
        let axis = form.axis();
        if let Some(size) = form.shape.0.get_mut(axis) {
            *size = units;
        }
        form
    }

    /// The axis of the units, not counting that of the samples.
    #[must_use]
    pub fn axis(&self) -> usize {
        match self.layout {
            Layout::Channels => 0,
            Layout::Features | Layout::Ids { .. } => self.shape.0.len().saturating_sub(1),
        }
    }

    /// Number of units: the columns of a rank matrix.
    #[must_use]
    pub fn units(&self) -> usize {
        self.shape.0.get(self.axis()).copied().unwrap_or(0)
    }

    /// Rows that a sample gives to a rank matrix.
    #[must_use]
    pub fn rows(&self) -> usize {
        (self.shape.elements() / self.units().max(1)).max(1)
    }

    /// How many elements in a row belong to one unit.
    #[must_use]
    pub fn run(&self) -> usize {
        self.shape.0.iter().skip(self.axis() + 1).product()
    }

    /// `[tokens, features]`
    #[must_use]
    pub fn sequence_of_features(&self) -> Option<[usize; 2]> {
        match (self.layout, self.shape.0.as_slice()) {
            (Layout::Features, [tokens, features]) => Some([*tokens, *features]),
            _ => None,
        }
    }

    /// `[channels, length]`
    #[must_use]
    pub fn sequence_of_channels(&self) -> Option<[usize; 2]> {
        match (self.layout, self.shape.0.as_slice()) {
            (Layout::Channels, [channels, length]) => Some([*channels, *length]),
            _ => None,
        }
    }

    /// Positions of a sequence, of whatever layout.
    #[must_use]
    pub fn length(&self) -> Option<usize> {
        let [features, channels] = [self.sequence_of_features(), self.sequence_of_channels()];
        features.map(|[tokens, _]| tokens).or(channels.map(|[_, length]| length))
    }

    /// `[channels, height, width]`
    #[must_use]
    pub fn image(&self) -> Option<[usize; 3]> {
        match self.layout {
            Layout::Channels => self.shape.image(),
            Layout::Features | Layout::Ids { .. } => None,
        }
    }
}

impl From<Shape> for Form {
    fn from(shape: Shape) -> Self {
        Self::of_input(shape)
    }
}

impl From<&Shape> for Form {
    fn from(shape: &Shape) -> Self {
        Self::of_input(shape.clone())
    }
}

impl From<&Form> for Form {
    fn from(form: &Form) -> Self {
        form.clone()
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<_> = self.shape.0.iter().map(usize::to_string).collect();
        match (self.layout, self.shape.0.as_slice()) {
            (Layout::Ids { vocab }, _) => write!(f, "the numbers of {} tokens out of {vocab}", dims.join(" x ")),
            (Layout::Features, [_, _]) => write!(f, "{} (tokens x features)", dims.join(" x ")),
            (Layout::Features, [_, _, ..]) => write!(f, "{} (features last)", dims.join(" x ")),
            _ => self.shape.fmt(f),
        }
    }
}
