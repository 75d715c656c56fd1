//! NEAR for untrained neural networks: the network, its draws, effective ranks and scores.
//!
//! A network is a list of [`layers`], built into a graph of nodes with inferred shapes. A
//! [`Repetition`](score::Repetition) draws its weights and scores it with any activation in its slots. The score is the
//! sum of the effective ranks of the outputs of its layers.
//!
//! ```
//! use candle_core::{Device, Tensor};
//! use neartop_core::layers::{Linear, Slot};
//! use neartop_core::network::{Activation, Init, Network, Shape};
//! use neartop_core::random::{Key, Purpose};
//! use neartop_core::score::Repetition;
//!
//! let layers = [Linear::new(32).into(), Slot::default().into(), Linear::new(4).into()];
//! let network = Network::build(Shape(vec![16]), &layers)?;
//! let samples = network.samples_needed();
//! let key = Key { seed: 0, repetition: 0, layer: 0, purpose: Purpose::Inputs };
//! let inputs = Tensor::from_vec(key.standard_normals(samples * 16), (samples, 16), &Device::Cpu)?;
//! let init = Init::named("orthogonal")?;
//! let score = Repetition::new(&network, inputs, &init).score_one(Some(Activation::named("tanh")?.into()))?;
//! assert_eq!(score.effective_ranks.len(), 3);
//! assert!(score.near > 0.0 && score.near <= 32.0 + 32.0 + 4.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(clippy::unwrap_used, clippy::expect_used)]

pub mod activation;
mod aliases;
pub mod arithmetic;
pub mod catalog;
pub mod differentiable;
mod dispatch;
pub mod fill;
mod fusing;
pub mod idle;
pub mod init;
pub mod kernels;
pub mod layer;
pub mod layers;
mod logarithm;
pub mod nas;
pub mod network;
pub mod parameters;
pub mod random;
pub mod recipe;
pub mod score;
pub mod settings;
pub mod shape;
pub mod start;
pub mod weights;
pub mod width;
