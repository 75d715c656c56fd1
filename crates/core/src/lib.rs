//! NEAR for untrained neural networks: the network, its draws, effective ranks and scores.

pub mod activation;
mod aliases;
pub mod catalog;
pub mod differentiable;
pub mod init;
pub mod kernels;
pub mod layer;
pub mod layers;
pub mod nas;
pub mod network;
pub mod parameters;
pub mod random;
pub mod score;
pub mod settings;
pub mod shape;
pub mod weights;
pub mod width;
