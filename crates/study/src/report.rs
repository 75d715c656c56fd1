//! A study in the words of other programs: the JSON of `rank`, which exports and tables are made of too.

mod repaired;

use serde::{Serialize, Serializer};

pub use repaired::{RepairReport, Way};

use std::collections::HashSet;

use crate::study::race::Race;
use crate::study::{Agreement, ByProxy, Evidence, FirstSteps, ProxyAgreement, Ranked, Status, Study, Trained};
use neartop_core::network::{Fill, Init};
use neartop_core::score::propagation::{LayerSignal, Trainability};

/// The JSON of `rank`.
#[derive(Debug, Clone, Serialize)]
pub struct Report<'a> {
    /// Version of the program.
    pub neartop: &'static str,
    pub preset: String,
    pub seed: u64,
    /// Of every candidate, or with `auto` the most.
    pub repetitions: usize,
    /// With `auto`: whether only candidates are left at the top that no repetition tells apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled: Option<bool>,
    pub elapsed_seconds: f64,
    pub candidates: Vec<CandidateReport<'a>>,
    /// Of NEAR with the known values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreement>,
    /// Of architectures: of NEAR and of what else may order them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement_of_proxies: Option<ByProxy<ProxyAgreement>>,
    /// Of architectures: the proxies of the aggregate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregate_of: Option<Vec<&'static str>>,
    pub recommended: Option<Recommendation>,
    /// Why there is none, where candidates have scores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_recommendation: Option<String>,
}

/// One candidate.
#[derive(Debug, Clone, Serialize)]
pub struct CandidateReport<'a> {
    /// From 1; candidates that tie exactly share it. Null without a score.
    pub rank: Option<usize>,
    pub tied_with_best: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    #[serde(rename = "activation")]
    pub fill: Option<Fill>,
    pub init: Init,
    pub near: Option<f64>,
    pub standard_error: Option<f64>,
    /// Mean paired difference to the best and its standard error.
    pub behind_best: Option<f64>,
    pub behind_best_error: Option<f64>,
    /// The known value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truth: Option<f64>,
    /// What its first steps came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_steps: Option<FirstSteps>,
    /// What a short training came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trained: Option<TrainedReport>,
    /// Repetitions scored.
    pub repetitions: usize,
    pub parameters: u64,
    /// Of a forward pass of one sample.
    pub multiply_adds: u64,
    /// Of architectures: what may order them beside NEAR.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxies: Option<ByProxy<f64>>,
    /// Whether it cannot be told apart from the recommended one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub equivalent: bool,
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Null before the first score, and where the samples are too few to tell.
    pub trainability: Option<Trainability>,
    /// The learning rate of the preset, where the candidate would train with the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decisive_rate: Option<f64>,
    /// How a candidate that will not train could be made to, where that was asked for and found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<RepairReport<'a>>,
    /// Why it could not, where that was asked for in vain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_repair: Option<String>,
    pub layers: Layers<'a>,
}

/// What a short training of a candidate came to, on samples held out.
#[derive(Debug, Clone, Serialize)]
pub struct TrainedReport {
    /// Of classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Of a regression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r_squared: Option<f64>,
    /// Null where training diverged.
    pub loss: Option<f64>,
    pub epochs: f64,
}

impl TrainedReport {
    fn new(trained: Trained) -> Self {
        let Trained { quality, is_accuracy, loss, epochs } = trained;
        let (accuracy, r_squared) = if is_accuracy { (Some(quality), None) } else { (None, Some(quality)) };
        Self { accuracy, r_squared, loss, epochs }
    }
}

/// The counted layers of a candidate, written out one candidate at a time: thousands have millions of them.
#[derive(Debug, Clone)]
pub struct Layers<'a> {
    study: &'a Study,
    id: usize,
}

impl Serialize for Layers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let layers =
            if self.study.status(self.id) == Status::Failed { Vec::new() } else { layers(self.study, self.id) };
        layers.serialize(serializer)
    }
}

/// A counted layer.
#[derive(Debug, Clone, Serialize)]
pub struct LayerReport {
    pub module: String,
    pub kind: String,
    /// Number of columns of the rank matrix: the largest effective rank there can be.
    pub width: usize,
    pub effective_rank: f64,
    /// How signals pass; none where they were not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<LayerSignal>,
    #[serde(skip)]
    pub is_activation: bool,
}

/// The candidate to take, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Recommendation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    #[serde(rename = "activation")]
    pub fill: Option<Fill>,
    pub init: Init,
    pub why: String,
    /// What it stands on.
    pub evidence: Evidence,
    /// Other candidates that will train and cannot be told apart from it; none where candidates may not train either.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equivalent: Option<usize>,
    /// Whether these are most of all that will train.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub equivalent_are_most: bool,
    /// Some of these by name, and whether the choice matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// All of these.
    #[serde(skip)]
    pub equivalents: Vec<usize>,
}

impl<'a> Report<'a> {
    /// The study as ranked now, its best `top` candidates.
    #[must_use]
    pub fn new(study: &'a Study, elapsed_seconds: f64, top: Option<usize>) -> Self {
        let ranking = study.ranking();
        let shown = ranking.iter().take(top.unwrap_or(usize::MAX));
        let preset = &study.space.preset;
        // Their networks are built anew for it.
        let proxies = if top == Some(0) { None } else { study.proxies() };
        let recommended = study.recommended_of(&ranking).map(|(id, why)| Recommendation::new(study, id, why));
        let equivalents: HashSet<_> = recommended.iter().flat_map(|choice| &choice.equivalents).copied().collect();
        let report = |ranked: &Ranked| CandidateReport {
            proxies: proxies.as_ref().and_then(|proxies| proxies.of(ranked.candidate)),
            equivalent: equivalents.contains(&ranked.candidate),
            ..CandidateReport::new(study, ranked)
        };
        Self {
            neartop: env!("CARGO_PKG_VERSION"),
            preset: preset.name.clone(),
            seed: preset.seed,
            repetitions: study.repetitions(),
            settled: study.race().map(Race::is_settled),
            elapsed_seconds,
            candidates: shown.map(report).collect(),
            agreement: study.agreement(),
            agreement_of_proxies: proxies.as_ref().and_then(|proxies| proxies.agreement(study)),
            aggregate_of: proxies.as_ref().and_then(|proxies| proxies.aggregated.clone()),
            recommended,
            no_recommendation: study.no_recommendation(),
        }
    }

    /// As JSON over several lines.
    ///
    /// # Errors
    /// If a number cannot be written.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}

impl Recommendation {
    fn new(study: &Study, id: usize, why: String) -> Self {
        let candidate = study.candidate(id);
        let equivalent = study.equivalent_to_recommended(id);
        Self {
            architecture: candidate.architecture.as_ref().map(ToString::to_string),
            fill: candidate.fill.clone(),
            init: candidate.init.clone(),
            why,
            evidence: study.evidence_of(id),
            equivalent: equivalent.as_ref().map(|equivalent| equivalent.count),
            equivalent_are_most: equivalent.as_ref().is_some_and(|equivalent| equivalent.are_most),
            remark: equivalent.as_ref().and_then(|equivalent| study.phrase_of_equivalent(equivalent)),
            equivalents: equivalent.map(|equivalent| equivalent.candidates).unwrap_or_default(),
        }
    }
}

impl<'a> CandidateReport<'a> {
    #[must_use]
    pub fn new(study: &'a Study, ranked: &Ranked) -> Self {
        let id = ranked.candidate;
        let candidate = study.candidate(id);
        let near = study.near(id);
        Self {
            rank: ranked.rank,
            tied_with_best: ranked.tied_with_best,
            architecture: candidate.architecture.as_ref().map(ToString::to_string),
            fill: candidate.fill.clone(),
            init: candidate.init.clone(),
            near: near.map(|e| e.mean),
            standard_error: near.and_then(|e| e.standard_error),
            behind_best: ranked.behind_best.map(|e| e.mean),
            behind_best_error: ranked.behind_best.and_then(|e| e.standard_error),
            truth: study.truth(id),
            first_steps: study.first_steps(id),
            trained: study.trained(id).map(TrainedReport::new),
            repetitions: study.count(id),
            parameters: candidate.parameters,
            multiply_adds: candidate.multiply_adds,
            proxies: None,
            equivalent: false,
            status: study.status(id).name(),
            reason: study.reason(id),
            remark: study.remark(id),
            trainability: study.trainability(id),
            decisive_rate: study.decisive_rate(id),
            repair: RepairReport::new(study, id),
            no_repair: study.no_repair(id).map(ToString::to_string),
            layers: Layers { study, id },
        }
    }
}

/// The counted layers of a candidate with their mean effective ranks; empty before the first score.
#[must_use]
pub fn layers(study: &Study, id: usize) -> Vec<LayerReport> {
    let fill = study.candidate(id).fill.as_ref();
    let network = study.space.network_of(id);
    let counted = network.counted();
    let signals = study.propagation(id).map(|p| p.layers).unwrap_or_default();
    let layer = |(at, (node, effective_rank)): (usize, (&&neartop_core::network::Node, f64))| LayerReport {
        module: node.module().to_owned(),
        kind: node.filled(fill).map_or(node.kind(), |activation| activation.name()).to_owned(),
        width: node.units(),
        effective_rank,
        signal: signals.get(at).cloned(),
        is_activation: node.is_activation(),
    };
    counted.iter().zip(study.effective_ranks(id)).enumerate().map(layer).collect()
}
