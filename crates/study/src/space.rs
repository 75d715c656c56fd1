//! Preset to candidates, in a fixed order.

use std::fmt;
use std::sync::Arc;

use neartop_core::kernels::MOST_KEPT;
use neartop_core::layers::Recurrence;
use neartop_core::nas::Architecture;
use neartop_core::network::{BiasInit, Fill, Init, Layer, Network, Node};
use neartop_core::start::Drawing;
use neartop_io::data::{DataError, Samples};
use neartop_io::preset::Preset;

/// One combination of choices. Its `id` is its place in [`Space::candidates`].
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub id: usize,
    /// None where the preset has one network.
    pub architecture: Option<Arc<Architecture>>,
    /// What fills the slots; none where the network has no slot.
    pub fill: Option<Fill>,
    pub init: Init,
    /// Number of trained parameters.
    pub parameters: u64,
    /// Multiply-adds of a forward pass of one sample.
    pub multiply_adds: u64,
    pub effort: Effort,
}

/// What a score takes, roughly, in multiply-adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Done once for all candidates of a group that are scored together, see [`Space::groups`].
    pub shared: u64,
    pub own: u64,
}

impl Effort {
    fn of(network: &Network, samples: usize, drawing: &Drawing<'_>) -> Self {
        let [shared, own] = network.effort(samples);
        let shared = shared.saturating_add(drawing.effort(network));
        match drawing.depends_on_activation(network) {
            true => Self { shared: 0, own: shared.saturating_add(own) },
            false => Self { shared, own },
        }
    }
}

impl Candidate {
    /// What fills the slots as it is shown; a dash where the network has no slot.
    #[must_use]
    pub fn activation_label(&self) -> String {
        self.fill.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
    }

    /// The same without the names of slots.
    #[must_use]
    pub fn short_activation_label(&self) -> String {
        let parts = self.fill.as_ref().map(Fill::parts).unwrap_or_default();
        if parts.is_empty() {
            return self.activation_label();
        }
        parts.into_iter().map(|(_, activation)| activation.to_string()).collect::<Vec<_>>().join(", ")
    }
}

/// `tanh with orthogonal`, an architecture before it.
impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(architecture) = &self.architecture {
            write!(f, "{architecture}, ")?;
        }
        if let Some(fill) = &self.fill {
            write!(f, "{fill} with ")?;
        }
        write!(f, "{}", self.init)
    }
}

/// Everything that a preset asks to score.
#[derive(Debug, Clone)]
pub struct Space {
    pub preset: Arc<Preset>,
    pub candidates: Vec<Candidate>,
    /// The preset's network, and among those of its architectures the one that takes most memory.
    network: Arc<Network>,
    largest: Arc<Network>,
    /// The model that the preset brings, as it is.
    as_given: Option<Arc<Network>>,
    batch: usize,
}

/// A run that would need more memory than it may.
#[derive(Debug, thiserror::Error)]
#[error("one score would hold about {need}, {jobs} at a time and all results {total}, and the limit is {limit}")]
pub struct TooLarge {
    need: String,
    jobs: usize,
    total: String,
    limit: String,
}

impl Space {
    /// All combinations: architectures in the preset's order, for each what fills the slots, and for each of these the
    /// initializations.
    #[must_use]
    pub fn new(preset: Arc<Preset>) -> Self {
        let network = Arc::new(preset.network.clone());
        let least = if preset.trainability { WATCHED } else { 1 };
        let batch = preset.batch.unwrap_or(least);
        let as_given = preset.model.as_ref().map(|model| Arc::new(model.as_given.clone()));
        let (candidates, largest) = (Vec::new(), Arc::clone(&network));
        let mut space = Self { candidates, largest, network, as_given, batch, preset };
        match &space.preset.search.architectures {
            None => space.add(None),
            Some(architectures) => {
                let architectures = architectures.list(space.preset.seed);
                architectures.into_iter().for_each(|architecture| space.add(Some(architecture)));
            }
        }
        space
    }

    /// Adds the candidates of one architecture.
    fn add(&mut self, architecture: Option<Arc<Architecture>>) {
        let network = self.built(architecture.as_deref());
        self.batch = self.batch.max(network.samples_needed());
        if self.candidates.is_empty() || network.memory(self.batch) > self.largest.memory(self.batch) {
            self.largest = Arc::clone(&network);
        }
        let preset = Arc::clone(&self.preset);
        if let Some(model) = &preset.model {
            let (fill, init) = (model.fill(&network), Init::AsGiven);
            let (parameters, multiply_adds) = (model.as_given.parameters(None), model.as_given.multiply_adds());
            let drawing = Drawing::new(&init, preset.search.bias, None);
            let effort = Effort::of(&model.as_given, self.batch, &drawing);
            self.candidates.push(Candidate {
                id: 0,
                architecture: None,
                fill,
                init,
                parameters,
                multiply_adds,
                effort,
            });
        }
        let fills: Vec<Option<Fill>> = match preset.search.activations.as_slice() {
            [] => vec![None],
            fills => fills.iter().cloned().map(Some).collect(),
        };
        let multiply_adds = network.multiply_adds();
        let effort_with = |init: &Init| {
            let drawing = Drawing::new(init, preset.search.bias, None);
            Effort::of(&network, self.batch, &drawing)
        };
        let efforts: Vec<_> = preset.search.inits.iter().map(effort_with).collect();
        for fill in fills {
            let parameters = network.parameters(fill.as_ref());
            self.candidates.reserve(preset.search.inits.len());
            for (init, effort) in preset.search.inits.iter().zip(&efforts) {
                self.candidates.push(Candidate {
                    id: self.candidates.len(),
                    architecture: architecture.clone(),
                    fill: fill.clone(),
                    init: init.clone(),
                    parameters,
                    multiply_adds,
                    effort: *effort,
                });
            }
        }
    }

    /// The preset's network; where architectures are ranked, one of theirs.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Whether NEAR was found to say next to nothing of which candidates train better: with attention or recurrent layers. The
    /// figures are in `docs/notes/trainability.md`.
    #[must_use]
    pub fn near_hardly_orders(&self) -> bool {
        let recurs = |node: &Node| node.operation.is::<Recurrence>();
        !self.has_architectures() && (self.network.has_attention() || self.network.nodes.iter().any(recurs))
    }

    /// The network of a candidate. That of an architecture is built anew, since there may be thousands.
    #[must_use]
    pub fn network_of(&self, id: usize) -> Arc<Network> {
        if let (Some(as_given), Some(Init::AsGiven)) = (&self.as_given, self.candidates.get(id).map(|c| &c.init)) {
            return Arc::clone(as_given);
        }
        self.built(self.candidates.get(id).and_then(|candidate| candidate.architecture.as_deref()))
    }

    /// The layers of a candidate's network.
    #[must_use]
    pub fn layers_of(&self, id: usize) -> Vec<Layer> {
        let architecture = self.candidates.get(id).and_then(|candidate| candidate.architecture.as_deref());
        match (architecture, &self.preset.whole) {
            (Some(architecture), Some(whole)) => {
                architecture.layers(whole.classes, !self.preset.search.activations.is_empty())
            }
            _ => self.preset.layers.clone(),
        }
    }

    fn built(&self, architecture: Option<&Architecture>) -> Arc<Network> {
        let (Some(architecture), Some(whole)) = (architecture, &self.preset.whole) else {
            return Arc::clone(&self.network);
        };
        let searched = !self.preset.search.activations.is_empty();
        // All architectures of a space take the same inputs, and the preset was read with one of them.
        let built = architecture.network(&self.network.input.shape, whole.classes, searched);
        built.map_or_else(|_| Arc::clone(&self.network), Arc::new)
    }

    /// Samples of a repetition: as many as the ranks of all candidates need, or as many as the preset says.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Whether candidates differ by their architecture.
    #[must_use]
    pub fn has_architectures(&self) -> bool {
        self.preset.search.architectures.is_some()
    }

    /// What is known of a candidate from the preset's table of known values.
    #[must_use]
    pub fn truth(&self, id: usize) -> Option<f64> {
        let candidate = self.candidates.get(id)?;
        let truth = self.preset.truth.as_ref()?;
        truth.of(candidate.architecture.as_deref(), candidate.fill.as_ref(), &candidate.init)
    }

    #[must_use]
    pub fn bias(&self) -> BiasInit {
        self.preset.search.bias
    }

    /// The architecture and the initialization of a candidate, by their places; candidates with the same share most of the
    /// work of a repetition.
    #[must_use]
    pub fn group_of(&self, id: usize) -> (usize, usize) {
        let inits = self.preset.search.inits.len().max(1);
        let of_one = inits * self.preset.search.activations.len().max(1);
        match id.checked_sub(usize::from(self.as_given.is_some())) {
            Some(id) => (id / of_one, id % inits),
            None => (0, inits),
        }
    }

    /// The candidates that share architecture and initialization, and so most of the work of a repetition.
    #[must_use]
    pub fn groups(&self) -> Vec<Vec<usize>> {
        let inits = self.preset.search.inits.len();
        let of_one = inits * self.preset.search.activations.len().max(1);
        let brought = usize::from(self.as_given.is_some());
        let groups = (brought..self.candidates.len()).step_by(of_one.max(1)).flat_map(|first| {
            (first..first + inits)
                .map(move |first_of_init| (first_of_init..first + of_one).step_by(inits).collect::<Vec<_>>())
        });
        (0..brought).map(|as_given| vec![as_given]).chain(groups).collect()
    }

    /// Loads the samples of all repetitions.
    ///
    /// # Errors
    /// If the data cannot be read or do not fit the network.
    pub fn samples(&self) -> Result<Samples, DataError> {
        let preset = &self.preset;
        Samples::load(&preset.data, &preset.network.input, preset.seed, self.batch, preset.repetitions)
    }

    /// Bytes that one score holds at the most, roughly.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.largest.memory(self.batch)
    }

    /// Refuses a run that would take more than `limit` bytes, before it takes any.
    ///
    /// # Errors
    /// Gives the sum.
    pub fn check_memory(&self, jobs: usize, limit: u64) -> Result<(), TooLarge> {
        let scores = self.candidates.len().saturating_mul(self.preset.repetitions);
        let jobs = jobs.min(scores);
        // A thread keeps no more for what follows than it has had.
        let kept = self.memory().min(MOST_KEPT);
        let need = self.memory().saturating_add(THREAD + kept).saturating_add(self.largest.waiting());
        let total = need.saturating_mul(jobs as u64).saturating_add((scores as u64).saturating_mul(RESULT));
        if total <= limit {
            return Ok(());
        }
        Err(TooLarge { need: bytes(need), jobs, total: bytes(total), limit: bytes(limit) })
    }
}

/// Samples of a repetition at the least where signals are looked at, unless the preset says otherwise: one alone has no spread.
const WATCHED: usize = 4;
/// Bytes that a thread holds besides: its stack, and what the allocator keeps for it.
const THREAD: u64 = 10 << 20;
/// Bytes that the ranking and the plan of a run keep of a score.
const RESULT: u64 = 40;

/// A number of bytes as people read it.
#[must_use]
pub fn bytes(n: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let power = (n.max(1).ilog2() / 10) as usize;
    let value = n as f64 / 1024f64.powi(power as i32);
    if power == 0 { format!("{n} B") } else { format!("{value:.1} {}", units[power]) }
}

/// A whole number with its digits in groups of three.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
