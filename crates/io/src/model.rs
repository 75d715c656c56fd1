//! Models of other libraries: what a file holds becomes the same graph that a preset's layers become.
//!
//! A reader of a format writes a [`Program`](program::Program): steps on tensors, in words that all formats share. It is
//! followed once to make a network of it, whose layers are those of presets and whose other steps are arithmetic. Nothing in
//! a file is run.

mod error;
mod file;
mod foreign;
mod given;
mod hashed;
pub mod onnx;
pub mod program;
pub mod pt2;
pub mod recognize;
mod source;
mod trace;

pub use error::ModelError;
pub use file::{is_foreign, is_model, read, read_with_digest};
pub use trace::{Found, Imported, Wanted, leaves_first, trace};
