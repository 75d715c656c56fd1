//! What kinds of layers over sequences of features share.

use crate::shape::Form;

/// That a form is no sequence of features.
pub fn needs_tokens(input: &Form) -> String {
    match input.sequence_of_channels() {
        Some(_) => format!("{input} come in, but it needs tokens x features: put `permute: [1, 0]` before it"),
        None => match input.image() {
            Some([channels, height, width]) => format!(
                "{input} come in, but it needs tokens x features: put `reshape: [{channels}, {}]` and `permute: [1, 0]` before it",
                height.saturating_mul(width)
            ),
            None => format!("{input} come in, but it needs a sequence: tokens x features"),
        },
    }
}
