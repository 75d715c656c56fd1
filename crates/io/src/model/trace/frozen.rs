//! Weights that a model keeps from being trained.

use std::collections::BTreeSet;

use neartop_core::network::Network;

use super::Tracer;
use super::slots::Found;
use super::values::Fixed;

impl Tracer<'_> {
    /// Keeps in mind which parameters are frozen.
    pub(super) fn note_frozen<'f>(&mut self, taken: impl Iterator<Item = &'f Fixed>) {
        let frozen = taken.filter(|fixed| fixed.is_frozen).filter_map(|fixed| fixed.source.as_ref());
        self.frozen.extend(frozen.map(|source| source.name.clone()));
    }

    /// That some weights are frozen, or all.
    pub(super) fn of_frozen(frozen: &BTreeSet<String>, network: &Network, activations: &[Found]) -> Option<String> {
        let first = frozen.first()?;
        if network.parameters(None) == 0 {
            return Some(
                "all of its weights are frozen (requires_grad=False): every candidate keeps them, so there is nothing to rank; before the \
                 export, unfreeze what is to be trained, as by `model.requires_grad_(True)`"
                    .to_owned(),
            );
        }
        let what = match frozen.len() {
            1 => format!(
                "{first} is frozen (requires_grad=False): it stays as the file has it, and is neither drawn nor counted"
            ),
            count => format!(
                "{count} of its weights are frozen (requires_grad=False; the first is {first}): they stay as the file has them, and are \
                 neither drawn nor counted"
            ),
        };
        let around = match activations.iter().any(|found| found.is_frozen) {
            true => "; activations behind them are not searched unless `search.slots` names them",
            false => "",
        };
        Some(format!("{what} among the parameters{around}"))
    }
}
