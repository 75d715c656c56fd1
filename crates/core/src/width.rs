//! The size of a layer from the ranks that it has at several sizes.
//!
//! r(x) is the effective rank of a layer of x units divided by x. The layer's output is taken after its activation, as
//! the published implementation does in its example, so that a layer of one unit has r(1) = 1.

mod curve;
mod fit;

pub use curve::{Curve, Point};
pub use fit::{Fit, Interval, MOST_UNITS, NoSize, SLOPE_THRESHOLD, SizeEstimate, estimate};
