//! NEAR for untrained neural networks: the network, its draws, effective ranks and scores.

pub mod catalog;
pub mod network;
pub mod random;
pub mod score;
pub mod settings;
pub mod width;
