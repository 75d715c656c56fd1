//! How candidates that will not train could be made to.

use serde::Serialize;

use crate::study::{Repair, Study};
use neartop_core::network::Init;
use neartop_core::recipe::Gains;
use neartop_core::score::propagation::Trainability;

/// The repair of a candidate.
#[derive(Debug, Clone, Serialize)]
pub struct RepairReport<'a> {
    /// From 1: its place among the repairs of all candidates, the best first and those that only just train last.
    pub place: usize,
    /// Which of its ways is to be taken: `one_factor` or `by_layer`.
    pub best: &'static str,
    #[serde(flatten)]
    pub way: Way<'a>,
    /// Beside one factor for all weights: a factor for each layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_layer: Option<Way<'a>>,
}

/// An initialization with factors that make a candidate train.
#[derive(Debug, Clone, Serialize)]
pub struct Way<'a> {
    /// The factor of all weights; null where each layer has its own.
    pub gain: Option<f64>,
    /// The factors by the name of the layer, where each has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gains: Option<Gains<'a>>,
    /// As a preset takes it.
    pub init: &'a Init,
    pub trainability: Trainability,
    /// Whether it is so near the limits that it may train to less.
    pub only_just: bool,
    pub near: f64,
    pub standard_error: Option<f64>,
    pub repetitions: usize,
}

impl<'a> RepairReport<'a> {
    /// None where there is none, or it was not looked for.
    pub fn new(study: &'a Study, id: usize) -> Option<Self> {
        let repair = study.repair(id)?;
        Some(Self {
            place: study.place_of_repair(id)?,
            best: if repair.best().gain.is_some() { "one_factor" } else { "by_layer" },
            way: Way::new(repair),
            by_layer: repair.by_layer.as_deref().map(Way::new),
        })
    }
}

impl<'a> Way<'a> {
    fn new(repair: &'a Repair) -> Self {
        Self {
            gain: repair.gain,
            gains: (!repair.gains.is_empty()).then_some(Gains(&repair.gains)),
            init: &repair.init,
            trainability: repair.trainability,
            only_just: repair.is_narrow(),
            near: repair.near,
            standard_error: repair.standard_error,
            repetitions: repair.repetitions,
        }
    }
}
