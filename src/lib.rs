//! neartop: `top` for untrained neural networks.

#![forbid(unsafe_code)]

pub mod catalog;
pub mod data;
pub mod network;
pub mod random;
pub mod score;
