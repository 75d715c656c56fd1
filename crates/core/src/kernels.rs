//! The arithmetic of layers, in single precision.
//!
//! Scores run side by side, so everything here runs on the calling thread, but for samples that [`idle`](crate::idle) threads
//! take: no sum depends on how many there are.

mod activate;
mod attend;
mod convolve;
mod convolve_transposed;
mod direct;
mod gather;
pub(crate) mod lanes;
mod linear;
pub(crate) mod memory;
mod normalize;
mod panels;
mod points;
mod pool;
mod products;
mod recur;
mod tensors;
mod upsample;
mod window;
mod winograd;

pub use activate::{activate, prelu, scaled};
pub use attend::{Attention, attend};
pub use convolve::{Groups, convolve, workspace as convolution_workspace};
pub use convolve_transposed::convolve_transposed;
pub use gather::gather;
pub use linear::linear;
pub use memory::MOST_KEPT;
pub use normalize::{
    EPSILON, RMS_EPSILON, Statistics, normalize, normalize_by, normalize_by_with, normalize_rms, normalize_untrained,
    normalize_with,
};
pub use pool::{Pooling, global_mean, pool};
pub use products::{add_product_by_rows, multiply_columns_into};
pub use recur::{Cell, recur};
pub use tensors::{Source, batch, is_one_zero, recycle, standard_deviation, with_elements, with_elements_of};
pub use upsample::{Upsampling, adaptive_mean, upsample};
pub use window::{Window, same};

pub(crate) use gather::whole_numbers;
pub(crate) use upsample::{Between, plane, share_of, with_plane};

#[cfg(test)]
mod definition;
#[cfg(test)]
pub(crate) mod figures;
#[cfg(test)]
mod tests;
