//! What a run asks a study for: its work, identified by content.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::scheduler::NearScorer;
use crate::space::{Candidate, Space};
use crate::width::{Measurement, Stage};
use neartop_core::init::Initializer;
use neartop_core::network::{Fill, Init};
use neartop_io::data::{DataError, DataFrom, Samples};
use neartop_io::preset::{Definition, Preset};

/// The version of what a score is. It rises whenever a score or how signals pass changes by more than rounding: a network,
/// activation, initialization, data set or stream of draws, or a default that presets leave out. What older versions
/// stored is not found any more then, and computed anew. It does not rise for rounding, which is not the same on every
/// machine either, nor for what is new. `tests/store/definition.rs` guards it.
pub const DEFINITION: u32 = 8;

/// The work of a run: one study's worth of candidates and repetitions.
///
/// Two runs have the same work if their candidates, one by one, would get the same numbers: the network, the seed, the
/// options of scoring and the samples are the same. Names, orders, paths, and how many activations, initializations or
/// repetitions there are do not matter.
#[derive(Debug, Clone)]
pub struct Work {
    /// SHA-256 of the content, in hexadecimal.
    pub key: String,
    /// The content as JSON in a canonical form.
    pub content: String,
    /// What the preset is called, for people.
    pub name: String,
    /// The preset as YAML that can be read from anywhere, to open the work again.
    pub preset: String,
    pub seed: u64,
    pub repetitions: usize,
    pub candidates: Vec<WorkCandidate>,
}

/// A candidate as a study knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkCandidate {
    /// Its content as JSON in a canonical form.
    pub key: String,
    pub architecture: Option<String>,
    /// As rankings show it; none where the network has no slot.
    pub activation: Option<String>,
    pub init: String,
    /// Number of trained parameters.
    pub parameters: u64,
}

#[derive(Serialize)]
struct Content<'a> {
    definition: u32,
    /// What is ranked, where that is not every counted layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    ranked: Option<&'static str>,
    network: &'a Definition,
    samples: SamplesContent,
}

#[derive(Serialize)]
struct SamplesContent {
    /// `gaussian`, `uniform`, `tokens`, or `given` for samples that come from a data set.
    from: &'static str,
    /// In a repetition.
    batch: usize,
    /// Fingerprint of the first repetition's samples, scaled; those of the others stand beside the results.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<String>,
}

#[derive(Serialize)]
struct CandidateContent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    architecture: Option<&'a str>,
    #[serde(rename = "activation")]
    fill: Option<&'a Fill>,
    init: &'a Init,
    /// Some weights start at zero. Before candidates said so, a last layer of zeros counted as a dead network.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    starts_at_zero: bool,
}

impl Work {
    /// The work of all candidates of a space.
    ///
    /// # Errors
    /// If the samples cannot be had.
    pub fn new(space: &Space, scorer: &NearScorer) -> Result<Self, DataError> {
        let preset = &space.preset;
        let samples = SamplesContent::new(preset, scorer.samples(), scorer.samples().batch_size())?;
        let network = &preset.definition();
        let content = canonical(&Content { definition: DEFINITION, ranked: None, network, samples })?;
        Ok(Self {
            key: sha256(&content),
            content,
            name: preset.name.clone(),
            preset: from_anywhere(preset),
            seed: preset.seed,
            repetitions: preset.repetitions,
            candidates: space
                .candidates
                .iter()
                .map(|candidate| WorkCandidate::new(space, candidate))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The works of a measurement of sizes, one for each size: the effective rank of the last of the layers up to the one
    /// that is sized. Their only candidate is what fills the slots with the initialization that is measured.
    ///
    /// # Errors
    /// If the samples cannot be had.
    pub fn of_sizes(measurement: &Measurement, preset: &Preset, samples: &Samples) -> Result<Vec<Self>, DataError> {
        let (fill, init) = (measurement.fill.as_ref(), &measurement.init);
        // The rank of one layer is the same, whatever starts at zero.
        let key = canonical(&CandidateContent { architecture: None, fill, init, starts_at_zero: false })?;
        let candidate = |parameters| WorkCandidate {
            key: key.clone(),
            architecture: None,
            activation: fill.map(ToString::to_string),
            init: init.to_string(),
            parameters,
        };
        let work = |stage: &Stage| {
            let network = &stage.definition;
            let samples = SamplesContent::new(preset, samples, stage.samples)?;
            let content = Content { definition: DEFINITION, ranked: Some("the last layer"), network, samples };
            let content = canonical(&content)?;
            Ok(Self {
                key: sha256(&content),
                content,
                name: format!("{}: layer {} at {}", preset.name, measurement.target.index, stage.size),
                preset: from_anywhere(preset),
                seed: measurement.seed,
                repetitions: measurement.repetitions,
                candidates: vec![candidate(stage.parameters)],
            })
        };
        measurement.stages().iter().map(work).collect()
    }

    /// SHA-256 of the work together with its candidates in their order, in hexadecimal: where it is the same, so is what
    /// the number of a candidate stands for.
    #[must_use]
    pub fn order_key(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(&self.key);
        for candidate in &self.candidates {
            hash.update([0]);
            hash.update(&candidate.key);
        }
        hexadecimal(&hash.finalize())
    }

    /// The place of each candidate by its key.
    #[must_use]
    pub fn places(&self) -> HashMap<&str, usize> {
        self.candidates.iter().enumerate().map(|(place, candidate)| (candidate.key.as_str(), place)).collect()
    }
}

impl SamplesContent {
    /// The first `count` samples of a repetition, or all where there are fewer.
    fn new(preset: &Preset, samples: &Samples, count: usize) -> Result<Self, DataError> {
        let from = match preset.data.from {
            DataFrom::Gaussian => "gaussian",
            DataFrom::Uniform => "uniform",
            DataFrom::Tokens => "tokens",
            DataFrom::Digits { .. } | DataFrom::Airfoil | DataFrom::File { .. } => "given",
        };
        Ok(Self { from, batch: count.min(samples.batch_size()), first: samples.fingerprint_of(0, count)? })
    }
}

impl WorkCandidate {
    pub(super) fn new(space: &Space, candidate: &Candidate) -> Result<Self, DataError> {
        let of_space = space.preset.search.architectures.as_ref().map(|a| a.space.name());
        let architecture = match (&candidate.architecture, of_space) {
            (Some(architecture), Some(name)) => Some(format!("{name} {architecture}")),
            _ => space.preset.architecture(),
        };
        let content = CandidateContent {
            architecture: architecture.as_deref(),
            fill: candidate.fill.as_ref(),
            init: &candidate.init,
            starts_at_zero: starts_at_zero(space, candidate),
        };
        Ok(Self {
            key: canonical(&content)?,
            activation: candidate.fill.as_ref().map(ToString::to_string),
            init: candidate.init.to_string(),
            parameters: candidate.parameters,
            architecture,
        })
    }
}

/// Whether some weights of a candidate may start at zero, biases apart. Networks of architectures have no starts of their own.
fn starts_at_zero(space: &Space, candidate: &Candidate) -> bool {
    let network = candidate.architecture.is_none().then(|| space.network());
    let own = network.into_iter().flat_map(|network| &network.nodes).filter_map(|node| node.operation.own_init());
    candidate.init.may_start_at_zero() || own.filter_map(|own| own.weight.as_ref()).any(Initializer::is_zero)
}

/// A preset whose paths are absolute, as YAML.
fn from_anywhere(preset: &Preset) -> String {
    let mut preset = preset.clone();
    preset.data.from.make_absolute();
    preset.to_yaml()
}

/// Compact JSON with the fields in the order of their declaration.
fn canonical(content: &impl Serialize) -> Result<String, DataError> {
    serde_json::to_string(content).map_err(|e| DataError::Invalid(e.to_string()))
}

fn sha256(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
