//! neartop: `top` for untrained neural networks.
//!
//! The command line and the terminal app. To score networks from a program of your own, use the libraries below it:
//! [`neartop_core`], [`neartop_io`] and [`neartop_study`].

#![warn(clippy::unwrap_used, clippy::expect_used)]

pub mod chart;
pub mod cli;
pub mod cluster;
pub mod columns;
pub mod commands;
pub mod run;
pub mod signs;
pub mod tui;
