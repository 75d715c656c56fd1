//! Preset to candidates, in a fixed order.

use std::sync::Arc;

use crate::data::{DataError, Samples};
use crate::network::{Activation, BiasInit, Init, Network};
use crate::preset::Preset;

/// One combination of choices. Its `id` is its place in [`Space::candidates`].
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub id: usize,
    /// What fills the slots; none where the network has no slot.
    pub activation: Option<Activation>,
    pub init: Init,
    /// Number of trained parameters.
    pub parameters: u64,
}

impl Candidate {
    /// `tanh with normal(std=1)`; the initialization alone where the network has no slot.
    #[must_use]
    pub fn name(&self) -> String {
        let activation = self.activation.as_ref().map(|a| format!("{a} with ")).unwrap_or_default();
        format!("{activation}{}", self.init)
    }

    /// The activation as it is shown; a dash where the network has no slot.
    #[must_use]
    pub fn activation_label(&self) -> String {
        self.activation.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
    }
}

/// Everything that a preset asks to score.
#[derive(Debug, Clone)]
pub struct Space {
    pub preset: Arc<Preset>,
    pub candidates: Vec<Candidate>,
}

/// A run that would need more memory than it may.
#[derive(Debug, thiserror::Error)]
#[error("one score would hold about {need}, {jobs} at a time {total}, and the limit is {limit}")]
pub struct TooLarge {
    need: String,
    jobs: usize,
    total: String,
    limit: String,
}

impl Space {
    /// All combinations: activations in the preset's order, and for each the initializations.
    #[must_use]
    pub fn new(preset: Arc<Preset>) -> Self {
        let search = &preset.search;
        let slots: Vec<Option<Activation>> = match search.activations.as_slice() {
            [] => vec![None],
            activations => activations.iter().cloned().map(Some).collect(),
        };
        let mut candidates = Vec::with_capacity(slots.len() * search.inits.len());
        for activation in slots {
            let parameters = preset.network.parameters(activation.as_ref());
            for init in &search.inits {
                let id = candidates.len();
                candidates.push(Candidate { id, activation: activation.clone(), init: init.clone(), parameters });
            }
        }
        Self { preset, candidates }
    }

    #[must_use]
    pub fn network(&self) -> &Network {
        &self.preset.network
    }

    #[must_use]
    pub fn bias(&self) -> BiasInit {
        self.preset.search.bias
    }

    /// The candidates that share an initialization, and so most of the work of a repetition.
    #[must_use]
    pub fn groups(&self) -> Vec<Vec<usize>> {
        let inits = self.preset.search.inits.len();
        (0..inits).map(|first| (first..self.candidates.len()).step_by(inits).collect()).collect()
    }

    /// Loads the samples of all repetitions.
    ///
    /// # Errors
    /// If the data cannot be read or do not fit the network.
    pub fn samples(&self) -> Result<Samples, DataError> {
        let preset = &self.preset;
        let batch = preset.network.samples_needed();
        Samples::load(&preset.data, &preset.network.input, preset.seed, batch, preset.repetitions)
    }

    /// Refuses a run that would take more than `limit` bytes, before it takes any.
    ///
    /// # Errors
    /// Gives the sum.
    pub fn check_memory(&self, jobs: usize, limit: u64) -> Result<(), TooLarge> {
        let need = self.network().memory(self.network().samples_needed());
        let total = need.saturating_mul(jobs as u64);
        if total <= limit {
            return Ok(());
        }
        Err(TooLarge { need: bytes(need), jobs, total: bytes(total), limit: bytes(limit) })
    }
}

/// A number of bytes as people read it.
#[must_use]
pub fn bytes(n: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let power = (n.max(1).ilog2() / 10) as usize;
    let value = n as f64 / 1024f64.powi(power as i32);
    if power == 0 { format!("{n} B") } else { format!("{value:.1} {}", units[power]) }
}
