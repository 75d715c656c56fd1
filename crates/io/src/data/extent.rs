//! The least and the greatest value of a feature.

/// The least and the greatest value of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    pub low: f64,
    pub high: f64,
}

impl Default for Extent {
    /// Of no values.
    fn default() -> Self {
        Self { low: f64::INFINITY, high: f64::NEG_INFINITY }
    }
}

impl Extent {
    pub fn add(&mut self, x: f64) {
        self.low = self.low.min(x);
        self.high = self.high.max(x);
    }

    pub fn merge(&mut self, other: &Self) {
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }

    #[must_use]
    pub fn range(&self) -> f64 {
        self.high - self.low
    }

    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.low >= self.high
    }
}
