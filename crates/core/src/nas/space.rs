//! What the module of a space says of it.

use std::fmt;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;

use super::error::ArchitectureError;
use crate::layer::Layer;

/// What makes an architecture; it is written as its benchmark does.
pub trait Cell: fmt::Debug + fmt::Display + Send + Sync {
    /// The whole network for `classes` classes.
    fn layers(&self, classes: usize, activation: &Layer) -> Vec<Layer>;
}

/// A space of architectures.
pub struct About {
    /// In presets.
    pub name: &'static str,
    /// An architecture as it is written.
    pub example: &'static str,
    pub members: Members,
    pub parse: fn(&str) -> Result<Arc<dyn Cell>, ArchitectureError>,
}

/// Which architectures a space has.
pub enum Members {
    /// They are numbered from 0.
    Numbered { size: usize, nth: fn(usize) -> Arc<dyn Cell> },
    /// They can only be drawn; none if a draw is not of the space.
    Drawn { size: usize, draw: fn(&mut ChaCha8Rng) -> Option<Drawn> },
}

/// An architecture, and a name that is the same for all ways to write it.
pub type Drawn = (Arc<dyn Cell>, String);
