//! The kinds of layers: a file for each.
//!
//! To add one, write its file after the example of another and name it in the list below. What the trait
//! [`Operation`](crate::layer::Operation) and its [`Kind`] do not ask for, nobody else needs to know, except the writers of
//! code for other libraries.

mod activations;
mod branches;
mod convolution;
mod images;
mod tokens;
mod transposed;
mod units;

use crate::layer::Kind;
pub use convolution::{Conv, Padding};
pub use images::Frame;
pub use transposed::Transposed;
pub use units::Units;

/// Declares the files with what they define, and lists the kinds.
macro_rules! kinds {
    (
        written { $($written:ident ($($kind:ident),+) $($public:ident),*;)* }
        inner { $($inner:ident ($($part:ident),+) $($visible:ident),*;)* }
        brought { $($brought:ident ($($own:ident),+) $($shown:ident),*;)* }
    ) => {
        $(pub mod $written; $(pub use $written::$public;)*)*
        $(pub mod $inner; $(pub use $inner::$visible;)*)*
        $(pub mod $brought; $(pub use $brought::$shown;)*)*

        /// The kinds that presets may write, in the order of messages and documentation.
        pub static KINDS: &[&Kind] = &[$($(&$written::$kind),+),*];

        /// The kinds that stand only in networks of other origin: where ways meet, and in cells of benchmarks.
        pub static INNER_KINDS: &[&Kind] = &[$($(&$inner::$part),+),*];

        /// The kinds that stand only in models of other libraries, whose code is there already.
        pub static BROUGHT_KINDS: &[&Kind] = &[$($(&$brought::$own),+),*];
    };
}

kinds! {
    written {
        linear (KIND) Linear;
        conv2d (KIND) Conv2d;
        conv1d (KIND) Conv1d;
        batch_norm (KIND) BatchNorm;
        layer_norm (KIND) LayerNorm;
        group_norm (KIND) GroupNorm;
        max_pool (KIND) MaxPool;
        avg_pool (KIND) AvgPool;
        global_avg_pool (KIND) GlobalAvgPool;
        flatten (KIND) Flatten;
        dropout (KIND) Dropout;
        residual (KIND);
        repeat (KIND);
        slot (KIND) Slot;
        softmax (SOFTMAX, LOG_SOFTMAX, SOFTMIN) Softmax;
        add (KIND);
        multiply (KIND);
        concat (KIND);
        save (KIND) Save;
        use_saved (KIND) Use;
        embedding (KIND) Embedding;
        positions (KIND) Positions;
        class_token (KIND) ClassToken;
        attention (KIND);
        recurrent (LSTM, GRU, RNN);
        gated (KIND);
        rms_norm (KIND) RmsNorm;
        instance_norm (KIND) InstanceNorm;
        scale (KIND) Scale;
        conv_transpose1d (KIND) ConvTranspose1d;
        conv_transpose2d (KIND) ConvTranspose2d;
        adaptive_avg_pool (KIND) AdaptiveAvgPool;
        upsample (KIND) Upsample;
        permute (KIND) Permute;
        reshape (KIND) Reshape;
        mean (KIND) Mean;
        select (KIND) Select;
    }
    inner {
        fixed (KIND) Fixed;
        sum (KIND) Sum;
        product (KIND) Product;
        concatenation (KIND) Concat;
        attend (KIND) Attend;
        projection (KIND) Projection;
        recurrence (KIND) Recurrence;
        zero (KIND) Zero;
        first_channels (KIND) FirstChannels;
        shift (KIND) Shift;
    }
    brought {
        calculation (KIND) Calculation, Operand;
        normalization (KIND) Norm, Normalization;
        lookup (KIND) Lookup;
    }
}

/// The kind of this name that presets may write.
#[must_use]
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name).copied()
}
