//! neartop: `top` for untrained neural networks.

pub mod cli;
pub mod cluster;
pub mod commands;
pub mod tui;
