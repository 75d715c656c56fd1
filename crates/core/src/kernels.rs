//! The arithmetic of layers on one core, in single precision.
//!
//! Everything here runs on the calling thread: scores run side by side, so a layer must not spread over cores, and its
//! sums must not depend on how many there are.

mod activate;
mod convolve;
mod direct;
mod linear;
mod normalize;
mod pool;
mod tensors;
mod window;

pub use activate::activate;
pub use convolve::{Groups, convolve};
pub use linear::linear;
pub use normalize::{EPSILON, Statistics, normalize, normalize_by, normalize_untrained};
pub use pool::{Pooling, global_mean, pool};
pub use tensors::{batch, standard_deviation, with_elements};
pub use window::Window;

#[cfg(test)]
mod tests;
