//! What neartop reads and writes: presets, samples, weights, and candidates as code.
//!
//! A [`Preset`](preset::Preset) is what a user asks for, checked: a network, the activations and initializations to search,
//! and where samples come from.
//!
//! ```
//! use std::path::Path;
//!
//! use neartop_core::score::Repetition;
//! use neartop_io::data::Samples;
//! use neartop_io::preset::Preset;
//!
//! let text = "network: {input: 64, layers: [linear: 32, activation, linear: 10]}
//! data: {source: digits, scale: standardize}";
//! let preset = Preset::parse(text, "digits.yaml", Path::new("."))?;
//! assert_eq!(preset.network.summary(), "64 > 32 > * > 10");
//!
//! let samples = Samples::load(&preset.data, &preset.network.input, 0, preset.network.samples_needed(), 1)?;
//! let (activation, init) = (&preset.search.activations[0], &preset.search.inits[0]);
//! let score = Repetition::new(&preset.network, samples.batch(0)?, init).score_one(Some(activation.clone()))?;
//! assert!(score.near > 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(clippy::unwrap_used, clippy::expect_used)]

pub mod data;
pub mod export;
pub mod model;
pub mod panics;
pub mod preset;
pub mod weights;
