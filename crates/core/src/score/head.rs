//! The last layer with weights, where it starts at zero.

use candle_core::{Result, Tensor};

use crate::kernels::with_elements;
use crate::network::Node;

/// Whether the last layer with weights gives nothing but zeros though what enters it differs between samples. Such a network
/// is not dead: its first step makes the layer tell them apart. Zhang et al. 2019 (arXiv 1901.09321) start so on purpose.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    /// What enters the layer of the first sample.
    first: Vec<f32>,
    differs: bool,
    gives: bool,
}

impl Head {
    /// Looks at the first `samples` of an input `[samples, ...]` of a node, all samples in one go or a few at a time.
    pub fn enter(&mut self, node: &Node, input: &Tensor, samples: usize) -> Result<()> {
        if self.differs || !node.surroundings.is_output {
            return Ok(());
        }
        with_elements(&input.narrow(0, 0, samples)?, |values| {
            let units = (values.len() / samples.max(1)).max(1);
            let mut rows = values.chunks_exact(units);
            if self.first.is_empty() {
                self.first = rows.next().unwrap_or_default().to_vec();
            }
            self.differs = rows.any(|row| row != self.first);
        })
    }

    /// Looks at an output `[samples, ...]` of a node.
    pub fn observe(&mut self, node: &Node, output: &Tensor) -> Result<()> {
        if self.gives || !node.surroundings.is_output {
            return Ok(());
        }
        self.gives = with_elements(output, |values| values.iter().any(|y| *y != 0.0))?;
        Ok(())
    }

    pub fn starts_at_zero(&self) -> bool {
        self.differs && !self.gives
    }
}
