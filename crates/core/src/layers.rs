//! The kinds of layers: a file for each.
//!
//! To add one, write its file after the example of another and name it in the list below. What the trait
//! [`Operation`](crate::layer::Operation) and its [`Kind`] do not ask for, nobody else needs to know, except the writers of
//! code for other libraries.

mod activations;
pub mod images;

use crate::layer::Kind;

/// Declares the files, and lists the kinds that they define.
macro_rules! kinds {
    (
        written { $($written:ident: $($kind:ident),+;)* }
        inner { $($inner:ident: $($part:ident),+;)* }
    ) => {
        $(pub mod $written;)*
        $(pub mod $inner;)*

        /// The kinds that presets may write, in the order of messages and documentation.
        pub static KINDS: &[&Kind] = &[$($(&$written::$kind),+),*];

        /// The kinds that stand only in networks of other origin: where ways meet, and in cells of benchmarks.
        pub static INNER_KINDS: &[&Kind] = &[$($(&$inner::$part),+),*];
    };
}

kinds! {
    written {
        linear: KIND;
        conv2d: KIND;
        batch_norm: KIND;
        layer_norm: KIND;
        group_norm: KIND;
        max_pool: KIND;
        avg_pool: KIND;
        global_avg_pool: KIND;
        flatten: KIND;
        dropout: KIND;
        residual: KIND;
        repeat: KIND;
        slot: KIND;
        softmax: SOFTMAX, LOG_SOFTMAX, SOFTMIN;
    }
    inner {
        fixed: KIND;
        sum: KIND;
        concat: KIND;
        zero: KIND;
        first_channels: KIND;
    }
}

pub use avg_pool::AvgPool;
pub use batch_norm::BatchNorm;
pub use conv2d::{Conv2d, Padding};
pub use dropout::Dropout;
pub use first_channels::FirstChannels;
pub use fixed::Fixed;
pub use flatten::Flatten;
pub use global_avg_pool::GlobalAvgPool;
pub use group_norm::GroupNorm;
pub use images::Frame;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use max_pool::MaxPool;
pub use slot::Slot;
pub use softmax::Softmax;

/// The kind of this name that presets may write.
#[must_use]
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name).copied()
}
