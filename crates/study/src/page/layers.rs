//! The counted layers of one candidate.

use super::name::Name;
use super::text::{count, fixed};
use crate::report::{LayerReport, layers};
use crate::study::Study;
use neartop_core::fill::PLAIN;
use neartop_core::network::Fill;

/// Layers on a page at the most.
const MOST: usize = 300;

/// The layers of the recommended candidate.
pub struct Layers {
    pub name: Name,
    /// Formulas of what fills the slots and of the initialization: what it is, and the formula.
    pub formulas: Vec<(String, String)>,
    pub rows: Vec<Row>,
    pub has_signals: bool,
    /// What is left out.
    pub note: Option<String>,
}

/// A counted layer.
pub struct Row {
    pub module: String,
    pub kind: String,
    pub is_activation: bool,
    pub width: usize,
    pub rank: String,
    /// Of its width, from 0 to 100.
    pub share: f64,
    /// Root mean square of its output, and a gradient that comes back to it over the one at the network's output.
    pub size: String,
    pub gradient: String,
}

impl Layers {
    /// None without a score.
    pub fn new(study: &Study, id: usize) -> Option<Self> {
        let all = layers(study, id);
        if all.is_empty() {
            return None;
        }
        let candidate = study.candidate(id);
        let parts = candidate.fill.as_ref().map(Fill::parts).unwrap_or_default();
        let mut formulas: Vec<_> = parts
            .into_iter()
            .map(|(slot, activation)| {
                let of_slot = if slot == PLAIN { String::new() } else { format!(" in slot {slot}") };
                (format!("{activation}{of_slot}"), format!("f(x) = {}", activation.entry().formula))
            })
            .collect();
        formulas.push((candidate.init.to_string(), candidate.init.formula()));
        Some(Self {
            name: Name::of(study, id),
            formulas,
            has_signals: all.iter().any(|layer| layer.signal.is_some()),
            note: (all.len() > MOST).then(|| format!("The first {MOST} of {}.", count(all.len(), "layer"))),
            rows: all.iter().take(MOST).map(Row::new).collect(),
        })
    }
}

impl Row {
    fn new(layer: &LayerReport) -> Self {
        let signal = layer.signal.as_ref();
        Self {
            module: layer.module.clone(),
            kind: layer.kind.clone(),
            is_activation: layer.is_activation,
            width: layer.width,
            rank: fixed(layer.effective_rank, 1),
            share: 100.0 * layer.effective_rank / layer.width.max(1) as f64,
            size: signal.map(|signal| power(signal.ln_size)).unwrap_or_default(),
            gradient: signal.and_then(|signal| signal.ln_gradient).map(power).unwrap_or_default(),
        }
    }
}

/// e to this power: `0.83`, or `1.2e-9` where that is far from 1.
fn power(ln: f64) -> String {
    if ln.abs() < 5.0 { format!("{:.2}", ln.exp()) } else { format!("{:.1e}", ln.exp()) }
}
