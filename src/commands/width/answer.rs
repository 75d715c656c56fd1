//! What is known of the size of a layer.

use neartop_study::width::{Curve, SizeEstimate, Target};

/// The answer for one layer.
pub struct Answer {
    pub target: Target,
    pub curve: Curve,
    /// None where the measurement was broken off.
    pub estimate: Option<SizeEstimate>,
    pub notes: Vec<String>,
}
