//! What `neartop presets check --format json` says.

use serde::Serialize;

use neartop_io::preset::printable;
use neartop_study::space::Space;

/// What a preset would run.
#[derive(Serialize)]
pub struct Facts<'a> {
    preset: &'a str,
    /// The shape of a sample.
    input: &'a [usize],
    candidates: usize,
    /// The most of a candidate.
    repetitions: usize,
    parameters: u64,
    /// Samples of a repetition.
    samples: usize,
    /// Bytes of a score.
    memory: u64,
    slots: Vec<&'a str>,
    /// Activations of a model, in order.
    activations: Vec<Stands>,
    remarks: Vec<String>,
}

/// An activation of a model, and where it stands.
#[derive(Serialize)]
struct Stands {
    activation: String,
    module: String,
    source: String,
    /// None where it is not searched.
    slot: Option<String>,
}

impl<'a> Facts<'a> {
    pub fn new(space: &'a Space, remarks: Vec<String>) -> Self {
        let preset = &space.preset;
        let found = preset.model.iter().flat_map(|model| &model.activations);
        Self {
            preset: &preset.name,
            input: &preset.network.input.shape.0,
            candidates: space.candidates.len(),
            repetitions: preset.repetitions,
            parameters: preset.network.parameters(None),
            samples: space.batch(),
            memory: space.memory(),
            slots: preset.network.slots(),
            activations: found
                .map(|found| Stands {
                    activation: found.activation.to_string(),
                    module: printable(&found.module),
                    source: printable(&found.source),
                    slot: found.slot.clone(),
                })
                .collect(),
            remarks,
        }
    }
}
