//! neartop: `top` for untrained neural networks.

pub mod chart;
pub mod cli;
pub mod cluster;
pub mod columns;
pub mod commands;
pub mod run;
pub mod signs;
pub mod tui;
