//! What is known of the size of a layer, and how it is shown.

use neartop_study::width::{Curve, SizeEstimate, Target};

/// How the result is shown.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub color: bool,
    pub ascii: bool,
}

/// The answer for one layer.
pub struct Answer {
    pub target: Target,
    pub curve: Curve,
    /// None where the measurement was broken off.
    pub estimate: Option<SizeEstimate>,
    pub notes: Vec<String>,
}
