//! What neartop reads and writes: presets, samples, weights, and candidates as code.

pub mod data;
pub mod export;
pub mod panics;
pub mod preset;
pub mod weights;
