//! What is known of the size of a layer.

use neartop_study::width::{Curve, SizeEstimate, Sizes, Target};

/// The answer for one layer.
pub struct Answer {
    pub target: Target,
    /// Those that the layer can have.
    pub sizes: Sizes,
    pub curve: Curve,
    /// None where the measurement was broken off.
    pub estimate: Option<SizeEstimate>,
    pub notes: Vec<String>,
}

impl Answer {
    /// The size in whole units, as many as the layer can have; none where there is no size.
    pub fn units(&self) -> Option<usize> {
        Some(self.sizes.nearest(self.estimate.as_ref()?.units()?))
    }
}
