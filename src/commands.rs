//! What the program does without a screen.

pub mod cluster;
pub mod export;
pub mod man;
pub mod merge;
pub mod new;
pub mod presets;
pub mod rank;
pub mod report;
pub mod score;
pub mod shard;
pub mod studies;
pub mod train;
pub mod width;
pub mod worker;
