//! Whether single precision keeps what tells the values of a feature apart.

/// How far from zero values may lie, measured by how far apart they are, before single precision loses them: then it
/// keeps fewer than 12 of 24 bits of what tells them apart.
const FAR: f64 = 4096.0;

/// The values of a feature, in double precision.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    pub low: f64,
    pub high: f64,
    /// One of them is another number in single precision.
    inexact: bool,
}

impl Default for Spread {
    fn default() -> Self {
        Self { low: f64::INFINITY, high: f64::NEG_INFINITY, inexact: false }
    }
}

impl Spread {
    /// Takes in a value, and what single precision makes of it.
    pub fn add(&mut self, x: f64, single: f64) {
        self.low = self.low.min(x);
        self.high = self.high.max(x);
        self.inexact |= single != x;
    }

    /// Whether single precision would lose what tells its values apart.
    pub fn is_wide(&self) -> bool {
        self.inexact && self.high > self.low && !self.is_near()
    }

    /// Whether single precision keeps what tells its values apart, whatever others come: they only lie farther apart.
    pub fn is_near(&self) -> bool {
        self.high > self.low && self.low.abs().max(self.high.abs()) <= FAR * (self.high - self.low)
    }
}
