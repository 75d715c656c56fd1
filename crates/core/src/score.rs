//! Scoring one repetition of candidates: NEAR, layer by layer.

pub mod blocks;
mod common;
pub mod effective_rank;
mod error;
mod given;
mod head;
mod images;
mod levels;
mod probe;
pub mod propagation;
mod rank_matrix;
pub mod repair;
mod repetition;
mod result;
pub mod spectrum;

pub use common::CommonScores;
pub use error::{NON_FINITE, ScoreError};
pub use given::score_given;
pub use levels::Sizes;
pub use repetition::{Repetition, score_together};
pub use result::Score;
