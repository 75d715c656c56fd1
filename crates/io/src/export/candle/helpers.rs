//! What candle lacks, written into a file only where the network needs it.

mod layers;
mod weights;

use crate::export::source::{Source, mentions};

/// What the code of a network may mention.
const ALL: &[(&str, &str)] = &[
    ("Norm", layers::NORM),
    ("PositionNorm", layers::POSITION_NORM),
    ("prelu", layers::PRELU),
    ("Recurrence", layers::RECURRENCE),
    ("lstm_step", layers::LSTM_STEP),
    ("gru_step", layers::GRU_STEP),
    ("rnn_step", layers::RNN_STEP),
    ("attend", layers::ATTEND),
    ("adaptive_mean", layers::ADAPTIVE_MEAN),
    ("pad", layers::PAD),
    ("truncated_normal", weights::TRUNCATED_NORMAL),
    ("orthogonal", weights::ORTHOGONAL),
    ("sparse", weights::SPARSE),
    ("dirac", weights::DIRAC),
    ("unit_variance", weights::UNIT_VARIANCE),
];

/// Writes the types and functions that `code` needs, activations apart.
pub fn write(out: &mut Source, code: &str) {
    ALL.iter().filter(|(name, _)| mentions(code, name)).for_each(|(_, text)| out.block(text));
}
