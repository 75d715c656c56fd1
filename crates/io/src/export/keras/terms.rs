//! What Keras calls things, and what it cannot say.

use neartop_core::init::Law;
use neartop_core::layers::AvgPool;

/// Whether the padding of a pooling must not count, which Keras cannot say.
pub fn leaves_padding_out(pool: &AvgPool) -> bool {
    pool.frame.padding != [0, 0] && !pool.count_include_pad
}

/// The bounds are two standard deviations from 0, where Keras cuts.
pub fn is_cut_as_in_keras(law: &Law) -> bool {
    match *law {
        Law::TruncatedNormal { mean, std, low, high } => {
            mean == 0.0 && (low + 2.0 * std).abs() < 1e-12 * std && (high - 2.0 * std).abs() < 1e-12 * std
        }
        _ => false,
    }
}

/// A node's name as Keras allows it.
pub fn identifier(name: &str) -> String {
    let letters = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    format!("layer_{}", letters.collect::<String>())
}
