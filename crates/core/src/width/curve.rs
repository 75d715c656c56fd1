//! The effective ranks of a layer over its size.

/// The layer at one size.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub size: usize,
    /// The effective rank by repetition.
    pub ranks: Vec<f64>,
}

impl Point {
    /// The mean effective rank.
    #[must_use]
    pub fn near(&self) -> f64 {
        self.ranks.iter().sum::<f64>() / self.ranks.len() as f64
    }

    /// The mean effective rank divided by the size.
    #[must_use]
    pub fn relative(&self) -> f64 {
        self.near() / self.size as f64
    }

    /// The standard error of [`Self::relative`], which a single repetition does not have.
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        let n = self.ranks.len() as f64;
        let mean = self.near();
        let squares: f64 = self.ranks.iter().map(|r| (r - mean).powi(2)).sum();
        (n > 1.0).then(|| (squares / (n - 1.0) / n).sqrt() / self.size as f64)
    }
}

/// The points of a layer, by ascending size.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    pub points: Vec<Point>,
}
