//! What a run asks a study for: its work, identified by content.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::data::{DataError, DataFrom};
use crate::network::{Activation, Init};
use crate::preset::Definition;
use crate::scheduler::NearScorer;
use crate::space::{Candidate, Space};

/// The version of what a score is. It must be raised whenever the numbers of any network, activation, initialization,
/// data set or stream of draws change, or a default that presets leave out: what older versions stored is not found
/// any more then, and computed anew.
pub const DEFINITION: u32 = 1;

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
    network: &'a Definition,
    samples: SamplesContent,
}

#[derive(Serialize)]
struct SamplesContent {
    /// `gaussian`, `uniform`, or `given` for samples that come from a data set.
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
    activation: Option<&'a Activation>,
    init: &'a Init,
}

impl Work {
    /// The work of all candidates of a space.
    ///
    /// # Errors
    /// If the samples cannot be had.
    pub fn new(space: &Space, scorer: &NearScorer) -> Result<Self, DataError> {
        let preset = &space.preset;
        let samples = SamplesContent {
            from: match preset.data.from {
                DataFrom::Gaussian => "gaussian",
                DataFrom::Uniform => "uniform",
                DataFrom::Digits { .. } | DataFrom::Airfoil | DataFrom::File { .. } => "given",
            },
            batch: scorer.samples().batch_size(),
            first: scorer.samples().fingerprint(0)?,
        };
        let content = Content { definition: DEFINITION, network: &preset.definition(), samples };
        let content = canonical(&content)?;
        Ok(Self {
            key: sha256(&content),
            content,
            name: preset.name.clone(),
            seed: preset.seed,
            repetitions: preset.repetitions,
            candidates: space
                .candidates
                .iter()
                .map(|candidate| WorkCandidate::new(space, candidate))
                .collect::<Result<_, _>>()?,
        })
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

impl WorkCandidate {
    fn new(space: &Space, candidate: &Candidate) -> Result<Self, DataError> {
        let of_space = space.preset.search.architectures.as_ref().map(|a| a.space.name());
        let architecture = match (&candidate.architecture, of_space) {
            (Some(architecture), Some(name)) => Some(format!("{name} {architecture}")),
            _ => space.preset.architecture(),
        };
        let content = CandidateContent {
            architecture: architecture.as_deref(),
            activation: candidate.activation.as_ref(),
            init: &candidate.init,
        };
        Ok(Self {
            key: canonical(&content)?,
            activation: candidate.activation.as_ref().map(ToString::to_string),
            init: candidate.init.to_string(),
            parameters: candidate.parameters,
            architecture,
        })
    }
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
