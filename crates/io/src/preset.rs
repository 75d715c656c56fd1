//! YAML to a checked [`Preset`]; errors say where and what would be right.

mod architectures;
mod auto;
mod choices;
mod data;
mod definition;
mod layers;
mod model;
mod network;
mod recipes;
mod remarks;
mod schema;
mod slots;
mod tables;
mod train;
mod truth;
mod untold;
mod values;
mod write;
pub mod yaml;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};

use crate::data::{DataFrom, DataSpec, Scale};
use crate::model::{is_foreign, is_model};
use neartop_core::catalog::nearest;
use neartop_core::nas::Architecture;
use neartop_core::network::{BiasInit, Fill, Init, Layer, Network};
use neartop_core::settings::Auto;
use neartop_core::settings::BatchNorm;
use neartop_core::settings::{Rows, Train};

pub use architectures::{Architectures, Taken, Whole};
use choices::read_choices;
pub use choices::{Listed, USUAL_ACTIVATIONS, USUAL_INITS, word};
pub use definition::Definition;
pub use model::Brought;
pub use neartop_presets::{Bundled, bundled};
pub use schema::schema;
use slots::read_fills;
use train::read_train;
pub use truth::{Truth, TruthKey};
pub use yaml::printable;
use yaml::{Map, Node, Problem};

/// A network, its data and what to search.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    pub name: String,
    pub description: Option<String>,
    pub data: DataSpec,
    pub layers: Vec<Layer>,
    /// Where architectures are ranked, the network of one of them: they take the same inputs and give the same outputs.
    pub network: Network,
    /// Where the network comes from, if it is a model of another library.
    pub model: Option<Brought>,
    /// How the network was named, if it was not given layer by layer.
    pub whole: Option<Whole>,
    pub search: Search,
    /// Known values to compare with.
    pub truth: Option<Truth>,
    /// Of every candidate, or where `auto` decides, the most.
    pub repetitions: usize,
    pub auto: Option<Auto>,
    /// Samples of a repetition, where that is more than the ranks need.
    pub batch: Option<usize>,
    /// Which rows of a convolution's output make its rank matrix.
    pub rows: Rows,
    /// Whose statistics batch norm takes.
    pub batch_norm: BatchNorm,
    /// Whether the first repetitions also look at how signals pass, which says what will train.
    pub trainability: bool,
    pub seed: u64,
    /// How networks will be trained, as far as it is said.
    pub train: Train,
    /// How something was read that could have been meant otherwise.
    pub remarks: Vec<String>,
    /// The file it was read from, and its text.
    source: (String, String),
    /// The file itself; none of a bundled one.
    path: Option<PathBuf>,
}

/// The choices that are combined with each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// What to fill the slots with, every combination of the choices for each. Empty where the network has no slot.
    pub activations: Vec<Fill>,
    pub inits: Vec<Init>,
    pub bias: BiasInit,
    /// None where there is one network.
    pub architectures: Option<Architectures>,
}

/// Why there is no preset.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum PresetError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Invalid(Box<Invalid>),
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        path: String,
        reason: String,
        #[help]
        help: Option<String>,
    },
}

/// What is wrong in a preset.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub struct Invalid {
    message: String,
    #[help]
    help: Option<String>,
    #[source_code]
    source_code: NamedSource<String>,
    #[label("here")]
    span: Option<SourceSpan>,
    /// `file:line:column`, for tools that read errors.
    pub place: String,
}

/// The largest preset that is read.
const MOST_BYTES: u64 = 1 << 20;
/// Repetitions in the paper's experiments.
const REPETITIONS: usize = 32;
const MOST_REPETITIONS: u64 = 1_000_000;
const MOST_BATCH: u64 = 1 << 20;

impl Preset {
    /// The preset that `name` stands for: a file, or else a bundled one.
    ///
    /// # Errors
    /// If there is no such preset, or what is wrong in it.
    pub fn load(name: &str) -> Result<Self, PresetError> {
        let path = Path::new(name);
        if !path.exists()
            && let Some(preset) = bundled().iter().find(|b| b.name == name)
        {
            return Self::parse(preset.text, &format!("{name}.yaml"), Path::new(""));
        }
        if is_model(path) || is_foreign(path) {
            return Self::of_model(path, None, None);
        }
        let text = read_text(path, name)?;
        let stem = path.file_stem().map_or_else(|| name.into(), |s| s.to_string_lossy());
        let directory = path.parent().unwrap_or(Path::new(""));
        let mut preset = Self::parse(&text, name, directory)?;
        if preset.name.is_empty() {
            preset.name = printable(&stem);
        }
        preset.path = Some(path.to_owned());
        Ok(preset)
    }

    /// Parses and checks a preset. `file` names it in errors; relative paths in it start at `directory`.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn parse(text: &str, file: &str, directory: &Path) -> Result<Self, PresetError> {
        let text = yaml::without_mark(text);
        let preset = read_document(text, file, |node| read_preset(node, directory))?;
        Ok(Self { source: (file.to_owned(), text.to_owned()), ..preset })
    }

    /// An error that came up after reading, at the value under these keys or the nearest that is there.
    #[must_use]
    pub fn error_at(&self, keys: &[&str], message: &str, help: Option<&str>) -> PresetError {
        let (file, text) = &self.source;
        let at = yaml::Place::of_keys(keys).locate(text);
        invalid(text, file, message.to_owned(), help.map(str::to_owned), at)
    }

    /// The preset of one of its architectures alone.
    pub fn choose_architecture(&mut self, architecture: Arc<Architecture>) {
        let Some(whole) = &mut self.whole else { return };
        self.layers = architecture.layers(whole.classes, !self.search.activations.is_empty());
        if let Ok(network) = Network::build(&self.network.input, &self.layers) {
            self.network = network;
        }
        whole.architecture = Some(architecture);
        self.search.architectures = None;
        self.truth = None;
    }

    /// Takes over where another preset was read from, for errors that come up later.
    pub fn source_of(&mut self, other: &Self) {
        self.source.clone_from(&other.source);
        self.path.clone_from(&other.path);
    }

    /// The files that it was read from and refers to, each with what it is.
    #[must_use]
    pub fn files(&self) -> Vec<(&'static str, PathBuf)> {
        let mut files: Vec<_> = self.path.iter().map(|path| ("the preset", path.clone())).collect();
        if let DataFrom::File(file) = &self.data.from {
            files.push(("the data", file.path.clone()));
            files.extend(file.label_file().map(|labels| ("the labels", labels.to_owned())));
        }
        files.extend(self.model.iter().map(|model| ("the model", model.path.clone())));
        files.extend(self.truth.iter().map(|truth| ("the table of known values", PathBuf::from(&truth.path))));
        if let Some(Architectures { taken: Taken::List { path, .. }, .. }) = &self.search.architectures {
            files.push(("the list of architectures", path.into()));
        }
        files
    }
}

/// An activation or initialization as a preset writes it: a name, or a map of one name to its parameters. `origin` names
/// the text in errors.
///
/// # Errors
/// What is wrong in the text, and what would be right.
pub fn parse_choice<C: Listed>(text: &str, origin: &str) -> Result<C, PresetError> {
    read_document(text, origin, C::read)
}

/// Reads a YAML document; what is wrong in it is said with its place.
pub fn read_document<T>(
    text: &str,
    file: &str,
    read: impl FnOnce(&Node<'_>) -> Result<T, Problem>,
) -> Result<T, PresetError> {
    let text = yaml::without_mark(text);
    let value = yaml::parse(text).map_err(|e| invalid(text, file, e.message, None, e.at))?;
    read(&Node::root(&value)).map_err(|problem| {
        let at = problem.place.locate(text);
        invalid(text, file, problem.message, problem.help, at)
    })
}

/// The text of a file that may hold a document; `name` names it in errors.
pub fn read_text(path: &Path, name: &str) -> Result<String, PresetError> {
    let fail = |reason: String, help: Option<String>| PresetError::Unreadable { path: printable(name), reason, help };
    let known = || {
        let names: Vec<_> = bundled().iter().map(|b| b.name).collect();
        match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean the bundled preset `{near}`?"),
            None => format!("give a file, or one of the bundled presets: {}", names.join(", ")),
        }
    };
    let metadata = path.metadata().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            fail("no such file, and no bundled preset of that name".to_owned(), Some(known()))
        }
        _ => fail(e.to_string(), None),
    })?;
    if !metadata.is_file() {
        return Err(fail("it is not a regular file".to_owned(), None));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|e| fail(e.to_string(), None))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(fail("it is larger than 1 MiB, so it is hardly a preset".to_owned(), None));
    }
    if matches!(bytes.as_slice(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        let help = Some("save it as UTF-8 in the editor".to_owned());
        return Err(fail("it is UTF-16 text, and a preset is UTF-8".to_owned(), help));
    }
    String::from_utf8(bytes).map_err(|e| {
        let right = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
        let right = String::from_utf8_lossy(right);
        let line = right.matches('\n').count() + 1;
        let column = right.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let path = printable(&format!("{name}:{line}:{column}"));
        PresetError::Unreadable { path, reason: "it is not UTF-8 text".to_owned(), help: None }
    })
}

fn invalid(text: &str, file: &str, message: String, help: Option<String>, at: Option<(usize, usize)>) -> PresetError {
    // Shown in a terminal, so nothing in it may control one; every byte stays in its place.
    let shown: String = text.chars().map(|c| if c.is_ascii_control() && c != '\n' { ' ' } else { c }).collect();
    let shown: String = shown.chars().map(|c| if yaml::is_control(c) && c != '\n' { '\u{b7}' } else { c }).collect();
    let file = printable(file);
    let span = at.and_then(|(line, column)| span_of(&shown, line, column));
    let place = at.map_or_else(|| file.clone(), |(line, column)| format!("{file}:{line}:{column}"));
    let source_code = NamedSource::new(&file, shown).with_language("yaml");
    PresetError::Invalid(Box::new(Invalid { message: printable(&message), help, source_code, span, place }))
}

/// Bytes of the longest line that an error shows.
const LONGEST_SHOWN: usize = 1000;

/// The word or value that starts at a line and column, both from 1; none on a line, or by one, too long to be shown.
fn span_of(text: &str, line: usize, column: usize) -> Option<SourceSpan> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let rest = text.get(start..)?.lines().next().unwrap_or("");
    let around = text.lines().skip(line.saturating_sub(2)).take(3);
    if around.map(str::len).any(|length| length > LONGEST_SHOWN) {
        return None;
    }
    let offset = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(i, _)| i);
    let length = rest[offset..].find([':', ',', '}', ']', ' ', '#']).unwrap_or(rest.len() - offset);
    Some((start + offset, length.max(1).min(text.len().saturating_sub(start + offset))).into())
}

fn read_preset(root: &Node<'_>, directory: &Path) -> Result<Preset, Problem> {
    let known = ["name", "description", "data", "network", "search", "truth", "score", "train", "neartop"];
    let map = root.map("a preset", &known)?;
    let text = |key: &str| map.get(key).map(|n| n.text(&format!("the {key}"))).transpose();
    let mut name = text("name")?.unwrap_or("").to_owned();
    if let Some(cut) = name.char_indices().nth(200) {
        name.truncate(cut.0);
    }
    let search = map.get("search").map(read_search_map).transpose()?;
    let asked = |key: &str| search.as_ref().and_then(|m: &Map<'_>| m.get(key));
    let architectures = asked("architectures").map(|n| architectures::read_architectures(n, directory)).transpose()?;
    let searched = asked("activations").is_some();
    let network = map.need("network")?;
    let (slots, auto) = (asked("slots"), auto::Auto::new(root, directory));
    let described = network::read_network(network, architectures.as_ref(), searched, slots, directory, &auto)?;
    let network::Described { layers, network, whole, model } = described;
    model::check_slots(search.as_ref(), model.as_ref())?;
    let truth = map.get("truth").map(|n| truth::read_truth(n, architectures.is_some(), directory)).transpose()?;
    let search = read_search(search.as_ref(), root, architectures, &network, model.is_some())?;
    let score = read_score(map.get("score"))?;
    let data = match map.get("data") {
        Some(node) => data::read_data(node, directory, &network.input)?,
        None => DataSpec { from: data::drawn_for(&network.input), scale: Scale::None },
    };
    Ok(Preset {
        remarks: [
            // Of a model the file says where the channels are.
            remarks::remarks(root, model.is_none().then_some(&network.input.shape)),
            auto.remarks(),
            remarks::short_of_rows(&network, score.batch, MOST_BATCH),
            if model.is_none() { remarks::pitfalls(&network) } else { Vec::new() },
            model.as_ref().map(|model| model.remarks.clone()).unwrap_or_default(),
            recipes::remark(&search.inits, &network).into_iter().collect(),
        ]
        .concat(),
        name: name.replace(['\n', '\t'], " "),
        description: text("description")?.map(|d| d.split_whitespace().collect::<Vec<_>>().join(" ")),
        data,
        layers,
        network,
        model,
        whole,
        search,
        truth,
        repetitions: score.repetitions,
        auto: score.auto,
        batch: score.batch,
        rows: score.rows,
        batch_norm: score.batch_norm,
        trainability: score.trainability,
        seed: score.seed,
        train: map.get("train").map(read_train).transpose()?.unwrap_or_default(),
        source: Default::default(),
        path: None,
    })
}

fn read_search_map<'a>(node: &Node<'a>) -> Result<Map<'a>, Problem> {
    node.map("search", &["activations", "inits", "bias", "architectures", "slots"])
}

fn read_search(
    map: Option<&Map<'_>>,
    root: &Node<'_>,
    architectures: Option<Architectures>,
    network: &Network,
    has_model: bool,
) -> Result<Search, Problem> {
    let get = |key: &str| map.and_then(|m| m.get(key).cloned());
    let search = map.map_or(root, |map| &map.node);
    let activations = read_fills(get("activations").as_ref(), search, network)?;
    let inits = match get("inits") {
        Some(node) => {
            let inits = without_given(read_choices(&node)?, &node, has_model)?;
            recipes::check_gains(&node, architectures.is_none().then_some(network))?;
            inits
        }
        None if architectures.is_some() => Init::named("torch_default").into_iter().collect(),
        None => Init::all(),
    };
    let bias = match get("bias") {
        None => BiasInit::Zeros,
        Some(node) => recipes::read_bias(&node)?,
    };
    Ok(Search { activations, inits, bias, architectures })
}

/// Without the weights that a model brings: they are a candidate of every model anyway.
fn without_given(mut inits: Vec<Init>, node: &Node<'_>, has_model: bool) -> Result<Vec<Init>, Problem> {
    match inits.contains(&Init::AsGiven) {
        true if !has_model => Err(node
            .problem("`as_given` stands for the weights of a model, and the network is none")
            .help("give `network: {model: net.pt2}`, or leave it out")),
        _ => {
            inits.retain(|init| *init != Init::AsGiven);
            Ok(inits)
        }
    }
}

/// A number, `auto`, or a map of the numbers that `auto` stands for.
fn read_repetitions(node: &Node<'_>) -> Result<(usize, Option<Auto>), Problem> {
    if node.as_str() == Some("auto") {
        return Ok((Auto::MOST, Some(Auto::default())));
    }
    if !node.is_map() {
        let whole = node.whole("repetitions", 1, MOST_REPETITIONS);
        return Ok((whole.map_err(|problem| problem.help("a whole number, or `auto`"))? as usize, None));
    }
    let map = node.map("repetitions", &["minimum", "maximum", "confidence"])?;
    let most = match map.get("maximum") {
        Some(node) => node.whole("the maximum", 2, MOST_REPETITIONS)? as usize,
        None => Auto::MOST,
    };
    let least = match map.get("minimum") {
        Some(node) => node.whole("the minimum", 2, most as u64)? as usize,
        None => Auto::LEAST.min(most),
    };
    let confidence = map.get("confidence").map(|node| {
        let confidence = node.number("the confidence", 0.5, 1.0)?;
        match confidence < 1.0 {
            true => Ok(confidence),
            false => Err(node.problem("the confidence must be less than 1: certainty takes endless repetitions")),
        }
    });
    let confidence = confidence.transpose()?.unwrap_or(Auto::CONFIDENCE);
    Ok((most, Some(Auto { least, confidence })))
}

struct ScoreSpec {
    repetitions: usize,
    auto: Option<Auto>,
    seed: u64,
    batch: Option<usize>,
    rows: Rows,
    batch_norm: BatchNorm,
    trainability: bool,
}

fn read_score(node: Option<&Node<'_>>) -> Result<ScoreSpec, Problem> {
    let Some(node) = node else {
        let (rows, batch_norm) = Default::default();
        let (repetitions, trainability) = (REPETITIONS, true);
        return Ok(ScoreSpec { repetitions, auto: None, seed: 0, batch: None, rows, batch_norm, trainability });
    };
    let map = node.map("score", &["repetitions", "seed", "batch", "rows", "batch_norm", "trainability"])?;
    let (repetitions, auto) = map.get("repetitions").map_or(Ok((REPETITIONS, None)), read_repetitions)?;
    let seed = map.get("seed").map_or(Ok(0), |node| node.whole("the seed", 0, u64::MAX))?;
    let batch = map.get("batch").map(|node| node.whole("the batch", 1, MOST_BATCH)).transpose()?;
    let rows = match map.get("rows").map(|node| word(node, "the rows", &["full", "clipped"])).transpose()? {
        Some("clipped") => Rows::Clipped,
        _ => Rows::Full,
    };
    let modes = ["training", "evaluation"];
    let batch_norm = match map.get("batch_norm").map(|node| word(node, "batch norm", &modes)).transpose()? {
        Some("evaluation") => BatchNorm::Evaluation,
        _ => BatchNorm::Training,
    };
    let trainability = map.get("trainability").map_or(Ok(true), |node| node.boolean("trainability"))?;
    Ok(ScoreSpec { repetitions, auto, seed, batch: batch.map(|n| n as usize), rows, batch_norm, trainability })
}
