//! Layers that candle's backward pass can go through, in single or double precision and on the calling thread.
//!
//! Many candidates train side by side, so none may spread over cores: products are faer's, and everything else is a loop.
//! A [`Function`] is written once, for slices; `apply1` and its like make it a node of candle's graph.

mod activation;
mod attend;
mod convolution;
mod convolution_transposed;
mod embed;
mod function;
mod linear;
mod loss;
mod matmul;
mod normalize;
mod pass;
mod pool;
mod products;
mod recur;
mod resample;

pub use activation::{activate, learned_slope, learned_slopes, scaled};
pub use attend::attend;
pub use convolution::convolve;
pub use convolution_transposed::convolve_transposed;
pub use embed::embed;
pub use function::{Float, Function, with_elements};
pub use linear::linear;
pub use loss::{cross_entropy, mean_squared_error};
pub use matmul::matmul;
pub use normalize::{
    Moments, affine, batch_moments, standardize, standardize_by, standardize_by_with, standardize_rms, standardize_with,
};
pub use pass::{Pass, multiplied};
pub use pool::pool;
pub use recur::recur;
pub use resample::{adaptive_mean, upsample};

#[cfg(test)]
mod tests;
