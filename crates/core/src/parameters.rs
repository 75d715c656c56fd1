//! The weights of one node of a network, as tensors.

use candle_core::{Result, Tensor, bail};

use crate::kernels::Source;
use crate::settings::BatchNorm;

/// The weights of one node, by name. Absent ones have their neutral values: ones, zeros, or where they start.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    tensors: Vec<(&'static str, Tensor)>,
    /// Of a batch norm: whose statistics it takes.
    pub batch_norm: BatchNorm,
    /// Of a batch norm that trains: over how many of the first samples it takes its statistics, without all.
    pub batch: Option<usize>,
    /// Whether nothing needs the first input of the node any more, so that its memory may be used for the output.
    pub input_is_spare: bool,
}

impl Parameters {
    #[must_use]
    pub fn new(batch_norm: BatchNorm) -> Self {
        Self { batch_norm, ..Self::default() }
    }

    /// The same with one more tensor.
    #[must_use]
    pub fn with(mut self, name: &'static str, tensor: Tensor) -> Self {
        self.tensors.push((name, tensor));
        self
    }

    /// The same with all tensors of another.
    #[must_use]
    pub fn with_all(mut self, other: &Self) -> Self {
        self.tensors.extend(other.tensors.iter().cloned());
        self
    }

    /// Whether it has no tensors.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// The tensors with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Tensor)> {
        self.tensors.iter().map(|(name, tensor)| (*name, tensor))
    }

    /// The same with other statistics for batch norm.
    #[must_use]
    pub fn with_batch_norm(self, batch_norm: BatchNorm) -> Self {
        Self { batch_norm, ..self }
    }

    /// The first input of the node, to take elements from.
    #[must_use]
    pub fn source<'a>(&self, input: &'a Tensor) -> Source<'a> {
        if self.input_is_spare { Source::spare(input) } else { input.into() }
    }

    /// The tensor called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.iter().find(|(known, _)| *known == name).map(|(_, tensor)| tensor)
    }

    /// The tensor called `name` of the layer at `place`.
    ///
    /// # Errors
    /// If there is none.
    pub fn need(&self, name: &str, place: &str) -> Result<&Tensor> {
        match self.get(name) {
            Some(tensor) => Ok(tensor),
            None => bail!("layer {place} has no {name}"),
        }
    }
}
