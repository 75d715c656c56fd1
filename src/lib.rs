//! neartop: `top` for untrained neural networks.

#![forbid(unsafe_code)]

pub mod catalog;
pub mod cli;
pub mod cluster;
pub mod commands;
pub mod data;
pub mod export;
pub mod network;
pub(crate) mod panics;
pub mod preset;
pub mod random;
pub mod report;
pub mod scheduler;
pub mod score;
pub mod space;
pub mod store;
pub mod study;
pub mod training;
pub mod tui;
pub mod width;
