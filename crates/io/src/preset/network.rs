//! The network of a preset.

use std::path::Path;

use neartop_core::nas::NasSpace;
use neartop_core::network::{Layer, Network};
use neartop_core::shape::{Form, Layout, Shape};
use serde_yaml::Value;

use super::architectures::{Architectures, Whole, read_whole};
use super::auto::{Auto, is_auto};
use super::layers::Reader;
use super::model::Brought;
use super::values::map;
use super::yaml::{Node, Problem};

/// A network as a preset describes it.
pub struct Described {
    /// None of a model.
    pub layers: Vec<Layer>,
    pub network: Network,
    pub whole: Option<Whole>,
    pub model: Option<Brought>,
}

/// Reads the network and infers its shapes. `architectures` are those to rank, if any; `searched` says whether
/// activations are searched, for whole networks have slots only then.
pub fn read_network(
    node: &Node<'_>,
    architectures: Option<&Architectures>,
    searched: bool,
    slots: Option<&Node<'_>>,
    directory: &Path,
    auto: &Auto<'_>,
) -> Result<Described, Problem> {
    let spaces = NasSpace::ALL.map(NasSpace::name);
    let known: Vec<_> = ["input", "layers", "classes", "model"].into_iter().chain(spaces).collect();
    let given = node.map("the network", &known)?;
    if let Some(model) = given.get("model") {
        let others = ["layers", "classes"].into_iter().chain(spaces);
        if let Some(other) = others.into_iter().find_map(|key| given.get(key)).or(architectures.and(Some(model))) {
            return Err(other.key_problem("a network is a `model` or is given in another way, not both"));
        }
        let input = given.get("input").filter(|input| !is_auto(input)).map(read_input).transpose()?;
        let (model, network) = Brought::read(model, input.as_ref(), slots, directory)?;
        return Ok(Described { layers: Vec::new(), network, whole: None, model: Some(model) });
    }
    let input = given.need("input")?;
    let input = if is_auto(input) { auto.input(input)? } else { read_input(input)? };
    let whole = spaces.iter().find_map(|space| given.get(space));
    let layers = given.get("layers");
    if let (Some(_), Some(other)) = (architectures, layers.or(whole)) {
        let problem = other.key_problem("search.architectures says which networks to rank");
        return Err(problem.help("give `input` and `classes` only, or leave search.architectures out"));
    }
    if let (Some(whole), Some(_)) = (whole, layers) {
        return Err(whole.key_problem("a network is given by its `layers` or by an architecture, not by both"));
    }
    if architectures.is_some() || whole.is_some() {
        let (whole, layers, network) = read_whole(&given, &input.shape, architectures, searched)?;
        return Ok(Described { layers, network, whole: Some(whole), model: None });
    }
    let node = given.need("layers")?;
    if let Some(classes) = given.get("classes") {
        let problem = classes.key_problem("`classes` belongs to architectures, but the network is given by its layers");
        return Err(problem.help("the last layer says how many outputs there are"));
    }
    let mut reader = Reader::new(auto);
    let layers = reader.network(node)?;
    if layers.is_empty() {
        return Err(node.problem("the network has no layers"));
    }
    let network = Network::build(&input, &layers).map_err(|error| Problem {
        place: reader.place(&error.module).unwrap_or_else(|| node.place.clone()),
        message: error.to_string(),
        help: None,
    })?;
    if network.counted().is_empty() {
        return Err(node.problem("NEAR counts layers with weights and activations, and this network has none"));
    }
    Ok(Described { layers, network, whole: None, model: None })
}

fn read_input(node: &Node<'_>) -> Result<Form, Problem> {
    if node.is_map() {
        return read_tokens(node);
    }
    if !node.is_list() {
        let features = node.size("the input: a number of features, [channels, length] or [channels, height, width]")?;
        return Ok(Form::features(features));
    }
    let sizes = node.list("the input")?.iter().map(|n| n.size("a size of the input")).collect::<Result<Vec<_>, _>>()?;
    if !matches!(sizes.len(), 1..=3) {
        let message = "the input is a number of features, [channels, length] or [channels, height, width]";
        let problem = node.problem(format!("{message}, not {}", node.text_of()));
        return Err(problem.help("of sequences: `{tokens: 64, features: 32}` or `{tokens: 64, vocab: 1000}`"));
    }
    if sizes.iter().try_fold(1usize, |n, s| n.checked_mul(*s)).is_none_or(|n| n > 1 << 40) {
        return Err(node.problem("the input has more than 2^40 values"));
    }
    Ok(Form::of_input(Shape(sizes)))
}

/// `{tokens, features}` or `{tokens, vocab}`
fn read_tokens(node: &Node<'_>) -> Result<Form, Problem> {
    /// Single precision counts so far.
    const MOST_VOCAB: u64 = 1 << 24;
    let map = node.map("the input", &["tokens", "features", "vocab"])?;
    let tokens = map.need("tokens")?.size("the number of tokens")?;
    let form = match (map.get("features"), map.get("vocab")) {
        (Some(features), None) => Form::tokens(vec![tokens, features.size("the number of features")?]),
        (None, Some(vocab)) => Form::ids(tokens, vocab.whole("the vocabulary", 1, MOST_VOCAB)? as usize),
        (Some(_), Some(vocab)) => {
            return Err(vocab.key_problem("tokens have `features` or are numbers out of a `vocab`, not both"));
        }
        (None, None) => return Err(node.problem("tokens need `features`, or a `vocab` that they are numbers out of")),
    };
    match form.shape.0.iter().try_fold(1usize, |n, s| n.checked_mul(*s)).is_some_and(|n| n <= 1 << 40) {
        true => Ok(form),
        false => Err(node.problem("the input has more than 2^40 values")),
    }
}

/// The input as a preset writes it.
pub fn write_input(input: &Form) -> Value {
    let whole = |n: usize| Value::from(n as u64);
    match (input.layout, input.shape.0.as_slice()) {
        (Layout::Ids { vocab }, [tokens]) => map([("tokens", Some(whole(*tokens))), ("vocab", Some(whole(vocab)))]),
        (Layout::Features, [tokens, features]) => {
            map([("tokens", Some(whole(*tokens))), ("features", Some(whole(*features)))])
        }
        (_, [features]) => whole(*features),
        (_, sizes) => Value::Sequence(sizes.iter().map(|size| whole(*size)).collect()),
    }
}
