//! Why there is no score.

use super::effective_rank::RankError;
use crate::network::Node;

/// How the message of [`ScoreError::NonFinite`] begins.
pub const NON_FINITE: &str = "values that are not finite";

/// Why a repetition of a candidate has no score.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    #[error("{} after layer {module} ({kind})", NON_FINITE)]
    NonFinite { module: String, kind: String },
    #[error("the singular values of layer {module} ({kind}) could not be computed")]
    NoConvergence { module: String, kind: String },
    #[error("cancelled")]
    Cancelled,
    #[error("{}", without_backtrace(.0))]
    Tensor(#[from] candle_core::Error),
}

/// What is wrong, which candle lets a backtrace follow where `RUST_BACKTRACE` asks for one.
fn without_backtrace(error: &candle_core::Error) -> &candle_core::Error {
    match error {
        candle_core::Error::WithBacktrace { inner, .. } => without_backtrace(inner),
        other => other,
    }
}

/// The same error for one more candidate.
pub fn again(error: &ScoreError) -> ScoreError {
    match error {
        ScoreError::NonFinite { module, kind } => ScoreError::NonFinite { module: module.clone(), kind: kind.clone() },
        ScoreError::Cancelled => ScoreError::Cancelled,
        other => ScoreError::Tensor(candle_core::Error::Msg(other.to_string())),
    }
}

/// Why a node's output has no rank.
pub fn failure(node: &Node, error: RankError) -> ScoreError {
    let (module, kind) = (node.name().to_owned(), node.kind().to_owned());
    match error {
        RankError::NonFinite => ScoreError::NonFinite { module, kind },
        RankError::NoConvergence => ScoreError::NoConvergence { module, kind },
    }
}
